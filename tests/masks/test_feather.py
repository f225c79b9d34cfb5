import numpy as np
import pytest

from masks.feather import feather


@pytest.mark.parametrize("pixels", [1, 2, 5, 16, 61])
def test_step_is_soft_over_the_width_and_exact_beyond(pixels):
    matte = np.zeros((40, 200), np.float32)
    matte[:, 100:] = 1
    soft = feather(matte, pixels)
    reach = pixels / 2
    assert not soft[:, : int(100 - reach)].any()
    assert (soft[:, int(np.ceil(100 + reach)) :] == 1).all()
    between = soft[20, int(100 - reach) : int(np.ceil(100 + reach))]
    assert (np.diff(between) >= 0).all()
    np.testing.assert_allclose(between + between[::-1], 1, atol=1e-5)
    if pixels > 2:
        assert ((between[1:-1] > 0) & (between[1:-1] < 1)).all()


def test_zero_width_changes_no_bit():
    matte = np.random.default_rng(0).random((9, 13), np.float32)
    assert feather(matte, 0) is matte


def test_negative_width_is_refused():
    with pytest.raises(ValueError, match="0 pixels or more"):
        feather(np.zeros((4, 4), np.float32), -1)
