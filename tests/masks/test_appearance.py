"""Likeness of a subject's colours to those of the painted one, and to those around it."""

import numpy as np
import pytest

from masks.appearance import SURROUNDINGS, appearance
from masks.colour_model import colour_histogram

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


def picture(inside, outside, far=None):
    """A square in the middle; ``far`` is beyond its surroundings."""
    plate, matte = np.empty((72, 96, 3), np.uint8), np.zeros((72, 96), np.float32)
    plate[:] = outside if far is None else far
    reach = SURROUNDINGS
    plate[26 - reach : 46 + reach, 38 - reach : 58 + reach] = outside
    plate[26:46, 38:58], matte[26:46, 38:58] = inside, 1
    return plate, matte


def key(colour):
    return colour_histogram(*picture(colour, colour))


def test_same_colours_are_like_those_of_the_key():
    found = appearance(*picture(RED, GREEN), key(RED))
    assert found.to_key == pytest.approx(1, abs=1e-3)
    assert found.to_surroundings < 0.05


def test_a_matte_on_other_colours_is_unlike_the_key():
    assert appearance(*picture(GREEN, GREEN), key(RED)).to_key < 0.05


def test_a_subject_like_its_surroundings_is_noticed():
    assert appearance(*picture(RED, RED), key(RED)).to_surroundings == pytest.approx(1, abs=1e-3)


def test_only_the_surroundings_count():
    found = appearance(*picture(RED, GREEN, far=RED), key(RED))
    assert found.to_surroundings < 0.05
    assert appearance(*picture(RED, BLUE, far=GREEN), key(RED)).to_surroundings < 0.05


def test_empty_matte_is_like_the_key_and_unlike_the_rest():
    plate, matte = picture(RED, GREEN)
    found = appearance(plate, 0 * matte, key(RED))
    assert (found.to_key, found.to_surroundings) == (1, 0)
