"""Softens the edge of a matte over an exact width."""

import cv2
import numpy as np

from masks.arrays import F32, Floats, check_matte

# Sums of a kernel in float32 are 1 to within this.
ROUNDING = 1e-5


def feather(matte: Floats, pixels: int) -> Floats:
    """``matte`` with its edges soft over so many pixels, half of them inside and half outside.

    matte: float32 (H, W) in [0, 1]. Beyond the width, 0 stays exactly 0 and 1 exactly 1. What lies outside of the
    picture is like its border. Raises ValueError for what is no matte or a negative width.
    """
    check_matte(matte)
    if pixels < 0:
        raise ValueError(f"a matte is feathered over 0 pixels or more, not {pixels}")
    if pixels == 0:
        return matte
    # A triangle, not a bell: a bell has no end, and a sum that runs along leaves traces where all is 0.
    reach = pixels / 2
    steps = np.arange(-int(reach), int(reach) + 1)
    fall = (reach + 0.5 - np.abs(steps)).astype(F32)
    fall /= fall.sum()
    soft = cv2.sepFilter2D(matte, -1, fall, fall, borderType=cv2.BORDER_REPLICATE)
    return np.where(soft > 1 - ROUNDING, F32(1), np.minimum(soft, 1)).astype(F32)
