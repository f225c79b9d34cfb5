"""Fits that the worse half of the points cannot spoil: the exposure between two pictures, and the camera's motion.

Least squares over the half that fits best, a few times over (as least trimmed squares concentrates: Rousseeuw and Van
Driessen, 2006). In compiled loops, as there are some hundred points only, and many fits for a frame.
"""

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from propagate.arrays import U8, Bools, Bytes, Floats

Doubles = NDArray[np.float64]
Lights = Bytes  # (1, 256, 3): what each level of a channel becomes

# Exposure may drift this far and still be the same picture; beyond it a light was switched.
GAINS = (0.5, 2.0)
LIFT = 0.2
# Every so many pixels are looked at, both ways; and at least this share of those must be known, or all are.
EVERY, KNOWN = 4, 0.1

# Points along the shorter side of a picture that the camera's motion is told from, and how many there must be.
ALONG, FEWEST = 15, 12
# Pixels squared that a point may be off in any case.
NEAR = 0.03


def no_light() -> Lights:
    """Every level stays what it is."""
    return np.repeat(np.arange(256, dtype=U8)[None, :, None], 3, axis=2)


def fit_exposure(shown: Bytes, picture: Bytes, known: Bools) -> Lights:
    """The gain and the lift per channel that fit the better half of the pixels known to agree, as a table.

    shown, picture: uint8 (h, w, 3), what is to look like the other, and the other. known: bool (h, w).
    """
    trusted = known[1::EVERY, 1::EVERY]
    if trusted.size == 0 or np.count_nonzero(trusted) / trusted.size < KNOWN:
        trusted = np.ones_like(trusted)
    if not trusted.size:
        return no_light()
    return _exposure(shown[1::EVERY, 1::EVERY], picture[1::EVERY, 1::EVERY], trusted)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _exposure(shown: Any, picture: Any, trusted: Any) -> Any:
    height, width = trusted.shape
    some, aim = np.empty((3, trusted.size)), np.empty((3, trusted.size))
    count = 0
    for y in range(height):
        for x in range(width):
            if trusted[y, x]:
                for c in range(3):
                    some[c, count], aim[c, count] = shown[y, x, c] / 255, picture[y, x, c] / 255
                count += 1
    some, aim = some[:, :count], aim[:, :count]
    gain, lift, miss = np.ones(3), np.empty(3), np.empty(count)
    for c in range(3):
        lift[c] = np.median(aim[c] - some[c])
    for _ in range(2):
        for i in range(count):
            miss[i] = 0.0
            for c in range(3):
                miss[i] += abs(some[c, i] * gain[c] + lift[c] - aim[c, i])
        near = miss <= np.median(miss)
        for c in range(3):
            gain[c], lift[c] = _line(some[c], aim[c], near)
    light = np.empty((1, 256, 3), np.uint8)
    for level in range(256):
        for c in range(3):
            light[0, level, c] = min(max(np.rint(level * gain[c] + 255 * lift[c]), 0.0), 255.0)
    return light


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _line(some: Any, aim: Any, near: Any) -> Any:
    count, middle, wanted = 0, 0.0, 0.0
    for i in range(len(some)):
        if near[i]:
            count += 1
            middle += some[i]
            wanted += aim[i]
    middle, wanted = middle / count, wanted / count
    mixed, square = 0.0, 0.0
    for i in range(len(some)):
        if near[i]:
            apart = some[i] - middle
            mixed += apart * (aim[i] - wanted)
            square += apart * apart
    # Where a channel hardly varies its gain is anything: it is drawn to 1.
    gain = min(max((mixed / count + 1e-3) / (square / count + 1e-3), GAINS[0]), GAINS[1])
    return gain, min(max(wanted - gain * middle, -LIFT), LIFT)


def fit_camera(flow: Floats, known: Bools) -> Doubles:
    """The affine motion that most of the known pixels follow: float64 (3, 3), x of the one to x of the other.

    flow: float32 (h, w, 2), in pixels, x then y. known: bool (h, w). No motion where hardly any is known.
    """
    every = max(1, min(known.shape) // ALONG)
    return _camera(flow[::every, ::every], known[::every, ::every], every)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _camera(flow: Any, known: Any, every: int) -> Any:
    model, count = np.eye(3), 0
    height, width = known.shape
    places, wanted = np.empty((known.size, 3)), np.empty((known.size, 2))
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                places[count] = x * every, y * every, 1
                wanted[count] = flow[y, x, 0], flow[y, x, 1]
                count += 1
    if count < FEWEST:
        return model
    moves, miss = np.zeros((3, 2)), np.empty(count)
    for axis in range(2):
        moves[2, axis] = np.median(wanted[:count, axis])
    for _ in range(3):
        for i in range(count):
            miss[i] = 0.0
            for axis in range(2):
                off = wanted[i, axis] - _led(places[i], moves, axis)
                miss[i] += off * off
        _solve(places, wanted, miss, max(np.median(miss), NEAR), moves)
    for axis in range(2):
        for k in range(3):
            model[axis, k] += moves[k, axis]
    return model


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _led(place: Any, moves: Any, axis: int) -> Any:
    return place[0] * moves[0, axis] + place[1] * moves[1, axis] + place[2] * moves[2, axis]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _solve(places: Any, wanted: Any, miss: Any, most: float, moves: Any) -> None:
    """Least squares over the points that miss by ``most`` at most, into ``moves``: normal equations, eliminated."""
    # A trace of ridge: points on one line would leave the rest of the motion open.
    left, right = 1e-3 * np.eye(3), 1e-3 * moves
    for i in range(len(miss)):
        if miss[i] <= most:
            for j in range(3):
                for k in range(3):
                    left[j, k] += places[i, j] * places[i, k]
                for axis in range(2):
                    right[j, axis] += places[i, j] * wanted[i, axis]
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
