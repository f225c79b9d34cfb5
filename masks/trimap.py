"""Trimap of a matte: certainly inside, certainly outside, and an unknown band around its border."""

import cv2
import numpy as np

from masks.arrays import F32, U8, Floats, check_matte

INSIDE, OUTSIDE, UNKNOWN = F32(1), F32(0), F32(0.5)
# Alpha from which a pixel counts as wholly inside; wholly outside below 1 minus this.
SOLID_ALPHA = 0.95


def trimap(matte: Floats, width: int) -> Floats:
    """Make a trimap: INSIDE, OUTSIDE or UNKNOWN at every pixel, float32 (H, W).

    The soft pixels of the matte are unknown, as are all pixels within ``width`` pixels of them or of its border. matte:
    float32
    (H, W) in [0, 1]. Raises ValueError for an invalid matte, or a width below 1.
    """
    check_matte(matte)
    if width < 1:
        raise ValueError(f"the unknown band of a trimap must be 1 pixel wide or more, not {width}")
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    inside = cv2.erode((matte > SOLID_ALPHA).astype(U8), disc)
    outside = cv2.erode((matte < 1 - SOLID_ALPHA).astype(U8), disc)
    return np.where(inside > 0, INSIDE, np.where(outside > 0, OUTSIDE, UNKNOWN)).astype(F32)
