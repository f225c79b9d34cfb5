import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masks.composite import over


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_plate_outside_the_matte_is_bit_identical(depth):
    draw = np.random.default_rng(0)
    most = np.iinfo(depth).max
    plate, look = (draw.integers(0, most, (20, 30, 3), dtype=depth, endpoint=True) for _ in range(2))
    matte = np.clip(draw.random((20, 30), np.float32) * 2 - 0.5, 0, 1)
    mixed = over(look, plate, matte)
    assert mixed.dtype == depth
    np.testing.assert_array_equal(mixed[matte == 0], plate[matte == 0])
    np.testing.assert_array_equal(mixed[matte == 1], look[matte == 1])
    low, high = np.minimum(plate, look), np.maximum(plate, look)
    assert ((mixed >= low) & (mixed <= high)).all()


@given(st.lists(st.tuples(st.integers(0, 69), st.integers(0, 29)), max_size=4))
def test_small_inside_area_is_composited_like_the_whole(places):
    draw = np.random.default_rng(2)
    plate, look = (draw.integers(0, 255, (70, 30, 3), np.uint8) for _ in range(2))
    matte = np.zeros((70, 30), np.float32)
    for number, place in enumerate(places):
        matte[place] = (number + 1) / 4
    share = matte[..., None].astype(np.float64)
    expected = np.floor(share * look + (1 - share) * plate + 0.5).astype(np.uint8)
    mixed = over(look, plate, matte)
    np.testing.assert_array_equal(mixed, expected)
    assert not np.shares_memory(mixed, plate)


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.5])
def test_matte_out_of_range_is_refused(value):
    plate = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="between 0 and 1"):
        over(plate, plate, np.full((4, 4), value, np.float32))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_tall_picture_is_composited_in_bands_with_the_same_bits(depth):
    draw = np.random.default_rng(1)
    shape = (601, 200, 3)
    plate, look = (draw.integers(0, np.iinfo(depth).max, shape, dtype=depth, endpoint=True) for _ in range(2))
    matte = np.clip(draw.random(shape[:2], np.float32) * 2 - 0.5, 0, 1)
    tracemalloc.start()
    mixed = over(look, plate, matte)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    share = matte[..., None].astype(np.float64)
    np.testing.assert_array_equal(mixed, np.floor(share * look + (1 - share) * plate + 0.5).astype(depth))
    # The result, and a tenth of the memory of a float64 composite.
    assert most < mixed.nbytes + 0.1 * 64 * matte.size + 6 * 64 * 200 * 8
