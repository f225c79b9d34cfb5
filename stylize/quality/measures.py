"""Measures of a result: arrays in, numbers out. Pictures are float32 (H, W, 3) in [0, 1], display-encoded."""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import Bools, Floats
from propagate.flow import warp

F32 = np.float32
# Alpha of a matte up to which no style must be visible.
OUTSIDE = 1e-3


@dataclass(frozen=True)
class FrameMeasures:
    """Measures of one frame; None if there is nothing to compare.

    error: root mean square difference between the result and its target, inside the matte. flicker: ``change``
    minus that of the plates; above 0, the result flickers more than the source. change: mean difference from the
    warped previous frame. sharpness: strength of the finest detail relative to that of the surrounding keys,
    weighted by distance. drift: difference of the mean colour from that of the same keys; both None in a shot
    without keys. leak: largest difference from the plate outside the matte. agreement: agreement of the two
    surrounding keys, warped to the frame. ghosting: ghosting of both in the result; see ``ghosting``. Both are None
    if there is only one key.
    """

    frame: int
    error: float
    flicker: float | None
    change: float | None
    sharpness: float | None
    drift: float | None
    leak: float | None
    agreement: float | None
    ghosting: float | None


def change_along(previous: Floats, current: Floats, flow: Floats, visible: Bools) -> float | None:
    """Return the mean absolute difference of ``current`` and warped ``previous`` where ``visible``; None if nowhere.

    flow: float32 (H, W, 2) on the grid of ``current``: ``current(x) = previous(x + flow(x))``.
    """
    if not visible.any():
        return None
    warped = np.asarray(warp(previous, flow), F32)
    return float(np.abs(warped - current).mean(axis=-1)[visible].mean())


def detail_strength(picture: Floats) -> float:
    """Return the strength of the finest detail: mean absolute Laplacian of the luma."""
    luma = picture @ np.array([0.2126, 0.7152, 0.0722], F32)
    return float(np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean())


def interpolate(left: float, right: float, nearness: float) -> float:
    """Interpolate linearly between the values of two keys; ``nearness`` is 0 at the left and 1 at the right one."""
    return left + (right - left) * nearness


def colour_distance(one: Floats, other: Floats) -> float:
    """Return the Euclidean distance of two mean colours, (3,) each, in units of the range."""
    return float(np.sqrt(np.sum((one - other) ** 2)))


def leak_of(result: Floats, plate: Floats, matte: Floats) -> float | None:
    """Return the largest difference of ``result`` from ``plate`` where the matte, (H, W), is 0; None if it never is."""
    outside = matte <= OUTSIDE
    return float(np.abs(result - plate)[outside].max()) if outside.any() else None


def agreement(one: Floats, other: Floats, visible: Bools) -> float | None:
    """Return 1 minus the mean absolute difference of two pictures, (H, W, 3), where ``visible``; None if nowhere."""
    return 1 - float(np.abs(one - other).mean(axis=-1)[visible].mean()) if visible.any() else None


def pop(changes: list[float | None], index: int) -> float | None:
    """Return the excess of the change to or from a key over the median change around it; None without neighbours."""
    at_key = [c for c in (changes[index : index + 2]) if c is not None]
    around = [c for c in (*changes[max(0, index - 4) : index], *changes[index + 2 : index + 6]) if c is not None]
    if not at_key or not around:
        return None
    return max(at_key) - float(np.median(around))
