"""The colour of what a matte cuts out, where it mixes with what is behind: multi-level foreground estimation (Germer,
Uelwer, Conrad and Harmeling, "Fast multi-level foreground estimation", ICPR 2020)."""

import cv2
import numpy as np

from masks.arrays import F32, Floats

# How much neighbours are to agree: always, and more across steps of the matte.
AGREE, ACROSS = F32(1e-5), F32(1.0)
# Rounds on levels up to this side in pixels, and on the others.
SMALL, MANY, FEW = 32, 10, 2


def foreground(picture: Floats, matte: Floats) -> Floats:
    """Colours F such that ``picture = matte F + (1 - matte) B`` with F and B smooth: float32 (H, W, 3) in [0, 1].

    picture: float32 (H, W, 3) in [0, 1], display-encoded; matte: float32 (H, W) in [0, 1]. Raises ValueError for two
    sizes.
    """
    if picture.shape[:2] != matte.shape:
        raise ValueError(f"picture and matte must have one size, not {picture.shape[:2]} and {matte.shape}")
    height, width = matte.shape
    levels = max(1, int(np.ceil(np.log2(max(height, width)))))
    front = back = np.tile(picture.mean(axis=(0, 1)), (1, 1, 1)).astype(F32)
    for level in range(levels + 1):
        size = _size(width, level, levels), _size(height, level, levels)
        seen = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], 3)
        share = cv2.resize(matte, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0])
        front, back = (
            cv2.resize(one, size, interpolation=cv2.INTER_NEAREST).reshape(seen.shape) for one in (front, back)
        )
        for _ in range(MANY if max(size) <= SMALL else FEW):
            front, back = _round(seen, share, front, back)
    # Where nothing is behind, the picture is all there is.
    return np.where((matte == 1)[..., None], picture, front).astype(F32)


def _size(side: int, level: int, levels: int) -> int:
    return max(1, round(side ** (level / levels)))


def _round(picture: Floats, matte: Floats, front: Floats, back: Floats) -> tuple[Floats, Floats]:
    """One round of Jacobi's method: at each pixel, two unknowns from the picture and four neighbours."""
    wide = np.pad(matte, 1, mode="edge")
    around = [wide[1:-1, :-2], wide[1:-1, 2:], wide[:-2, 1:-1], wide[2:, 1:-1]]
    weights = [AGREE + ACROSS * np.abs(matte - one) for one in around]
    total = np.asarray(sum(weights), F32)
    sums = []
    for layer in (front, back):
        padded = np.pad(layer, ((1, 1), (1, 1), (0, 0)), mode="edge")
        moved = [padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]]
        sums.append(sum(weight[..., None] * one for weight, one in zip(weights, moved, strict=True)))
    a, b = matte[..., None], 1 - matte[..., None]
    m00, m01, m11 = a * a + total[..., None], a * b, b * b + total[..., None]
    r0, r1 = a * picture + sums[0], b * picture + sums[1]
    whole = m00 * m11 - m01 * m01
    return (
        np.clip((m11 * r0 - m01 * r1) / whole, 0, 1).astype(F32),
        np.clip((m00 * r1 - m01 * r0) / whole, 0, 1).astype(F32),
    )
