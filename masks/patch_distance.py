"""Patch distance from every pixel of a picture to one layer of another.

Non-local transfer of labels as in Fan, Zhong, Lischinski, Cohen-Or and Chen, "JumpCut: non-successive mask transfer",
SIGGRAPH Asia 2015: the distances to the inside and to the outside of a known matte are searched separately, and only
pixels of the layer count in a patch.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from masks.arrays import F32, Floats

# Side of a patch and radius of the search, in pixels.
PATCH_SIZE, SEARCH_RADIUS = 5, 3
# Cost of the farthest position, and distance if no pixel of the layer is within reach.
DISTANCE_COST, NO_MATCH = 0.0006, 1e3


def patch_distance(target: Floats, source: Floats, layer: Floats) -> Floats:
    """Mean squared difference, summed over channels, to the best patch of the layer nearby: float32 (H, W).

    target, source: float32 (H, W, 3) in [0, 1]. layer: float32 (H, W) in [0, 1], membership of the pixels of
    ``source``. The distance is NO_MATCH where no nearby pixel belongs to the layer.
    """
    height, width = layer.shape
    border = (SEARCH_RADIUS, SEARCH_RADIUS, SEARCH_RADIUS, SEARCH_RADIUS, cv2.BORDER_REPLICATE)
    # Channel by channel: numpy is several times faster on contiguous rows.
    padded = [cv2.copyMakeBorder(channel, *border) for channel in cv2.split(source)]
    wanted, weights = cv2.split(target), cv2.copyMakeBorder(layer, *border)
    best = np.full((height, width), NO_MATCH, F32)
    for dy in range(-SEARCH_RADIUS, SEARCH_RADIUS + 1):
        for dx in range(-SEARCH_RADIUS, SEARCH_RADIUS + 1):
            if dx * dx + dy * dy > SEARCH_RADIUS * SEARCH_RADIUS + 1:
                continue
            window = np.s_[
                SEARCH_RADIUS + dy : SEARCH_RADIUS + dy + height, SEARCH_RADIUS + dx : SEARCH_RADIUS + dx + width
            ]
            weight = np.ascontiguousarray(weights[window])
            squares = _squared_difference(padded, wanted, window) * weight
            cost = _sum(squares) / np.maximum(_sum(weight), F32(1e-3)) + F32(
                DISTANCE_COST * (dx * dx + dy * dy) / SEARCH_RADIUS**2
            )
            np.minimum(best, np.where(weight > F32(0.5), cost, F32(NO_MATCH)), out=best)
    return best


def _squared_difference(padded: Sequence[Floats], wanted: Sequence[Floats], window: tuple[slice, slice]) -> Floats:
    """Squared difference of a window of the one to the other, summed over their three channels: float32 (H, W)."""
    first, *others = (channel[window] - one for channel, one in zip(padded, wanted, strict=True))
    total = np.square(first, out=first)
    for difference in others:
        total += np.square(difference, out=difference)
    return total


def _sum(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (PATCH_SIZE, PATCH_SIZE), borderType=cv2.BORDER_REFLECT))
