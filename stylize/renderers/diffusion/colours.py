"""Match the mean and spread of a key's colours to those of the previous key where both show the same content."""

import numpy as np

from propagate.arrays import F32, Floats

# Minimum share of the picture common to two keys for their colours to be compared.
MIN_COMMON = 0.02
# Maximum factor by which contrast is raised or lowered.
MAX_CONTRAST = 1.5


def match_colours(picture: Floats, warped: Floats, confidence: Floats, strength: float) -> Floats:
    """Match mean and spread of each channel of ``picture`` to the previous key's, both weighted by confidence.

    Pictures float32 (H, W, 3), confidence (H, W) in [0, 1]; strength 0..1, 0 changes nothing.
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
