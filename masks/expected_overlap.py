"""Overlap that a tracked matte can be expected to have with the true one.

Nobody knows the truth during tracking, but a tracker that errs disagrees with itself: what it observes in a frame
leaves the shape that the painted matte predicts. The overlap is lost by such disagreement over the last frames, by all
that has accumulated where the painted frame no longer explains what is inside, and by the length of the border, which
is never exact. The weights were fitted to footage with masks painted by people, and judged on clips that were left out
of the fit; see docs/benchmarks.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import U8, Floats

# Loss of the logarithm of the overlap for disagreement over the last frames, 0..1; for the sum of it, 0 and up, where
# the key explains nothing; and for a border of as many pixels as the area.
RECENT_LOSS, DRIFT_LOSS, BORDER_LOSS = 0.56, 0.033, 0.136
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


def expected_overlap(matte: Floats, coverage: float, disagreement: Disagreement) -> float:
    """Expected intersection over union with the true matte, 0..1; 0 for an empty matte, because it gives no evidence.

    matte: float32 (H, W) in [0, 1]. coverage: 0..1, fraction of the inside that matches the key. disagreement: of this
    and all former frames.
    """
    inside = (matte > 0.5).astype(U8)
    area = int(inside.sum())
    if area == 0 or not disagreement.recent:
        return float(area > 0)
    # The gradient has a pixel on either side of the border.
    border = int(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), U8)).sum()) / 2
    loss = RECENT_LOSS * sum(disagreement.recent) / len(disagreement.recent)
    loss += DRIFT_LOSS * (1 - coverage) * disagreement.total + BORDER_LOSS * min(border / area, 1)
    return float(np.exp(-loss))
