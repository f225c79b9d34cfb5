"""Hair and soft edges from a trimap: closed-form matting (Levin, Lischinski and Weiss, CVPR 2006) by pymatting."""

import numpy as np

from masks.arrays import F32, Floats
from masks.trimap import UNKNOWN

# Pixels around what is unknown that colours are learnt from.
AROUND = 12
# When the solver of conjugate gradients has done enough.
STOP = {"maxiter": 1000, "rtol": 1e-4}


def closed_form(picture: Floats, known: Floats) -> Floats:
    """The matte that explains the picture's colours as lines between two, given what is known of it: float32 (H, W).

    picture: float32 (H, W, 3) in [0, 1]. known: see ``trimap``; where it is INSIDE or OUTSIDE the matte is 1 or 0,
    exactly. Raises ValueError for two sizes, ImportError without pymatting.
    """
    if picture.shape[:2] != known.shape:
        raise ValueError(f"picture and trimap must have one size, not {picture.shape[:2]} and {known.shape}")
    from pymatting import estimate_alpha_cf, jacobi

    unknown = known == UNKNOWN
    matte = known.copy()
    # A trimap that knows only one side says nothing of the other.
    if not unknown.any() or not (known == 0).any() or not (known == 1).any():
        return matte
    rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
    box = np.s_[
        max(0, rows[0] - AROUND) : rows[-1] + 1 + AROUND, max(0, columns[0] - AROUND) : columns[-1] + 1 + AROUND
    ]
    # Its usual preconditioner, an incomplete Cholesky factor, fails on some pictures, and says so on the terminal.
    solved = estimate_alpha_cf(
        picture[box].astype(np.float64), known[box].astype(np.float64), preconditioner=jacobi, cg_kwargs=STOP
    )
    matte[box] = np.where(unknown[box], np.clip(solved, 0, 1), known[box]).astype(F32)
    return matte
