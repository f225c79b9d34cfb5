"""Seconds from a stroke on a key to its draft frames: ``python -m tests.benchmarks.live_mode --help``.

A painter changes a patch of a key of the example in live mode. Reported are the seconds until the page is told of the
nearest new frames, and of all frames of the key's spans. The targets are 2 and 10 seconds on two cores.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from stylize.media.images import image_info, read_image, write_image
from stylize.review.given_key import paint_key
from stylize.review.live import Live
from stylize.review.prepare import prepare_project
from stylize.review.runs import Runs
from stylize.review.shown_project import show_project

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 3600


class Frames:
    """Times at which frames were finished, as the page is told."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}

    def receive(self, event: dict) -> None:
        """Keep the time of a frame."""
        if event["type"] == "frame":
            self.times[event["frame"]] = time.monotonic()


def stroke(root: Path, frame: int, number: int, folder: Path) -> tuple[str, bytes]:
    """Return a key with a painted patch as a file: its name and contents. number: of the stroke, which moves it."""
    project = show_project(root, lambda text: None)
    pixels = read_image(project.keys(project.part(""))[frame].path)
    height, width = pixels.shape[:2]
    top, left = height // 3, width // 4 + number * width // 40
    pixels[top : top + height // 9, left : left + width // 16, :3] = np.iinfo(pixels.dtype).max // 2
    file = folder / "stroke.png"
    write_image(file, pixels)
    assert image_info(file).size == (width, height)
    return file.name, file.read_bytes()


def measure(root: Path, keys: list[int], strokes: int) -> tuple[list[float], list[float], int]:
    """Return the seconds until the nearest frames and until all of them, for each stroke, and the number of frames."""
    frames = Frames()
    runs = Runs(frames.receive)
    live = Live(runs)
    middle, nearest, whole = keys[len(keys) // 2], [], []
    before, after = keys[len(keys) // 2 - 1], keys[len(keys) // 2 + 1]
    inside = [frame for frame in range(before + 1, after) if frame != middle]
    try:
        runs.start(root, "run", {"to_stage": "render"})  # keys at full size, which a painter paints on
        live.turn_on(show_project(root, lambda text: None), None)
        assert runs.wait(PATIENCE), "the draft was not finished"
        for number in range(strokes):
            with tempfile.TemporaryDirectory() as folder:
                name, content = stroke(root, middle, number, Path(folder))
            frames.times.clear()
            start = time.monotonic()
            with runs.yielding(root):
                paint_key(show_project(root, lambda text: None), middle, name, content)
                assert live.look(show_project(root, lambda text: None))
            assert runs.wait(PATIENCE), "the draft was not finished"
            assert set(inside) <= set(frames.times), "a frame of the key's spans was not made again"
            nearest.append(max(frames.times[frame] for frame in (middle - 1, middle + 1)) - start)
            whole.append(max(frames.times[frame] for frame in inside) - start)
    finally:
        runs.stop()
    return nearest, whole, len(inside)


def main() -> None:
    """Run the benchmark and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", default="1,16,32,48", help="keyframes, at least three")
    parser.add_argument("--strokes", type=int, default=5)
    options = parser.parse_args()
    keys = [int(one) for one in options.keys.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        shot = shutil.copy(EXAMPLES / "bunny.mp4", folder)
        style = shutil.copy(EXAMPLES / "oil.png", folder)
        given = {"style": Path(style), "keyframes": tuple(keys)}
        root = prepare_project(Path(shot), given, lambda event: None)
        nearest, whole, count = measure(root, keys, options.strokes)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.strokes} strokes, {count} frames")
    for name, seconds in (("nearest frames", nearest), (f"all {count} frames", whole)):
        print(f"{name}: median {median(seconds):.2f} s, longest {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
