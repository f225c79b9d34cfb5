"""How much a codec's blocks show in a picture (after Wang, Bovik and Evans, "Blind measurement of blocking artifacts in
images", ICIP 2000): steps at every eighth line against steps between the others."""

import numpy as np

from masks.arrays import Floats

# Side of a block, and the ratio that pictures which were never compressed have at most.
SIDE, USUAL = 8, 1.08


def blockiness(picture: Floats) -> float:
    """0 where no blocks show, about 0.1 at a JPEG's quality of 75 and 0.5 at 30. picture: float32 (H, W, 3)."""
    grey = picture.mean(axis=-1)
    return max(0.0, min(_ratio(grey), _ratio(grey.T)) - USUAL)


def _ratio(grey: Floats) -> float:
    """Of the lines at which steps are largest, wherever a crop has put them, to the others."""
    if grey.shape[0] <= 2 * SIDE:
        return 0.0
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    phases = sorted(float(steps[first::SIDE].mean()) for first in range(SIDE))
    others = sum(phases[:-1]) / (SIDE - 1)
    return phases[-1] / others if others > 0 else 0.0
