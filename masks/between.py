"""Mixes what two painted mattes say of a frame between them: averaged where they agree, chosen where they differ.

A side on which nothing was inside is no opinion on a shape: it counts where it shows what the frame shows.
"""

import cv2
import numpy as np

from masks.arrays import F32, Floats
from masks.track import Tracked

# Power on the odds: the nearer and the surer one decides.
SHARPNESS = 3
# Certainty of a pixel that nothing is known of.
LEAST = F32(0.05)
# Confidence of a clean plate, where it shows what the frame shows.
CLEAN = 0.95


def between(forward: Tracked, backward: Tracked, nearness: float) -> Tracked:
    """The mixed matte. nearness: 0 at the key before, 1 at the one behind.

    Confidence is the mixture's, less where the two do not agree. Raises ValueError for two frames or another nearness.
    """
    if forward.frame != backward.frame or not 0 <= nearness <= 1:
        raise ValueError(
            f"expected one frame and a nearness from 0 to 1, not {forward.frame}, {backward.frame}, {nearness}"
        )
    left = _said(forward, 1 - nearness)
    right = _said(backward, nearness)
    share = right / (left + right)
    matte = forward.matte + share * (backward.matte - forward.matte)
    certainty = forward.certainty + share * (backward.certainty - forward.certainty)
    if forward.absent != backward.absent:
        there, gone, chosen = (backward, forward, 1 - share) if forward.absent else (forward, backward, share)
        if (there.matte > 0).any():
            told = _decided(there, gone, chosen)
            return Tracked(forward.frame, np.clip(matte, 0, 1), certainty, told)
    weight = float(share.mean())
    confidence = (1 - weight) * forward.confidence + weight * backward.confidence
    agreed = _agreement(forward.matte, backward.matte)
    # Two that were carried apart and say the same are right more often than either.
    confidence = 1 - (1 - confidence) * (2 - agreed) / 2 if agreed > 0.9 else confidence * agreed
    absent = forward.absent and backward.absent
    return Tracked(forward.frame, np.clip(matte, 0, 1), certainty, confidence, absent)


def _decided(there: Tracked, gone: Tracked, chosen: Floats) -> float:
    """The confidence where one side has nothing inside: of what the other has, each pixel's is that of the side that
    decides it. chosen: float32 (H, W), 0..1, how much the side with nothing does."""
    sure = there.confidence + chosen * (gone.certainty - F32(there.confidence))
    return float(np.clip((sure * there.matte).sum() / there.matte.sum(), 0, 1))


def _said(side: Tracked, nearness: float) -> Floats:
    """How much a side counts at each pixel, above 0."""
    certain = cv2.GaussianBlur(side.certainty, (0, 0), 2.0) + LEAST
    # By its odds: expected overlaps differ little in figures, and much in what is wrong.
    confidence = CLEAN if side.absent else side.confidence
    odds = np.sqrt((confidence + 0.05) / (1.1 - confidence))
    return np.asarray((F32(nearness + 1e-3) * F32(odds) * certain) ** SHARPNESS, F32)


def _agreement(one: Floats, other: Floats) -> float:
    """Intersection over union."""
    either = float(np.maximum(one, other).sum())
    return float(np.minimum(one, other).sum()) / either if either > 0 else 1.0
