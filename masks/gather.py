"""Recursive temporal filter of mattes along the motion, in one direction of time.

Its memory decays exponentially, as in Lang, Wang, Aydin, Smolic and Gross, "Practical temporal consistency for
image-based graphics applications", SIGGRAPH 2012: the accumulated mattes are warped by one frame of flow, and dropped
where the frames do not match. Run in both directions, the filter reaches far and does not lag.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.warp import shifted, warp

# Fraction of the accumulated weight that remains after a frame.
MEMORY = 0.93
# Difference in 8-bit levels, mean over channels, at which pixels hardly match.
LEVELS = 25.0
# Squared round-trip error of the flow that is tolerated, in pixels, and in relation to the squared motion.
MISS, MISS_SHARE = 1.0, 0.02
# Weight of a matte value of 1/2; that of 0 and 1 is larger by 1.
UNSURE = 0.1


@dataclass(frozen=True)
class Gathered:
    """Weighted sum of mattes. inside: float32 (H, W), sum of matte times weight. weight: float32 (H, W), their sum."""

    inside: Floats
    weight: Floats


def said(matte: Floats) -> Gathered:
    """Weigh the matte of one frame, float32 (H, W) in [0, 1], by its confidence."""
    weight = np.abs(2 * matte - 1) + F32(UNSURE)
    return Gathered(matte * weight, weight)


def moved_on(gathered: Gathered, before: Bytes, plate: Bytes, there: Floats, back: Floats) -> Gathered:
    """Advance the accumulated mattes from the frame ``before`` to ``plate``, the frame next to it.

    before, plate: uint8 (H, W, 3). there: float32 (H, W, 2), flow on the grid of ``plate`` to ``before``.
    back: flow on the grid of ``before`` to ``plate``.
    """
    again = warp(back, there)
    miss = ((there + again) ** 2).sum(axis=-1)
    size = (there**2).sum(axis=-1) + (again**2).sum(axis=-1)
    levels = cv2.absdiff(warp(before, there), plate).astype(F32).mean(axis=-1)
    levels = cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT)
    same = np.exp(-((levels / F32(LEVELS)) ** 2) - miss / (F32(MISS_SHARE) * size + F32(MISS)))
    kept = (F32(MEMORY) * same).astype(F32)
    # Cubic, because an edge would not survive forty bilinear warps.
    inside, weight = (np.maximum(shifted(one, there), 0) for one in (gathered.inside, gathered.weight))
    return Gathered(kept * np.minimum(inside, weight), kept * weight)


def together(*several: Gathered) -> Gathered:
    """Sum several weighted sums."""
    return Gathered(_sum([one.inside for one in several]), _sum([one.weight for one in several]))


def _sum(several: list[Floats]) -> Floats:
    total = several[0]
    for one in several[1:]:
        total = total + one
    return total
