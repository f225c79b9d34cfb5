"""Multi-level foreground estimation (Germer, Uelwer, Conrad and Harmeling, "Fast multi-level foreground estimation",
ICPR 2020): the foreground's own colour where a matte mixes it with the background."""

import cv2
import numpy as np

from masks.arrays import F32, Floats

# Smoothness of the colours: everywhere, and in addition per unit of the gradient of the matte.
SMOOTHNESS, GRADIENT_WEIGHT = F32(1e-5), F32(1.0)
# Side in pixels of a small level, iterations on small levels, and iterations on large ones.
SMALL_SIDE, SMALL_ITERATIONS, LARGE_ITERATIONS = 32, 10, 2


def foreground(picture: Floats, matte: Floats) -> Floats:
    """Estimate F in ``picture = matte F + (1 - matte) B``, with F and B smooth: float32 (H, W, 3) in [0, 1].

    picture: float32 (H, W, 3) in [0, 1], display-encoded; matte: float32 (H, W) in [0, 1]. Raises ValueError for
    different sizes.
    """
    if picture.shape[:2] != matte.shape:
        raise ValueError(f"picture and matte must have the same size, not {picture.shape[:2]} and {matte.shape}")
    height, width = matte.shape
    levels = max(1, int(np.ceil(np.log2(max(height, width)))))
    fg = bg = np.tile(picture.mean(axis=(0, 1)), (1, 1, 1)).astype(F32)
    for level in range(levels + 1):
        size = _level_side(width, level, levels), _level_side(height, level, levels)
        level_picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], 3)
        level_matte = cv2.resize(matte, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0])
        fg, bg = (
            cv2.resize(one, size, interpolation=cv2.INTER_NEAREST).reshape(level_picture.shape) for one in (fg, bg)
        )
        for _ in range(SMALL_ITERATIONS if max(size) <= SMALL_SIDE else LARGE_ITERATIONS):
            fg, bg = _jacobi_step(level_picture, level_matte, fg, bg)
    # Opaque pixels keep the colours of the picture.
    return np.where((matte == 1)[..., None], picture, fg).astype(F32)


def _level_side(side: int, level: int, levels: int) -> int:
    return max(1, round(side ** (level / levels)))


def _jacobi_step(picture: Floats, matte: Floats, fg: Floats, bg: Floats) -> tuple[Floats, Floats]:
    """Run one iteration of Jacobi's method: two unknowns at each pixel, from the picture and four neighbours."""
    padded_matte = np.pad(matte, 1, mode="edge")
    neighbours = [padded_matte[1:-1, :-2], padded_matte[1:-1, 2:], padded_matte[:-2, 1:-1], padded_matte[2:, 1:-1]]
    weights = [SMOOTHNESS + GRADIENT_WEIGHT * np.abs(matte - one) for one in neighbours]
    total = np.asarray(sum(weights), F32)
    sums = []
    for layer in (fg, bg):
        padded = np.pad(layer, ((1, 1), (1, 1), (0, 0)), mode="edge")
        neighbour_colours = [padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]]
        sums.append(sum(weight[..., None] * one for weight, one in zip(weights, neighbour_colours, strict=True)))
    a, b = matte[..., None], 1 - matte[..., None]
    m00, m01, m11 = a * a + total[..., None], a * b, b * b + total[..., None]
    r0, r1 = a * picture + sums[0], b * picture + sums[1]
    determinant = m00 * m11 - m01 * m01
    return (
        np.clip((m11 * r0 - m01 * r1) / determinant, 0, 1).astype(F32),
        np.clip((m00 * r1 - m01 * r0) / determinant, 0, 1).astype(F32),
    )
