"""Hair and soft edges from a matte and its trimap: closed-form matting (Levin, Lischinski and Weiss, CVPR 2006), with
the matte itself as a prior that weighs the more, the farther a pixel lies from its border.

Without the prior a wide band of unknown pixels leaks over busy ground, and a narrow one misses hair. With it the band
narrows by itself wherever the picture does not contradict the matte; and the system is so well conditioned that it
takes a few dozen rounds of conjugate gradients instead of up to a thousand (the prior as a data term as in Wang and
Cohen, "Optimized color sampling for robust matting", CVPR 2007).
"""

import cv2
import numpy as np

from masks.arrays import F32, U8, Floats
from masks.blockiness import blockiness
from masks.conjugate_gradients import conjugate_gradients
from masks.trimap import UNKNOWN

# Pixels around what is unknown that the equations look at.
AROUND = 4
# Weight of the prior at so many pixels from the border of the matte; it grows with the square of the distance.
PRIOR, UNIT = 0.03, 4.0
# How much more it counts, for each unit of blockiness: a codec's blocks are lines of colour too.
BLOCKS = 60.0
# Variance of colour below which a window counts as flat.
FLAT = 1e-6
# When the solver has done enough: rounds, and what is left of the residual.
ROUNDS, LEFT = 300, 1e-3


def closed_form(picture: Floats, known: Floats, matte: Floats) -> Floats:
    """The matte that explains the picture's colours as lines between two, given what is known of it: float32 (H, W).

    picture: float32 (H, W, 3) in [0, 1]. known: see ``trimap``; where it is INSIDE or OUTSIDE the matte is 1 or 0,
    exactly. matte: float32 (H, W) in [0, 1], what is expected where nothing is known. Raises ValueError for several
    sizes, ImportError without pymatting.
    """
    if not picture.shape[:2] == known.shape == matte.shape:
        raise ValueError(
            f"picture, trimap and matte must have one size, not {picture.shape[:2]}, {known.shape} and {matte.shape}"
        )
    unknown = known == UNKNOWN
    found = known.copy()
    # A trimap that knows only one side says nothing of the other.
    if not unknown.any() or not (known == 0).any() or not (known == 1).any():
        return found
    rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
    box = np.s_[
        max(0, rows[0] - AROUND) : rows[-1] + 1 + AROUND, max(0, columns[0] - AROUND) : columns[-1] + 1 + AROUND
    ]
    part = found[box]
    prior = F32(1 + BLOCKS * blockiness(picture)) * _prior(matte)
    part[unknown[box]] = _solved(picture[box], known[box], matte[box], prior[box])
    return found


def _prior(matte: Floats) -> Floats:
    inside = (matte > 0.5).astype(U8)
    away = cv2.distanceTransform(inside, cv2.DIST_L2, 5) + cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(F32(PRIOR) * (away / F32(UNIT)) ** 2, F32)


def _solved(picture: Floats, known: Floats, matte: Floats, prior: Floats) -> Floats:
    """What is unknown, in the order of its pixels, in [0, 1]."""
    from pymatting import cf_laplacian
    from scipy.sparse import diags

    unknown = (known == UNKNOWN).ravel()
    laplacian = cf_laplacian(picture.astype(np.float64), epsilon=FLAT, is_known=~unknown)[unknown]
    weight, expected = (values.ravel()[unknown].astype(np.float64) for values in (prior, matte))
    system = (laplacian[:, unknown] + diags(weight)).tocsr()
    right = weight * expected - laplacian[:, ~unknown] @ known.ravel()[~unknown].astype(np.float64)
    # Where the rounds do not suffice, what they have come to is near enough.
    return np.clip(conjugate_gradients(system, right, expected, LEFT, ROUNDS), 0, 1).astype(F32)
