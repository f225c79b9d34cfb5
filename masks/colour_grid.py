"""Bilateral grid of votes for the inside, coarse in position and colour.

Bilateral space as in Märki, Perazzi, Wang and Sorkine-Hornung, "Bilateral space video segmentation", CVPR 2016: pixels
vote in the cell of their position and colour, votes blur into neighbouring cells, and every pixel reads its cell.
Pixels that are similar and close get the same label, even where flow fails.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats, Pixels

# Cells along the longest side.
SPATIAL_CELLS = 16
# Width of a cell in levels of 8-bit Lab, in lightness and in each colour axis; range of the colour axes.
LIGHTNESS_STEP, COLOUR_STEP, COLOUR_MIN, COLOUR_MAX = 16, 10, 55, 205
# Blur weights of the cells one, two and three steps away, relative to the cell itself: in position, and in colour.
SPATIAL_WEIGHTS, COLOUR_WEIGHTS = (0.7, 0.35, 0.1), (0.5, 0.1)
# Fraction of the votes that remains after a frame.
DECAY = 0.9
# Pseudo-votes of every pixel, half of them for the inside.
PSEUDO_VOTES = 0.01


@dataclass(frozen=True)
class Votes:
    """Votes for the inside, and all votes. inside, total: float32, for the grid's cells (y, x, lightness, a, b), or for
    pixels (H, W)."""

    inside: Floats
    total: Floats


@dataclass(frozen=True)
class Cells:
    """Cells of a picture's pixels. indices: (H, W), flat index of each pixel's cell. shape: shape of the grid."""

    indices: Pixels
    shape: tuple[int, ...]


def assign_cells(plate: Bytes) -> Cells:
    """Assign every pixel to its cell of the grid. plate: uint8 (H, W, 3), RGB."""
    height, width = plate.shape[:2]
    cell_size = max(height, width) / SPATIAL_CELLS
    lab = cv2.cvtColor(plate, cv2.COLOR_RGB2LAB).astype(np.int64)
    rows, columns = (np.floor(np.arange(length) / cell_size).astype(np.int64) for length in (height, width))
    lightness = (lab[..., 0] + LIGHTNESS_STEP // 2) // LIGHTNESS_STEP
    a, b = (
        (np.clip(lab[..., axis], COLOUR_MIN, COLOUR_MAX) - COLOUR_MIN + COLOUR_STEP // 2) // COLOUR_STEP
        for axis in (1, 2)
    )
    colours = (COLOUR_MAX - COLOUR_MIN + COLOUR_STEP // 2) // COLOUR_STEP + 1
    shape = (
        int(rows[-1]) + 1,
        int(columns[-1]) + 1,
        (255 + LIGHTNESS_STEP // 2) // LIGHTNESS_STEP + 1,
        colours,
        colours,
    )
    index = np.ravel_multi_index((rows[:, None] + 0 * lightness, columns[None] + 0 * lightness, lightness, a, b), shape)
    return Cells(index, shape)


def votes(cells: Cells, matte: Floats) -> Votes:
    """Votes of one frame's pixels. matte: float32 (H, W) in [0, 1]."""
    count = int(np.prod(cells.shape))
    flat = cells.indices.ravel()
    inside, total = np.bincount(flat, matte.ravel(), count), np.bincount(flat, minlength=count)
    return Votes(inside.astype(F32).reshape(cells.shape), total.astype(F32).reshape(cells.shape))


def accumulate(previous: Votes, current: Votes) -> Votes:
    """Accumulate older votes and those of the frame after them, decayed for the next frame."""
    return Votes(F32(DECAY) * (previous.inside + current.inside), F32(DECAY) * (previous.total + current.total))


def slice_grid(grid: Votes, cells: Cells) -> Votes:
    """Read the blurred votes at each pixel: (H, W)."""
    return Votes(_blur(grid.inside).ravel()[cells.indices], _blur(grid.total).ravel()[cells.indices])


def inside_probability(*several: Votes) -> Floats:
    """Probability that a pixel is inside, from the sum of several per-pixel votes: float32 (H, W), between 0 and 1."""
    inside, total = np.full_like(several[0].total, PSEUDO_VOTES / 2), np.full_like(several[0].total, PSEUDO_VOTES)
    for one in several:
        inside += one.inside
        total += one.total
    return np.asarray(inside / total, F32)


def _blur(grid: Floats) -> Floats:
    """Blur the grid along every axis, with weights that sum to 1."""
    for axis in range(grid.ndim):
        weights = SPATIAL_WEIGHTS if axis < 2 else COLOUR_WEIGHTS
        axis_first = np.moveaxis(grid, axis, 0)
        norm = F32(1 + 2 * sum(weights))
        blurred = axis_first / norm
        for step, weight in enumerate(weights, 1):
            blurred[step:] += F32(weight) / norm * axis_first[:-step]
            blurred[:-step] += F32(weight) / norm * axis_first[step:]
        grid = np.moveaxis(blurred, 0, axis)
    return np.ascontiguousarray(grid)
