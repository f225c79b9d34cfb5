"""Backward warping of pictures by a flow, and inversion of flows."""

from functools import lru_cache

import cv2
import numpy as np

from masks.arrays import F32, Floats, Pixels


@lru_cache(maxsize=4)
def _pixel_grid(height: int, width: int) -> Floats:
    """Coordinates of the pixels, x then y: float32 (height, width, 2), read-only."""
    ys, xs = np.mgrid[0:height, 0:width]
    grid = np.stack([xs, ys], axis=-1).astype(F32)
    grid.setflags(write=False)
    return grid


def warp(picture: Pixels, flow: Floats) -> Pixels:
    """Sample a picture at ``x + flow(x)``, bilinear; outside, the border pixel is repeated.

    picture: (H, W) or (H, W, C), any type that OpenCV remaps. flow: float32 (h, w, 2), x then y, in pixels.
    """
    coordinates = flow + _pixel_grid(*flow.shape[:2])
    return np.asarray(cv2.remap(picture, coordinates, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def warp_cubic(picture: Pixels, flow: Floats) -> Pixels:
    """Sample like ``warp``, but bicubic: sharper after repeated warps, but values may slightly exceed the range."""
    coordinates = flow + _pixel_grid(*flow.shape[:2])
    return np.asarray(cv2.remap(picture, coordinates, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def inverse_flow(flow: Floats, iterations: int = 6) -> Floats:
    """Invert a flow: the result lies on the other picture's grid, and points back to this one's.

    Fixed-point iteration, ``g(x) = -f(x + g(x))`` (Chen et al., "A simple fixed-point approach to invert a deformation
    field", Medical Physics 2008), for smooth fields such as extrapolated ones.
    """
    inverse = -flow
    for _ in range(iterations):
        inverse = -warp(flow, inverse)
    return inverse
