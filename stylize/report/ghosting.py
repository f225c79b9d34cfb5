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
_LEAST = F32((0.25 / 255) ** 2)


def ghosting(result: Floats, left: Floats, right: Floats, seen: Bools) -> float | None:
    """The share of the keys' detail that shows twice, 0 (a choice) to 1 (a cross-fade of keys that share nothing).

    result, and both keys moved along to it: float32 (H, W, 3) in [0, 1]. seen: bool (H, W), where both keys have been
    followed to. None where there is nothing to compare.
    """
    x, one, other = (_detail(picture) for picture in (result, left, right))
    own, others, both = _mean(one * one), _mean(other * other), _mean(one * other)
    with_one, with_other = _mean(x * one), _mean(x * other)
    energy = np.where(seen, own + others, 0)
    total = float(energy.sum(dtype=np.float64))
    if total <= float(_LEAST) * max(1, int(seen.sum())):
        return None
    product = own * others
    apart = np.maximum(product - both * both, 0)
    solid = apart + _LEAST * _LEAST
    a = (with_one * others - with_other * both) / solid
    b = (with_other * own - with_one * both) / solid
    twice = np.clip(2 * np.minimum(a, b), 0, 1)
    faded = np.maximum(_mean(x * x) - a * with_one - b * with_other, 0)
    chosen = _mean(np.minimum((x - one) ** 2, (x - other) ** 2))
    better = np.clip((chosen - faded) / (chosen + faded + _LEAST), 0, 1)
    # What both share cannot ghost: 1 less the square of their correlation.
    alone = apart / (product + _LEAST * _LEAST)
    return float((twice * better * alone * energy).sum(dtype=np.float64) / total)


def _detail(picture: Floats) -> Floats:
    luma = np.asarray(picture @ _LUMA, F32)
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), DETAIL), F32)


def _mean(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), F32)
