"""Ghosting: superimposed detail of two keys, as in a cross-fade.

Around every pixel, least squares decomposes the detail of a frame into that of the left and the right key, both warped
to the frame: ``frame = a * left + b * right``. A choice of one key has weights 1 and 0; a cross-fade has 0.5 and 0.5.
The mixture counts only as far as it fits the frame better than the closer key at each pixel does, so that a patchwork
of both keys is not a ghost. Where both keys have the same detail, there can be no ghost.
"""

import cv2
import numpy as np

from propagate.arrays import Bools, Floats

F32 = np.float32
_LUMA = np.array([0.2126, 0.7152, 0.0722], F32)
# Scale in pixels below which structure counts as detail, and window in pixels of the decomposition.
DETAIL, WINDOW = 2.0, 15
# Minimum energy of detail that counts, in 0..1 squared: a quarter of a level of 255.
_MIN_ENERGY = F32((0.25 / 255) ** 2)


def ghosting(result: Floats, left: Floats, right: Floats, visible: Bools) -> float | None:
    """Return the share of doubled detail, from 0 (a choice of one key) to 1 (a cross-fade of unrelated keys).

    result, and both keys warped to it: float32 (H, W, 3) in [0, 1]. visible: bool (H, W), where both keys can be traced
    to. None if there is nothing to compare.
    """
    frame, one, other = (_detail(picture) for picture in (result, left, right))
    own, others, both = _mean(one * one), _mean(other * other), _mean(one * other)
    with_one, with_other = _mean(frame * one), _mean(frame * other)
    energy = np.where(visible, own + others, 0)
    total = float(energy.sum(dtype=np.float64))
    if total <= float(_MIN_ENERGY) * max(1, int(visible.sum())):
        return None
    product = own * others
    determinant = np.maximum(product - both * both, 0)
    regularised = determinant + _MIN_ENERGY * _MIN_ENERGY
    a = (with_one * others - with_other * both) / regularised
    b = (with_other * own - with_one * both) / regularised
    doubled = np.clip(2 * np.minimum(a, b), 0, 1)
    faded = np.maximum(_mean(frame * frame) - a * with_one - b * with_other, 0)
    chosen = _mean(np.minimum((frame - one) ** 2, (frame - other) ** 2))
    gain = np.clip((chosen - faded) / (chosen + faded + _MIN_ENERGY), 0, 1)
    # Shared detail cannot ghost: weight by 1 minus the squared correlation.
    distinct = determinant / (product + _MIN_ENERGY * _MIN_ENERGY)
    return float((doubled * gain * distinct * energy).sum(dtype=np.float64) / total)


def _detail(picture: Floats) -> Floats:
    luma = np.asarray(picture @ _LUMA, F32)
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), DETAIL), F32)


def _mean(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), F32)
