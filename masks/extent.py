"""Extent of a matte in its frame: nothing, everything, or a bounding box."""

from dataclasses import dataclass

import numpy as np

from masks.arrays import Floats


@dataclass(frozen=True)
class Extent:
    """Extent of a matte. box: left, top, right, bottom in pixels, the last two exclusive, around all that is not 0;
    None if all is 0. whole: the matte is 1 everywhere."""

    box: tuple[int, int, int, int] | None
    whole: bool


def extent(matte: Floats) -> Extent:
    """Measure the extent of a matte, float32 (H, W) in [0, 1]."""
    inside = matte > 0
    columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    if not columns.size:
        return Extent(None, False)
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return Extent(box, bool((matte == 1).all()))
