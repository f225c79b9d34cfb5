"""Seconds from a stroke on a key to its draft frames: ``python -m tests.benchmarks.live_mode --help``.

A painter changes a patch of an example key in live mode. The benchmark reports the seconds until the page has the
nearest new frames, and all frames of the key's spans. The targets are 2 and 10 seconds on two cores. ``--clock cpu``
measures the CPU time of all threads of the run instead, for a busy machine: with two idle cores, the seconds on the
clock are between half of it and all of it.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
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
    """Times at which the page receives finished frames. clock: returns seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.times: dict[int, float] = {}
        self.clock = clock

    def receive(self, event: dict) -> None:
        """Keep the time of a frame."""
        if event["type"] == "frame":
            self.times[event["frame"]] = self.clock()


def cpu_seconds(runs: Runs) -> float:
    """Return the CPU time of the process of the runs; 0 before it has started. Linux only."""
    pid = runs._process.pid
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def measure(root: Path, keys: list[int], strokes: int, clock: str) -> tuple[list[float], list[float], int]:
    """Return the seconds until the nearest frames and until all of them, for each stroke, and the number of frames."""
    frames = Frames(time.monotonic)
    runs = Runs(frames.receive)
    if clock == "cpu":
        frames.clock = partial(cpu_seconds, runs)
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
            start = frames.clock()
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
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    options = parser.parse_args()
    keys = [int(one) for one in options.keys.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        shot = shutil.copy(EXAMPLES / "bunny.mp4", folder)
        style = shutil.copy(EXAMPLES / "oil.png", folder)
        given = {"style": Path(style), "keyframes": tuple(keys)}
        root = prepare_project(Path(shot), given, lambda event: None)
        nearest, whole, count = measure(root, keys, options.strokes, options.clock)
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{cores} cores, load {load:.1f}, {options.clock} clock, {options.strokes} strokes, {count} frames")
    for name, seconds in (("nearest frames", nearest), (f"all {count} frames", whole)):
        print(f"{name}: median {median(seconds):.2f} s, longest {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
