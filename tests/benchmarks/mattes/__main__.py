"""Overlap of tracked mattes with true masks: ``python -m tests.benchmarks.mattes --help``.

One mask is given, that of the first frame, and carried through 40 frames by each method. Reported for each clip is the
intersection over union with the truth, mean and worst frame; for stylize the error of its confidence, and its warnings:
a frame is missed if its overlap is below 0.93 without a warning, and a warning is false if its frame reaches that.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from masks.keyframe_suggestions import MIN_CONFIDENCE
from propagate.arrays import Floats
from tests.benchmarks.mattes.baselines import flow_alone, grab_cut, tracked
from tests.benchmarks.mattes.clips import MatteClip, clips
from tests.composites import iou

# Overlap from which a matte counts as good.
GOOD = 0.93
BASELINES = {"flow": flow_alone, "GrabCut": grab_cut}


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
    asked = words.parse_args()
    cv2.setNumThreads(1)
    names = [] if asked.no_baselines else list(BASELINES)
    print(f"| clip | subject | stylize | {''.join(f'{one} | ' for one in names)}confidence error | missed | false |")
    print("| --- " * (6 + len(names)) + "|")
    scores: dict[str, Score] = {}
    baselines: dict[str, list[Floats]] = {name: [] for name in names}
    for clip in clips(asked.footage, asked.davis, asked.only):
        scores[clip.name] = score = measure(clip)
        for name in names:
            baselines[name].append(overlaps(clip, BASELINES[name](clip.plates, clip.truth[0])))
        print(_row(clip, score, [baselines[name][-1] for name in names]), flush=True)
    if scores:
        _totals(list(scores.values()), baselines)
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


def _row(clip: MatteClip, score: Score, baselines: list[Floats]) -> str:
    cells = [clip.name, clip.kind, _summary(score.overlap), *map(_summary, baselines), f"{score.error:.3f}"]
    missed, false = (score.bad & ~score.warned).sum(), (score.warned & ~score.bad).sum()
    cells += [f"{missed} of {score.bad.sum()}", f"{false} of {score.warned.sum()}"]
    return f"| {' | '.join(cells)} |"


def _totals(scores: list[Score], baselines: dict[str, list[Floats]]) -> None:
    overlap, confidence = (np.concatenate([getattr(s, name) for s in scores]) for name in ("overlap", "confidence"))
    total = Score(overlap, confidence)
    means = [f"{np.mean([one.mean() for one in each]):.3f}" for each in baselines.values()]
    cells = ["all", "", f"{np.mean([one.overlap.mean() for one in scores]):.3f}", *means, f"{total.error:.3f}"]
    cells += [f"{(total.bad & ~total.warned).sum()} of {total.bad.sum()}"]
    cells += [f"{(total.warned & ~total.bad).sum()} of {total.warned.sum()}"]
    print(f"| {' | '.join(cells)} |")


def _summary(overlap: Floats) -> str:
    return f"{overlap.mean():.2f} / {overlap.min():.2f}"


if __name__ == "__main__":
    main()
