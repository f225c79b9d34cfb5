"""Filter flicker: small differences to the previous frame that the plate does not explain.

The patches of each frame are chosen independently, and the warped key is resampled at another sub-pixel position, so
that a moving surface shimmers by a few levels even if nothing else changes. A recursive filter along the motion reduces
this, as in Lang, Wang, Aydin, Smolic and Gross, "Practical temporal consistency for image-based graphics applications",
ACM TOG 2012. It is weak and acts only on differences that noise could explain, so that it causes neither lag nor
ghosts.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Floats
from propagate.detail import lerp

# Weight of the previous frame where the two agree, and the difference (mean over channels) at which it reaches 0.
MAX_WEIGHT, MAX_DIFFERENCE = F32(0.35), F32(0.05)
# Rows that are read on each side.
HALO = 4


def filter_flicker(colour: Floats, previous: Floats, visible: Bools) -> Floats:
    """Filter ``colour`` towards ``previous`` where both nearly agree: float32 (H, W, 3).

    previous: float32 (H, W, 3), the previous frame, warped to this one. visible: bool (H, W), where the previous frame
    shows the same surface.
    """
    differences = np.abs(colour - previous)
    mean = (differences[..., 0] + differences[..., 1] + differences[..., 2]) / F32(3)
    difference = cv2.GaussianBlur(mean, (0, 0), 1.0)
    weight = MAX_WEIGHT * np.clip(1 - difference / MAX_DIFFERENCE, 0, 1) * visible
    return lerp(colour, previous, weight[..., None])
