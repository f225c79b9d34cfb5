"""What of a matte is certain: inside, outside, and a band around its border that is neither."""

import cv2
import numpy as np

from masks.arrays import F32, U8, Floats, check_matte

INSIDE, OUTSIDE, UNKNOWN = F32(1), F32(0), F32(0.5)
# Shares from which a pixel of a matte is taken for wholly inside, or wholly outside.
NEARLY = 0.95


def trimap(matte: Floats, width: int) -> Floats:
    """INSIDE, OUTSIDE or UNKNOWN at every pixel: float32 (H, W).

    Unknown is what the matte itself is not sure of, and all within ``width`` pixels of it and of its border.
    Raises ValueError for what is no matte, or a width below 1.
    """
    check_matte(matte)
    if width < 1:
        raise ValueError(f"a trimap's band must be 1 pixel wide or more, not {width}")
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    inside = cv2.erode((matte > NEARLY).astype(U8), disc)
    outside = cv2.erode((matte < 1 - NEARLY).astype(U8), disc)
    return np.where(inside > 0, INSIDE, np.where(outside > 0, OUTSIDE, UNKNOWN)).astype(F32)
