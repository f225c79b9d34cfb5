"""Luma key: a ramp between two levels of brightness."""

import numpy as np

from masks.arrays import F32, Floats


def luma_key(picture: Floats, low: float, high: float) -> Floats:
    """Key luma: float32 (H, W), 0 at ``low`` and 1 at ``high``; inverted if ``low`` is the larger.

    picture: float32 (H, W, 3) in [0, 1], display-encoded, weighted by BT.709. Raises ValueError when both levels are
    equal.
    """
    if low == high:
        raise ValueError(f"the two levels of a luma key must differ, not {low} and {high}")
    luma = picture @ np.array([0.2126, 0.7152, 0.0722], F32)
    return np.clip((luma - F32(low)) / F32(high - low), 0, 1).astype(F32)
