from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from propagate.flow import Step, estimate_step, warp
from propagate.flow_dis import DisFlow
from propagate.scene_break import (
    MIN_CONSISTENT_SHARE,
    MIN_CORRELATION,
    consistent_share,
    is_scene_break,
    local_correlation,
)
from tests import synthetic
from tests.synthetic import texture, to_bytes

BUNNY = Path(__file__).parents[2] / "examples" / "bunny.mp4"


def cut(before, after):
    return is_scene_break(estimate_step(before, after, DisFlow()), before, after)


def grained(picture, deviation, seed):
    draw = np.random.default_rng(seed)
    return to_bytes(picture + draw.normal(0, deviation, picture.shape).astype(np.float32))


@pytest.fixture(scope="module")
def bunny():
    with av.open(str(BUNNY)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return [cv2.resize(frame, synthetic.SIZE, interpolation=cv2.INTER_AREA) for frame in frames[::6]]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("grain", [0.0, 20.0])
def test_cuts_are_detected(seed, grain):
    one, other = grained(texture(seed), grain, 1), grained(texture(seed + 20), grain, 2)
    assert cut(one, other)


@pytest.mark.parametrize("seed", range(8))
def test_cuts_between_dark_or_small_frames_are_detected(seed):
    assert cut(texture(seed, colour=(40, 40, 60)), texture(seed + 20, colour=(60, 40, 40)))
    assert cut(texture(seed, (96, 54)), texture(seed + 20, (96, 54)))


def test_cuts_of_a_film_are_detected(bunny):
    assert cut(bunny[0], texture(3))
    assert cut(texture(3), bunny[-1])
    assert cut(bunny[0], np.ascontiguousarray(bunny[-1][:, ::-1]))


def test_film_without_cuts_has_none(bunny):
    # With six frames between each pair.
    assert not any(cut(one, other) for one, other in pairwise(bunny))
    assert not cut(bunny[0], bunny[-1])


CONNECTED_CLIPS = {
    "still": lambda: synthetic.still(3),
    "light falls": lambda: synthetic.exposure_drift(4),
    "by hand": lambda: synthetic.shake(6),
    "turn": lambda: synthetic.turn(8, 1, 5),
    "box": lambda: synthetic.box_turn(8, 1, 6, 1),
    "enter at once": lambda: synthetic.enter(3, 1, 1),
    "enter": lambda: synthetic.enter(8, 1, 5),
    "pan by a sixth": lambda: synthetic.pan(4, 50),
    "whip pan": lambda: synthetic.whip_pan(14),
    "white flash": lambda: synthetic.flash(5, 2, 1),
    "dissolve": lambda: synthetic.dissolve(6, 1, 3),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CONNECTED_CLIPS)
def test_continuous_shot_has_no_cut(name):
    assert not any(cut(one, other) for one, other in pairwise(CONNECTED_CLIPS[name]()))


@pytest.mark.parametrize("light", [0.15, 0.6, 1.6, 2.5])
def test_flash_in_a_moving_shot_is_not_a_cut(light):
    first, second = synthetic.pan(2, 4)
    lit = to_bytes(second * np.float32(light))
    assert not cut(first, lit)
    assert not cut(lit, first)


@pytest.mark.parametrize("grain", [10.0, 20.0, 40.0])
def test_grain_is_not_a_cut(grain):
    one, other = grained(texture(1), grain, 1), grained(texture(1), grain, 2)
    white = grained(np.full_like(one, 235), min(grain, 20), 3)
    assert not cut(one, other)
    assert not cut(one, white)
    assert not cut(white, one)


def test_cuts_are_well_separated_from_other_frames():
    cuts = [(texture(seed), texture(seed + 20)) for seed in range(8)]
    for before, after in cuts:
        step = estimate_step(before, after, DisFlow())
        alike, shown = local_correlation(warp(before, step.flow), after)
        assert consistent_share(step) < 0.75 * MIN_CONSISTENT_SHARE
        assert np.median(alike[shown]) < 0.9 * MIN_CORRELATION


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (4, 3)])
def test_tiny_frames_work(size):
    draw = np.random.default_rng(1)
    one, other = (draw.integers(0, 256, (*size, 3)).astype(np.uint8) for _ in range(2))
    assert cut(one, other) in (True, False)
    assert not cut(one, one)


def test_different_sizes_are_refused():
    step = Step(np.zeros((4, 4, 2), np.float32), np.ones((4, 4), bool))
    with pytest.raises(ValueError, match="same size"):
        is_scene_break(step, np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8))
