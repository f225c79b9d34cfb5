"""Detection of eye opening, by lasting pairs of small holes in the coverage. The eyes are closed in the key.

Eyes are too small to affect the coverage of a frame, and a single hole may be a hand, a mouth or a car. Eyes are two
compact holes of similar size, side by side, with covered surroundings, which last longer than a blink at film frame
rates. Durations are counted in frames.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, Bools, Floats
from propagate.kernels.kernel import inner, kernel

Ages = NDArray[np.int16]

# Range of the area of a hole in cells, and max ratio of the two areas. Eyes reach the minimum if the face is at least
# half as high as the picture.
MIN_CELLS, MAX_CELLS, MAX_SIZE_RATIO = 2, 30, 4
# Min weight of a hole, and of both together, in units of the mean weight of a cell.
MIN_HOLE_MASS, MIN_PAIR_MASS = 2.5, 10.0
# Min share of its bounding box that a hole fills, and max aspect ratio of the box.
MIN_FILL, MAX_ASPECT = 0.4, 4
# Max mean uncovered share of the cells at a distance of two or three from a hole.
MAX_AROUND = 0.2
# Range of the distance between the holes, in units of the square root of their mean area, and max ratio of vertical to
# horizontal distance.
MIN_DISTANCE, MAX_DISTANCE, MAX_TILT = 1.2, 5.0, 0.8

# The age of a pair grows by AGE_GAIN in frames where it is detected. In other frames it falls by AGE_LOSS, which is
# smaller, because detection may fail. LASTING_AGE, after 15 frames or more, exceeds a blink. Ages are clipped to
# MAX_AGE.
AGE_GAIN, AGE_LOSS = 2, 1
LASTING_AGE, MAX_AGE = 30, 60


def ages_of(residual: Floats, weights: Floats, size: tuple[int, int], before: Ages) -> Ages:
    """Return the age of the current or recent pair of holes at each cell: int16 (rows, cells). 0 without a pair.

    residual: float32 (rows, cells) of one frame, above 1 in a hole, with a row for each key or pair of keys. weights:
    float32 (cells,), with a sum of 1. size: (width, height) of the grid of cells. before: ages in the previous frame.
    See AGE_GAIN for the definition of ages.
    """
    (width, height), rows = size, len(residual)
    ages = np.maximum(before - np.int16(AGE_LOSS), np.int16(0))
    labels, cells, holes = (
        np.empty((height, width), np.int32), np.empty(width * height, np.int32), np.empty((width * height, 4)),
    )  # fmt: skip
    distances = np.empty((height, width), np.int8)
    grids = (np.ascontiguousarray(array).reshape(rows, height, width) for array in (residual, before, ages))
    _update_ages(*grids, weights * F32(weights.size), labels, cells, holes, distances)
    return ages


def no_ages(rows: int, cells: int) -> Ages:
    """Return zero ages, for use before the first frame: int16 (rows, cells)."""
    return np.zeros((rows, cells), np.int16)


def paired_holes(residual: Floats, weights: Floats, size: tuple[int, int]) -> Bools:
    """Return the cells of pairs of holes in the joint coverage of all rows: bool (height, width) of the grid.

    See ``ages_of`` for the arguments. Without rows there are no pairs.
    """
    width, height = size
    if not len(residual):
        return np.zeros((height, width), bool)
    lowest = residual.min(axis=0, keepdims=True)
    return np.asarray(ages_of(lowest, weights, size, no_ages(*lowest.shape)).reshape(height, width) > 0)


@kernel
def _update_ages(
    residual: Any, before: Any, ages: Any, weights: Any, labels: Any, cells: Any, holes: Any, distances: Any
) -> None:
    """Raise ``ages`` where holes are paired; all arguments after ``weights`` are overwritten."""
    for row in range(len(residual)):
        count = _find_holes(residual, row, weights, labels, cells, holes, distances)
        for one in range(count):
            for other in range(one + 1, count):
                if _is_pair(holes, one, other):
                    oldest = min(_max_age_at(labels, one + 1, before, row), _max_age_at(labels, other + 1, before, row))
                    _set_age(labels, one + 1, other + 1, min(MAX_AGE, AGE_GAIN + oldest), ages, row)


@inner
def _find_holes(grids: Any, row: int, weights: Any, labels: Any, cells: Any, found: Any, distances: Any) -> int:
    """Find the compact holes with covered surroundings, and return their number.

    found: float64 (cells, 4), output; area, weight, x and y of each. labels: int32 (height, width), output; the number
    of the hole, from 1, and 0 or less in other cells. cells, distances: see ``_flood``, ``_residual_around``.
    """
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            labels[y, x] = 0
    count = 0
    for start in range(height * width):
        if labels[start // width, start % width] or grids[row, start // width, start % width] <= 1:
            continue
        area = _flood(grids, row, labels, cells, start)
        if area < MIN_CELLS or area > MAX_CELLS:
            continue
        top, bottom, left, right = height, 0, width, 0
        mass, across, down = 0.0, 0.0, 0.0
        for i in range(area):
            y, x = cells[i] // width, cells[i] % width
            top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
            # The same ramp as in ``coverage.uncovered``.
            mass += weights[cells[i]] * min(grids[row, y, x] - 0.5, 1.0)
            across += x
            down += y
        long, short = max(right - left, bottom - top) + 1, min(right - left, bottom - top) + 1
        cut = top == 0 or left == 0 or bottom == height - 1 or right == width - 1
        if cut or mass < MIN_HOLE_MASS or area < MIN_FILL * long * short or long > MAX_ASPECT * short:
            continue
        if _residual_around(grids, row, distances, cells, area) > MAX_AROUND:
            continue
        found[count, 0], found[count, 1], found[count, 2], found[count, 3] = area, mass, across / area, down / area
        count += 1
        for i in range(area):
            labels[cells[i] // width, cells[i] % width] = count
    return count


@inner
def _flood(grids: Any, row: int, labels: Any, cells: Any, start: int) -> int:
    """Find the 8-connected component of the cell ``start``, write it to ``cells``, label it -1 and return its area."""
    height, width = labels.shape
    cells[0], area, done = start, 1, 0
    labels[start // width, start % width] = -1
    while done < area:
        y, x = cells[done] // width, cells[done] % width
        done += 1
        for v in range(max(0, y - 1), min(height, y + 2)):
            for u in range(max(0, x - 1), min(width, x + 2)):
                if labels[v, u] == 0 and grids[row, v, u] > 1:
                    labels[v, u] = -1
                    cells[area] = v * width + u
                    area += 1
    return area


@inner
def _residual_around(grids: Any, row: int, far: Any, cells: Any, area: int) -> float:
    """Return the mean uncovered share of the cells at a distance of two or three from a hole.

    far: int8 (height, width), overwritten by distances.
    """
    height, width = far.shape
    for y in range(height):
        for x in range(width):
            far[y, x] = 4
    for i in range(area):
        y, x = cells[i] // width, cells[i] % width
        for v in range(max(0, y - 3), min(height, y + 4)):
            for u in range(max(0, x - 3), min(width, x + 4)):
                far[v, u] = min(far[v, u], max(abs(v - y), abs(u - x)))
    total, count = 0.0, 0
    for y in range(height):
        for x in range(width):
            if 2 <= far[y, x] <= 3:
                total += min(max(grids[row, y, x] - 0.5, 0.0), 1.0)
                count += 1
    return total / max(count, 1)


@inner
def _is_pair(holes: Any, one: int, other: int) -> bool:
    size, other_size = holes[one, 0], holes[other, 0]
    if holes[one, 1] + holes[other, 1] < MIN_PAIR_MASS or max(size, other_size) > MAX_SIZE_RATIO * min(
        size, other_size
    ):
        return False
    across, down = abs(holes[one, 2] - holes[other, 2]), abs(holes[one, 3] - holes[other, 3])
    distance = np.sqrt(across * across + down * down) / np.sqrt((size + other_size) / 2)
    return MIN_DISTANCE <= distance <= MAX_DISTANCE and down <= MAX_TILT * across


@inner
def _max_age_at(labels: Any, label: int, old: Any, row: int) -> int:
    """Return the maximum age within one cell of a hole."""
    height, width = labels.shape
    oldest = 0
    for y in range(height):
        for x in range(width):
            if labels[y, x] == label:
                for v in range(max(0, y - 1), min(height, y + 2)):
                    for u in range(max(0, x - 1), min(width, x + 2)):
                        oldest = max(oldest, old[row, v, u])
    return oldest


@inner
def _set_age(labels: Any, one: int, other: int, age: int, ages: Any, row: int) -> None:
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            if labels[y, x] == one or labels[y, x] == other:
                ages[row, y, x] = max(ages[row, y, x], age)
