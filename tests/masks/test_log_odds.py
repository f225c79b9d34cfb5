"""What speaks for the inside and what for the outside, pixel by pixel."""

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


def laid(where, top=None):
    picture = ground()
    picture[where] = (thing() if top is None else top)[where]
    return picture


def floats(picture):
    return picture.astype(np.float32) / np.float32(255)


def matte(where):
    found = np.zeros(SIZE, np.float32)
    found[where] = 1
    return found


def asked(plate, former, labels, *, inside=(0, 0), outside=(0, 0), confidence=None):
    """Of a key in which INSIDE is inside, and a former frame with these labels."""
    first, shape = laid(INSIDE), matte(INSIDE)
    flows = [np.zeros((*SIZE, 2), np.float32) + np.array(way, np.float32) for way in ((0, 0), inside, outside, (0, 0))]
    certain = np.ones(SIZE, np.float32)
    colours = colour_model(first, shape, (shape < 0.5).astype(np.float32))
    known = LabelledFrame(floats(first), shape, certain)
    before = LabelledFrame(floats(former), labels, certain if confidence is None else confidence)
    return evidence(plate, known, before, Flows(*flows), colours)


def test_what_the_key_shows_is_inside_and_what_was_outside_stays_outside():
    still = laid(INSIDE)
    found = asked(still, still, matte(INSIDE))
    assert found.log_odds[23:37, 23:47].min() > 2
    beyond = found.log_odds.copy()
    beyond[16:44, 16:54] = -9
    assert beyond.max() < -2
    assert found.coverage == pytest.approx(1)
    assert found.confidence.min() == 1
    assert (found.outside_distance[5:12, 5:70] < MATCH_DISTANCE).all()


def test_ground_that_was_taken_in_does_not_stay_in():
    """The key's place shows the ground now, and the former frame had it as inside by mistake."""
    bare = ground()
    found = asked(bare, bare, matte(INSIDE))
    assert np.median(found.log_odds[23:37, 23:47]) < -1.5


def test_a_part_that_turned_up_beside_it_comes_in_by_its_motion_and_colours():
    """Below the key's inside there is more of it, that was hidden in the key, and unsure in the former frame."""
    wider = np.s_[20:50, 20:50]
    former = laid(wider)
    plate = np.roll(former, -3, axis=0)
    plate[-3:] = ground()[-3:]
    confidence = np.ones(SIZE, np.float32)
    confidence[40:50, 20:50] = 0
    found = asked(plate, former, matte(INSIDE), inside=(0, 3), confidence=confidence)
    new = np.s_[41:44, 24:46]
    assert found.log_odds[new].min() > 1.5
    # Without its own motion, and in the ground's colours, it does not.
    other = laid(wider, top=ground()[::-1, ::-1])
    assert np.median(asked(other, other, matte(INSIDE), confidence=confidence).log_odds[43:48, 24:46]) < 0.5


def test_what_stands_before_it_is_not_inside():
    post = np.zeros((*SIZE, 3), np.uint8)
    post[:] = (240, 240, 20)
    plate = laid(INSIDE)
    plate[:, 40:46] = post[:, 40:46]
    found = asked(plate, laid(INSIDE), matte(INSIDE))
    assert found.log_odds[23:37, 42:44].max() < -1
    assert found.coverage > 0.6
