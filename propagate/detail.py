"""Gives back the fine contrast that interpolation, voting and averaging take.

Each of these only ever lowers the energy of the finest band, and how much there should be is known: the key has it.
So the finest band is amplified, locally and within a bound, until its energy is the key's own at the place that
a pixel came from. Local energies instead of a histogram keep borders and flat areas as they are.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from propagate.bands import Band, in_bands

# Standard deviation in pixels of what counts as fine, and of the neighbourhood whose energy is compared.
FINE, AROUND = 1.0, 2.0
# Rows that the two blurs look at on each side.
COARSE_HALO, ENERGY_HALO = 4, 8
# Most that detail is amplified; more would show what is noise or a true difference of the two pictures.
MOST = 2.2
# Energy of a difference of a third of an 8-bit level: nothing is amplified in what is flat.
FLAT = F32((0.33 / 255) ** 2)


def coarse(picture: Floats) -> Floats:
    """The picture without its finest band, float32 (H, W, C)."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), FINE))


def energy(fine: Floats) -> Floats:
    """Local mean over space and channels of the square of a finest band (H, W, 3): float32 (H, W)."""
    squares = fine * fine
    mean = (squares[..., 0] + squares[..., 1] + squares[..., 2]) / F32(3)
    return np.asarray(cv2.GaussianBlur(mean, (0, 0), AROUND))


def energy_of(picture: Floats) -> Floats:
    """Energy of a picture's finest band, (H, W, 3): float32 (H, W)."""
    found = np.empty(picture.shape[:2], F32)

    def work(band: Band) -> None:
        seen = picture[band.wide]
        found[band.own] = energy(seen - coarse(seen))[band.inner]

    in_bands(work, picture.shape, COARSE_HALO + ENERGY_HALO)
    return found


def lerp(one: Floats, other: Floats, share: Floats) -> Floats:
    """``one`` where share is 0, ``other`` where it is 1; float32, of shapes that broadcast."""
    return np.asarray(one + share * (other - one), F32)


def restore(picture: Floats, wanted: Floats) -> Floats:
    """``picture`` with its finest band raised to the local energy ``wanted``, and never lowered.

    picture: float32 (H, W, 3) in [0, 1]; wanted: float32 (H, W), see ``energy``. Returns float32 (H, W, 3) in [0, 1].
    """
    raised = np.empty_like(picture)

    def work(band: Band) -> None:
        raised[band.own] = _restore(picture[band.wide], wanted[band.wide])[band.inner]

    in_bands(work, picture.shape, COARSE_HALO + ENERGY_HALO)
    return raised


def _restore(picture: Floats, wanted: Floats) -> Floats:
    smooth = coarse(picture)
    fine = picture - smooth
    gain = np.sqrt((wanted + FLAT) / (energy(fine) + FLAT))
    fine *= np.clip(gain, 1, MOST)[..., None]
    fine += smooth
    return np.clip(fine, 0, 1, out=fine)
