"""Closed-form matting of hair and soft edges (Levin, Lischinski and Weiss, CVPR 2006), from a matte and its trimap.

The matte is a prior whose weight grows with the distance from its border. Without it, a wide unknown band leaks into a
busy background, and a narrow one misses hair. With it, the band narrows automatically where the picture does not
contradict the matte. The system is also so well conditioned that conjugate gradients need a few dozen iterations
instead of up to a thousand. The prior is a data term as in Wang and Cohen, "Optimized color sampling for robust
matting", CVPR 2007.
"""

import cv2
import numpy as np

from masks.arrays import F32, U8, Floats
from masks.blockiness import blockiness
from masks.conjugate_gradients import conjugate_gradients
from masks.trimap import UNKNOWN

# Margin in pixels around the unknown region that enters the equations.
MARGIN = 4
# Weight of the prior, and the distance in pixels from the border of the matte at which it has this weight; it grows
# with the square of the distance.
PRIOR_WEIGHT, PRIOR_DISTANCE = 0.03, 4.0
# Gain of that weight per unit of blockiness, because a codec's blocks form colour lines too.
BLOCKINESS_GAIN = 60.0
# Variance of colour below which a window counts as flat.
FLAT_VARIANCE = 1e-6
# Iteration limit and relative tolerance of the solver.
MAX_ITERATIONS, TOLERANCE = 300, 1e-3


def closed_form(picture: Floats, trimap: Floats, matte: Floats) -> Floats:
    """Solve for the alpha that fits the picture's local colour lines: float32 (H, W) in [0, 1].

    picture: float32 (H, W, 3) in [0, 1]. trimap: see ``masks.trimap``; alpha is exactly 1 where it is INSIDE
    and 0 where it is OUTSIDE. matte: float32 (H, W) in [0, 1], the prior of the unknown pixels. Raises ValueError for
    different sizes, ImportError without pymatting.
    """
    if not picture.shape[:2] == trimap.shape == matte.shape:
        raise ValueError(
            f"picture, trimap and matte must have the same size, not {picture.shape[:2]}, {trimap.shape} and "
            f"{matte.shape}"
        )
    unknown = trimap == UNKNOWN
    alpha = trimap.copy()
    # A trimap with only one known side has no colour lines to solve for.
    if not unknown.any() or not (trimap == 0).any() or not (trimap == 1).any():
        return alpha
    rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
    box = np.s_[
        max(0, rows[0] - MARGIN) : rows[-1] + 1 + MARGIN, max(0, columns[0] - MARGIN) : columns[-1] + 1 + MARGIN
    ]
    region = alpha[box]
    prior = F32(1 + BLOCKINESS_GAIN * blockiness(picture)) * _prior_weight(matte)
    region[unknown[box]] = _solve(picture[box], trimap[box], matte[box], prior[box])
    return alpha


def _prior_weight(matte: Floats) -> Floats:
    """Weight of the prior, float32 (H, W): it grows with the squared distance from the border of the matte."""
    inside = (matte > 0.5).astype(U8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) + cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(F32(PRIOR_WEIGHT) * (distance / F32(PRIOR_DISTANCE)) ** 2, F32)


def _solve(picture: Floats, trimap: Floats, matte: Floats, prior: Floats) -> Floats:
    """Alpha of the unknown pixels in raster order: float32 (N,) in [0, 1]."""
    from pymatting import cf_laplacian
    from scipy.sparse import diags

    unknown = (trimap == UNKNOWN).ravel()
    laplacian = cf_laplacian(picture.astype(np.float64), epsilon=FLAT_VARIANCE, is_known=~unknown)[unknown]
    weight, expected = (values.ravel()[unknown].astype(np.float64) for values in (prior, matte))
    system = (laplacian[:, unknown] + diags(weight)).tocsr()
    rhs = weight * expected - laplacian[:, ~unknown] @ trimap.ravel()[~unknown].astype(np.float64)
    # A result that has not fully converged is close enough.
    return np.clip(conjugate_gradients(system, rhs, expected, TOLERANCE, MAX_ITERATIONS), 0, 1).astype(F32)
