"""Seconds until the page of a long shot is ready: ``python -m tests.benchmarks.review_page --help``.

The page is ready when it displays the first frame without loss, and its timeline. The target is 2 seconds for 10,000
frames on two cores. Needs the extra ``review``, Playwright and Chromium.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import stylize
from tests.review.browser import chromium, served
from tests.sliding import folder_of

PATIENCE = 600_000


def long_project(folder: Path, count: int) -> Path:
    """Make a project of equal frames, all of which have a result; they share the contents of one file."""
    first = folder_of(folder / "shot", [np.full((360, 640, 3), 99, np.uint8)]) / "plate.0001.png"
    for frame in range(2, count + 1):
        os.link(first, folder / "shot" / f"plate.{frame:04d}.png")
    with stylize.open(folder / "shot", to_stage="conform") as session:
        project = session.project
    for frame in range(1, count + 1):
        os.link(first, project / "out" / f"plate.{frame:04d}.png")
    return project


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="number of frames (default: 10000)")
    parser.add_argument("--repeat", type=int, default=5, help="number of times that the page is opened (default: 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = long_project(Path(folder), arguments.count)
        started = time.monotonic()
        with served(project) as address, chromium() as browser:
            print(f"server, with its browser: {time.monotonic() - started:.1f} s")
            context, taken = browser.new_context(viewport={"width": 1440, "height": 900}), []
            for number in range(arguments.repeat):
                page = context.new_page()
                started = time.monotonic()
                page.goto(address if number == 0 else address.partition("/open")[0] + "/")
                page.wait_for_selector("#stage[data-exact=true]", timeout=PATIENCE)
                taken.append(time.monotonic() - started)
                page.close()
    times = ", ".join(f"{one:.2f}" for one in taken)
    print(f"{arguments.count} frames: ready after {taken[0]:.2f} s, median {median(taken):.2f} s ({times})")


if __name__ == "__main__":
    main()
