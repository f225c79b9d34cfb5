"""Propagation of an empty matte: a frame whose painted matte is black everywhere is a clean plate.

Pixels of another frame that match the clean plate, warped along the motion, are outside with confidence. The others
stay unknown, because something may have entered the picture.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from masks.arrays import F32, U8, Bytes, Floats
from masks.motion_field import motion_field
from masks.track import LEVELS, NOTHING, Footage, Tracked, apart, closer, resized, small
from masks.warp import warp

# Difference in 8-bit levels that a matching pixel may have: stricter than for a known shape, because dark subjects pass
# for dark ground.
SAME = LEVELS / 2
# Side in pixels of the window in which every pixel must match, so that the edge of a newcomer does not.
AROUND = 5
# Confidence of an empty matte that no other painted matte confirms.
CONFIDENCE = 0.4
# Largest correction of the flow to the key in one frame, and its tolerated deviation from the flow around, in pixels.
NEAR, ASTRAY = 4.0, 1.5


def nothing_inside(key: Floats) -> bool:
    """Return whether a painted matte is empty, but for traces. key: float32 (H, W) in [0, 1]."""
    return not (key > NOTHING).any()


def absent(frames: Sequence[int], footage: Footage, size: tuple[int, int]) -> Iterator[Tracked]:
    """Track a clean plate: yield empty mattes of ``frames[1:]``, one by one, forward or backward in time.

    They are confident where they match the first frame. size: height and width of the plates.
    """
    key = former = small(footage.plate(frames[0]))
    flow = np.zeros((*key.shape[:2], 2), F32)
    for frame in frames[1:]:
        plate = small(footage.plate(frame))
        moved = footage.neighbours(former, plate)
        flow, shown = _shown(key, moved + warp(flow, moved), plate, footage)
        yield Tracked(frame, np.zeros(size, F32), resized(shown, size), CONFIDENCE, absent=True)
        former = plate


def _shown(key: Bytes, flow: Floats, plate: Bytes, footage: Footage) -> tuple[Floats, Floats]:
    """Flow to the key, float32 (h, w, 2), and confidence that each pixel is visible there, float32 (h, w), 0..1.

    Occluders do not disturb the flow: under them it is extrapolated from the visible pixels around.
    """
    better, nearer, _ = closer(key, flow, plate, footage.refine)
    near = np.abs(better - flow).max(axis=-1) < NEAR
    found = np.where((nearer & near)[..., None], better, flow).astype(F32)
    known = np.exp(-((apart(key, found, plate) / F32(SAME)) ** 2)).astype(F32)
    smooth = motion_field(found, known + F32(1e-6), robust=True)
    astray = np.sqrt(((found - smooth) ** 2).sum(axis=-1)) / F32(ASTRAY)
    shown = known * np.exp(-(astray**2))
    return smooth, np.asarray(cv2.erode(shown, np.ones((AROUND, AROUND), U8)), F32)
