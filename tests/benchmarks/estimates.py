"""Estimated against measured times of runs at three sizes: ``python -m tests.benchmarks.estimates --help``.

The user's data are empty at first. The shot is planned and run at each size, each time in a new project, so that a plan
knows only the speeds of other sizes; then once more, so that it knows those of its own. Wall-clock times depend on the
load of the machine: on one that others use too, ``--clock cpu`` compares estimates and runs in CPU time.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import cv2

from stylize.media.images import write_image

ROOT = Path(__file__).parents[2]
SIZES = ((320, 180), (480, 270), (640, 360))
# Factor within which estimates must be.
ALLOWED = 1.5
# Command whose clock counts CPU time. Modules of the standard library that wait keep theirs.
CPU_CLOCK = "import queue, threading, time; time.monotonic = time.process_time; import cli; cli.main()"
_PARTS = (("h", 3600), ("min", 60), ("s", 1))


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.estimates", description=__doc__)
    words.add_argument("--frames", type=int, default=24, help="of the example")
    words.add_argument("--rounds", type=int, default=2, help="rounds over all sizes")
    words.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="time that commands measure")
    asked = words.parse_args()
    stylize = partial(_stylize, asked.clock)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STYLIZE_DATA"] = str(Path(folder, "data"))
        shots = [_scaled(Path(folder, f"{size[0]}"), size, asked.frames) for size in SIZES]
        print(f"first plan: {_cost(stylize('plan', shots[0], Path(folder, 'first')))}")
        stylize("run", shots[0], Path(folder, "warm"))
        factors = [
            _compare(stylize, shot, size, Path(folder, f"{number}-{size[0]}"), number)
            for number in range(1, asked.rounds + 1)
            for shot, size in zip(shots, SIZES, strict=True)
        ]
    print(f"largest factor: {max(max(one, 1 / one) for one in factors):.2f}, allowed: {ALLOWED}")


def _compare(
    stylize: Callable[[str, Path, Path], str], shot: Path, size: tuple[int, int], project: Path, number: int
) -> float:
    planned = _cost(stylize("plan", shot, project))
    estimate = re.search(r"about (.*) to make", planned)
    assert estimate is not None, planned
    taken = re.search(r"frames: .*reused, in (.*)", stylize("run", shot, project))
    assert taken is not None
    one, other = _seconds(estimate[1]), _seconds(taken[1])
    print(f"round {number}, {size[0]}x{size[1]}: estimated {one} s, taken {other} s, factor {one / other:.2f}")
    return one / other


def _cost(report: str) -> str:
    return next(line.partition("; ")[2] for line in report.splitlines() if "; " in line and "keyframe" in line)


def _stylize(clock: str, command: str, shot: Path, project: Path) -> str:
    start = ["-c", CPU_CLOCK] if clock == "cpu" else ["-m", "cli"]
    words = [sys.executable, *start, command, str(shot), "--style", "examples/oil.png", "--project", str(project)]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _seconds(text: str) -> int:
    """Read a duration such as 2 min 10 s."""
    return sum(int(found[1]) * scale for unit, scale in _PARTS if (found := re.search(rf"(\d+) {unit}\b", text)))


def _scaled(folder: Path, size: tuple[int, int], count: int) -> Path:
    folder.mkdir()
    with av.open(str(ROOT / "examples" / "bunny.mp4")) as movie:
        frames = [
            frame.to_ndarray(format="rgb24") for _, frame in zip(range(count), movie.decode(video=0), strict=False)
        ]
    for number, frame in enumerate(frames, 1):
        write_image(folder / f"p.{number:04d}.png", cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    return folder


if __name__ == "__main__":
    main()
