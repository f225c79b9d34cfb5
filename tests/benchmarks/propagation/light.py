"""Fidelity of light that changes within a shot: ``python -m tests.benchmarks.propagation.light --help``.

A clip is made twice, as it is and with a known gain of its light, both by whole runs of the program. The truth of a
frame is the result of the untouched clip with the gain applied to it, in linear light.
"""

import argparse
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np

import stylize
from tests.benchmarks.propagation import clips
from tests.lit import CHANGES, lightness, lit

ROOT = Path(__file__).parents[3]
COUNT = 44
HEAD = f"{'clip':14} {'change':14} {'mean':>6} {'worst':>6} {'frame':>5}  keys, gain at keys"


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.propagation.light", description=__doc__)
    words.add_argument("--movie", type=Path, action="append", default=[], help="a further clip; may be repeated")
    words.add_argument("--width", type=int, default=256, help="of the plates")
    words.add_argument("--style", type=Path, default=ROOT / "examples" / "oil.png", help="reference of the look")
    words.add_argument("--only", default="", help="clips whose name contains this")
    words.add_argument("--changes", default=",".join(CHANGES), help="which, by comma")
    words.add_argument("--keep", type=Path, help="folder for plates and results; none are kept without it")
    asked = words.parse_args()
    print(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        for name, plates in footage(asked):
            if asked.only in name:
                measure(name, plates, asked, (asked.keep or Path(scratch)) / name.replace(" ", "_"))


def footage(asked):
    """Name and plates, uint8 (H, W, 3), of each clip."""
    yield "bunny", read(clips.EXAMPLE, asked.width)
    yield "zoom and roll", [clips.fitted(plate, asked.width) for plate in clips.rendered(COUNT)]
    for movie in asked.movie:
        yield movie.stem, read(movie, asked.width)


def read(path, width):
    with av.open(str(path)) as movie:
        frames = [
            frame.to_ndarray(format="rgb24") for _, frame in zip(range(COUNT), movie.decode(video=0), strict=False)
        ]
    return [clips.fitted(frame, width) for frame in frames]


def measure(name, plates, asked, folder):
    """Print a line for every change of light of one clip."""
    steady, _ = run(plates, folder / "steady", asked.style)
    for change in asked.changes.split(","):
        gains = [CHANGES[change](frame) for frame in range(len(plates))]
        made, keys = run([lit(p, g) for p, g in zip(plates, gains, strict=True)], folder / change, asked.style)
        apart = [
            abs(lightness(one).mean() - lightness(lit(truth, gain)).mean())
            for one, truth, gain in zip(made, steady, gains, strict=True)
        ]
        worst = int(np.argmax(apart))
        shown = ", ".join(f"{key} {gains[key]:.2f}" for key in keys)
        print(f"{name:14} {change:14} {np.mean(apart):6.2f} {apart[worst]:6.2f} {worst:5}  {shown}", flush=True)


def run(plates, folder, style):
    """Results, uint8 (H, W, 3), and keyframes of a run over plates."""
    (folder / "plates").mkdir(parents=True, exist_ok=True)
    for frame, plate in enumerate(plates):
        cv2.imwrite(str(folder / "plates" / f"plate.{frame:04d}.png"), plate[..., ::-1])
    result = stylize.run(
        folder / "plates", style=style, project=folder / "project", output=folder / "out", overwrite=True
    )
    made = [cv2.imread(str(result.frames[frame]))[..., ::-1] for frame in range(len(plates))]
    return made, [key.frame for shot in result.shots for key in shot.keyframes]


if __name__ == "__main__":
    main()
