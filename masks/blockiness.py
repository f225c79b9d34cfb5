"""Visibility of a codec's blocks (after Wang, Bovik and Evans, "Blind measurement of blocking artifacts in images",
ICIP 2000): differences across every eighth line against those across the others."""

import numpy as np

from masks.arrays import Floats

# Side of a block in pixels, and the highest ratio of pictures that were never compressed.
SIDE, USUAL = 8, 1.08


def blockiness(picture: Floats) -> float:
    """Strength of blocking: 0 for none, about 0.1 for JPEG quality 75 and 0.5 for 30. picture: float32 (H, W, 3)."""
    grey = picture.mean(axis=-1)
    return max(0.0, min(_ratio(grey), _ratio(grey.T)) - USUAL)


def _ratio(grey: Floats) -> float:
    """Ratio of the differences across the strongest set of lines, wherever a crop has put it, to the others."""
    if grey.shape[0] <= 2 * SIDE:
        return 0.0
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    phases = sorted(float(steps[first::SIDE].mean()) for first in range(SIDE))
    others = sum(phases[:-1]) / (SIDE - 1)
    return phases[-1] / others if others > 0 else 0.0
