"""Motion of one layer at every pixel, extrapolated from the pixels where it is known.

Flow estimation does not know about layers: at the border of a layer it returns the neighbour's motion as often as the
layer's own. The motion of a layer therefore comes from its interior: an affine motion by robust least squares (Black
and Anandan, CVIU 1996) plus the residual by normalised convolution (Knutsson and Westin, CVPR 1993), at the finest
scale with enough known pixels. Far from any known pixel, only the affine motion remains.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from masks.arrays import F32, Floats

Doubles = NDArray[np.float64]

# Widths in pixels of the convolution: the finest with enough known weight counts.
WIDTHS = (1.5, 4.0, 10.0, 25.0, 60.0)
# Known weight around a pixel, 0..1, that is enough for a width.
MIN_SUPPORT = 0.15
# Weight of a zero residual, relative to the mean weight.
ZERO_WEIGHT = 0.005
# Largest width in pixels of a blur at full size; wider ones run on a reduced picture.
MAX_BLUR_WIDTH = 2.5
# Affine fit: residual of an outlier in pixels, for each iteration, and number of pixels sampled.
OUTLIER_SCALES, MAX_SAMPLES = (8.0, 5.0, 3.0, 2.0, 1.4, 1.0, 0.7), 6000
# Deviation from the neighbours that halves the weight of a pixel: in pixels, and in relation to the motion.
DEVIATION, DEVIATION_RATIO = 0.5, 0.05


def motion_field(flow: Floats, weight: Floats, *, robust: bool) -> Floats:
    """Extrapolate ``flow`` from the pixels with weight to all others: float32 (H, W, 2).

    flow: float32 (H, W, 2), pixels. weight: float32 (H, W), 0 or more. robust: pixels whose motion deviates from that
    of a wide neighbourhood count less.
    """
    affine = affine_motion(flow, weight)
    residual = flow - affine
    if robust:
        deviation = _magnitude(residual - normalised_convolution(residual, weight, WIDTHS[2:]))
        weight = weight / (1 + (deviation / (DEVIATION + DEVIATION_RATIO * _magnitude(affine))) ** 2)
    return np.asarray(affine + normalised_convolution(residual, weight.astype(F32), WIDTHS), F32)


def normalised_convolution(field: Floats, weight: Floats, widths: Sequence[float]) -> Floats:
    """Normalised convolution of a field, float32 (H, W, C), over several widths; 0 far from any known pixel."""
    total = float(weight.sum())
    zero_weight = F32(ZERO_WEIGHT * float((weight * weight).sum()) / total) if total > 0 else F32(1)
    channels = field.shape[2]
    out, weighted = np.zeros_like(field), field * _repeated(weight, channels)
    for width in sorted(widths, reverse=True):
        support = _blur(weight, width)
        mean = _blur(weighted, width) / _repeated(support + zero_weight + F32(1e-9), channels)
        mix = _repeated(np.clip(support / F32(MIN_SUPPORT), 0, 1), channels) if width != max(widths) else F32(1)
        out += mix * (mean - out)
    return out


def _repeated(values: Floats, channels: int) -> Floats:
    """Repeat values, (H, W), in each channel: float32 (H, W, C). Numpy is much slower if it has to do so itself."""
    return np.asarray(cv2.merge([values] * channels), F32).reshape(*values.shape, channels)


def _blur(values: Floats, width: float) -> Floats:
    """Gaussian blur; a wide one runs on a reduced picture, which is much faster and not visibly different."""
    height, across = values.shape[:2]
    factor = min(int(width / MAX_BLUR_WIDTH), height, across)
    if factor < 2:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), width), F32)
    reduced = cv2.resize(values, (-(-across // factor), -(-height // factor)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(reduced, (0, 0), width / factor)
    return np.asarray(cv2.resize(blurred, (across, height), interpolation=cv2.INTER_LINEAR), F32)


def affine_motion(flow: Floats, weight: Floats) -> Floats:
    """Fit the dominant affine motion of the weighted pixels: float32 (H, W, 2); 0 if hardly any pixel is known."""
    height, width = weight.shape
    across, down = _positions(height, width)
    samples = np.flatnonzero(weight.ravel() > 0.05 * weight.max(initial=0))
    if samples.size < 30:
        return np.zeros_like(flow)
    samples = samples[:: max(1, samples.size // MAX_SAMPLES)]
    design = np.stack([np.ones(samples.size), across.ravel()[samples], down.ravel()[samples]], axis=1)
    target, weights = flow.reshape(-1, 2)[samples].astype(np.float64), weight.ravel()[samples].astype(np.float64)
    # A small layer hardly determines its slopes: damp them.
    damping = np.diag([1e-9, 1e-5, 1e-5]) * weights.sum()
    inlier_weight = np.ones(samples.size)
    for scale in OUTLIER_SCALES:
        total_weight = (weights * inlier_weight)[:, None]
        coefficients = np.linalg.solve(design.T @ (design * total_weight) + damping, design.T @ (target * total_weight))
        across_off, down_off = np.square(design @ coefficients - target).T
        deviation = np.sqrt(across_off + down_off)
        # Geman and McClure's weights; wide at first, so that the fit does not settle on a local optimum.
        inlier_weight = 1 / (1 + (deviation / max(scale, float(np.median(deviation)))) ** 2) ** 2
    planes = [coefficients[0, axis] + coefficients[1, axis] * across + coefficients[2, axis] * down for axis in (0, 1)]
    return np.stack(planes, axis=-1).astype(F32)


@lru_cache(maxsize=4)
def _positions(height: int, width: int) -> tuple[Doubles, Doubles]:
    """Positions of the pixels from the centre, x and y, in widths of the picture: float64 (H, W) each, read-only."""
    ys, xs = np.mgrid[0:height, 0:width]
    across, down = (xs - width / 2) / width, (ys - height / 2) / width
    for one in (across, down):
        one.setflags(write=False)
    return across, down


def _magnitude(field: Floats) -> Floats:
    return np.asarray(np.hypot(field[..., 0], field[..., 1]), F32)
