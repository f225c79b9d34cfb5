"""Blend the two passes of a frame: average where they agree, choose where they differ.

Averaging misaligned pictures gives ghosts, and averaging misaligned textures blurs them. Choosing one side everywhere
gives visible seams and jumps in time. The odds of each side follow from its error and its distance in time. They are
sharpened where the two sides differ, and sharpened further for the finest band, where averaging does most harm (Burt
and Adelson, "A multiresolution spline", ACM TOG 1983). Contrast that averaging still loses is restored.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Floats, Pixels
from propagate.bands import Band, for_each_band
from propagate.detail import ENERGY_HALO, lerp, local_energy, low_pass, restore_detail

# Mean absolute difference over channels, 0..1: the sides agree below the first, and differ above the second.
AGREE, DIFFER = F32(0.02), F32(0.10)
# Exponent of the odds where the two sides differ. Between the two limits it grows with the cube of the difference,
# because shimmering paint differs moderately everywhere, and is averaged.
MAX_EXPONENT = F32(4)
# Slope of the weight of the finest band at equal odds, relative to that of the rest.
FINE_SLOPE = F32(2.5)
# Error (mean squared difference) that is added to both sides, so that negligible errors do not decide.
ERROR_FLOOR = F32(5e-5)
# Exponent of the distance in time. Below 1, so that a distant key still contributes where it fits. Its weight still
# reaches 0 at the other key.
DISTANCE_EXPONENT = 0.35
# Rows that a blur of sigma 1 reads on each side.
BLUR_HALO = 4


def blend(
    forward: Pixels, forward_error: Pixels, backward: Pixels, backward_error: Pixels, t: float
) -> tuple[Floats, Floats, Floats]:
    """Blend two stylised versions of a frame.

    Returns the frame (H, W, 3), its error (H, W) and the weight of the backward pass (H, W), all float32.

    forward, backward: (H, W, 3), float32 in [0, 1] or uint16. Their errors: float32 or float16 (H, W), see
    ``synthesis.StylisedFrame``. t: position in time between the keys, 0 at the left, 1 at the right. Raises ValueError
    outside that range.
    """
    if not 0 <= t <= 1:
        raise ValueError(f"t must be between 0 (left key) and 1 (right key), not {t}")
    size = forward.shape[:2]
    blended, target_energy, weight = np.empty((*size, 3), F32), np.empty(size, F32), np.empty(size, F32)
    error = np.empty(size, F32)

    def work(band: Band) -> None:
        forward_rows, backward_rows = (_to_float(picture[band.with_halo]) for picture in (forward, backward))
        errors = forward_error[band.with_halo].astype(F32), backward_error[band.with_halo].astype(F32)
        band_results = _blend_rows(forward_rows, backward_rows, *errors, t)
        for result, band_result in zip((blended, target_energy, error, weight), band_results, strict=True):
            result[band.rows] = band_result[band.interior]

    for_each_band(work, size, max(2 * BLUR_HALO, BLUR_HALO + ENERGY_HALO))
    return restore_detail(blended, target_energy), error, weight


def _to_float(picture: Pixels) -> Floats:
    return picture.astype(F32) / F32(65535) if picture.dtype == np.uint16 else picture


def _blend_rows(
    forward: Floats, backward: Floats, forward_error: Floats, backward_error: Floats, t: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the blend before its contrast is restored, the target energy of its finest band, its error, its weight."""
    weight = _backward_weight(forward, forward_error, backward, backward_error, t)
    low = low_pass(forward), low_pass(backward)
    fine = forward - low[0], backward - low[1]
    fine_weight = np.clip(FINE_SLOPE * (weight - F32(0.5)) + F32(0.5), 0, 1)
    blended = lerp(*low, weight[..., None]) + lerp(*fine, fine_weight[..., None])
    target_energy = lerp(local_energy(fine[0]), local_energy(fine[1]), weight)
    return blended, target_energy, lerp(forward_error, backward_error, weight), weight


def _backward_weight(
    forward: Floats, forward_error: Floats, backward: Floats, backward_error: Floats, t: float
) -> Floats:
    left_odds = F32((1 - t) ** DISTANCE_EXPONENT) * (_blur(backward_error) + ERROR_FLOOR)
    right_odds = F32(t**DISTANCE_EXPONENT) * (_blur(forward_error) + ERROR_FLOOR)
    differences = np.abs(forward - backward)
    difference = _blur((differences[..., 0] + differences[..., 1] + differences[..., 2]) / F32(3))
    apart = np.clip((difference - AGREE) / (DIFFER - AGREE), 0, 1)
    exponent = 1 + (MAX_EXPONENT - 1) * apart * apart * apart
    total = left_odds + right_odds
    right_power, left_power = (right_odds / total) ** exponent, (left_odds / total) ** exponent
    return np.asarray(cv2.GaussianBlur(right_power / (right_power + left_power), (0, 0), 1.0), F32)


def _blur(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.0))
