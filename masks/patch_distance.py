"""Patch distance from every pixel of a picture to one layer of another.

Non-local transfer of labels as in Fan, Zhong, Lischinski, Cohen-Or and Chen, "JumpCut: non-successive mask transfer",
SIGGRAPH Asia 2015: the distances to the inside and to the outside of a known matte are searched separately, and only
pixels of the layer count in a patch.
"""

import cv2
import numpy as np

from masks.arrays import F32, Floats

# Side of a patch and radius of the search, in pixels.
PATCH, REACH = 5, 3
# Cost of the farthest place, and distance where no pixel of the layer is in reach.
FAR, NONE = 0.0006, 1e3


def patch_distance(target: Floats, source: Floats, layer: Floats) -> Floats:
    """Mean squared difference, summed over channels, to the best patch of the layer nearby: float32 (H, W).

    target, source: float32 (H, W, 3) in [0, 1]. layer: float32 (H, W) in [0, 1], membership of the pixels of
    ``source``. The distance is NONE where no pixel around belongs to the layer.
    """
    height, width = layer.shape
    border = (REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    wide, weights = cv2.copyMakeBorder(source, *border), cv2.copyMakeBorder(layer, *border)
    best = np.full((height, width), NONE, F32)
    for dy in range(-REACH, REACH + 1):
        for dx in range(-REACH, REACH + 1):
            if dx * dx + dy * dy > REACH * REACH + 1:
                continue
            here = np.s_[REACH + dy : REACH + dy + height, REACH + dx : REACH + dx + width]
            apart = wide[here] - target
            weight = weights[here]
            squares = (apart[..., 0] ** 2 + apart[..., 1] ** 2 + apart[..., 2] ** 2) * weight
            cost = _sum(squares) / np.maximum(_sum(weight), F32(1e-3)) + F32(FAR * (dx * dx + dy * dy) / REACH**2)
            np.minimum(best, np.where(weight > F32(0.5), cost, F32(NONE)), out=best)
    return best


def _sum(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (PATCH, PATCH), borderType=cv2.BORDER_REFLECT))
