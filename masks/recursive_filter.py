"""Recursive temporal filter of mattes along the motion, in one direction of time.

Its memory decays exponentially, as in Lang, Wang, Aydin, Smolic and Gross, "Practical temporal consistency for
image-based graphics applications", SIGGRAPH 2012: the accumulated mattes are warped by one frame of flow, and discarded
where the frames do not match. Run in both directions, the filter has a long reach and no lag.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.warp import warp, warp_cubic

# Fraction of the accumulated weight that remains after a frame.
DECAY = 0.93
# Difference in 8-bit levels, mean over channels, at which pixels hardly match.
MATCH_LEVELS = 25.0
# Squared round-trip error of the flow that is tolerated, in pixels, and in relation to the squared motion.
ROUND_TRIP_ERROR, ROUND_TRIP_RATIO = 1.0, 0.02
# Weight of a matte value of 1/2; that of 0 and 1 is larger by 1.
MIN_WEIGHT = 0.1


@dataclass(frozen=True)
class WeightedSum:
    """Weighted sum of mattes. inside: float32 (H, W), sum of matte times weight. weight: float32 (H, W), their sum."""

    inside: Floats
    weight: Floats


def weigh(matte: Floats) -> WeightedSum:
    """Weigh the matte of one frame, float32 (H, W) in [0, 1], by its confidence."""
    weight = np.abs(2 * matte - 1) + F32(MIN_WEIGHT)
    return WeightedSum(matte * weight, weight)


def advance(
    accumulated: WeightedSum, previous: Bytes, plate: Bytes, to_previous: Floats, to_current: Floats
) -> WeightedSum:
    """Advance the accumulated mattes from the frame ``previous`` to ``plate``, the frame next to it.

    previous, plate: uint8 (H, W, 3). to_previous: float32 (H, W, 2), flow on the grid of ``plate`` to ``previous``.
    to_current: flow on the grid of ``previous`` to ``plate``.
    """
    returned = warp(to_current, to_previous)
    round_trip_error = ((to_previous + returned) ** 2).sum(axis=-1)
    squared_motion = (to_previous**2).sum(axis=-1) + (returned**2).sum(axis=-1)
    difference = cv2.absdiff(warp(previous, to_previous), plate).astype(F32).mean(axis=-1)
    difference = cv2.boxFilter(difference, -1, (5, 5), borderType=cv2.BORDER_REFLECT)
    match = np.exp(
        -((difference / F32(MATCH_LEVELS)) ** 2)
        - round_trip_error / (F32(ROUND_TRIP_RATIO) * squared_motion + F32(ROUND_TRIP_ERROR))
    )
    decay = (F32(DECAY) * match).astype(F32)
    # Cubic, because an edge would not survive forty bilinear warps.
    inside, weight = (np.maximum(warp_cubic(one, to_previous), 0) for one in (accumulated.inside, accumulated.weight))
    return WeightedSum(decay * np.minimum(inside, weight), decay * weight)


def add(*several: WeightedSum) -> WeightedSum:
    """Sum several weighted sums."""
    return WeightedSum(_sum([one.inside for one in several]), _sum([one.weight for one in several]))


def _sum(several: list[Floats]) -> Floats:
    total = several[0]
    for one in several[1:]:
        total = total + one
    return total
