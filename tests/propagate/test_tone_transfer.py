"""Broad changes of tone that follow the plate, and the guide of a pixel's surroundings."""

import cv2
import numpy as np
import pytest

from propagate.features import surroundings
from propagate.flow import Step
from propagate.scene import Scene
from propagate.synthesis import SynthesisSettings, propagate_key
from propagate.tone_transfer import IGNORED, MAX_CHANGE, MAX_SLOPE, tone_change, tone_slopes
from tests.synthetic import texture

SIZE = (64, 48)


@pytest.fixture(scope="module")
def plate():
    return texture(1, SIZE)


@pytest.fixture(scope="module")
def source(plate):
    return plate.astype(np.float32)


@pytest.mark.parametrize(("slope", "found"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (-1.0, 0.0), (3.0, MAX_SLOPE)])
def test_slopes_are_those_of_the_paint(plate, source, slope, found):
    key = np.float32(0.4) + np.float32(slope) * source / 255
    np.testing.assert_allclose(tone_slopes(plate, key), found, atol=1e-3)


def test_paint_that_does_not_follow_its_plate_has_hardly_any_slope():
    assert tone_slopes(texture(1), texture(2).astype(np.float32) / 255).max() < 0.1


def test_a_flat_plate_has_no_slope(source):
    np.testing.assert_allclose(tone_slopes(np.full((48, 64, 3), 90, np.uint8), source / 255), 0, atol=0.01)


def test_channels_have_their_own_slopes(plate, source):
    key = source / 255 * np.array([1, 0.5, 0], np.float32)
    np.testing.assert_allclose(tone_slopes(plate, key), [1, 0.5, 0], atol=1e-3)


@pytest.mark.parametrize(("levels", "change"), [(20, 20 / 255 - IGNORED), (-20, IGNORED - 20 / 255), (90, MAX_CHANGE)])
def test_a_broad_change_is_followed(source, levels, change):
    darker = np.clip(source, 95, 160)
    plate = (np.rint(darker) + levels).astype(np.uint8)
    followed = tone_change(plate, np.rint(darker), np.ones(3, np.float32))
    np.testing.assert_allclose(followed, change, atol=1e-5)


def test_a_change_is_followed_as_far_as_the_paint_follows(source, plate):
    brighter = (source * 0.8).astype(np.float32)
    full, half = (tone_change(plate, brighter, np.full(3, slope, np.float32)) for slope in (1, 0.5))
    np.testing.assert_allclose(half, full / 2, atol=1e-6)
    assert full.max() > 0.05


def test_grain_is_ignored(plate, source):
    grain = np.random.default_rng(0).normal(0, 1.5, source.shape).astype(np.float32)
    assert np.abs(tone_change(plate, source + grain, np.ones(3, np.float32))).mean() < 1e-4


@pytest.mark.slow
def test_a_shadow_darkens_the_painted_surface_and_nothing_else(plate):
    """The search finds no patch in shadow: the key has none."""
    shadow = np.zeros((48, 64, 1), np.float32)
    shadow[10:38, 8:30] = 24
    shadow = cv2.GaussianBlur(shadow, (0, 0), 3)[..., None]
    plates = [plate, np.clip(plate - shadow + 0.5, 0, 255).astype(np.uint8)]
    step = Step(np.zeros((48, 64, 2), np.float32), np.ones((48, 64), bool))
    key = plate.astype(np.float32) / 255 * np.array([0.9, 0.7, 0.5], np.float32)
    (made,) = propagate_key([0, 1], Scene(plates.__getitem__, lambda *_: step), key, SynthesisSettings())
    change = made.colour - key
    wanted = -shadow / 255 * np.array([0.9, 0.7, 0.5], np.float32)
    assert np.abs(change - wanted)[14:34, 12:26].mean() < 0.25 * np.abs(wanted)[14:34, 12:26].mean()
    assert np.abs(change[:, 48:]).mean() < 0.5 / 255


def test_surroundings_reach_beyond_a_patch(source):
    before = surroundings(source / 255)
    other = source / 255
    other[20:24, 20:24] = 1
    changed = np.abs(surroundings(other) - before) > 1e-4
    assert changed[22, 28]
    assert changed[28, 22]
    assert not changed[:, 45:].any()
