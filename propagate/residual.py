"""Residual of guides against those of a frame, and the choice between two candidates for a pixel by residual."""

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats

# Side of the window: that of a patch.
WINDOW = 5
HALO = WINDOW // 2
# Mean squared difference that grain and rounding always cause, and exponent of the odds above it.
GRAIN, ODDS_EXPONENT = F32(2e-4), F32(4)


def guide_residual(candidate: Bytes, target: Bytes, weight: float) -> Floats:
    """Residual of guides: local weighted mean squared difference per channel, float32 (H, W), 0..1; larger is worse.

    candidate, target: uint8 (H, W, C), channels scaled by the roots of their weights, the largest being 1. weight:
    weight of all channels together.
    """
    difference = cv2.absdiff(candidate, target)
    squares = cv2.multiply(difference, difference, dtype=cv2.CV_32F)
    total = cv2.transform(squares, np.full((1, candidate.shape[2]), 1 / (255 * 255 * weight), F32))
    # The filter keeps running sums in float64. No value but 0 is below 1 / (65025 * weight), with weight at most 29:
    # 5e-7, which float32 holds in multiples of 2^-44. All sums are below 32 = 2^5, so that 49 of float64's 53 bits hold
    # them exactly wherever they start: a band of rows is bit-identical to the same rows of the whole picture.
    return np.asarray(cv2.boxFilter(total, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT))


def selection_weight(first: Floats, second: Floats) -> Floats:
    """Weight of the first of two candidates for a pixel, from their residuals: float32 (H, W) in (0, 1).

    Equal residuals give 0.5.
    """
    ratio = ((second + GRAIN) / (first + GRAIN)) ** ODDS_EXPONENT
    return np.asarray(ratio / (1 + ratio))
