"""Gives back the fine contrast that interpolation, voting and averaging take.

Each of these only ever lowers the energy of the finest band, and how much there should be is known: the key has it.
So the finest band is amplified, locally and within a bound, until its energy is the key's own at the place that
a pixel came from. Local energies instead of a histogram keep borders and flat areas as they are.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Floats

# Standard deviation in pixels of what counts as fine, and of the neighbourhood whose energy is compared.
FINE, AROUND = 1.0, 2.0
# Most that detail is amplified; more would show what is noise or a true difference of the two pictures.
MOST = 2.2
# Energy of a difference of a third of an 8-bit level: nothing is amplified in what is flat.
FLAT = F32((0.33 / 255) ** 2)


def coarse(picture: Floats) -> Floats:
    """The picture without its finest band, float32 (H, W, C)."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), FINE))


def energy(fine: Floats) -> Floats:
    """Local mean over space and channels of the square of a finest band (H, W, 3): float32 (H, W)."""
    return np.asarray(cv2.GaussianBlur((fine * fine).mean(axis=-1), (0, 0), AROUND))


def lerp(one: Floats, other: Floats, share: Floats) -> Floats:
    """``one`` where share is 0, ``other`` where it is 1."""
    return np.asarray(one + share * (other - one), F32)


def restore(picture: Floats, wanted: Floats) -> Floats:
    """``picture`` with its finest band raised to the local energy ``wanted``, and never lowered.

    picture: float32 (H, W, 3) in [0, 1]; wanted: float32 (H, W), see ``energy``. Returns float32 (H, W, 3) in [0, 1].
    """
    smooth = coarse(picture)
    fine = picture - smooth
    gain = np.sqrt((wanted + FLAT) / (energy(fine) + FLAT))
    return np.clip(smooth + np.clip(gain, 1, MOST)[..., None] * fine, 0, 1)
