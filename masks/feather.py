"""Feathering: soft edges of an exact width."""

import cv2
import numpy as np

from masks.arrays import F32, Floats, check_matte

# Deviation from 1 of the sum of a kernel in float32.
ROUNDING = 1e-5


def feather(matte: Floats, pixels: int) -> Floats:
    """Feather the edges of a matte over a width in pixels, half of it inside and half outside.

    matte: float32 (H, W) in [0, 1]. Beyond the width, 0 stays exactly 0 and 1 exactly 1. The border of the picture
    extends outward. Raises ValueError for an invalid matte or a negative width.
    """
    check_matte(matte)
    if pixels < 0:
        raise ValueError(f"the width of a feather must be 0 pixels or more, not {pixels}")
    if pixels == 0:
        return matte
    # A triangular kernel, because a Gaussian is unbounded. No running sums, because they leave traces in areas of 0.
    radius = pixels / 2
    offsets = np.arange(-int(radius), int(radius) + 1)
    kernel = (radius + 0.5 - np.abs(offsets)).astype(F32)
    kernel /= kernel.sum()
    soft = cv2.sepFilter2D(matte, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.where(soft > 1 - ROUNDING, F32(1), np.minimum(soft, 1)).astype(F32)
