"""Detection of frames that are poor keys: blends of two pictures, as in a dissolve, and blurred frames."""

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats
from propagate.flow import FlowEstimator, warp

# Distance in frames to the earlier and the later frame that a frame is compared with.
REACH = 4
# Min change of a pixel between these two, in levels of 255, and its max distance from their mean, as a share of that
# change.
CHANGED_LEVELS, MIDDLE_TOLERANCE = 14.0, 0.3
# Min share of the picture that has changed, and min share of changed pixels that lie near the mean.
MIN_CHANGED, MIN_BETWEEN = 0.2, 0.5
# A frame is not a blend if motion from the earlier frame predicts more than this share of the changed pixels.
MAX_MOVED = 0.5


def sharpness(picture: Bytes, weights: Floats) -> float:
    """Return the sharpness of a proxy: the energy of fine detail divided by that of coarse detail.

    It decreases with blur and is independent of exposure. picture: RGB, uint8 (h, w, 3). weights: float32 of any size,
    above 0; resized to the picture. They prevent a sharp background from hiding a blurred subject.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(F32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    coarse = grey - cv2.GaussianBlur(grey, (0, 0), 4.0)
    counts = cv2.resize(weights, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    counts /= counts.mean()
    return float((counts * fine * fine).mean() / ((counts * coarse * coarse).mean() + 1.0))


def is_blend(before: Bytes, picture: Bytes, after: Bytes, estimate: FlowEstimator) -> bool:
    """Return whether a frame is a blend of an earlier and a later one.

    Pixels of a dissolve lie between their earlier and later values. Pixels of a moving picture have one of the two
    values, or motion predicts them. before, picture, after: RGB thumbnails, uint8 (h, w, 3).
    """
    first, middle, last = (_denoised(each) for each in (before, picture, after))
    # A change of exposure is not a blend.
    difference = _max_channel_difference(_match_exposure(last, first), first)
    changed = difference > CHANGED_LEVELS
    if changed.mean() < MIN_CHANGED:
        return False
    deviation = _max_channel_difference(middle, cv2.addWeighted(first, 0.5, last, 0.5, 0))
    between = changed & (deviation < MIDDLE_TOLERANCE * _max_channel_difference(first, last))
    if between.sum() < MIN_BETWEEN * changed.sum():
        return False
    motion_residual = _max_channel_difference(_denoised(warp(before, estimate(before, picture))), middle)
    predicted = motion_residual < np.maximum(CHANGED_LEVELS / 2, difference / 4)
    return bool(predicted[between].mean() < MAX_MOVED)


def _denoised(picture: Bytes) -> Floats:
    """Blur a picture slightly to suppress grain: float32 (h, w, 3)."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8).astype(F32))


def _max_channel_difference(one: Floats, other: Floats) -> Floats:
    """Return the maximum difference over the channels: float32 (h, w)."""
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    return np.asarray(cv2.max(cv2.max(red, green), blue), F32)


def _match_exposure(picture: Floats, reference: Floats) -> Floats:
    """Match the mean and standard deviation of each channel to those of ``reference``: float32 (h, w, 3)."""
    (mean, spread), (target_mean, target_spread) = cv2.meanStdDev(picture), cv2.meanStdDev(reference)
    gain = np.clip((target_spread + 1) / (spread + 1), 0.5, 2)
    change = np.hstack([np.diag(gain[:, 0]), target_mean - gain * mean])
    return np.asarray(cv2.transform(picture, change), F32)
