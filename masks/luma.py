"""Keys by brightness: a ramp between two levels of luma."""

import numpy as np

from masks.arrays import F32, Floats


def luma_key(picture: Floats, low: float, high: float) -> Floats:
    """0 where luma is ``low`` or less, 1 where it is ``high`` or more; the other way round if ``low`` is the larger.

    picture: float32 (H, W, 3) in [0, 1], display-encoded, BT.709 weights. Returns float32 (H, W). Raises ValueError
    when both are equal.
    """
    if low == high:
        raise ValueError(f"a luma key needs two levels, not {low} and {high}")
    luma = picture @ np.array([0.2126, 0.7152, 0.0722], F32)
    return np.clip((luma - F32(low)) / F32(high - low), 0, 1).astype(F32)
