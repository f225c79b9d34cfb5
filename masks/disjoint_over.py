"""Composite of several stylised pictures over a plate, later over earlier, without seams between soft mattes that meet.

The operator is "disjoint over": Porter and Duff's case of two shapes that share a pixel without overlapping. The name
is that of the X Render Extension and of compositors.

Plain "over" treats the coverages of soft edges as independent: where a matte is a and the next one 1 - a, a (1 - a) of
the plate shows through as a line along the edge. Here each layer covers the part of a pixel that the layers above
leave, up to its matte, and the plate shows only in the remainder.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Rows blended at a time: a whole frame in float64 would take many times the memory of the frame.
STRIP_ROWS = 64

_Pixels = NDArray[np.unsignedinteger]
_Mattes = Sequence[NDArray[np.float32] | None]


def layer_weights(mattes: _Mattes, size: tuple[int, int]) -> list[NDArray[np.float64]]:
    """Weights of the layers at each pixel, from the lowest to the uppermost: float64 (H, W) in [0, 1].

    mattes: float32 (H, W) in [0, 1], from the lowest; None is 1 everywhere. size: (H, W). The weight of a layer is the
    smaller of its matte and the remainder of the layers above. The remainder after all layers is the plate's weight.
    Raises ValueError for a matte of another size or outside its range.
    """
    remaining = np.ones(size, np.float64)
    top_down = []
    for matte in reversed(mattes):
        if matte is None:
            weight = remaining
        else:
            _check_matte(matte, size)
            weight = np.minimum(matte, remaining)
        top_down.append(weight)
        remaining = remaining - weight
    return top_down[::-1]


def over_alphas(mattes: _Mattes, size: tuple[int, int]) -> list[NDArray[np.float64]]:
    """Alphas with which plain "over" gives the picture of ``disjoint_over``, from the lowest to the uppermost: float64
    (H, W) in [0, 1]. Every compositor has plain "over", and few have this operator.

    mattes, size: see ``layer_weights``. An alpha is the layer's weight relative to the remainder of the layers above.
    Where nothing remains, it is 1 if the matte is not 0, so that hidden layers get no edge.
    """
    remaining = np.ones(size, np.float64)
    top_down = []
    for matte in reversed(mattes):
        if matte is None:
            alpha = np.ones(size, np.float64)
            remaining = np.zeros(size, np.float64)
        else:
            _check_matte(matte, size)
            matte64 = matte.astype(np.float64)
            alpha = np.where(
                matte64 < remaining, matte64 / np.maximum(remaining, np.finfo(np.float64).tiny), matte64 > 0
            )
            remaining = remaining - np.minimum(matte64, remaining)
        top_down.append(alpha)
    return top_down[::-1]


def merge_layers(looks: Sequence[_Pixels], mattes: _Mattes) -> tuple[_Pixels, NDArray[np.float32]]:
    """Merge the looks into one straight picture and its alpha, float32 (H, W) in [0, 1].

    Plain "over" of the result and any plate equals ``disjoint_over``, except for rounding. The picture is black where
    no matte reaches. looks: at least one, uint8 or uint16 (H, W, C) of one type and size. mattes: see
    ``layer_weights``. Raises ValueError for different sizes, types or numbers.
    """
    _check_looks(looks, mattes, looks[0])
    colour, alpha = np.empty_like(looks[0]), np.empty(looks[0].shape[:2], np.float32)
    for top in range(0, len(colour), STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        weights = layer_weights([None if matte is None else matte[rows] for matte in mattes], colour[rows].shape[:2])
        total = np.zeros(colour[rows].shape, np.float64)
        for weight, look in zip(weights, looks, strict=True):
            total += weight[..., None] * look[rows]
        coverage = np.minimum(np.sum(weights, axis=0), 1)
        mean = total / np.where(coverage > 0, coverage, 1)[..., None]
        colour[rows] = np.floor(mean + 0.5).astype(colour.dtype)
        alpha[rows] = coverage
    return colour, alpha


def disjoint_over(looks: Sequence[_Pixels], mattes: _Mattes, plate: _Pixels) -> _Pixels:
    """Composite the looks over the plate through their mattes, from the lowest to the uppermost.

    looks, plate: uint8 or uint16 (H, W, C) of one type and size, display-encoded, straight.
    mattes: see ``layer_weights``. The result is bit-identical to the plate where all mattes are 0, to the uppermost
    look where its matte is 1, and with one layer to ``composite.over``. Raises ValueError for different sizes, types
    or numbers.
    """
    _check_looks(looks, mattes, plate)
    composited = np.empty_like(plate)
    for top in range(0, len(plate), STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        strip_mattes = [None if matte is None else matte[rows] for matte in mattes]
        composited[rows] = _composite_strip(
            [look[rows] for look in looks], layer_weights(strip_mattes, plate[rows].shape[:2]), plate[rows]
        )
    return composited


def _composite_strip(looks: Sequence[_Pixels], weights: Sequence[NDArray[np.float64]], plate: _Pixels) -> _Pixels:
    remaining = np.ones(plate.shape[:2], np.float64)
    for weight in weights:
        remaining = remaining - weight
    # From the uppermost down, so that rounding does not depend on hidden layers.
    total = np.zeros(plate.shape, np.float64)
    for weight, look in zip(reversed(weights), reversed(looks), strict=True):
        total += weight[..., None] * look
    total += np.maximum(remaining, 0)[..., None] * plate
    return np.floor(total + 0.5).astype(plate.dtype)


def _check_looks(looks: Sequence[_Pixels], mattes: _Mattes, plate: _Pixels) -> None:
    if len(looks) != len(mattes):
        raise ValueError(f"every look needs a matte, but there are {len(mattes)} mattes for {len(looks)} looks")
    for look in looks:
        if look.shape != plate.shape or look.dtype != plate.dtype:
            raise ValueError(
                f"looks and plate must have the same size and depth, not {look.shape} {look.dtype} and "
                f"{plate.shape} {plate.dtype}"
            )


def _check_matte(matte: NDArray[np.float32], size: tuple[int, int]) -> None:
    if matte.shape != size:
        raise ValueError(f"mattes and plate must have the same size, not {matte.shape} and {size}")
    if not (np.isfinite(matte).all() and matte.min(initial=0) >= 0 and matte.max(initial=0) <= 1):
        raise ValueError("a matte must be between 0 and 1 everywhere")
