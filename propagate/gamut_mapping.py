"""Gamut mapping: colours outside a smaller gamut are desaturated to its border."""

import numpy as np

from propagate.arrays import F32, Floats


def desaturate_into_gamut(linear: Floats, luma: tuple[float, float, float]) -> Floats:
    """Mix colours with negative channels with grey of their luminance, until the smallest channel is 0.

    Luminance is kept, and colours inside the gamut are unchanged. Colours without positive luminance become black.

    linear: RGB, float32 (H, W, 3) in the primaries of the target; values may exceed 1. luma: weights of red, green and
    blue in its luminance.
    """
    red, green, blue = map(F32, luma)
    grey = np.maximum(linear[..., 0] * red + linear[..., 1] * green + linear[..., 2] * blue, 0)
    lowest = np.min(linear, axis=2)
    outside = lowest < 0
    share = np.divide(grey, grey - lowest, out=np.ones_like(grey), where=outside)
    mapped = np.maximum(grey[..., None] + (linear - grey[..., None]) * share[..., None], 0)
    return np.where(outside[..., None], mapped, linear).astype(F32)
