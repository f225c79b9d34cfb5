"""Overlap that a tracked matte can be expected to have with the true one.

Nobody knows the truth during tracking, but a tracker that errs disagrees with itself: what it observes in a frame
leaves the shape that the painted matte predicts. Disagreement is harmless where the subject stands out from its
surroundings, because the observation is then right; it costs overlap where both look alike, and more so the longer it
has lasted, or where the border is long for the area. Overlap is also lost by colours that the painted subject does not
have, by a change of size, and by the length of the border, which is never exact. The weights were fitted to footage
with masks painted by people, and judged on clips that were left out of the fit; see docs/benchmarks.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.appearance import Appearance
from masks.arrays import U8, Bytes, Floats

# Loss of the logarithm of the overlap: for disagreement over the last frames, 0..1, if inside and surroundings have the
# same colours; for that times the sum of all disagreement since the key; for colours unlike those of the key, beyond
# the usual; for a size that changes by a factor of e; for a border of as many pixels as the area, always and times the
# disagreement over the last frames.
RECENT_LOSS, LASTING_LOSS, COLOUR_LOSS, SIZE_LOSS = 0.67, 0.056, 7.3, 0.08
BORDER_LOSS, SHIFTED_BORDER_LOSS = 0.3, 1.0
# Unlikeness to the colours of the key that light and turning change.
USUAL_CHANGE = 0.25
# Frames over which disagreement is averaged.
RECENT = 5


@dataclass(frozen=True)
class Disagreement:
    """Disagreement of observed mattes with predicted shapes since the key. recent: of the last frames, 0..1 each.
    total: their sum over all frames."""

    recent: tuple[float, ...] = ()
    total: float = 0.0

    def after(self, overlap: float) -> "Disagreement":
        """Add a frame, with the overlap of its observed matte and its predicted shape, 0..1."""
        return Disagreement((*self.recent, 1 - overlap)[-RECENT:], self.total + 1 - overlap)


def expected_overlap(matte: Floats, key_area: float, looks: Appearance, disagreement: Disagreement) -> float:
    """Expected intersection over union with the true matte, 0..1; 0 for an empty matte, because it gives no evidence.

    matte: float32 (H, W) in [0, 1]. key_area: pixels inside the painted matte. looks: of this frame. disagreement: of
    this and all former frames.
    """
    inside = (matte > 0.5).astype(U8)
    area = int(inside.sum())
    if area == 0 or not disagreement.recent:
        return float(area > 0)
    # The gradient has a pixel on either side of the border.
    border = int(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), U8)).sum()) / 2
    recent = sum(disagreement.recent) / len(disagreement.recent)
    loss = looks.to_surroundings * recent * (RECENT_LOSS + LASTING_LOSS * disagreement.total)
    loss += COLOUR_LOSS * max(1 - looks.to_key - USUAL_CHANGE, 0)
    loss += SIZE_LOSS * _change_of_size(inside, area / max(key_area, 1))
    loss += min(border / area, 1) * (BORDER_LOSS + SHIFTED_BORDER_LOSS * recent)
    return float(np.exp(-loss))


def _change_of_size(inside: Bytes, ratio: float) -> float:
    """Logarithm of the change of size, 0 and up. A subject that shrinks at the border of the picture leaves it, which
    costs nothing."""
    leaves = bool(inside[0].any() or inside[-1].any() or inside[:, 0].any() or inside[:, -1].any())
    return 0.0 if leaves and ratio < 1 else float(abs(np.log(ratio)))
