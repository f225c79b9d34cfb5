"""A pass whose frames have boxes of their own, which move, grow and jump."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate import bands
from propagate.box import Box
from propagate.flow_dis import DisFlow
from propagate.scene import estimated_scene
from propagate.synthesis import PassState, SynthesisSettings, propagate_key
from tests.propagate.test_synthesis import moving, psnr

SIZE = (72, 96)


def filmed(plates, boxes):
    return replace(estimated_scene(plates.__getitem__, DisFlow()), box=boxes.get)


def made(scene, key, state=None, frames=range(6)):
    return list(propagate_key(frames, scene, key, SynthesisSettings(), state))


def assert_equal(one, other):
    for a, b in zip(one, other, strict=True):
        for name, array in a.state.arrays().items():
            np.testing.assert_array_equal(array, b.state.arrays()[name])
        np.testing.assert_array_equal(a.colour, b.colour)
        np.testing.assert_array_equal(a.error, b.error)


def any_box():
    return st.builds(
        lambda left, top, width, height: Box(left, top, min(96, left + width), min(72, top + height)),
        st.integers(0, 95), st.integers(0, 71), st.integers(1, 96), st.integers(1, 72),
    )  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(boxes=st.fixed_dictionaries({n: st.none() | any_box() for n in range(1, 6)}), stop=st.integers(0, 4))
def test_pass_in_any_boxes_resumes_bit_identically(boxes, stop):
    plates, truth = moving()
    whole = made(filmed(plates, boxes), truth[0])
    for carried in whole:
        size = SIZE if boxes[carried.frame] is None else boxes[carried.frame].size
        assert carried.colour.shape == (*size, 3)
        assert carried.error.shape == size
        assert np.isfinite(carried.colour).all()
        assert np.isfinite(carried.error).all()
        assert carried.state.flow.shape == (*SIZE, 2)
    kept = PassState.from_arrays(whole[stop].state.arrays())
    assert_equal(whole[stop + 1 :], made(filmed(plates, boxes), truth[0], kept))


@pytest.mark.slow
def test_full_box_gives_the_bits_of_no_box():
    plates, truth = moving()
    assert_equal(
        made(filmed(plates, {}), truth[0]), made(filmed(plates, dict.fromkeys(range(6), Box(0, 0, 96, 72))), truth[0])
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 4])
def test_boxes_do_not_depend_on_threads(set_threads, monkeypatch, number):
    plates, truth = moving()
    boxes = {n: Box(6 * n, 4 * n, 6 * n + 50, 4 * n + 44) for n in range(6)}
    set_threads(1)
    alone = made(filmed(plates, boxes), truth[0])
    # Bands of a few rows, so that there is work to distribute.
    monkeypatch.setattr(bands, "BAND_PIXELS", 500)
    set_threads(number)
    assert_equal(alone, made(filmed(plates, boxes), truth[0]))


@pytest.mark.slow
@pytest.mark.parametrize("pace", [0, 5, 9])
def test_moving_box_is_as_good_as_the_whole_frame(pace):
    plates, truth = moving()
    boxes = {n: Box(pace * n, 8, pace * n + 50, 64) for n in range(6)}
    alone, whole = made(filmed(plates, boxes), truth[0]), made(filmed(plates, {}), truth[0])
    gains = []
    for part, all_of_it in zip(alone, whole, strict=True):
        box, inner = boxes[part.frame], Box(10, 10, 40, 46)
        shown = inner.crop(box.crop(truth[part.frame]))
        gains.append(psnr(inner.crop(part.colour), shown) - psnr(inner.crop(box.crop(all_of_it.colour)), shown))
    # Individual frames vary randomly by up to a decibel.
    assert np.mean(gains) > -0.3
    assert min(gains) > -1.5


def test_area_new_to_the_boxes_shows_the_warped_key():
    plates, truth = moving(1)
    places = {n: Box(0, 0, 40, 40) if n % 2 else Box(50, 30, 96, 72) for n in range(1, 4)}
    for carried in made(filmed(dict.fromkeys(range(4), plates[0]), places), truth[0], frames=range(4)):
        shown = places[carried.frame].crop(truth[0])
        # Filters see the border of the box, but only within their radius.
        inner = Box(12, 12, shown.shape[1] - 12, shown.shape[0] - 12)
        assert np.abs(inner.crop(carried.colour - shown)).max() < 1e-3


def test_state_without_its_corner_is_refused():
    plates, truth = moving()
    arrays = made(filmed(plates, {}), truth[0], frames=range(2))[0].state.arrays()
    del arrays["corner"]
    with pytest.raises(ValueError, match="corner"):
        PassState.from_arrays(arrays)
