"""Flattening of pictures for formats without alpha."""

import numpy as np

from propagate.arrays import Pixels


def flatten(pixels: Pixels, backdrop: float = 0.0) -> Pixels:
    """Composite pixels over uniform grey: RGB (H, W, 3) of the same type. Integer arithmetic, rounded to nearest.

    pixels: RGB (H, W, 3), or RGBA (H, W, 4) with straight alpha, uint8 or uint16. backdrop: 0 (black) to 1 (white).
    """
    if pixels.shape[2] == 3:
        return pixels
    top = np.iinfo(pixels.dtype).max
    alpha = pixels[..., 3:].astype(np.uint32)
    behind = np.uint32(round(backdrop * top)) * (np.uint32(top) - alpha)
    mixed = pixels[..., :3] * alpha + behind + np.uint32(top // 2)
    return (mixed // np.uint32(top)).astype(pixels.dtype)
