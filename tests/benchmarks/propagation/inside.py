"""Time of propagation with a matte, over the whole frame's: ``python -m tests.benchmarks.propagation.inside --help``.

The example's plates with a painted key at both ends run through the command's own stages; timed is the propagate stage,
with motion, two passes, the blend, and every file that it writes. The matte is a disc that covers a share of the frame
and stands still or moves by half its own width, or it is the matte of the only layer; it lies in several places, as
some parts of a picture take more work than others. Figures are the minimum of several runs in one process, in
alternation.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import stylize
from stylize.media.images import write_image
from tests.benchmarks.propagation.clips import CLIPS, plates
from tests.benchmarks.propagation.truth import toon

FRAMES = 13
WHOLE = "whole"


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation.inside", description=__doc__)
    words.add_argument("--sizes", default="640x360,1280x720")
    words.add_argument("--share", type=float, default=0.2, help="of the frame that the matte covers")
    words.add_argument("--places", default="0.3,0.45,0.6,0.7", help="of the disc's middle, in the width of the frame")
    words.add_argument("--threads", type=int, default=2)
    words.add_argument("--turns", type=int, default=2)
    asked = words.parse_args()
    places = [float(place) for place in asked.places.split(",")]
    print(f"{'size':>10} {'matte':>7}" + "".join(f"{f'at {place:g}':>8}" for place in places) + f"{'mean':>8}")
    for size in asked.sizes.split(","):
        ratios = [ratios_at(tuple(map(int, size.split("x"))), place, asked) for place in places]
        for name in ratios[0]:
            row = [ratio[name] for ratio in ratios]
            print(f"{size:>10} {name:>7}" + "".join(f"{ratio:>8.3f}" for ratio in [*row, np.mean(row)]), flush=True)


def ratios_at(size, place, asked):
    """Map the kind of matte to seconds over those without one."""
    with tempfile.TemporaryDirectory() as folder:
        took = timed(Case(Path(folder), size, asked.share, place, asked.threads), asked.turns)
    return {name: seconds / took[WHOLE] for name, seconds in took.items() if name != WHOLE}


def timed(case, turns):
    """Seconds of each kind of run, the minimum of several rounds."""
    kinds = {WHOLE: {}, "still": {"matte": case.folder / "still"}, "moving": {"matte": case.folder / "moving"}}
    layer = {"name": "one", "matte": case.folder / "still", "keys": case.folder / "keys"}
    kinds["layer"] = {"layers": [layer], "keys": None}
    # The first run compiles.
    case.seconds()
    runs = [{name: case.seconds(**more) for name, more in kinds.items()} for _ in range(turns)]
    return {name: min(run[name] for run in runs) for name in kinds}


class Case:
    """Plates, keys and mattes of one size, on disk."""

    def __init__(self, folder, size, share, place, threads):
        self.folder, self.threads = folder, threads
        for name in ("plates", "keys", "still", "moving"):
            (folder / name).mkdir()
        shown = [cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in plates(CLIPS[0], FRAMES, 640, None)]
        for number, plate in enumerate(shown, 1):
            write_image(folder / "plates" / f"p.{number:04d}.png", plate)
            write_image(folder / "still" / f"m.{number:04d}.png", disc(size, share, place))
            across = (number - 1) / (FRAMES - 1) - 0.5
            write_image(folder / "moving" / f"m.{number:04d}.png", disc(size, share, place, across))
        for number in (1, FRAMES):
            write_image(folder / "keys" / f"{number}.png", toon(shown[number - 1]))

    def seconds(self, **more):
        """Wall-clock seconds of the propagate stage from scratch."""
        project = self.folder / "x.stylize"
        shutil.rmtree(project, ignore_errors=True)
        shared = {"keys": self.folder / "keys", "project": project, "threads": self.threads, **more}
        stylize.run(self.folder / "plates", to_stage="pick", **shared)
        start = time.perf_counter()
        stylize.run(self.folder / "plates", from_stage="propagate", to_stage="propagate", **shared)
        return time.perf_counter() - start


def disc(size, share, place, across=0.0):
    """A disc with a soft edge that covers ``share`` of the frame, shifted right by ``across`` of its radius."""
    width, height = size
    radius = np.sqrt(share * width * height / np.pi)
    ys, xs = np.mgrid[0:height, 0:width]
    far = np.hypot(xs - width * place - across * radius, ys - height / 2)
    return np.rint(np.clip(radius - far, 0, 1) * 255).astype(np.uint8)


if __name__ == "__main__":
    main()
