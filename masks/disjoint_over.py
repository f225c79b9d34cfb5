"""Lays several stylised pictures over a plate, later over earlier, so that mattes which meet softly leave no seam: the
operator "disjoint over" (Porter and Duff's coverage of pixels that two shapes share without overlapping; so named by
the X Render Extension, and by compositors).

Plain "over" takes soft edges for accidents: where a matte is a and the next one 1 - a, it lets a (1 - a) of the plate
shine through, a line along the whole edge. Here what one layer leaves free is given to the next one as far as its matte
wants it, and only what all mattes leave together is the plate's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Mixed at a time: float64 of a whole frame would take many times what the frame does.
ROWS = 64

_Pixels = NDArray[np.unsignedinteger]
_Mattes = Sequence[NDArray[np.float32] | None]


def shares(mattes: _Mattes, size: tuple[int, int]) -> list[NDArray[np.float64]]:
    """How much of each pixel every layer shows, from the lowest to the uppermost: float64 (H, W) in [0, 1].

    mattes: float32 (H, W) in [0, 1], from the lowest; None is 1 everywhere. size: (H, W). What is left of 1 is the
    plate's. A layer gets the smaller of its matte and of what those above it leave. Raises ValueError for a matte of
    another size or beyond its range.
    """
    left = np.ones(size, np.float64)
    found = []
    for matte in reversed(mattes):
        if matte is None:
            share = left
        else:
            _check(matte, size)
            share = np.minimum(matte, left)
        found.append(share)
        left = left - share
    return found[::-1]


def covers(mattes: _Mattes, size: tuple[int, int]) -> list[NDArray[np.float64]]:
    """The alphas with which plain "over" of the same layers does what ``shares`` says, from the lowest to the
    uppermost: float64 (H, W) in [0, 1]. Every compositor has that operator, and few have this one.

    mattes, size: see ``shares``. A layer covers, of what those above leave of a pixel, as much as it has of the pixel.
    Where they leave nothing it is 1 if the matte is not 0: no edge where nobody sees the layer.
    """
    left = np.ones(size, np.float64)
    found = []
    for matte in reversed(mattes):
        if matte is None:
            cover = np.ones(size, np.float64)
            left = np.zeros(size, np.float64)
        else:
            _check(matte, size)
            wanted = matte.astype(np.float64)
            cover = np.where(wanted < left, wanted / np.maximum(left, np.finfo(np.float64).tiny), wanted > 0)
            left = left - np.minimum(wanted, left)
        found.append(cover)
    return found[::-1]


def merged(looks: Sequence[_Pixels], mattes: _Mattes) -> tuple[_Pixels, NDArray[np.float32]]:
    """The looks as one picture, straight, and what they cover together: float32 (H, W) in [0, 1]. Laid over any plate
    with plain "over" that is ``disjoint_over``, but for rounding.

    looks: at least one, uint8 or uint16 (H, W, C) of one type and size; black where no matte reaches. mattes: see
    ``shares``. Raises ValueError when they do not belong together.
    """
    _check_looks(looks, mattes, looks[0])
    colour, alpha = np.empty_like(looks[0]), np.empty(looks[0].shape[:2], np.float32)
    for top in range(0, len(colour), ROWS):
        rows = slice(top, top + ROWS)
        parts = shares([None if matte is None else matte[rows] for matte in mattes], colour[rows].shape[:2])
        total = np.zeros(colour[rows].shape, np.float64)
        for share, look in zip(parts, looks, strict=True):
            total += share[..., None] * look[rows]
        covered = np.minimum(np.sum(parts, axis=0), 1)
        mean = total / np.where(covered > 0, covered, 1)[..., None]
        colour[rows] = np.floor(mean + 0.5).astype(colour.dtype)
        alpha[rows] = covered
    return colour, alpha


def disjoint_over(looks: Sequence[_Pixels], mattes: _Mattes, plate: _Pixels) -> _Pixels:
    """The looks over the plate through their mattes, from the lowest to the uppermost.

    looks, plate: uint8 or uint16 (H, W, C) of one type and size, display-encoded, straight. mattes: see ``shares``.
    Where all mattes are 0 the plate to the bit, where the uppermost is 1 its look to the bit; of one layer the bits of
    ``composite.over``. Raises ValueError when they do not belong together.
    """
    _check_looks(looks, mattes, plate)
    mixed = np.empty_like(plate)
    for top in range(0, len(plate), ROWS):
        rows = slice(top, top + ROWS)
        part = [None if matte is None else matte[rows] for matte in mattes]
        mixed[rows] = _mixed([look[rows] for look in looks], shares(part, plate[rows].shape[:2]), plate[rows])
    return mixed


def _mixed(looks: Sequence[_Pixels], parts: Sequence[NDArray[np.float64]], plate: _Pixels) -> _Pixels:
    left = np.ones(plate.shape[:2], np.float64)
    for share in parts:
        left = left - share
    # From the uppermost on: rounding does not depend on layers that nobody sees.
    total = np.zeros(plate.shape, np.float64)
    for share, look in zip(reversed(parts), reversed(looks), strict=True):
        total += share[..., None] * look
    total += np.maximum(left, 0)[..., None] * plate
    return np.floor(total + 0.5).astype(plate.dtype)


def _check_looks(looks: Sequence[_Pixels], mattes: _Mattes, plate: _Pixels) -> None:
    if len(looks) != len(mattes):
        raise ValueError(f"every look needs a matte, not {len(mattes)} for {len(looks)}")
    for look in looks:
        if look.shape != plate.shape or look.dtype != plate.dtype:
            raise ValueError(
                f"looks and plate must have one size and depth, not {look.shape} {look.dtype} and "
                f"{plate.shape} {plate.dtype}"
            )


def _check(matte: NDArray[np.float32], size: tuple[int, int]) -> None:
    if matte.shape != size:
        raise ValueError(f"mattes and plate must have one size, not {matte.shape} and {size}")
    if not (np.isfinite(matte).all() and matte.min(initial=0) >= 0 and matte.max(initial=0) <= 1):
        raise ValueError("a matte must lie between 0 and 1 everywhere")
