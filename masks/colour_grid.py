"""Bilateral grid of votes for the inside, coarse in position and colour.

Bilateral space as in Märki, Perazzi, Wang and Sorkine-Hornung, "Bilateral space video segmentation", CVPR 2016: pixels
vote in the cell of their position and colour, votes blur into neighbouring cells, and every pixel reads its cell.
Pixels that are similar and close get the same label, whether or not flow finds them again.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats, Pixels

# Cells along the longest side.
PLACES = 16
# Width of a cell in levels of 8-bit Lab, in lightness and in each colour axis; range of the colour axes.
LIGHT, COLOUR, LEAST, MOST = 16, 10, 55, 205
# Blur weights of the cells one, two and three steps away, relative to the cell itself: in position, and in colour.
NEAR, ALIKE = (0.7, 0.35, 0.1), (0.5, 0.1)
# Fraction of the votes that remains after a frame.
MEMORY = 0.9
# Pseudo-votes of every pixel, half of them for the inside.
NOBODY = 0.01


@dataclass(frozen=True)
class Votes:
    """Votes for the inside, and all votes. inside, all: float32, of the grid's cells (y, x, lightness, a, b), or of
    pixels (H, W)."""

    inside: Floats
    all: Floats


@dataclass(frozen=True)
class Cells:
    """Cells of a picture's pixels. of: (H, W), flat index of each pixel's cell. shape: of the grid."""

    of: Pixels
    shape: tuple[int, ...]


def cells(plate: Bytes) -> Cells:
    """Assign every pixel to its cell of the grid. plate: uint8 (H, W, 3), RGB."""
    height, width = plate.shape[:2]
    side = max(height, width) / PLACES
    lab = cv2.cvtColor(plate, cv2.COLOR_RGB2LAB).astype(np.int64)
    rows, columns = (np.floor(np.arange(length) / side).astype(np.int64) for length in (height, width))
    light = (lab[..., 0] + LIGHT // 2) // LIGHT
    a, b = ((np.clip(lab[..., axis], LEAST, MOST) - LEAST + COLOUR // 2) // COLOUR for axis in (1, 2))
    colours = (MOST - LEAST + COLOUR // 2) // COLOUR + 1
    shape = (int(rows[-1]) + 1, int(columns[-1]) + 1, (255 + LIGHT // 2) // LIGHT + 1, colours, colours)
    index = np.ravel_multi_index((rows[:, None] + 0 * light, columns[None] + 0 * light, light, a, b), shape)
    return Cells(index, shape)


def votes(where: Cells, matte: Floats) -> Votes:
    """Votes of one frame's pixels. matte: float32 (H, W) in [0, 1]."""
    count = int(np.prod(where.shape))
    flat = where.of.ravel()
    inside, everything = np.bincount(flat, matte.ravel(), count), np.bincount(flat, minlength=count)
    return Votes(inside.astype(F32).reshape(where.shape), everything.astype(F32).reshape(where.shape))


def later(before: Votes, more: Votes) -> Votes:
    """Accumulate older votes and those of the frame after them, decayed for the next frame."""
    return Votes(F32(MEMORY) * (before.inside + more.inside), F32(MEMORY) * (before.all + more.all))


def read(grid: Votes, where: Cells) -> Votes:
    """Read the blurred votes at each pixel: (H, W)."""
    return Votes(_shared(grid.inside).ravel()[where.of], _shared(grid.all).ravel()[where.of])


def share(*several: Votes) -> Floats:
    """Probability that a pixel is inside, by the sum of several votes of pixels: float32 (H, W), between 0 and 1."""
    inside, everything = np.full_like(several[0].all, NOBODY / 2), np.full_like(several[0].all, NOBODY)
    for one in several:
        inside += one.inside
        everything += one.all
    return np.asarray(inside / everything, F32)


def _shared(grid: Floats) -> Floats:
    """Blur the grid along every axis, with weights that sum to 1."""
    for axis in range(grid.ndim):
        weights = NEAR if axis < 2 else ALIKE
        turned = np.moveaxis(grid, axis, 0)
        whole = F32(1 + 2 * sum(weights))
        out = turned / whole
        for away, weight in enumerate(weights, 1):
            out[away:] += F32(weight) / whole * turned[:-away]
            out[:-away] += F32(weight) / whole * turned[away:]
        grid = np.moveaxis(out, 0, axis)
    return np.ascontiguousarray(grid)
