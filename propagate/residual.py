"""How badly a picture of guides fits the guides of a frame, and which of two ways to show a pixel to believe."""

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats

# Side of the window that is compared: that of a patch.
WINDOW = 5
HALO = WINDOW // 2
# Mean squared difference that grain and rounding make in any case, and power on the odds of what goes beyond.
GRAIN, DECIDED = F32(2e-4), F32(4)


def misfit(shown: Bytes, asked: Bytes, weight: float) -> Floats:
    """Local weighted mean squared difference per channel: float32 (H, W), 0..1; larger is worse.

    shown, asked: uint8 (H, W, C), channels scaled by the roots of their weights, the heaviest being 1; weight: of
    all of them together.
    """
    apart = cv2.absdiff(shown, asked)
    squares = cv2.multiply(apart, apart, dtype=cv2.CV_32F)
    total = cv2.transform(squares, np.full((1, shown.shape[2]), 1 / (255 * 255 * weight), F32))
    # The filter keeps running sums, in float64. No value but 0 is below 1 / (65025 * weight), with weight at most 21:
    # 7e-7, of which float32 holds multiples of 2^-44. All sums are below 32, 2^5, so that 49 bits of float64's 53 hold
    # them exactly, wherever they began: a band of rows has the bits of the whole.
    return np.asarray(cv2.boxFilter(total, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT))


def odds(one: Floats, other: Floats) -> Floats:
    """Share of the first of two ways to show a pixel, from their misfits: float32 (H, W) in (0, 1); 0.5 for equals."""
    better = ((other + GRAIN) / (one + GRAIN)) ** DECIDED
    return np.asarray(better / (1 + better))
