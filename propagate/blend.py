"""Mixes what two keys say of one frame: an average where they agree, a choice where they differ.

An average of pictures that do not line up is a ghost, and of textures that do not line up is mush; a choice
everywhere shows a line where it switches, and jumps in time. So the odds of each side, from its error and its
distance in time, become the sharper the more the two differ, and sharper still for the finest band, which suffers
most (Burt and Adelson, "A multiresolution spline", ACM TOG 1983). What contrast the average still takes is given back.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Floats
from propagate.detail import coarse, energy, lerp, restore

# Difference of the two, mean over channels, 0..1: below the first they agree, above the second they differ.
AGREE, DIFFER = F32(0.02), F32(0.10)
# Power on the odds where the two differ.
SHARPEST = F32(4)
# Mean squared difference that counts as no error at all.
FLOOR = F32(5e-5)
# Power on the distance in time: below 1, so that a key far away still helps where it fits, and is still silent at
# the other key.
FAR = 0.35


def blend(
    forward: Floats, forward_error: Floats, backward: Floats, backward_error: Floats, nearness: float
) -> tuple[Floats, Floats, Floats]:
    """The mixed frame, its error, and the share of the backward pass: (H, W, 3), (H, W), (H, W), float32.

    forward, backward: float32 (H, W, 3) in [0, 1]; the errors float32 (H, W), see ``synthesis.Carried``.
    nearness: 0 at the left key, 1 at the right. Raises ValueError outside of that.
    """
    if not 0 <= nearness <= 1:
        raise ValueError(f"nearness must lie between 0 (left key) and 1 (right key), not {nearness}")
    share = _share(forward, forward_error, backward, backward_error, nearness)
    smooth = coarse(forward), coarse(backward)
    fine = forward - smooth[0], backward - smooth[1]
    decided = np.clip(2 * share - F32(0.5), 0, 1)
    mixed = lerp(*smooth, share[..., None]) + lerp(*fine, decided[..., None])
    colour = restore(mixed, lerp(energy(fine[0]), energy(fine[1]), share))
    return colour, lerp(forward_error, backward_error, share), share


def _share(forward: Floats, forward_error: Floats, backward: Floats, backward_error: Floats, nearness: float) -> Floats:
    left = F32((1 - nearness) ** FAR) * (_smooth(backward_error) + FLOOR)
    right = F32(nearness**FAR) * (_smooth(forward_error) + FLOOR)
    apart = _smooth(np.abs(forward - backward).mean(axis=-1))
    power = 1 + (SHARPEST - 1) * np.clip((apart - AGREE) / (DIFFER - AGREE), 0, 1)
    total = left + right
    strong, weak = (right / total) ** power, (left / total) ** power
    return np.asarray(cv2.GaussianBlur(strong / (strong + weak), (0, 0), 1.0), F32)


def _smooth(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.0))
