"""Propagation of an empty matte: a frame whose painted matte is black everywhere is a clean plate.

Pixels of another frame that match the clean plate, warped along the motion, are outside with confidence. The others
stay unknown, because something may have entered the picture.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from masks.arrays import F32, U8, Bytes, Floats
from masks.motion_field import motion_field
from masks.track import MATCH_LEVELS, MIN_ALPHA, Footage, Tracked, downscaled, local_difference, refined_flow, resized
from masks.warp import warp

# Difference in 8-bit levels that a matching pixel may have: stricter than for a known shape, because dark subjects can
# match a dark background.
CLEAN_PLATE_LEVELS = MATCH_LEVELS / 2
# Side in pixels of the window in which every pixel must match, so that the edges of new objects do not match.
EROSION_SIZE = 5
# Confidence of an empty matte that no other painted matte confirms.
CONFIDENCE = 0.4
# Largest correction of the flow to the key in one frame, and its tolerated deviation from the flow around, in pixels.
MAX_CORRECTION, DEVIATION = 4.0, 1.5


def is_empty(key: Floats) -> bool:
    """Return whether a painted matte is empty, apart from traces. key: float32 (H, W) in [0, 1]."""
    return not (key > MIN_ALPHA).any()


def from_clean_plate(frames: Sequence[int], footage: Footage, size: tuple[int, int]) -> Iterator[Tracked]:
    """Track a clean plate: yield empty mattes of ``frames[1:]``, one by one, forward or backward in time.

    They are confident where the frame matches the first one. size: height and width of the plates.
    """
    key = previous = downscaled(footage.plate(frames[0]))
    flow = np.zeros((*key.shape[:2], 2), F32)
    for frame in frames[1:]:
        plate = downscaled(footage.plate(frame))
        step_flow = footage.neighbour_flow(previous, plate)
        flow, visibility = _visibility(key, step_flow + warp(flow, step_flow), plate, footage)
        yield Tracked(frame, np.zeros(size, F32), resized(visibility, size), CONFIDENCE, from_clean_plate=True)
        previous = plate


def _visibility(key: Bytes, flow: Floats, plate: Bytes, footage: Footage) -> tuple[Floats, Floats]:
    """Flow to the key, float32 (h, w, 2), and confidence that each pixel is visible there, float32 (h, w), 0..1.

    Occluders do not disturb the flow: under them it is extrapolated from the visible pixels around.
    """
    refined, improved, _ = refined_flow(key, flow, plate, footage.refine)
    plausible = np.abs(refined - flow).max(axis=-1) < MAX_CORRECTION
    corrected = np.where((improved & plausible)[..., None], refined, flow).astype(F32)
    match = np.exp(-((local_difference(key, corrected, plate) / F32(CLEAN_PLATE_LEVELS)) ** 2)).astype(F32)
    smoothed = motion_field(corrected, match + F32(1e-6), robust=True)
    deviation = np.sqrt(((corrected - smoothed) ** 2).sum(axis=-1)) / F32(DEVIATION)
    visibility = match * np.exp(-(deviation**2))
    return smoothed, np.asarray(cv2.erode(visibility, np.ones((EROSION_SIZE, EROSION_SIZE), U8)), F32)
