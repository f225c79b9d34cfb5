"""What other frames say of a pixel, gathered along the motion in one direction of time.

A recursive filter with an exponential memory, as Lang, Wang, Aydin, Smolic and Gross have it ("Practical temporal
consistency for image-based graphics applications", SIGGRAPH 2012): what was gathered is moved on by one frame of flow,
and forgotten where the frames do not show the same. Run in both directions it reaches far, and does not lag.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.warp import shifted, warp

# Share of what was gathered that is left after a frame.
MEMORY = 0.93
# Difference of 8-bit levels, mean over channels, at which a frame hardly counts.
LEVELS = 25.0
# Squared pixels that flow there and back may miss its start by, and the share of the motion's square beside it.
MISS, MISS_SHARE = 1.0, 0.02
# What a frame counts that says 1/2, beside 1 for one that is sure.
UNSURE = 0.1


@dataclass(frozen=True)
class Gathered:
    """inside: float32 (H, W), the sum of what frames said, by weight. weight: float32 (H, W), the weights' sum."""

    inside: Floats
    weight: Floats


def said(matte: Floats) -> Gathered:
    """What one frame says: float32 (H, W) in [0, 1], heard the more the surer it is."""
    weight = np.abs(2 * matte - 1) + F32(UNSURE)
    return Gathered(matte * weight, weight)


def moved_on(gathered: Gathered, before: Bytes, plate: Bytes, there: Floats, back: Floats) -> Gathered:
    """What was gathered in the frame ``before``, on the next one's grid.

    before, plate: uint8 (H, W, 3). there: flow on the grid of ``plate`` to ``before``. back: the other way round.
    """
    again = warp(back, there)
    miss = ((there + again) ** 2).sum(axis=-1)
    size = (there**2).sum(axis=-1) + (again**2).sum(axis=-1)
    levels = cv2.absdiff(warp(before, there), plate).astype(F32).mean(axis=-1)
    levels = cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT)
    same = np.exp(-((levels / F32(LEVELS)) ** 2) - miss / (F32(MISS_SHARE) * size + F32(MISS)))
    kept = (F32(MEMORY) * same).astype(F32)
    # Cubic: a border that is moved forty times would not be one any more.
    inside, weight = (np.maximum(shifted(one, there), 0) for one in (gathered.inside, gathered.weight))
    return Gathered(kept * np.minimum(inside, weight), kept * weight)


def together(*several: Gathered) -> Gathered:
    return Gathered(_sum([one.inside for one in several]), _sum([one.weight for one in several]))


def _sum(several: list[Floats]) -> Floats:
    total = several[0]
    for one in several[1:]:
        total = total + one
    return total
