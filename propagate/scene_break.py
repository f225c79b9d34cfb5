"""Detect a cut between two neighbouring frames of a supposed shot.

Two signs must coincide, because each has other causes too. First, forward and backward flow are inconsistent nearly
everywhere; a flash, or motion too fast for the estimator, has the same effect. Second, the warped frame does not
resemble the other one, as measured by the correlation of small windows, which ignores brightness; heavy grain has the
same effect. If a frame has almost no texture, as in a white flash or a fade, no break is reported.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats
from propagate.flow import Step, warp

# Share of pixels with consistent flow below which a break is possible. Cuts 0.29 and less, white flashes 0 to 0.30,
# pans of a sixth of the width a frame 0.07 to 0.7, a large object entering 0.50, whip pans with blur 0.79 and more,
# grain of 40 levels 0.89.
MIN_CONSISTENT_SHARE = 0.4
# Median correlation of windows below which a break is possible. Cuts 0.59 and less, a flash of 2.5 times the light
# 0.82, pans of a sixth of the width a frame 0.99, grain of 40 levels 0.54.
MIN_CORRELATION = 0.7
# Side of a window in pixels; sigma in pixels of the blur that removes grain first.
WINDOW, BLUR_SIGMA = 9, 1.5
# Standard deviation in 8-bit levels above which a window is textured; minimum share of such windows.
MIN_DEVIATION, MIN_TEXTURED_SHARE = F32(3.0), 0.1


def is_scene_break(step: Step, before: Bytes, after: Bytes) -> bool:
    """Return whether no motion could connect the two frames.

    step: the motion between the frames, on the grid of ``after``. before, after: uint8 (H, W, 3). Raises ValueError
    when the sizes differ.
    """
    if not before.shape == after.shape == (*step.flow.shape[:2], 3):
        raise ValueError(
            f"frames and flow must have the same size, not {before.shape}, {after.shape}, {step.flow.shape}"
        )
    if consistent_share(step) >= MIN_CONSISTENT_SHARE:
        return False
    correlation, textured = local_correlation(warp(before, step.flow), after)
    return bool(textured.mean() >= MIN_TEXTURED_SHARE and np.median(correlation[textured]) < MIN_CORRELATION)


def consistent_share(step: Step) -> float:
    """Share of the frame whose flow is consistent, 0..1."""
    return float(step.consistent.mean())


def local_correlation(first: Bytes, second: Bytes) -> tuple[Floats, Bools]:
    """Correlation of windows around each pixel, float32 (H, W) in -1..1, and a mask of those textured in both pictures.

    Normalised cross-correlation (Lewis, "Fast normalized cross-correlation", Vision Interface 1995).
    """
    a, b = _detrended(first), _detrended(second)
    variance = _mean(a * a), _mean(b * b)
    covariance = _mean(a * b)
    textured = np.asarray(np.minimum(*variance) > MIN_DEVIATION**2)
    return np.asarray(covariance / np.sqrt(np.maximum(variance[0] * variance[1], F32(1e-3))), F32), textured


def _detrended(picture: Bytes) -> Floats:
    """Denoised grey without its local mean."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(F32), (0, 0), BLUR_SIGMA)
    return np.asarray(grey - _mean(grey), F32)


def _mean(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), F32)
