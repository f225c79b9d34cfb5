"""Difference key of a frame against a clean plate of the same view (Qian and Sezan, ICIP 1992)."""

import cv2
import numpy as np

from masks.arrays import F32, Floats

# Width in pixels of the blur that averages grain.
GRAIN_SIGMA = 1.0


def difference_key(picture: Floats, clean: Floats, low: float, high: float) -> Floats:
    """Key the largest difference of a channel: float32 (H, W), 0 at ``low`` or less, 1 at ``high`` or more.

    picture, clean: float32 (H, W, 3) in [0, 1]. Raises ValueError for different sizes, or unless ``low`` is below
    ``high``.
    """
    if picture.shape != clean.shape or not low < high:
        raise ValueError(
            f"expected pictures of the same size and low < high, not {picture.shape}, {clean.shape}, {low} and {high}"
        )
    difference = np.abs(cv2.GaussianBlur(picture - clean, (0, 0), GRAIN_SIGMA)).max(axis=-1)
    return np.clip((difference - F32(low)) / F32(high - low), 0, 1).astype(F32)
