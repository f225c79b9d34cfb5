"""A small shot of numbered frames in which everything moves as one: what most runs in tests are made on."""

import numpy as np

from stylize.media.images import write_image
from tests.clips import write_movie

SIZE = (64, 36)


def scene(count, seed=3):
    """A textured ground that slides 2 px a frame: enough for flow to hold on to."""
    draw = np.random.default_rng(seed)
    wide = np.kron(draw.integers(30, 220, (12, 40, 3)), np.ones((3, 3, 1))).astype(np.uint8)
    return [np.ascontiguousarray(wide[:, 2 * n : 2 * n + SIZE[0]]) for n in range(count)]


def folder_of(folder, pictures, first=1):
    """The folder, with the pictures written into it as plate.####.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures, first):
        write_image(folder / f"plate.{number:04d}.png", pixels)
    return folder


def picture(value):
    """One grey all over, of the frames' size."""
    return np.full((SIZE[1], SIZE[0], 3), value, np.uint8)


def deepened(pictures):
    """Of 16 bits, with values that 8 bits do not have."""
    return [one.astype(np.uint16) * 257 - (one > 0) * np.uint16(99) for one in pictures]


def shot_of(folder, kind, pictures):
    """The path of a shot of these pictures: a "sequence", or a "movie" that is as deep as they are."""
    if kind == "sequence":
        return folder_of(folder / "plates", pictures)
    layout = "yuv444p10le" if pictures[0].dtype == np.uint16 else "yuv444p"
    folder.mkdir(parents=True, exist_ok=True)
    return write_movie(folder / "shot.mkv", pictures, layout=layout, options={"qp": "4"})
