"""Alignment of two versions of a shot in time, by the contents of their frames.

Frames are compared by means over a grid of cells, which compression hardly changes. The offset is the one under which
most frames of both versions agree in the pattern of their cells, whatever their exposure and contrast. Frames count as
equal up to compression if none of their cells, before normalisation, differs by much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats

# Largest grid, in columns and rows, and the smallest cell, in pixels.
_GRID, _CELL = (64, 36), 8
# Two frames agree if the RMS difference of their normalised cells is below this, in standard deviations of the cells.
_AGREE = 0.25
# Max difference of the mean of a cell after compression, in levels: in one cell, and as RMS over all cells.
_CELL_LEVELS, _FRAME_LEVELS = 14.0, 3.5
# Standard deviation of cells, in levels, below which a frame counts as flat.
_FLAT = 1.0
# Offsets fit equally well if their mean differences are within this ratio, or within this difference.
_RATIO, _LEAST = 1.02, 0.001


@dataclass(frozen=True)
class Alignment:
    """Position of a new version in an old one.

    offset: index in the old version of the first new frame, negative if it precedes it. agreeing: number of new frames
    whose pattern is that of their old frame. alike: new indices whose frames are equal up to compression. certain:
    whether no other offset fits equally well, as several do in a shot without motion.
    """

    offset: int
    agreeing: int
    alike: tuple[int, ...]
    certain: bool


def cells_of(picture: Bytes) -> Floats:
    """Return the means over the cells of a frame: float32 (rows, columns, 3), 0..255. picture: uint8 (H, W, 3)."""
    height, width = picture.shape[:2]
    columns, rows = (max(1, min(most, side // _CELL)) for most, side in zip(_GRID, (width, height), strict=True))
    return np.asarray(cv2.resize(picture.astype(F32), (columns, rows), interpolation=cv2.INTER_AREA), F32)


def align_frames(old: Sequence[Floats], new: Sequence[Floats]) -> Alignment:
    """Return the alignment of two versions. old, new: cells of each frame, of the same shape, at least one each.

    Of offsets that fit equally well, the one nearest to 0 is chosen.
    """
    before, after = _normalised(old), _normalised(new)
    counts, sums = np.zeros((2, len(old) + len(new) - 1))
    for index, frame in enumerate(after):
        differences = np.sqrt(np.mean((before - frame) ** 2, axis=1))
        # Offset -(len(new) - 1) has index 0.
        places = np.arange(len(old)) - index + len(new) - 1
        counts[places] += differences < _AGREE
        sums[places] += np.minimum(differences, 1)
    offsets = np.arange(len(counts)) - (len(new) - 1)
    overlaps = np.minimum(len(new), len(old) - offsets) - np.maximum(0, -offsets)
    means = sums / overlaps
    best = int(np.lexsort((means, -counts))[0])
    limit = max(means[best] * _RATIO, means[best] + _LEAST)
    fitting = [int(one) for one in np.flatnonzero((counts == counts[best]) & (means <= limit))]
    chosen = min(fitting, key=lambda one: abs(offsets[one]))
    offset = int(offsets[chosen])
    alike = [n for n in range(len(new)) if 0 <= n + offset < len(old) and _alike(old[n + offset], new[n])]
    return Alignment(offset, int(counts[chosen]), tuple(alike), len(fitting) == 1)


def _alike(one: Floats, other: Floats) -> bool:
    difference = np.abs(one - other)
    return bool(difference.max() < _CELL_LEVELS and np.sqrt(np.mean(difference**2)) < _FRAME_LEVELS)


def _normalised(cells: Sequence[Floats]) -> Floats:
    """Return cells with mean 0 and standard deviation 1: float32 (frames, cells). Flat frames keep their level."""
    rows = np.stack([one.reshape(-1) for one in cells]).astype(F32)
    centred = rows - rows.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    return np.where(deviation < _FLAT, rows / F32(64), centred / np.maximum(deviation, F32(_FLAT)))
