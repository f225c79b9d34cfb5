"""Per-pixel log-odds of the inside of a painted matte that is tracked.

Patches of the frame are compared with those of the key's inside, and of the previous frame's inside and outside, each
warped by its own motion. Where no patch of the key matches, the pixel may be newly visible: its motion and its colour
then vote for one side. Votes against the inside count everywhere, so that uncovered background does not stay inside.
Votes for the inside count only beyond the expected shape and where the outside does not match, so that limbs that
appear are included.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.colour_model import ColourModel
from masks.patch_distance import patch_distance
from masks.warp import warp

# Squared difference, summed over channels in 0..1, beyond which a patch does not match; the difference that equals one
# unit of log-odds; the largest log-odds of patches.
MAX_DISTANCE, DISTANCE_UNIT, MAX_PATCH_LOG_ODDS = 0.006, 0.0015, 6.0
# Penalty of the inside, 0..1, where no side matches a pixel and the key matches most of the others: an occluder.
OCCLUSION_PENALTY = 0.65
# Largest log-odds of a colour, and of the motion of a pixel.
COLOUR_LOG_ODDS, MOTION_LOG_ODDS = 2.0, 2.0
# Log-odds of colour and motion above which they decide a pixel.
DECISIVE_LOG_ODDS = 1.2
# Distance up to which a patch matches a pixel.
MATCH_DISTANCE = MAX_DISTANCE * 2 / 3


@dataclass(frozen=True)
class LabelledFrame:
    """A frame with a known matte. plate: float32 (h, w, 3) in [0, 1]. matte: float32 (h, w) in [0, 1].
    confidence: float32 (h, w), 1 where evidence decided the label, 0 where a newly visible pixel had none."""

    plate: Floats
    matte: Floats
    confidence: Floats


@dataclass(frozen=True)
class Flows:
    """Flows on a frame's grid, float32 (h, w, 2). estimated: to the previous frame, without layers. inside, outside:
    to the previous frame, extrapolated from one layer. key: of the inside, to the key."""

    estimated: Floats
    inside: Floats
    outside: Floats
    key: Floats


@dataclass(frozen=True)
class Evidence:
    """Evidence of a frame's labels. log_odds: float32 (h, w), above 0 for the inside. coverage: 0..1, fraction of the
    inside that matches the key. outside_distance: float32 (h, w), to the best patch of the outside.
    confidence: float32 (h, w), as in ``LabelledFrame``."""

    log_odds: Floats
    coverage: float
    outside_distance: Floats
    confidence: Floats


def evidence(plate: Bytes, key: LabelledFrame, previous: LabelledFrame, flows: Flows, colours: ColourModel) -> Evidence:
    """Collect the evidence of one frame. plate: uint8 (h, w, 3) of that frame."""
    picture = plate.astype(F32) / F32(255)
    expected = warp(key.matte, flows.key)
    key_distance = patch_distance(picture, warp(key.plate, flows.key), expected)
    shape = expected > 0.5
    coverage = float(((key_distance < MATCH_DISTANCE) & shape).sum() / max(int(shape.sum()), 1))
    colour_score, motion_score = colours.score(plate), _motion_score(picture, previous, flows)
    inside_distance, outside_distance = _previous_distances(picture, previous, flows)
    # Newly visible parts of the inside also match themselves in the previous frame, unless they move with the inside.
    outside = outside_distance + F32(MAX_DISTANCE) * np.maximum(motion_score, 0) * (1 - expected)
    # A key that matches most of the inside is reliable for the rest too, and the previous frame may be wrong.
    penalty = F32(OCCLUSION_PENALTY * min(1.0, 1.5 * coverage)) * expected
    # Pixels included by mistake would match themselves in all later frames, unless their colour is that of the outside.
    inside = inside_distance + F32(MAX_DISTANCE) * (penalty + np.maximum(-colour_score, 0))
    nearest = np.minimum(np.minimum(inside, key_distance), F32(MAX_DISTANCE) * (1 + penalty))
    patch_log_odds = np.clip(
        (np.minimum(outside, F32(MAX_DISTANCE)) - nearest) / F32(DISTANCE_UNIT), -MAX_PATCH_LOG_ODDS, MAX_PATCH_LOG_ODDS
    )
    score = F32(COLOUR_LOG_ODDS) * colour_score + F32(MOTION_LOG_ODDS) * motion_score
    novelty = np.clip(key_distance / F32(MAX_DISTANCE), 0, 1)
    unexpected = np.clip(outside / F32(MAX_DISTANCE), 0, 1) * (1 - expected)
    log_odds = patch_log_odds + novelty * np.where(score > 0, score * unexpected, score)
    matched = np.minimum(np.minimum(key_distance, inside_distance), outside) < MATCH_DISTANCE
    confidence = np.asarray(matched | (np.abs(score) > DECISIVE_LOG_ODDS), F32)
    return Evidence(log_odds.astype(F32), coverage, outside_distance, confidence)


def _previous_distances(picture: Floats, previous: LabelledFrame, flows: Flows) -> tuple[Floats, Floats]:
    """Patch distances to the inside and to the outside of the previous frame: float32 (h, w) each."""
    inside = patch_distance(
        picture, warp(previous.plate, flows.inside), warp(previous.matte * previous.confidence, flows.inside)
    )
    outside_weight = (1 - previous.matte) * previous.confidence
    outside = patch_distance(picture, warp(previous.plate, flows.outside), warp(outside_weight, flows.outside))
    static_distance = _squared_difference(picture, previous, flows.estimated) + F32(MAX_DISTANCE) * (
        1 - warp(previous.confidence, flows.estimated)
    )
    was_inside = warp(previous.matte, flows.estimated) > 0.5
    inside = np.where(was_inside, np.minimum(inside, static_distance), inside)
    outside = np.where(was_inside, outside, np.minimum(outside, static_distance))
    return inside, outside


def _motion_score(picture: Floats, previous: LabelledFrame, flows: Flows) -> Floats:
    """Score of a pixel's motion, whatever its label was: float32 (h, w), from -1 (outside) to 1 (inside)."""
    inside, outside = (
        np.minimum(_squared_difference(picture, previous, flow, 3), F32(MAX_DISTANCE))
        for flow in (flows.inside, flows.outside)
    )
    return np.asarray(np.clip((outside - inside) / F32(DISTANCE_UNIT), -1, 1), F32)


def _squared_difference(picture: Floats, previous: LabelledFrame, flow: Floats, side: int = 5) -> Floats:
    """Squared difference to the warped previous frame, averaged over a window of ``side`` pixels: float32 (h, w)."""
    squares = ((warp(previous.plate, flow) - picture) ** 2).sum(axis=-1)
    return np.asarray(cv2.boxFilter(squares, -1, (side, side), borderType=cv2.BORDER_REFLECT), F32)
