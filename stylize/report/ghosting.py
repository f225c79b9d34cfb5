"""Ghosting: detail of two keys seen one through the other, as a cross-fade shows it.

Near every pixel the detail of a frame is taken apart, by least squares, into that of the left key and that of the right
key, both moved along to the frame: ``frame = a * left + b * right``. A choice of either has 1 and 0, a cross-fade has
a half of each. It counts as far as it explains the frame better than taking at every pixel the key that is nearer: so a
patchwork of both is no ghost. Where both keys have the same detail there is nothing to tell apart, and nothing that
could ghost.
"""

import cv2
import numpy as np

from propagate.arrays import Bools, Floats

F32 = np.float32
_LUMA = np.array([0.2126, 0.7152, 0.0722], F32)
# Pixels: what is finer than the first is detail, and the window it is taken apart in.
DETAIL, WINDOW = 2.0, 15
# Least energy of detail that counts, in 0..1 squared: a quarter of a level of 255.
_MIN_ENERGY = F32((0.25 / 255) ** 2)


def ghosting(result: Floats, left: Floats, right: Floats, visible: Bools) -> float | None:
    """The share of the keys' detail that shows twice, 0 (a choice) to 1 (a cross-fade of keys that share nothing).

    result, and both keys moved along to it: float32 (H, W, 3) in [0, 1]. visible: bool (H, W), where both keys have
    been followed to. None where there is nothing to compare.
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
    # What both share cannot ghost: 1 less the square of their correlation.
    distinct = determinant / (product + _MIN_ENERGY * _MIN_ENERGY)
    return float((doubled * gain * distinct * energy).sum(dtype=np.float64) / total)


def _detail(picture: Floats) -> Floats:
    luma = np.asarray(picture @ _LUMA, F32)
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), DETAIL), F32)


def _mean(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), F32)
