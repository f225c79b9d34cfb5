import numpy as np
import pytest

from masks.difference import difference_key
from masks.luma import luma_key
from tests.composites import CASES, iou


def test_luma_key_is_a_ramp_in_both_directions():
    ramp = np.repeat(np.linspace(0, 1, 101, dtype=np.float32)[None, :, None], 3, axis=2)
    np.testing.assert_allclose(
        luma_key(ramp, 0.2, 0.6)[0], np.clip((np.linspace(0, 1, 101) - 0.2) / 0.4, 0, 1), atol=1e-5
    )
    np.testing.assert_allclose(luma_key(ramp, 0.6, 0.2), 1 - luma_key(ramp, 0.2, 0.6), atol=1e-5)
    with pytest.raises(ValueError, match="two levels"):
        luma_key(ramp, 0.5, 0.5)


@pytest.mark.slow
def test_difference_from_the_clean_plate_is_inside():
    case = CASES["moving"](2)
    picture, clean = (one[1].astype(np.float32) / 255 for one in (case.frames, case.clean))
    found = difference_key(picture, clean, 0.04, 0.12)
    assert iou(found, case.alphas[1]) > 0.9
    assert not difference_key(clean, clean, 0.04, 0.12).any()


def test_falling_levels_and_different_sizes_are_refused():
    one = np.zeros((4, 5, 3), np.float32)
    for other, low in ((one, 0.2), (one[:3], 0.0)):
        with pytest.raises(ValueError, match="the same size and low < high"):
            difference_key(one, other, low, 0.1)
