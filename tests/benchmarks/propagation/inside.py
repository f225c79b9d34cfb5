"""Time of propagation with a matte, over the whole frame's: ``python -m tests.benchmarks.propagation.inside --help``.

The example's plates with a painted key at both ends, through the command's own stages; what is timed is the propagate
stage, with motion, two passes, the mix, and every file that it writes. The matte is a disc of a share of the frame,
that stands still or goes across half its own width, or is that of the only layer. Figures are the least of several
runs in one process, turn about.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import stylize
from stylize.footage.images import write_image
from tests.benchmarks.propagation.clips import CLIPS, plates
from tests.benchmarks.propagation.truth import toon

FRAMES = 13
WHOLE = "whole"


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation.inside", description=__doc__)
    words.add_argument("--sizes", default="640x360,1280x720")
    words.add_argument("--share", type=float, default=0.2, help="of the frame that the matte covers")
    words.add_argument("--threads", type=int, default=2)
    words.add_argument("--turns", type=int, default=2)
    asked = words.parse_args()
    print(f"{'size':>10} {'matte':>7} {'covers':>7} {'whole s':>8} {'inside s':>9} {'ratio':>6}")
    for size in asked.sizes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            case = Case(Path(folder), tuple(map(int, size.split("x"))), asked.share, asked.threads)
            took = timed(case, asked.turns)
            for name, seconds in took.items():
                if name != WHOLE:
                    print(f"{size:>10} {name:>7} {case.covers:>7.3f} {took[WHOLE]:>8.2f} {seconds:>9.2f} "
                          f"{seconds / took[WHOLE]:>6.3f}", flush=True)  # fmt: skip


def timed(case, turns):
    """Seconds of each kind of run, the least of some turns."""
    kinds = {WHOLE: {}, "still": {"matte": case.folder / "still"}, "moving": {"matte": case.folder / "moving"}}
    layer = {"name": "one", "matte": case.folder / "still", "keys": case.folder / "keys"}
    kinds["layer"] = {"layers": [layer], "keys": None}
    # The first run compiles.
    case.seconds()
    runs = [{name: case.seconds(**more) for name, more in kinds.items()} for _ in range(turns)]
    return {name: min(run[name] for run in runs) for name in kinds}


class Case:
    """Plates, keys and mattes of one size, on disk."""

    def __init__(self, folder, size, share, threads):
        self.folder, self.threads = folder, threads
        for name in ("plates", "keys", "still", "moving"):
            (folder / name).mkdir()
        shown = [cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in plates(CLIPS[0], FRAMES, 640, None)]
        for number, plate in enumerate(shown, 1):
            write_image(folder / "plates" / f"p.{number:04d}.png", plate)
            write_image(folder / "still" / f"m.{number:04d}.png", disc(size, share, 0))
            across = (number - 1) / (FRAMES - 1) - 0.5
            write_image(folder / "moving" / f"m.{number:04d}.png", disc(size, share, across))
        self.covers = float((disc(size, share, 0) > 0).mean())
        for number in (1, FRAMES):
            write_image(folder / "keys" / f"{number}.png", toon(shown[number - 1]))

    def seconds(self, **more):
        """The propagate stage, from nothing: seconds by the clock."""
        project = self.folder / "x.stylize"
        shutil.rmtree(project, ignore_errors=True)
        shared = {"keys": self.folder / "keys", "project": project, "threads": self.threads, **more}
        stylize.run(self.folder / "plates", to_stage="pick", **shared)
        start = time.perf_counter()
        stylize.run(self.folder / "plates", from_stage="propagate", to_stage="propagate", **shared)
        return time.perf_counter() - start


def disc(size, share, across):
    """A disc with a soft edge that covers ``share`` of the frame, moved by ``across`` of its radius to the right."""
    width, height = size
    radius = np.sqrt(share * width * height / np.pi)
    ys, xs = np.mgrid[0:height, 0:width]
    far = np.hypot(xs - width * 0.45 - across * radius, ys - height / 2)
    return np.rint(np.clip(radius - far, 0, 1) * 255).astype(np.uint8)


if __name__ == "__main__":
    main()
