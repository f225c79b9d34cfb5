"""Robust fits of exposure and camera motion, which tolerate up to half of the points as outliers.

Each fit iterates least squares over the better half of the points, like the concentration steps of least trimmed
squares (Rousseeuw and Van Driessen, 2006). Loops are compiled, because each frame needs many fits of a few hundred
points.
"""

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from propagate.arrays import U8, Bools, Bytes, Floats

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
    # Copies, because each combination of memory layouts would be compiled, which takes seconds.
    samples = (picture[1::SAMPLE_STEP, 1::SAMPLE_STEP].copy() for picture in (source, target))
    return _exposure(*samples, sampled.copy())


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _exposure(source: Any, target: Any, known: Any) -> Any:
    height, width = known.shape
    source_values, target_values = np.empty((3, known.size)), np.empty((3, known.size))
    count = 0
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                for c in range(3):
                    source_values[c, count], target_values[c, count] = source[y, x, c] / 255, target[y, x, c] / 255
                count += 1
    source_values, target_values = source_values[:, :count], target_values[:, :count]
    gain, lift, errors = np.ones(3), np.empty(3), np.empty(count)
    for c in range(3):
        lift[c] = np.median(target_values[c] - source_values[c])
    for _ in range(2):
        for i in range(count):
            errors[i] = 0.0
            for c in range(3):
                errors[i] += abs(source_values[c, i] * gain[c] + lift[c] - target_values[c, i])
        inliers = errors <= np.median(errors)
        for c in range(3):
            gain[c], lift[c] = _line(source_values[c], target_values[c], inliers)
    exposure = np.empty((1, 256, 3), np.uint8)
    for level in range(256):
        for c in range(3):
            exposure[0, level, c] = min(max(np.rint(level * gain[c] + 255 * lift[c]), 0.0), 255.0)
    return exposure


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _line(source: Any, target: Any, inliers: Any) -> Any:
    count, source_mean, target_mean = 0, 0.0, 0.0
    for i in range(len(source)):
        if inliers[i]:
            count += 1
            source_mean += source[i]
            target_mean += target[i]
    source_mean, target_mean = source_mean / count, target_mean / count
    covariance, variance = 0.0, 0.0
    for i in range(len(source)):
        if inliers[i]:
            deviation = source[i] - source_mean
            covariance += deviation * (target[i] - target_mean)
            variance += deviation * deviation
    # Regularise the gain towards 1, since it is undetermined for a nearly constant channel.
    gain = min(max((covariance / count + 1e-3) / (variance / count + 1e-3), GAIN_RANGE[0]), GAIN_RANGE[1])
    return gain, min(max(target_mean - gain * source_mean, -MAX_LIFT), MAX_LIFT)


def fit_camera(flow: Floats, known: Bools) -> Doubles:
    """Fit an affine motion to the better half of the known pixels: float64 (3, 3), maps x to x + flow(x).

    Returns the identity if too few pixels are known. flow: float32 (h, w, 2) in pixels, x then y. known: bool (h, w).
    """
    every = max(1, min(known.shape) // POINTS_ALONG)
    return _camera(flow[::every, ::every].copy(), known[::every, ::every].copy(), every)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _camera(flow: Any, known: Any, every: int) -> Any:
    model, count = np.eye(3), 0
    height, width = known.shape
    places, displacements = np.empty((known.size, 3)), np.empty((known.size, 2))
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                places[count] = x * every, y * every, 1
                displacements[count] = flow[y, x, 0], flow[y, x, 1]
                count += 1
    if count < MIN_POINTS:
        return model
    moves, errors = np.zeros((3, 2)), np.empty(count)
    for axis in range(2):
        moves[2, axis] = np.median(displacements[:count, axis])
    for _ in range(3):
        for i in range(count):
            errors[i] = 0.0
            for axis in range(2):
                error = displacements[i, axis] - _predicted(places[i], moves, axis)
                errors[i] += error * error
        _solve(places, displacements, errors, max(np.median(errors), MIN_SQUARED_ERROR), moves)
    for axis in range(2):
        for k in range(3):
            model[axis, k] += moves[k, axis]
    return model


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _predicted(place: Any, moves: Any, axis: int) -> Any:
    return place[0] * moves[0, axis] + place[1] * moves[1, axis] + place[2] * moves[2, axis]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _solve(places: Any, displacements: Any, errors: Any, max_error: float, moves: Any) -> None:
    """Fit ``moves`` (3, 2), in place, to the points whose error is at most ``max_error``: normal equations."""
    # The small ridge term keeps the motion determined if all points are collinear.
    left, right = 1e-3 * np.eye(3), 1e-3 * moves
    for i in range(len(errors)):
        if errors[i] <= max_error:
            for j in range(3):
                for k in range(3):
                    left[j, k] += places[i, j] * places[i, k]
                for axis in range(2):
                    right[j, axis] += places[i, j] * displacements[i, axis]
    for j in range(3):
        for k in range(j + 1, 3):
            share = left[k, j] / left[j, j]
            left[k] -= share * left[j]
            right[k] -= share * right[j]
    for j in range(2, -1, -1):
        for axis in range(2):
            total = right[j, axis]
            for k in range(j + 1, 3):
                total -= left[j, k] * moves[k, axis]
            moves[j, axis] = total / left[j, j]
