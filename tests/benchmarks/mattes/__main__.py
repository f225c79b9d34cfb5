"""Overlap of tracked mattes with true masks: ``python -m tests.benchmarks.mattes --help``.

One mask is given, that of the first frame, and carried through 40 frames by each method. Reported for each clip is the
intersection over union with the truth, mean and worst frame; for stylize the error of its confidence, and its warnings:
a frame is missed if its overlap is below 0.93 without a warning, and a warning is false if its frame reaches that.

With ``--paint N`` up to N frames are painted, from the truth: after the first, always the one that the tool names
first. Reported is the overlap after each, over all frames as the user gets them; the frames painted until the mean
reaches 0.97 and each frame reaches 0.93 or is named; and what the second one gains on the frames that are not painted.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from masks.keyframe_suggestions import MIN_CONFIDENCE, weak_frames
from propagate.arrays import Floats
from tests.benchmarks.mattes.baselines import baselines, tracked
from tests.benchmarks.mattes.clips import WIDTH, MatteClip, clips
from tests.benchmarks.mattes.painting import GOOD, Round, paint, second_frame_gain
from tests.composites import iou


@dataclass(frozen=True)
class Score:
    """Scores of stylize on a clip, by frame with a true mask. overlap, confidence: 0..1. warned: bool."""

    overlap: Floats
    confidence: Floats

    @property
    def error(self) -> float:
        """Mean absolute error of the confidence."""
        return float(np.abs(self.overlap - self.confidence).mean())

    @property
    def warned(self) -> np.ndarray:
        return np.asarray(self.confidence < MIN_CONFIDENCE)

    @property
    def bad(self) -> np.ndarray:
        return np.asarray(self.overlap < GOOD)


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.mattes", description=__doc__)
    words.add_argument("--footage", type=Path, help="folder with the clips that tests.benchmarks.mattes.fetch brings")
    words.add_argument("--davis", type=Path, help="folder of DAVIS 2016, with JPEGImages and Annotations")
    words.add_argument("--only", default="", help="clips whose name contains this")
    words.add_argument("--no-baselines", action="store_true", help="measure stylize alone")
    words.add_argument("--json", type=Path, help="file to write the score of every frame to")
    words.add_argument("--paint", type=int, metavar="N", help="paint up to N frames of each clip")
    words.add_argument("--width", type=int, default=WIDTH, help=f"width of the sequences of DAVIS (default {WIDTH})")
    asked = words.parse_args()
    if asked.paint is not None and (asked.paint < 1 or asked.no_baselines or asked.json):
        words.error("--paint takes a number from 1, and neither --no-baselines nor --json")
    cv2.setNumThreads(1)
    found = clips(asked.footage, asked.davis, asked.only, asked.width)
    if asked.paint:
        _painting_table(found, asked.paint)
    else:
        _tracking_table(found, asked)


def _painting_table(found: Iterator[MatteClip], limit: int) -> None:
    """Print what each painted frame gives."""
    counts = range(1, limit + 1)
    print(f"| clip | {' | '.join(f'{n} painted' for n in counts)} | until good | missed | second frame |")
    print("| --- " * (4 + limit) + "|")
    for clip in found:
        rounds = paint(clip, limit)
        cells = [f"{one.mean:.3f} / {min(one.overlap.values()):.2f}" for one in rounds] + [""] * (limit - len(rounds))
        gain = second_frame_gain(rounds)
        cells += [_until_good(rounds, len(clip.plates)), str(len(rounds[-1].missed))]
        cells.append("" if gain is None else f"{gain[0]:.3f} to {gain[1]:.3f}")
        print(f"| {clip.name} | {' | '.join(cells)} |", flush=True)


def _until_good(rounds: list[Round], count: int) -> str:
    """Number of painted frames, and their share of the clip, until it is good; if it is not, that it is not, or that
    the tool names no further frame."""
    painted = len(rounds[-1].painted)
    if rounds[-1].finished:
        return f"{painted} ({painted / count:.0%})"
    return f"over {painted}" if weak_frames(rounds[-1].confidence) else f"none named after {painted}"


def _tracking_table(found: Iterator[MatteClip], asked: argparse.Namespace) -> None:
    """Print what one painted frame gives, beside the baselines."""
    others = {} if asked.no_baselines else baselines()
    print(f"| clip | subject | stylize | {''.join(f'{one} | ' for one in others)}confidence error | missed | false |")
    print("| --- " * (6 + len(others)) + "|")
    scores: dict[str, Score] = {}
    of_others: dict[str, list[Floats]] = {name: [] for name in others}
    for clip in found:
        scores[clip.name] = score = measure(clip)
        for name, other in others.items():
            of_others[name].append(overlaps(clip, other(clip.plates, clip.truth[0])))
        print(_row(clip, score, [one[-1] for one in of_others.values()]), flush=True)
    if scores:
        _totals(list(scores.values()), of_others)
    if asked.json:
        rows = {name: [one.overlap.tolist(), one.confidence.tolist()] for name, one in scores.items()}
        asked.json.write_text(json.dumps(rows))


def measure(clip: MatteClip) -> Score:
    """Track the first mask of a clip."""
    found = list(tracked(clip.plates, clip.truth[0]))
    confidence = np.array([found[frame - 1][1] for frame in sorted(clip.truth) if frame])
    return Score(overlaps(clip, (matte for matte, _ in found)), confidence)


def overlaps(clip: MatteClip, mattes: Iterator[Floats]) -> Floats:
    """Intersection over union of the frames with a true mask, but the first."""
    return np.array([iou(matte, clip.truth[frame]) for frame, matte in enumerate(mattes, 1) if frame in clip.truth])


def _row(clip: MatteClip, score: Score, others: list[Floats]) -> str:
    cells = [clip.name, clip.kind, _summary(score.overlap), *map(_summary, others), f"{score.error:.3f}"]
    missed, false = (score.bad & ~score.warned).sum(), (score.warned & ~score.bad).sum()
    cells += [f"{missed} of {score.bad.sum()}", f"{false} of {score.warned.sum()}"]
    return f"| {' | '.join(cells)} |"


def _totals(scores: list[Score], others: dict[str, list[Floats]]) -> None:
    overlap, confidence = (np.concatenate([getattr(s, name) for s in scores]) for name in ("overlap", "confidence"))
    total = Score(overlap, confidence)
    means = [f"{np.mean([one.mean() for one in each]):.3f}" for each in others.values()]
    cells = ["all", "", f"{np.mean([one.overlap.mean() for one in scores]):.3f}", *means, f"{total.error:.3f}"]
    cells += [f"{(total.bad & ~total.warned).sum()} of {total.bad.sum()}"]
    cells += [f"{(total.warned & ~total.bad).sum()} of {total.warned.sum()}"]
    print(f"| {' | '.join(cells)} |")


def _summary(overlap: Floats) -> str:
    return f"{overlap.mean():.2f} / {overlap.min():.2f}"


if __name__ == "__main__":
    main()
