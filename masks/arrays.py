"""Array types of this package."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = np.float32
U8 = np.uint8

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Pixels = NDArray[Any]


def check_matte(matte: Floats) -> None:
    """Raise ValueError unless ``matte`` is float32 (H, W), not empty, and in [0, 1] everywhere."""
    if matte.ndim != 2 or matte.dtype != F32 or not matte.size:
        raise ValueError(f"a matte must be float32 (H, W), not {matte.dtype} {matte.shape}")
    # One pass each without a temporary array; NaN makes both false.
    if not (matte.min() >= 0 and matte.max() <= 1):
        raise ValueError("a matte must be between 0 and 1 everywhere")
