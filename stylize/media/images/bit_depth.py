"""Conversion between 8-bit and 16-bit integers and floats in [0, 1]."""

import numpy as np
from numpy.typing import DTypeLike

from propagate.arrays import Floats, Pixels
from propagate.bands import Band, for_each_band


def to_float(pixels: Pixels) -> Floats:
    """Convert uint8 or uint16 to float32 in [0, 1], in any shape."""
    scale = np.float32(np.iinfo(pixels.dtype).max)
    return np.asarray(pixels, np.float32) / scale


def quantise(floats: Floats, dtype: DTypeLike) -> Pixels:
    """Convert floats to uint8 or uint16, in any shape. Values are clipped to [0, 1]; halves are rounded up."""
    top = np.float32(np.iinfo(np.dtype(dtype)).max)
    rows = np.atleast_2d(floats)
    pixels = np.empty(rows.shape, dtype)

    def work(band: Band) -> None:
        levels = np.clip(rows[band.rows], 0, 1) * top
        levels += np.float32(0.5)
        pixels[band.rows] = np.floor(levels, out=levels)

    for_each_band(work, rows.shape)
    return pixels.reshape(np.shape(floats))


def widen(pixels: Pixels, depth: int, alpha: bool) -> Pixels:
    """Widen pixels losslessly: to uint16 if `depth` is 16, and to RGBA with opaque alpha if `alpha` is true.

    pixels: RGB (H, W, 3) or RGBA (H, W, 4), uint8 or uint16.
    """
    if depth == 16 and pixels.dtype == np.uint8:
        pixels = pixels.astype(np.uint16) * 257
    if alpha and pixels.shape[2] == 3:
        opaque = np.full((*pixels.shape[:2], 1), np.iinfo(pixels.dtype).max, pixels.dtype)
        pixels = np.concatenate([pixels, opaque], axis=2)
    return pixels


def to_bits(pixels: Pixels, bits: int | None) -> Pixels:
    """Convert uint8 or uint16 (H, W, C) to 8 or 16 bits per channel. None keeps the depth."""
    if bits == 16:
        return widen(pixels, 16, False)
    return quantise(to_float(pixels), np.uint8) if bits == 8 and pixels.dtype == np.uint16 else pixels
