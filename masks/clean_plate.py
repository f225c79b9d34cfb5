"""Carries it from frame to frame that nothing is inside: what a painted matte says that is black everywhere.

Such a frame is a clean plate. What another frame shares with it, each pixel moved along, is outside there too, for
sure; of all else nothing is known, for what was not there may have come.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from masks.arrays import F32, U8, Bytes, Floats
from masks.motion_field import motion_field
from masks.track import LEVELS, NOTHING, Footage, Tracked, apart, closer, resized, small
from masks.warp import warp

# Difference of 8-bit levels that a pixel may have and be the same: less than beside a shape that is known, for here
# dark things pass for dark ground.
SAME = LEVELS / 2
# Pixels around which all must be seen in the key, so that nothing is at the border of what came.
AROUND = 5
# Of a frame whose matte is black, and of which it is not known whether it should be.
CONFIDENCE = 0.4
# Pixels that flow to the key is mended by in one frame at most, and may deviate from what is around.
NEAR, ASTRAY = 4.0, 1.5


def nothing_inside(key: Floats) -> bool:
    """key: float32 (H, W) in [0, 1]."""
    return not (key > NOTHING).any()


def absent(frames: Sequence[int], footage: Footage, size: tuple[int, int]) -> Iterator[Tracked]:
    """Black mattes of ``frames[1:]``, one by one, forward or backward in time, sure where they show what the first
    frame shows. size: height and width of the plates."""
    key = former = small(footage.plate(frames[0]))
    flow = np.zeros((*key.shape[:2], 2), F32)
    for frame in frames[1:]:
        plate = small(footage.plate(frame))
        moved = footage.neighbours(former, plate)
        flow, shown = _shown(key, moved + warp(flow, moved), plate, footage)
        yield Tracked(frame, np.zeros(size, F32), resized(shown, size), CONFIDENCE, absent=True)
        former = plate


def _shown(key: Bytes, flow: Floats, plate: Bytes, footage: Footage) -> tuple[Floats, Floats]:
    """The way to the key, and how surely each pixel is seen there, 0..1. What covers it for a while does not lead it
    astray: the way is that of what is seen around it."""
    better, nearer, _ = closer(key, flow, plate, footage.refine)
    near = np.abs(better - flow).max(axis=-1) < NEAR
    found = np.where((nearer & near)[..., None], better, flow).astype(F32)
    known = np.exp(-((apart(key, found, plate) / F32(SAME)) ** 2)).astype(F32)
    smooth = motion_field(found, known + F32(1e-6), robust=True)
    astray = np.sqrt(((found - smooth) ** 2).sum(axis=-1)) / F32(ASTRAY)
    shown = known * np.exp(-(astray**2))
    return smooth, np.asarray(cv2.erode(shown, np.ones((AROUND, AROUND), U8)), F32)
