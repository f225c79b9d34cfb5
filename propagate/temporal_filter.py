"""Takes out of a frame what flickers: small differences from the frame before that nothing in the plate explains.

Each frame's patches are chosen anew, and the warped key is read at another part of a pixel, so that a surface
shimmers by a few levels though it only moves. A recursive filter along the motion, as of Lang, Wang, Aydin, Smolic and
Gross, "Practical temporal consistency for image-based graphics applications", ACM TOG 2012, calms that. It is weak and
heeds only what cannot be told from chance, so that nothing lags and nothing leaves a ghost.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Floats
from propagate.detail import lerp

# Share of the frame before where the two agree; and the difference, mean over channels, from which on it has none.
SHARE, APART = F32(0.35), F32(0.05)
# Rows that are looked at on each side.
HALO = 4


def steady(colour: Floats, former: Floats, seen: Bools) -> Floats:
    """``colour`` drawn towards ``former`` where both nearly agree: float32 (H, W, 3).

    former: float32 (H, W, 3), the frame before, moved to where its things are now. seen: bool (H, W), where it shows
    what this one does.
    """
    differences = np.abs(colour - former)
    mean = (differences[..., 0] + differences[..., 1] + differences[..., 2]) / F32(3)
    apart = cv2.GaussianBlur(mean, (0, 0), 1.0)
    share = SHARE * np.clip(1 - apart / APART, 0, 1) * seen
    return lerp(colour, former, share[..., None])
