"""Robust fits of exposure and camera motion, which tolerate up to half of the points as outliers.

Each fit iterates least squares over the better half of the points, like the concentration steps of least trimmed
squares (Rousseeuw and Van Driessen, 2006). Loops are compiled, because each frame needs many fits of a few hundred
points.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from propagate.arrays import U8, Bools, Bytes, Floats
from propagate.kernels.kernel import inner, kernel

Doubles = NDArray[np.float64]
ExposureTable = Bytes  # (1, 256, 3), lookup table of each channel

# Range of exposure drift. Larger changes are changes of lighting.
GAIN_RANGE = (0.5, 2.0)
MAX_LIFT = 0.2
# Every SAMPLE_STEP-th pixel is sampled along both axes. If less than this share of them is known, all are used.
SAMPLE_STEP, MIN_KNOWN = 4, 0.1

# Number of points along the shorter side of a picture for the fit of camera motion, and min total number of points.
POINTS_ALONG, MIN_POINTS = 15, 12
# Squared error in pixels below which points are always inliers.
MIN_SQUARED_ERROR = 0.03


def identity_exposure() -> ExposureTable:
    """Return the identity table."""
    return np.repeat(np.arange(256, dtype=U8)[None, :, None], 3, axis=2)


def fit_exposure(source: Bytes, target: Bytes, known: Bools) -> ExposureTable:
    """Fit a gain and a lift per channel to the better half of the known pixels, and return them as a table.

    The table maps source to target. source, target: RGB, uint8 (h, w, 3). known: bool (h, w), pixels with the same
    content.
    """
    sampled = known[1::SAMPLE_STEP, 1::SAMPLE_STEP]
    if sampled.size == 0 or np.count_nonzero(sampled) / sampled.size < MIN_KNOWN:
        sampled = np.ones_like(sampled)
    if not sampled.size:
        return identity_exposure()
    # Copies, because each combination of memory layouts would be compiled.
    samples = [picture[1::SAMPLE_STEP, 1::SAMPLE_STEP].copy() for picture in (source, target)]
    exposure = np.empty((1, 256, 3), U8)
    values, lines, errors = np.empty((2, 3, sampled.size)), np.empty((2, 3)), np.empty((2, sampled.size))
    _exposure(*samples, sampled.copy(), values, lines, errors, exposure)
    return exposure


@kernel
def _exposure(source: Any, target: Any, known: Any, values: Any, lines: Any, errors: Any, exposure: Any) -> None:
    """Fit ``exposure``, uint8 (1, 256, 3). Overwrites the others: values (2, 3, n), lines (2, 3), errors (2, n)."""
    height, width = known.shape
    count = np.int64(0)
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                for c in range(3):
                    values[0, c, count], values[1, c, count] = source[y, x, c] / 255, target[y, x, c] / 255
                count += 1
    for c in range(3):
        for i in range(count):
            errors[1, i] = values[1, c, i] - values[0, c, i]
        lines[0, c], lines[1, c] = 1.0, _median(errors, count)
    for _ in range(2):
        for i in range(count):
            errors[0, i] = 0.0
            for c in range(3):
                errors[0, i] += abs(values[0, c, i] * lines[0, c] + lines[1, c] - values[1, c, i])
            errors[1, i] = errors[0, i]
        max_error = _median(errors, count)
        for c in range(3):
            lines[0, c], lines[1, c] = _line(values, c, errors, count, max_error)
    for level in range(256):
        for c in range(3):
            exposure[0, level, c] = min(max(np.rint(level * lines[0, c] + 255 * lines[1, c]), 0.0), 255.0)


@inner
def _line(values: Any, c: int, errors: Any, count: int, max_error: float) -> Any:
    inliers, source_mean, target_mean = 0, 0.0, 0.0
    for i in range(count):
        if errors[0, i] <= max_error:
            inliers += 1
            source_mean += values[0, c, i]
            target_mean += values[1, c, i]
    source_mean, target_mean = source_mean / inliers, target_mean / inliers
    covariance, variance = 0.0, 0.0
    for i in range(count):
        if errors[0, i] <= max_error:
            deviation = values[0, c, i] - source_mean
            covariance += deviation * (values[1, c, i] - target_mean)
            variance += deviation * deviation
    # Regularise the gain towards 1, since it is undetermined for a nearly constant channel.
    gain = min(max((covariance / inliers + 1e-3) / (variance / inliers + 1e-3), GAIN_RANGE[0]), GAIN_RANGE[1])
    return gain, min(max(target_mean - gain * source_mean, -MAX_LIFT), MAX_LIFT)


@inner
def _median(values: Any, count: int) -> float:
    """Return the median of the first ``count`` numbers of ``values[1]``, which it reorders (Hoare's selection)."""
    middle, low, high = count // 2, 0, count - 1
    while low < high:
        pivot = values[1, (low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[1, i] < pivot:
                i += 1
            while values[1, j] > pivot:
                j -= 1
            if i <= j:
                values[1, i], values[1, j] = values[1, j], values[1, i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            break
    found = values[1, middle]
    if count % 2:
        return found
    below = values[1, 0]
    for i in range(1, middle):
        below = max(below, values[1, i])
    return (below + found) / 2


def fit_camera(flow: Floats, known: Bools) -> Doubles:
    """Fit an affine motion to the better half of the known pixels: float64 (3, 3), maps x to x + flow(x).

    Returns the identity if too few pixels are known. flow: float32 (h, w, 2) in pixels, x then y. known: bool (h, w).
    """
    every = max(1, min(known.shape) // POINTS_ALONG)
    points = known[::every, ::every].copy()
    model, moves, equations = np.eye(3), np.zeros((3, 2)), np.empty((3, 5))
    places, errors = np.empty((points.size, 5)), np.empty((2, points.size))
    _camera(flow[::every, ::every].copy(), points, every, places, errors, equations, moves, model)
    return model


@kernel
def _camera(
    flow: Any, known: Any, every: int, points: Any, errors: Any, equations: Any, moves: Any, model: Any
) -> None:
    """Add the fitted motion to ``model``, float64 (3, 3); moves, (3, 2), is 0.

    Overwritten: points (n, 5), place and displacement of each; errors (2, n); equations (3, 5).
    """
    count = np.int64(0)
    height, width = known.shape
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                points[count, 0], points[count, 1], points[count, 2] = x * every, y * every, 1
                points[count, 3], points[count, 4] = flow[y, x, 0], flow[y, x, 1]
                count += 1
    if count < MIN_POINTS:
        return
    for axis in range(2):
        for i in range(count):
            errors[1, i] = points[i, 3 + axis]
        moves[2, axis] = _median(errors, count)
    for _ in range(3):
        for i in range(count):
            errors[0, i] = 0.0
            for axis in range(2):
                predicted = (
                    points[i, 0] * moves[0, axis] + points[i, 1] * moves[1, axis] + points[i, 2] * moves[2, axis]
                )
                error = points[i, 3 + axis] - predicted
                errors[0, i] += error * error
            errors[1, i] = errors[0, i]
        _solve(points, errors, count, max(_median(errors, count), MIN_SQUARED_ERROR), equations, moves)
    for axis in range(2):
        for k in range(3):
            model[axis, k] += moves[k, axis]


@inner
def _solve(points: Any, errors: Any, count: int, max_error: float, equations: Any, moves: Any) -> None:
    """Fit ``moves`` (3, 2), in place, to the points whose error is at most ``max_error``: normal equations."""
    # The small ridge term keeps the motion determined if all points are collinear.
    for j in range(3):
        for k in range(3):
            equations[j, k] = 1e-3 if j == k else 0.0
        for axis in range(2):
            equations[j, 3 + axis] = 1e-3 * moves[j, axis]
    for i in range(count):
        if errors[0, i] <= max_error:
            for j in range(3):
                for k in range(5):
                    equations[j, k] += points[i, j] * points[i, k]
    for j in range(3):
        for k in range(j + 1, 3):
            share = equations[k, j] / equations[j, j]
            for m in range(5):
                equations[k, m] -= share * equations[j, m]
    for j in range(2, -1, -1):
        for axis in range(2):
            total = equations[j, 3 + axis]
            for k in range(j + 1, 3):
                total -= equations[j, k] * moves[k, axis]
            moves[j, axis] = total / equations[j, j]
