"""Likeness of a tracked subject's colours to those of the painted one, and to those around it.

A matte that has slipped onto the background has other colours than the painted subject. Where a subject looks like its
surroundings, an observation that disagrees with the expected shape is more likely to be wrong. Colour histograms are
compared by the Bhattacharyya coefficient, as in Comaniciu, Ramesh and Meer, "Kernel-based object tracking", PAMI 2003.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import U8, Bytes, Floats
from masks.colour_model import colour_histogram

# Width in pixels of the surroundings of a matte.
SURROUNDINGS = 12


@dataclass(frozen=True)
class Appearance:
    """Likeness of the inside's colours, 0..1: to those of the painted inside, and to those of its surroundings. 1 and 0
    if nothing is inside."""

    to_key: float
    to_surroundings: float


def appearance(picture: Bytes, matte: Floats, key: Floats) -> Appearance:
    """Compare the colours of a matte's inside. picture: uint8 (H, W, 3). matte: float32 (H, W) in [0, 1]. key: colours
    of the painted inside, from ``colour_histogram``."""
    inside = (matte > 0.5).astype(U8)
    if not inside.any():
        return Appearance(1.0, 0.0)
    side = 2 * SURROUNDINGS + 1
    around = cv2.dilate(inside, np.ones((side, side), U8)) - inside
    colours, other = (colour_histogram(picture, one.astype(np.float32)) for one in (inside, around))
    return Appearance(_likeness(colours, key), _likeness(colours, other))


def _likeness(one: Floats, other: Floats) -> float:
    """Bhattacharyya coefficient of two histograms, 0..1; 0 if one is empty."""
    return float(min(np.sqrt(one * other).sum(dtype=np.float64), 1.0))
