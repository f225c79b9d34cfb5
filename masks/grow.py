"""Grows and shrinks mattes: grey-scale dilation and erosion with a disc (Serra, 1982)."""

import cv2
import numpy as np

from masks.arrays import U8, Floats, check_matte

# Pixels. A disc is the sum of smaller ones, and many small ones are quicker than one that is large.
LARGEST_DISC = 6


def grow(matte: Floats, pixels: int) -> Floats:
    """``matte`` with its inside larger by so many pixels on every side; smaller by them, if ``pixels`` is negative.

    matte: float32 (H, W) in [0, 1]; soft edges keep their softness. What lies outside of the picture is like its
    border. Raises ValueError for what is no matte.
    """
    check_matte(matte)
    change = cv2.dilate if pixels > 0 else cv2.erode
    left = abs(pixels)
    while left:
        radius = min(left, LARGEST_DISC)
        # Beyond the border nothing is added, to a maximum as to a minimum: as if the border went on.
        matte = np.asarray(change(matte, _disc(radius)))
        left -= radius
    return matte


def _disc(radius: int) -> np.ndarray:
    ys, xs = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    # Half a pixel more: the disc is as round as its pixels allow, and one of radius 1 is a cross.
    return np.asarray(xs * xs + ys * ys < (radius + 0.5) ** 2, U8)
