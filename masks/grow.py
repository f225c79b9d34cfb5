"""Growing and shrinking of mattes: grey-scale dilation and erosion with a disc (Serra, 1982)."""

import cv2
import numpy as np

from masks.arrays import U8, Floats, check_matte

# Radius in pixels. Several small discs in succession give the result of a large one, but faster.
MAX_DISC_RADIUS = 6


def grow(matte: Floats, pixels: int) -> Floats:
    """Grow the inside of a matte by ``pixels`` on every side, or shrink it if ``pixels`` is negative.

    matte: float32 (H, W) in [0, 1]; soft edges keep their softness. The border of the picture extends outward. Raises
    ValueError for an invalid matte.
    """
    check_matte(matte)
    morph = cv2.dilate if pixels > 0 else cv2.erode
    remaining = abs(pixels)
    while remaining:
        radius = min(remaining, MAX_DISC_RADIUS)
        # OpenCV ignores pixels beyond the border, as if the border extended outward.
        matte = np.asarray(morph(matte, _disc(radius)))
        remaining -= radius
    return matte


def _disc(radius: int) -> np.ndarray:
    ys, xs = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    # Half a pixel is added so that the disc is as round as pixels allow; without it, a disc of radius 1 is a cross.
    return np.asarray(xs * xs + ys * ys < (radius + 0.5) ** 2, U8)
