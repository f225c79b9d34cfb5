"""Fusion of two mattes of one frame, tracked forward and backward from the painted mattes on its two sides.

Mattes that agree are averaged; where they differ, the more confident one wins, with a preference for the inside: a
tracked matte loses a limb more often than it includes pixels outside the subject. A matte tracked from a clean plate
says nothing about the shape of the subject: it counts only where the frame matches the clean plate.
"""

import cv2
import numpy as np

from masks.arrays import F32, Floats
from masks.track import Tracked

# Exponent of the weights: the nearer and more confident side decides.
SHARPNESS = 3
# Odds of the inside where only one of two mattes of a subject includes a pixel.
INSIDE_ODDS = F32(2)
# Confidence of a pixel without any evidence.
CONFIDENCE_FLOOR = F32(0.05)
# Confidence of a clean plate where the frame matches it.
CLEAN_PLATE_CONFIDENCE = 0.9


def fuse_tracks(forward: Tracked, backward: Tracked, nearness: float) -> Tracked:
    """Fuse two tracked mattes of one frame.

    nearness: 0 at the previous key, 1 at the next one. The confidence of the result is the weighted mean of the two,
    raised where they agree and lowered where they differ. Raises ValueError for mattes of different frames, or a
    nearness outside 0..1.
    """
    if forward.frame != backward.frame or not 0 <= nearness <= 1:
        raise ValueError(
            f"expected mattes of the same frame and a nearness from 0 to 1, not {forward.frame}, {backward.frame}, "
            f"{nearness}"
        )
    forward_weight = _weight_map(forward, 1 - nearness)
    backward_weight = _weight_map(backward, nearness)
    if forward.from_clean_plate == backward.from_clean_plate:
        forward_weight = forward_weight * INSIDE_ODDS ** (forward.matte - backward.matte)
    mix = backward_weight / (forward_weight + backward_weight)
    matte = forward.matte + mix * (backward.matte - forward.matte)
    confidence_map = forward.confidence_map + mix * (backward.confidence_map - forward.confidence_map)
    if forward.from_clean_plate != backward.from_clean_plate:
        subject_side, clean_side, clean_weight = (
            (backward, forward, 1 - mix) if forward.from_clean_plate else (forward, backward, mix)
        )
        if (subject_side.matte > 0).any():
            fused_confidence = _clean_plate_confidence(subject_side, clean_side, clean_weight)
            return Tracked(forward.frame, np.clip(matte, 0, 1), confidence_map, fused_confidence)
    mean_mix = float(mix.mean())
    confidence = (1 - mean_mix) * forward.confidence + mean_mix * backward.confidence
    agreement = _soft_iou(forward.matte, backward.matte)
    confidence = _after_comparison(confidence, agreement, forward.confidence * backward.confidence)
    from_clean_plate = forward.from_clean_plate and backward.from_clean_plate
    return Tracked(forward.frame, np.clip(matte, 0, 1), confidence_map, confidence, from_clean_plate)


def _clean_plate_confidence(subject_side: Tracked, clean_side: Tracked, clean_weight: Floats) -> float:
    """Confidence of a fused frame where one side is a clean plate: the mean over the other side's matte.

    The confidence of a pixel is that of the side that decides it.
    clean_weight: float32 (H, W), 0..1, weight of the clean plate.
    """
    pixel_confidence = subject_side.confidence + clean_weight * (
        clean_side.confidence_map - F32(subject_side.confidence)
    )
    return float(np.clip((pixel_confidence * subject_side.matte).sum() / subject_side.matte.sum(), 0, 1))


def _after_comparison(confidence: float, agreement: float, expected: float) -> float:
    """Confidence of a fused frame, 0..1, in the light of the agreement of the two mattes.

    confidence: of the side that decides. expected: agreement of two mattes that err independently, as much as they
    expect to. If they agree more, they err less, or err alike, as both do along the border: that gains little. If they
    agree less, at least one is wrong.
    """
    if agreement >= expected:
        return 1 - (1 - confidence) * (expected / agreement) ** 0.25 if agreement > 0 else confidence
    return confidence * (agreement / expected) ** 2


def _weight_map(side: Tracked, nearness: float) -> Floats:
    """Weight of one side at each pixel: float32 (H, W), above 0. nearness: 1 at the side's own key, 0 at the other."""
    smoothed = cv2.GaussianBlur(side.confidence_map, (0, 0), 2.0) + CONFIDENCE_FLOOR
    # As odds, because expected overlaps that differ little in value differ much in their error.
    confidence = CLEAN_PLATE_CONFIDENCE if side.from_clean_plate else side.confidence
    odds = np.sqrt((confidence + 0.05) / (1.1 - confidence))
    return np.asarray((F32(nearness + 1e-3) * F32(odds) * smoothed) ** SHARPNESS, F32)


def _soft_iou(a: Floats, b: Floats) -> float:
    """Soft intersection over union, 0..1; 1 for two empty mattes."""
    union = float(np.maximum(a, b).sum())
    return float(np.minimum(a, b).sum()) / union if union > 0 else 1.0
