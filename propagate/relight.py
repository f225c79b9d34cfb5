"""Compensate for lighting changes in a plate, so that they do not make the look flash.

Patch search and warp confidence rely on the plate's colours. Flickering lamps, clouds and flashes change all of them at
once. A plate is therefore matched to the lighting of the key's plate by a gain and an offset for each channel, fitted
where the flow is valid, so that both show the same surface.
"""

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.light import lattice_samples

# Rounds of the robust fit; outliers are beyond this many medians of the residual, and at least this many levels.
FIT_ROUNDS, OUTLIER_MEDIANS, MIN_OUTLIER = 4, 3.0, 2.0
# Minimum share of the frame and minimum correlation for a fit. Clipped whites and blacks are ignored.
MIN_SHARE, MIN_CORRELATION, WHITE, BLACK = 0.05, 0.8, 250, 4
# Range of plausible gains; then the changes of gain, and in 8-bit levels, that cannot be distinguished from grain.
MIN_GAIN, MAX_GAIN, GAIN_TOLERANCE, LEVEL_TOLERANCE = 0.2, 5.0, 0.02, 1.5


def relight(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> Bytes:
    """Match the lighting of ``plate`` to ``key_plate``: uint8 (H, W, 3), ``plate`` itself if no change is found.

    flow, valid: composed flow to the key, on the grid of ``plate``.
    """
    plate_samples, key_samples, usable = _samples(plate, key_plate, flow, valid)
    if usable.mean() < MIN_SHARE:
        return plate
    plate_values, key_values = plate_samples[usable].astype(F32), key_samples[usable].astype(F32)
    fits = [fit_gain(plate_values[:, channel], key_values[:, channel]) for channel in range(3)]
    if all(is_negligible(*gain_offset) for gain_offset in fits):
        return plate
    levels = np.arange(256, dtype=F32)
    table = np.stack([np.clip(levels * F32(gain) + F32(offset + 0.5), 0, 255) for gain, offset in fits], axis=-1)
    return np.asarray(cv2.LUT(plate, table.astype(U8)[None]))


def _samples(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> tuple[Bytes, Bytes, Bools]:
    """Pixels of the plate on a regular lattice, those of the key that they come from, and a mask of the usable ones."""
    plate_samples, key_samples, known = lattice_samples(plate, key_plate, flow, valid)
    brightest = plate_samples.max(axis=-1)
    usable = known & (brightest < WHITE) & (brightest > BLACK) & (key_samples.max(axis=-1) < WHITE)
    return plate_samples, key_samples, usable


def fit_gain(source: Floats, target: Floats) -> tuple[float, float]:
    """Fit gain and offset that map ``source`` to ``target``, both float32 (N,) in 0..255; 1 and 0 if nothing fits.

    The gain is the ratio of standard deviations: a regression would be biased by grain. Outliers are excluded.
    """
    inliers = np.ones(len(source), bool)
    gain, offset, correlation = 1.0, 0.0, 0.0
    for _ in range(FIT_ROUNDS):
        x, y = source[inliers], target[inliers]
        mean = x.mean(), y.mean()
        x -= mean[0]
        y -= mean[1]
        deviation = float(np.sqrt((x * x).mean())), float(np.sqrt((y * y).mean()))
        if min(deviation) < 1:
            return 1.0, 0.0
        correlation = float((x * y).mean()) / (deviation[0] * deviation[1])
        gain = deviation[1] / deviation[0]
        offset = float(mean[1]) - gain * float(mean[0])
        residual = np.abs(F32(gain) * source + F32(offset) - target)
        inliers = residual <= max(OUTLIER_MEDIANS * float(np.median(residual)), MIN_OUTLIER)
    plausible = correlation >= MIN_CORRELATION and MIN_GAIN <= gain <= MAX_GAIN
    return (gain, offset) if plausible else (1.0, 0.0)


def is_negligible(gain: float, offset: float) -> bool:
    """Return whether a lighting change cannot be distinguished from grain at any level."""
    return abs(gain - 1) < GAIN_TOLERANCE and abs(offset) < LEVEL_TOLERANCE + 128 * GAIN_TOLERANCE
