"""A project whose pictures encode their frame numbers, and the application that shows it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.media.images import write_image
from stylize.spans.pass_maps import write_error, write_share
from tests.sliding import folder_of

# Blocks of a picture that encode a number, one bit each, most significant first; wide enough to survive compression.
BITS, BLOCK, HEIGHT = 8, 16, 32
FRAMES = 40
PORT = 8000
ORIGIN = f"http://127.0.0.1:{PORT}"


def coded(number, *, inverted=False):
    """A picture that encodes a number: white blocks for its bits; the other way round if it is inverted."""
    bits = [(number >> bit) & 1 for bit in reversed(range(BITS))]
    row = np.repeat([bit != inverted for bit in bits], BLOCK).astype(np.uint8) * 255
    return np.broadcast_to(row[None, :, None], (HEIGHT, BITS * BLOCK, 3)).copy()


def decoded(row):
    """The number in the grey values of a row of a picture, of any width."""
    places = (np.arange(BITS) + 0.5) * len(row) / BITS
    return int("".join(str(int(row[int(place)] > 127)) for place in places), 2)


@dataclass(frozen=True)
class Sample:
    """A project with plates and results that encode their frame numbers, the results inverted."""

    root: Path
    frames: tuple[int, ...]

    def file(self, folder, frame):
        return self.root / folder / f"plate.{frame:04d}.png"


@pytest.fixture(scope="session")
def sample(tmp_path_factory, user_data):
    """A project as a run leaves it, without the time that one takes; maps are of the first frames only."""
    folder = tmp_path_factory.mktemp("review")
    frames = tuple(range(1, FRAMES + 1))
    plates = folder_of(folder / "shot", [coded(number) for number in frames])
    with stylize.open(plates, to_stage="conform") as session:
        made = Sample(session.project, frames)
    for frame in frames:
        write_image(made.file("out", frame), coded(frame, inverted=True))
    for folder_name in ("passes/error", "passes/mix"):
        (made.root / folder_name).mkdir(parents=True)
    for frame in (2, 3):
        write_error(made.file("passes/error", frame), np.full((HEIGHT, BITS * BLOCK), 0.0625, np.float32))
        write_share(made.file("passes/mix", frame), np.full((HEIGHT, BITS * BLOCK), 1, np.float32))
    return made
