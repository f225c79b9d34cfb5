"""A small shot of numbered frames that all slide alike, the input of most runs in tests."""

import numpy as np

from stylize.media.images import write_image
from tests.clips import write_movie

SIZE = (64, 36)


def scene(count, seed=3):
    """A textured ground that slides 2 px per frame, enough for flow to track."""
    draw = np.random.default_rng(seed)
    wide = np.kron(draw.integers(30, 220, (12, 40, 3)), np.ones((3, 3, 1))).astype(np.uint8)
    return [np.ascontiguousarray(wide[:, 2 * n : 2 * n + SIZE[0]]) for n in range(count)]


def folder_of(folder, pictures, first=1):
    """Write the pictures into a folder as plate.####.png, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures, first):
        write_image(folder / f"plate.{number:04d}.png", pixels)
    return folder


def picture(value):
    """A uniform grey picture of the frames' size."""
    return np.full((SIZE[1], SIZE[0], 3), value, np.uint8)


def to_16_bits(pictures):
    """A picture in 16 bits, with values that 8 bits cannot represent."""
    return [one.astype(np.uint16) * 257 - (one > 0) * np.uint16(99) for one in pictures]


def shot_of(folder, kind, pictures):
    """Path of a shot of these pictures: a "sequence", or a "movie" of the same bit depth."""
    if kind == "sequence":
        return folder_of(folder / "plates", pictures)
    layout = "yuv444p10le" if pictures[0].dtype == np.uint16 else "yuv444p"
    folder.mkdir(parents=True, exist_ok=True)
    return write_movie(folder / "shot.mkv", pictures, layout=layout, options={"qp": "4"})
