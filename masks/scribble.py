"""Matte of a frame from a few strokes, and from what tracking makes of that frame, if there is any.

Strokes are certain. Elsewhere the colours nearby and the tracked matte are a prior of a random walker, which stops at
the edges of the picture. Around strokes that contradict the tracked matte, that matte is not trusted, and its colours
are not learned, so that a stroke changes what it lies on, and not its own width only.
"""

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Bytes, Floats
from masks.colour_model import WINDOW, colour_model
from masks.guided_filter import guided_filter
from masks.random_walker import random_walker
from masks.track import FILTER_RADIUS, FLAT_VARIANCE, MIN_ALPHA, Tracked, downscaled, resized

# Weight of the colours and of the tracked matte, relative to the conductance of a flat picture.
COLOUR_WEIGHT, TRACKED_WEIGHT = 0.02, 0.05
# Distance from a contradicting stroke, as a fraction of the picture's longest side, at which trust is regained.
DISTRUST_RADIUS = 0.06
# Contrast that restores crispness, as the walker's probabilities rise gently between strokes.
CONTRAST = 3.0


def scribbled_matte(plate: Bytes, strokes: np.ndarray, tracked: Tracked | None = None) -> tuple[Floats, float]:
    """Complete strokes to a matte: float32 (H, W) in [0, 1], and its expected overlap with the truth, 0..1.

    plate: uint8 (H, W, 3). strokes: int8 (H, W), 1 inside, -1 outside, 0 unknown. tracked: the matte of this frame that
    painted mattes of other frames give. Raises ValueError for different sizes, and without it, for strokes of one side
    only, because nothing is known of the other.
    """
    if plate.shape[:2] != strokes.shape:
        raise ValueError(f"strokes must have the same size as their plate, {plate.shape[:2]}, not {strokes.shape}")
    if tracked is None and not ((strokes > 0).any() and (strokes < 0).any()):
        raise ValueError("strokes must mark both sides, white inside and black outside")
    small = downscaled(plate)
    size = (small.shape[0], small.shape[1])
    seeds = _reduced(strokes, size)
    inside, outside = (seeds > 0).astype(F32), (seeds < 0).astype(F32)
    prior, weight = np.full(size, 0.5, F32), np.zeros(size, F32)
    if tracked is not None:
        matte = resized(tracked.matte, size)
        trust = _trust(seeds, matte)
        inside = np.maximum(inside, (matte > 1 - MIN_ALPHA) * trust)
        outside = np.maximum(outside, (matte < MIN_ALPHA) * trust)
        prior, weight = matte, F32(TRACKED_WEIGHT) * trust * resized(tracked.confidence_map, size)
    score = colour_model(small, inside.astype(F32), outside.astype(F32)).score(small)
    colour_weight = F32(COLOUR_WEIGHT) * _agreed(score)
    total = weight + colour_weight + F32(1e-9)
    mixed = (weight * prior + colour_weight * (score > 0)) / total
    probability = random_walker(small, seeds, mixed.astype(F32), total.astype(F32))
    known = seeds > 0 if tracked is None else (seeds > 0) | (prior > 0.5)
    probability = np.where(_connected(probability > 0.5, known) | (probability <= 0.5), probability, 0)
    crisp = np.clip((probability - F32(0.5)) * F32(CONTRAST) + F32(0.5), 0, 1)
    return _at_full_size(crisp, plate, strokes), _expected_overlap(crisp)


def _reduced(strokes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Strokes at a smaller size: int8 (h, w). A thin stroke is kept; where both sides meet, the pixel is unknown."""
    if strokes.shape == size:
        return strokes.astype(np.int8)
    inside, outside = (resized((side).astype(F32), size) > 0 for side in (strokes > 0, strokes < 0))
    return np.asarray(inside.astype(np.int8) - outside.astype(np.int8), np.int8)


def _trust(seeds: np.ndarray, matte: Floats) -> Floats:
    """Trust in the tracked matte: float32 (h, w), 0..1, low on the side that strokes deny, around them."""
    trust = np.ones(matte.shape, F32)
    for side, denied in ((1, matte < 0.5), (-1, matte >= 0.5)):
        stroke = (seeds == side) & denied
        if stroke.any():
            distance = cv2.distanceTransform((~stroke).astype(U8), cv2.DIST_L2, 5)
            regained = 1 - np.exp(-((distance / (DISTRUST_RADIUS * max(matte.shape))) ** 2))
            trust = np.where(denied, np.minimum(trust, regained), trust).astype(F32)
    return trust


def _agreed(score: Floats) -> Floats:
    """Smallest absolute score around each pixel, 0 where its sign changes, because scores mix next to an edge."""
    window = np.ones((WINDOW, WINDOW), U8)
    return np.asarray(np.maximum(np.maximum(cv2.erode(score, window), -cv2.dilate(score, window)), 0), F32)


def _connected(layer: Bools, known: Bools) -> Bools:
    """Pixels of the components of a layer that have known pixels; far from all strokes, colours alone are no reason."""
    count, labels = cv2.connectedComponents(layer.astype(U8), connectivity=4)
    kept = np.bincount(labels.ravel(), known.ravel(), count) > 0
    return np.asarray(kept[labels] & layer)


def _expected_overlap(probability: Floats) -> float:
    """Expected intersection over union of the pixels that are more likely inside, 0..1; 0 for an empty matte."""
    inside = probability > 0.5
    union = float(inside.sum()) + float(probability[~inside].sum())
    return float(probability[inside].sum()) / union if inside.any() else 0.0


def _at_full_size(matte: Floats, plate: Bytes, strokes: np.ndarray) -> Floats:
    """Align a matte with the plate's edges at full size, and keep the strokes: float32 (H, W) in [0, 1]."""
    size: tuple[int, int] = (plate.shape[0], plate.shape[1])
    radius = max(2, round(FILTER_RADIUS * size[1] / matte.shape[1] / 2))
    guide = plate.astype(F32) / F32(255)
    aligned = guided_filter(resized(matte, size), guide, np.ones(size, F32), radius, FLAT_VARIANCE)
    aligned = np.clip((aligned - F32(0.5)) * F32(1.5) + F32(0.5), 0, 1)
    stroked: Bools = strokes != 0
    return np.where(stroked, strokes > 0, aligned).astype(F32)
