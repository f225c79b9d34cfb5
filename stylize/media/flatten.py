"""Flattening of pictures for targets that keep no alpha."""

import numpy as np

from propagate.arrays import Pixels


def flatten(pixels: Pixels, backdrop: float = 0.0) -> Pixels:
    """Composite `pixels` over a grey of `backdrop` (0 black, 1 white): (H, W, 3), in the depth of `pixels`.

    `pixels`: uint8 or uint16, (H, W, 3) or (H, W, 4) with straight alpha. Integer arithmetic, rounded to nearest.
    """
    if pixels.shape[2] == 3:
        return pixels
    top = np.iinfo(pixels.dtype).max
    alpha = pixels[..., 3:].astype(np.uint32)
    behind = np.uint32(round(backdrop * top)) * (np.uint32(top) - alpha)
    mixed = pixels[..., :3] * alpha + behind + np.uint32(top // 2)
    return (mixed // np.uint32(top)).astype(pixels.dtype)
