"""Per-pixel log-odds of foreground."""

import numpy as np
import pytest

from masks.colour_model import colour_model
from masks.log_odds import MATCH_DISTANCE, Flows, LabelledFrame, evidence

SIZE = (60, 80)
INSIDE = np.s_[20:40, 20:50]


def ground():
    grain = np.random.default_rng(0).integers(0, 90, (*SIZE, 1))
    return np.clip(np.array([20, 60, 20]) + grain, 0, 255).astype(np.uint8)


def thing():
    grain = np.random.default_rng(1).integers(0, 90, (*SIZE, 1))
    return np.clip(np.array([150, 20, 90]) + grain, 0, 255).astype(np.uint8)


def composited(where, top=None):
    picture = ground()
    picture[where] = (thing() if top is None else top)[where]
    return picture


def floats(picture):
    return picture.astype(np.float32) / np.float32(255)


def matte(where):
    found = np.zeros(SIZE, np.float32)
    found[where] = 1
    return found


def evidence_for(plate, former, labels, *, inside=(0, 0), outside=(0, 0), confidence=None):
    """Evidence for a key in which INSIDE is inside, and a previous frame with these labels."""
    first, shape = composited(INSIDE), matte(INSIDE)
    flows = [np.zeros((*SIZE, 2), np.float32) + np.array(way, np.float32) for way in ((0, 0), inside, outside, (0, 0))]
    certain = np.ones(SIZE, np.float32)
    colours = colour_model(first, shape, (shape < 0.5).astype(np.float32))
    known = LabelledFrame(floats(first), shape, certain)
    before = LabelledFrame(floats(former), labels, certain if confidence is None else confidence)
    return evidence(plate, known, before, Flows(*flows), colours)


def test_inside_of_the_key_and_outside_of_the_previous_frame_are_kept():
    still = composited(INSIDE)
    found = evidence_for(still, still, matte(INSIDE))
    assert found.log_odds[23:37, 23:47].min() > 2
    beyond = found.log_odds.copy()
    beyond[16:44, 16:54] = -9
    assert beyond.max() < -2
    assert found.coverage == pytest.approx(1)
    assert found.confidence.min() == 1
    assert (found.outside_distance[5:12, 5:70] < MATCH_DISTANCE).all()


def test_wrongly_included_background_is_removed():
    """The key's position now shows the background, and the previous frame had it as inside by mistake."""
    bare = ground()
    found = evidence_for(bare, bare, matte(INSIDE))
    assert np.median(found.log_odds[23:37, 23:47]) < -1.5


def test_revealed_part_is_included_by_its_motion_and_colours():
    """Below the key's inside the object extends further, hidden in the key, and uncertain in the previous frame."""
    wider = np.s_[20:50, 20:50]
    former = composited(wider)
    plate = np.roll(former, -3, axis=0)
    plate[-3:] = ground()[-3:]
    confidence = np.ones(SIZE, np.float32)
    confidence[40:50, 20:50] = 0
    found = evidence_for(plate, former, matte(INSIDE), inside=(0, 3), confidence=confidence)
    new = np.s_[41:44, 24:46]
    assert found.log_odds[new].min() > 1.5
    # Without its own motion, and in the background's colours, it is not included.
    other = composited(wider, top=ground()[::-1, ::-1])
    assert np.median(evidence_for(other, other, matte(INSIDE), confidence=confidence).log_odds[43:48, 24:46]) < 0.5


def test_occluder_is_not_inside():
    post = np.zeros((*SIZE, 3), np.uint8)
    post[:] = (240, 240, 20)
    plate = composited(INSIDE)
    plate[:, 40:46] = post[:, 40:46]
    found = evidence_for(plate, composited(INSIDE), matte(INSIDE))
    assert found.log_odds[23:37, 42:44].max() < -1
    assert found.coverage > 0.6
