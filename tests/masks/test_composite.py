import numpy as np
import pytest

from masks.composite import over


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_outside_the_matte_the_plate_is_untouched_to_the_bit(depth):
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


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.5])
def test_a_matte_out_of_range_is_refused(value):
    plate = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="between 0 and 1"):
        over(plate, plate, np.full((4, 4), value, np.float32))
