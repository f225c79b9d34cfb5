"""Restore the fine contrast that interpolation, voting and averaging remove.

Each of these lowers the energy of the finest band, and the key gives the energy to restore. The finest band is
amplified locally, within a bound, until its energy equals that of the key where the pixel comes from. Unlike histogram
matching, matching local energies leaves borders and flat areas unchanged.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from propagate.bands import Band, for_each_band

# Standard deviations in pixels of the low pass below the finest band, and of the window of local energies.
FINE_SIGMA, ENERGY_SIGMA = 1.0, 2.0
# Rows that the two blurs read on each side.
LOW_PASS_HALO, ENERGY_HALO = 4, 8
# Maximum gain; more would amplify noise, or true differences of the two pictures.
MAX_GAIN = 2.2
# Energy of a third of an 8-bit level, below which an area counts as flat and is not amplified.
FLAT_ENERGY = F32((0.33 / 255) ** 2)


def low_pass(picture: Floats) -> Floats:
    """Low-pass a picture (H, W, C), removing its finest band: float32 (H, W, C)."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), FINE_SIGMA))


def local_energy(fine: Floats) -> Floats:
    """Local energy of a finest band (H, W, 3), the mean square over space and channels: float32 (H, W)."""
    squares = fine * fine
    mean = (squares[..., 0] + squares[..., 1] + squares[..., 2]) / F32(3)
    return np.asarray(cv2.GaussianBlur(mean, (0, 0), ENERGY_SIGMA))


def detail_energy(picture: Floats) -> Floats:
    """Compute the local energy of the finest band of a picture (H, W, 3): float32 (H, W)."""
    result = np.empty(picture.shape[:2], F32)

    def work(band: Band) -> None:
        rows = picture[band.with_halo]
        result[band.rows] = local_energy(rows - low_pass(rows))[band.interior]

    for_each_band(work, picture.shape, LOW_PASS_HALO + ENERGY_HALO)
    return result


def lerp(a: Floats, b: Floats, weight: Floats) -> Floats:
    """Interpolate linearly: ``a`` where the weight is 0, ``b`` where it is 1; float32, of shapes that broadcast."""
    return np.asarray(a + weight * (b - a), F32)


def restore_detail(picture: Floats, target_energy: Floats) -> Floats:
    """Raise the finest band of a picture to a local energy; never lower it.

    picture: float32 (H, W, 3) in [0, 1]. target_energy: float32 (H, W); see ``local_energy``. Returns float32 (H, W, 3)
    in [0, 1].
    """
    restored = np.empty_like(picture)

    def work(band: Band) -> None:
        restored[band.rows] = _restore_rows(picture[band.with_halo], target_energy[band.with_halo])[band.interior]

    for_each_band(work, picture.shape, LOW_PASS_HALO + ENERGY_HALO)
    return restored


def _restore_rows(picture: Floats, target_energy: Floats) -> Floats:
    low = low_pass(picture)
    fine = picture - low
    gain = np.sqrt((target_energy + FLAT_ENERGY) / (local_energy(fine) + FLAT_ENERGY))
    fine *= np.clip(gain, 1, MAX_GAIN)[..., None]
    fine += low
    return np.clip(fine, 0, 1, out=fine)
