import numpy as np
import pytest

from masks.grow import grow


def disc(radius, size=(81, 121)):
    ys, xs = np.mgrid[: size[0], : size[1]]
    return ((xs - size[1] // 2) ** 2 + (ys - size[0] // 2) ** 2 <= radius**2).astype(np.float32)


@pytest.mark.parametrize(("radius", "pixels"), [(5, 3), (5, 14), (20, -3), (30, -14), (1, 1)])
def test_grown_disc_is_a_disc(radius, pixels):
    grown = grow(disc(radius), pixels)
    ys, xs = np.mgrid[:81, :121]
    far = np.hypot(xs - 60, ys - 40)
    assert grown[far <= radius + pixels - 1].all()
    assert not grown[far > radius + pixels + 1.5].any()


def test_soft_edges_keep_their_slope():
    ramp = np.clip((np.arange(60, dtype=np.float32) - 20) / 10, 0, 1)
    matte = np.tile(ramp, (9, 1))
    np.testing.assert_array_equal(grow(matte, 4)[:, :50], matte[:, 4:54])
    np.testing.assert_array_equal(grow(matte, -4)[:, 4:], matte[:, :-4])


@pytest.mark.parametrize("pixels", [0, 7, -7])
def test_full_and_empty_mattes_are_unchanged(pixels):
    for value in (0, 1):
        matte = np.full((12, 20), value, np.float32)
        np.testing.assert_array_equal(grow(matte, pixels), matte)


@pytest.mark.parametrize("matte", [np.full((3, 3), np.nan, np.float32), np.zeros((3, 3)), np.zeros((0, 3), np.float32)])
def test_invalid_matte_is_refused(matte):
    with pytest.raises(ValueError, match="a matte must"):
        grow(matte, 1)
