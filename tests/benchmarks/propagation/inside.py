"""Time of propagation with a matte, over the whole frame's: ``python -m tests.benchmarks.propagation.inside --help``.

The example's plates with a painted key at both ends, through the command's own stages; what is timed is the propagate
stage, with motion, two passes, the mix, and every file that it writes. The matte is a disc of a share of the frame,
that stands still or goes across half its own width. Figures are the least of several runs, turn about.
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


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation.inside", description=__doc__)
    words.add_argument("--sizes", default="640x360,960x540,1280x720")
    words.add_argument("--share", type=float, default=0.2, help="of the frame that the matte covers")
    words.add_argument("--threads", type=int, default=1)
    words.add_argument("--turns", type=int, default=2)
    asked = words.parse_args()
    print(f"{'size':>10} {'matte':>7} {'covers':>7} {'whole s':>8} {'inside s':>9} {'ratio':>6}")
    for size in asked.sizes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            case = Case(Path(folder), tuple(map(int, size.split("x"))), asked.share, asked.threads)
            # The first run compiles.
            case.seconds()
            whole = min(case.seconds() for _ in range(asked.turns))
            for name in ("still", "moving"):
                inside = min(case.seconds(matte=case.folder / name) for _ in range(asked.turns))
                print(f"{size:>10} {name:>7} {case.covers:>7.3f} {whole:>8.2f} {inside:>9.2f} {inside / whole:>6.2f}",
                      flush=True)  # fmt: skip


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
