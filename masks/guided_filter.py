"""Guided filter (He, Sun and Tang, ECCV 2010), which aligns a matte with the edges of its picture.

Every pixel has a weight, so that confident pixels decide about the others.
"""

from collections.abc import Callable

import cv2
import numpy as np

from masks.arrays import F32, Floats

Mean = Callable[[Floats], Floats]


def guided_filter(values: Floats, picture: Floats, weight: Floats, radius: int, smooth: float) -> Floats:
    """Filter ``values`` as local linear functions of the picture's colours: float32 (H, W), not clipped.

    values, weight: float32 (H, W). picture: float32 (H, W, 3) in [0, 1], the guide. radius: of the windows, in pixels.
    smooth: variance of colour, 0..1, below which a window counts as flat.
    """
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.boxFilter(plane, -1, side, borderType=cv2.BORDER_REFLECT))

    weight = weight + F32(1e-4)
    count = mean(weight)
    middle = mean(picture * weight[..., None]) / count[..., None]
    level = mean(values * weight) / count
    cross = mean(picture * (values * weight)[..., None]) / count[..., None] - middle * level[..., None]
    slope = _solved(_covariance(picture, weight, count, middle, mean), cross, smooth)
    offset = level - (slope * middle).sum(axis=-1)
    total = mean(count)
    # Windows count by their weights.
    slope, offset = mean(slope * count[..., None]) / total[..., None], mean(offset * count) / total
    return np.asarray((slope * picture).sum(axis=-1) + offset, F32)


def _covariance(picture: Floats, weight: Floats, count: Floats, middle: Floats, mean: Mean) -> list[list[Floats]]:
    """Weighted covariance of the colours in each window: a symmetric matrix of float32 (H, W)."""
    rows: list[list[Floats]] = [[middle[..., 0]] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(i, 3):
            both = mean(picture[..., i] * picture[..., j] * weight) / count - middle[..., i] * middle[..., j]
            rows[i][j] = rows[j][i] = both
    return rows


def _solved(matrix: list[list[Floats]], right: Floats, smooth: float) -> Floats:
    """Solve the 3x3 systems of all windows by Cramer's rule, in a tenth of the time of NumPy's solver."""
    a, b, c = matrix[0][0] + F32(smooth), matrix[0][1], matrix[0][2]
    d, e, f = matrix[1][1] + F32(smooth), matrix[1][2], matrix[2][2] + F32(smooth)
    p, q, r = d * f - e * e, c * e - b * f, b * e - c * d
    whole = a * p + b * q + c * r
    s, t, u = a * f - c * c, b * c - a * e, a * d - b * b
    x, y, z = right[..., 0], right[..., 1], right[..., 2]
    solved = np.stack([p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z], axis=-1)
    return np.asarray(solved / whole[..., None], F32)
