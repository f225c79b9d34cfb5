"""Colours of one mean and spread: a key's are drawn to those of the key before, where both show the same thing."""

import numpy as np

from propagate.arrays import F32, Floats

# Share of the picture that has to be common to two keys before colours are compared there.
MIN_COMMON = 0.02
# How far contrast may be changed to agree, either way.
MAX_CONTRAST = 1.5


def match_colours(picture: Floats, warped: Floats, confidence: Floats, strength: float) -> Floats:
    """``picture`` with mean and spread of its channels nearer to the earlier key's, as both are where that is trusted.

    Pictures float32 (H, W, 3), trusted (H, W) in [0, 1]; strength 0..1, 0 changes nothing.
    """
    weight = confidence[..., None].astype(np.float64)
    total = weight.sum()
    if strength == 0 or total < MIN_COMMON * confidence.size:
        return picture
    means, spreads = zip(*(_moments(one, weight, total) for one in (picture, warped)), strict=True)
    contrast = np.clip(spreads[1] / np.maximum(spreads[0], 1e-6), 1 / MAX_CONTRAST, MAX_CONTRAST)
    matched = (picture - means[0]) * contrast + means[1]
    return np.clip(picture + strength * (matched - picture), 0, 1).astype(F32)


def _moments(picture: Floats, weight: np.ndarray, total: float) -> tuple[np.ndarray, np.ndarray]:
    mean = (weight * picture).sum(axis=(0, 1)) / total
    return mean, np.sqrt((weight * (picture - mean) ** 2).sum(axis=(0, 1)) / total)
