"""Composite of a picture over its plate through a matte (Porter and Duff, "Compositing digital images", 1984)."""

import numpy as np
from numpy.typing import NDArray

# Rows blended at a time: a whole frame in float64 would take many times the memory of the frame.
STRIP_ROWS = 64


def over(
    stylised: NDArray[np.unsignedinteger], plate: NDArray[np.unsignedinteger], matte: NDArray[np.float32]
) -> NDArray[np.unsignedinteger]:
    """Composite ``stylised`` over ``plate`` through a matte.

    stylised, plate: uint8 or uint16 (H, W, C) of one type and size, display-encoded, straight.
    matte: float32 (H, W) in [0, 1]. The result is bit-identical to ``plate`` where the matte is 0, and to ``stylised``
    where it is 1. Raises ValueError for different sizes or types, and for a matte outside its range.
    """
    if stylised.shape != plate.shape or stylised.dtype != plate.dtype or matte.shape != plate.shape[:2]:
        raise ValueError(
            f"picture, plate and matte must have the same size and depth, not {stylised.shape} {stylised.dtype}, "
            f"{plate.shape} {plate.dtype} and {matte.shape}"
        )
    if not (np.isfinite(matte).all() and matte.min(initial=0) >= 0 and matte.max(initial=0) <= 1):
        raise ValueError("a matte must be between 0 and 1 everywhere")
    composited = plate.copy()
    rows, columns = (np.flatnonzero(matte.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return composited
    # Outside the bounding box of the matte, the result is the plate.
    column_span = slice(columns[0], columns[-1] + 1)
    for top in range(rows[0], rows[-1] + 1, STRIP_ROWS):
        strip = slice(top, min(top + STRIP_ROWS, rows[-1] + 1)), column_span
        composited[strip] = _blend(stylised[strip], plate[strip], matte[strip])
    return composited


def _blend(
    stylised: NDArray[np.unsignedinteger], plate: NDArray[np.unsignedinteger], matte: NDArray[np.float32]
) -> NDArray[np.unsignedinteger]:
    alpha = matte[..., None].astype(np.float64)
    composited = np.floor(alpha * stylised + (1 - alpha) * plate + 0.5).astype(plate.dtype)
    return np.where(alpha == 0, plate, np.where(alpha == 1, stylised, composited))
