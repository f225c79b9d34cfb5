"""Cropping a box out of a picture, and pasting it back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from propagate.box import Box, full_box


@st.composite
def boxes(draw):
    left, top = draw(st.integers(0, 20)), draw(st.integers(0, 20))
    return Box(left, top, left + draw(st.integers(1, 20)), top + draw(st.integers(1, 20)))


@given(box=boxes(), channels=st.sampled_from([(), (1,), (3,)]))
def test_crop_and_paste_restore_only_the_box(box, channels):
    picture = np.random.default_rng(0).integers(1, 255, (40, 40, *channels), np.uint8)
    part = box.crop(picture)
    assert part.shape[:2] == box.size
    back = box.zero_pad(part, (40, 40))
    np.testing.assert_array_equal(back[box.top : box.bottom, box.left : box.right], part)
    assert np.count_nonzero(back) == part.size
    box.put(part, back)
    rest = picture - back
    assert not box.crop(rest).any()
    np.testing.assert_array_equal(rest + back, picture)


@given(one=boxes(), other=boxes())
def test_box_relative_to_another_gives_the_same_crop(one, other):
    outer = Box(
        min(one.left, other.left), min(one.top, other.top), max(one.right, other.right), max(one.bottom, other.bottom)
    )
    picture = np.random.default_rng(1).integers(0, 255, (60, 70, 3), np.uint8)
    np.testing.assert_array_equal(one.within(outer).crop(outer.crop(picture)), one.crop(picture))
    assert one.within(one).corner == (0, 0)


def test_full_crop_is_not_a_copy():
    picture = np.zeros((5, 7, 3), np.uint8)
    assert np.shares_memory(full_box(picture.shape).crop(picture), picture)
