import numpy as np
import pytest

from masks.composite import over
from propagate.box import Box
from stylize.spans.composite_look import composite_look, to_depth

SIZE = (30, 40)


def noise(seed, *shape, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def test_bit_depths_convert_without_loss():
    eight = np.arange(256, dtype=np.uint8).reshape(1, -1)
    np.testing.assert_array_equal(to_depth(to_depth(eight, np.uint16), np.uint8), eight)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_look_without_a_matte_replaces_the_plate_and_keeps_its_alpha(channels, dtype):
    look, plate = noise(0, *SIZE, 3), noise(1, *SIZE, channels)
    picture, alone = composite_look(look, None, plate, None, dtype)
    assert picture.dtype == dtype
    np.testing.assert_array_equal(picture[..., :3], to_depth(look, dtype))
    np.testing.assert_array_equal(picture[..., 3:], to_depth(plate, dtype)[..., 3:])
    assert alone is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_composite_in_a_box_equals_that_of_the_whole_frame(dtype):
    look, plate, box = noise(0, *SIZE, 3, dtype=dtype), noise(1, *SIZE, 4, dtype=dtype), Box(5, 4, 25, 20)
    matte = box.zero_pad(np.random.default_rng(2).random(box.size).astype(np.float32), SIZE)
    matte[10:12, 10:12] = 0
    before = plate.copy()
    whole, whole_alone = composite_look(look, None, plate, matte, dtype)
    picture, alone = composite_look(box.crop(look), box, plate, matte, dtype)
    np.testing.assert_array_equal(picture, whole)
    np.testing.assert_array_equal(alone, whole_alone)
    np.testing.assert_array_equal(picture[..., :3], over(look, plate[..., :3], matte))
    np.testing.assert_array_equal(picture[matte == 0], plate[matte == 0])
    np.testing.assert_array_equal(picture[..., 3], plate[..., 3])
    np.testing.assert_array_equal(alone, look * (matte > 0)[..., None])
    np.testing.assert_array_equal(plate, before)  # not modified
