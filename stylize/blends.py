"""Which frames are no good as keys: blends of two pictures, as in a dissolve, and blurred ones."""

import cv2
import numpy as np

from propagate.arrays import F32, Bytes
from propagate.flow import FlowEstimator, sample

# A frame is compared with those so many before and behind it.
REACH = 4
# Levels of 255 by which a pixel must differ between those two, and how near to their middle it must be, as a share of
# that difference.
CHANGED, MIDDLE = F32(14), F32(0.3)
# Share of the picture that must have changed so, and of what has changed, that must lie in the middle.
LEAST, MOST = 0.2, 0.5
# Share of the changed pixels that motion from the frame before explains, above which it is no blend.
MOVED = 0.5


def sharpness(picture: Bytes) -> float:
    """Energy of the finest detail of a proxy, over that of all detail: falls with blur, and not with the light."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(F32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = grey - cv2.GaussianBlur(grey, (0, 0), 4.0)
    return float((fine * fine).mean() / ((coarse * coarse).mean() + 1.0))


def blended(before: Bytes, picture: Bytes, behind: Bytes, estimate: FlowEstimator) -> bool:
    """Whether a frame is a mixture of those before and behind it; proxies, uint8 (H, W, 3).

    Pixels of a dissolve lie between what they were and what they will be; those of a moving picture are the one or
    the other, or motion explains them.
    """
    first, last = (cv2.GaussianBlur(each, (0, 0), 1.5).astype(F32) for each in (before, behind))
    middle = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(F32)
    # A light that changes is no blend.
    last_lit = (last - last.mean(axis=(0, 1))) * _gain(first, last) + first.mean(axis=(0, 1))
    apart = np.abs(last_lit - first).max(axis=2)
    changed = apart > CHANGED
    if changed.mean() < LEAST:
        return False
    off = np.abs(middle - (first + last) / 2).max(axis=2)
    between = changed & (off < MIDDLE * np.abs(last - first).max(axis=2))
    if between.sum() < MOST * changed.sum():
        return False
    moved = sample(before, estimate(before, picture))
    near = cv2.absdiff(cv2.GaussianBlur(moved, (0, 0), 1.5), cv2.GaussianBlur(picture, (0, 0), 1.5)).max(axis=2)
    explained = near < np.maximum(CHANGED / 2, F32(0.25) * apart)
    return bool(explained[between].mean() < MOVED)


def _gain(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip((first.std(axis=(0, 1)) + 1) / (last.std(axis=(0, 1)) + 1), 0.5, 2))
