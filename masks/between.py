"""Fusion of two mattes of one frame, tracked forward and backward from the painted mattes on its two sides.

Mattes that agree are averaged; where they differ, the more confident one wins. A matte tracked from a clean plate has
no opinion on shape: it counts only where the frame matches the clean plate.
"""

import cv2
import numpy as np

from masks.arrays import F32, Floats
from masks.track import Tracked

# Exponent of the weights: the nearer and more confident side decides.
SHARPNESS = 3
# Confidence of a pixel without any evidence.
LEAST = F32(0.05)
# Confidence of a clean plate where the frame matches it.
CLEAN = 0.95


def between(forward: Tracked, backward: Tracked, nearness: float) -> Tracked:
    """Fuse two tracked mattes of one frame.

    nearness: 0 at the previous key, 1 at the next one. The confidence of the result is the weighted mean of the two,
    raised where they agree and lowered where they differ. Raises ValueError for two frames or a nearness beyond 0..1.
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
    # Two independent tracks that agree are right more often than either.
    confidence = 1 - (1 - confidence) * (2 - agreed) / 2 if agreed > 0.9 else confidence * agreed
    absent = forward.absent and backward.absent
    return Tracked(forward.frame, np.clip(matte, 0, 1), certainty, confidence, absent)


def _decided(there: Tracked, gone: Tracked, chosen: Floats) -> float:
    """Confidence of a fused frame where one side is a clean plate: the mean over the other side's matte.

    Each pixel has the confidence of the side that decides it.
    chosen: float32 (H, W), 0..1, weight of the clean plate.
    """
    sure = there.confidence + chosen * (gone.certainty - F32(there.confidence))
    return float(np.clip((sure * there.matte).sum() / there.matte.sum(), 0, 1))


def _said(side: Tracked, nearness: float) -> Floats:
    """Weight of one side at each pixel: float32 (H, W), above 0. nearness: 1 at the side's own key, 0 at the other."""
    certain = cv2.GaussianBlur(side.certainty, (0, 0), 2.0) + LEAST
    # As odds, because expected overlaps that differ little in value differ much in their error.
    confidence = CLEAN if side.absent else side.confidence
    odds = np.sqrt((confidence + 0.05) / (1.1 - confidence))
    return np.asarray((F32(nearness + 1e-3) * F32(odds) * certain) ** SHARPNESS, F32)


def _agreement(one: Floats, other: Floats) -> float:
    """Soft intersection over union, 0..1; 1 for two empty mattes."""
    either = float(np.maximum(one, other).sum())
    return float(np.minimum(one, other).sum()) / either if either > 0 else 1.0
