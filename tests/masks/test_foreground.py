import numpy as np
import pytest

from masks.foreground import foreground
from tests.composites import CASES


@pytest.mark.slow
def test_no_background_bleeds_into_hair():
    case = CASES["hair"](1)
    picture, truth, matte = case.frames[0].astype(np.float32) / 255, case.foreground[0] / 255, case.alphas[0]
    mixed = (matte > 0.05) & (matte < 0.95)
    found = foreground(picture, matte)
    assert np.abs(found - truth)[mixed].mean() < 0.35 * np.abs(picture - truth)[mixed].mean()
    solid = matte == 1
    assert np.abs(found - picture)[solid].max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (5, 33)])
def test_any_size_works(size):
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    assert foreground(picture, np.ones(size, np.float32)).shape == (*size, 3)
    with pytest.raises(ValueError, match="same size"):
        foreground(picture, np.ones((size[0] + 1, size[1]), np.float32))
