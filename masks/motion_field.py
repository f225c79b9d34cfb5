"""The motion of one thing, known at some of its pixels, made known everywhere.

Flow is estimated without knowledge of what belongs together, and at the border of a thing it is that of its
neighbour as often as its own. So the motion of a thing is taken from its inside: an affine motion by robust least
squares (Black and Anandan, CVIU 1996), and on top what deviates from it, spread by normalised convolution (Knutsson
and Westin, CVPR 1993), finest where much is known. Far from what is known only the affine motion is left.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from masks.arrays import F32, Floats

# Widths in pixels over which motion is spread: the finest that knows enough counts.
WIDTHS = (1.5, 4.0, 10.0, 25.0, 60.0)
# Share of known weight around a pixel from which a width knows enough.
KNOWN = 0.15
# Weight of no deviation at all, in shares of the mean weight.
FAITH = 0.005
# Width of a blur, in pixels of the picture that it is taken of, from which it is taken of a smaller one.
COARSE = 2.5
# The affine fit: what it takes for an outlier in each of its rounds, in pixels, and the pixels that it looks at.
OUTLIERS, SAMPLES = (8.0, 5.0, 3.0, 2.0, 1.4, 1.0, 0.7), 6000
# Deviation from the neighbours that halves the weight of a pixel: pixels, and share of the motion.
APART, APART_SHARE = 0.5, 0.05


def motion_field(flow: Floats, weight: Floats, *, robust: bool) -> Floats:
    """``flow`` where ``weight`` says that it is known, and what follows from that elsewhere.

    flow: float32 (H, W, 2), pixels. weight: float32 (H, W), 0 or more. robust: pixels whose motion deviates from
    that of their wide neighbourhood count less.
    """
    whole = affine_motion(flow, weight)
    rest = flow - whole
    if robust:
        apart = _length(rest - spread(rest, weight, WIDTHS[2:]))
        weight = weight / (1 + (apart / (APART + APART_SHARE * _length(whole))) ** 2)
    return np.asarray(whole + spread(rest, weight.astype(F32), WIDTHS), F32)


def spread(field: Floats, weight: Floats, widths: Sequence[float]) -> Floats:
    """Normalised convolution of a field, float32 (H, W, C), over several widths; 0 far from all that is known."""
    total = float(weight.sum())
    faith = F32(FAITH * float((weight * weight).sum()) / total) if total > 0 else F32(1)
    out = np.zeros_like(field)
    for width in sorted(widths, reverse=True):
        known = _blurred(weight, width)
        mean = _blurred(field * weight[..., None], width) / (known + faith + F32(1e-9))[..., None]
        share = np.clip(known / F32(KNOWN), 0, 1)[..., None] if width != max(widths) else F32(1)
        out += share * (mean - out)
    return out


def _blurred(values: Floats, width: float) -> Floats:
    """A Gaussian blur; a wide one is taken of a smaller picture, which nobody can tell apart and takes no time."""
    height, across = values.shape[:2]
    step = min(int(width / COARSE), height, across)
    if step < 2:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), width), F32)
    small = cv2.resize(values, (-(-across // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), width / step)
    return np.asarray(cv2.resize(blurred, (across, height), interpolation=cv2.INTER_LINEAR), F32)


def affine_motion(flow: Floats, weight: Floats) -> Floats:
    """The affine motion that most of the weight agrees on: float32 (H, W, 2); none if hardly anything is known."""
    height, width = weight.shape
    ys, xs = np.mgrid[0:height, 0:width]
    across, down = (xs - width / 2) / width, (ys - height / 2) / width
    chosen = np.flatnonzero(weight.ravel() > 0.05 * weight.max(initial=0))
    if chosen.size < 30:
        return np.zeros_like(flow)
    chosen = chosen[:: max(1, chosen.size // SAMPLES)]
    terms = np.stack([np.ones(chosen.size), across.ravel()[chosen], down.ravel()[chosen]], axis=1)
    wanted, weights = flow.reshape(-1, 2)[chosen].astype(np.float64), weight.ravel()[chosen].astype(np.float64)
    # A thing of few pixels says little about its slope: a trace of none.
    damping = np.diag([1e-9, 1e-5, 1e-5]) * weights.sum()
    believed = np.ones(chosen.size)
    for outlier in OUTLIERS:
        now = (weights * believed)[:, None]
        found = np.linalg.solve(terms.T @ (terms * now) + damping, terms.T @ (wanted * now))
        apart = np.linalg.norm(terms @ found - wanted, axis=1)
        # Geman and McClure's weights; at first nearly all is believed, so that the best fit is not passed by.
        believed = 1 / (1 + (apart / max(outlier, float(np.median(apart)))) ** 2) ** 2
    planes = [found[0, axis] + found[1, axis] * across + found[2, axis] * down for axis in (0, 1)]
    return np.stack(planes, axis=-1).astype(F32)


def _length(field: Floats) -> Floats:
    return np.asarray(np.hypot(field[..., 0], field[..., 1]), F32)
