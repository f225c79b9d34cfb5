"""Guided filter (He, Sun and Tang, ECCV 2010), which aligns a matte with the edges of its picture.

Every pixel has a weight, so that confident pixels determine the others.
"""

from collections.abc import Callable

import cv2
import numpy as np

from masks.arrays import F32, Floats

Mean = Callable[[Floats], Floats]


def guided_filter(values: Floats, guide: Floats, weight: Floats, radius: int, epsilon: float) -> Floats:
    """Filter ``values`` as local linear functions of the picture's colours: float32 (H, W), not clipped.

    values, weight: float32 (H, W). guide: float32 (H, W, 3) in [0, 1]. radius: radius of the windows, in pixels.
    epsilon: variance of colour, 0..1, below which a window counts as flat.
    """
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.boxFilter(plane, -1, window, borderType=cv2.BORDER_REFLECT))

    weight = weight + F32(1e-4)
    weight_sum = mean(weight)
    mean_colour = mean(guide * weight[..., None]) / weight_sum[..., None]
    mean_value = mean(values * weight) / weight_sum
    covariance = (
        mean(guide * (values * weight)[..., None]) / weight_sum[..., None] - mean_colour * mean_value[..., None]
    )
    slope = _solve(_covariance(guide, weight, weight_sum, mean_colour, mean), covariance, epsilon)
    offset = mean_value - (slope * mean_colour).sum(axis=-1)
    total = mean(weight_sum)
    # Windows contribute in proportion to their weights.
    slope, offset = mean(slope * weight_sum[..., None]) / total[..., None], mean(offset * weight_sum) / total
    return np.asarray((slope * guide).sum(axis=-1) + offset, F32)


def _covariance(
    guide: Floats, weight: Floats, weight_sum: Floats, mean_colour: Floats, mean: Mean
) -> list[list[Floats]]:
    """Weighted covariance of the colours in each window: a symmetric matrix of float32 (H, W)."""
    rows: list[list[Floats]] = [[mean_colour[..., 0]] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(i, 3):
            entry = (
                mean(guide[..., i] * guide[..., j] * weight) / weight_sum - mean_colour[..., i] * mean_colour[..., j]
            )
            rows[i][j] = rows[j][i] = entry
    return rows


def _solve(matrix: list[list[Floats]], rhs: Floats, epsilon: float) -> Floats:
    """Solve the 3x3 systems of all windows by Cramer's rule, in a tenth of the time of NumPy's solver."""
    a, b, c = matrix[0][0] + F32(epsilon), matrix[0][1], matrix[0][2]
    d, e, f = matrix[1][1] + F32(epsilon), matrix[1][2], matrix[2][2] + F32(epsilon)
    p, q, r = d * f - e * e, c * e - b * f, b * e - c * d
    determinant = a * p + b * q + c * r
    s, t, u = a * f - c * c, b * c - a * e, a * d - b * b
    x, y, z = rhs[..., 0], rhs[..., 1], rhs[..., 2]
    solution = np.stack([p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z], axis=-1)
    return np.asarray(solution / determinant[..., None], F32)
