"""Scaling to the size of a draft."""

from fractions import Fraction

import numpy as np
import pytest

from stylize.media.images import quantise
from stylize.media.scaling import draft_size, scale_flow, scale_picture, scale_values


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [
        ((1920, 1080), "1/2", (960, 540)),
        ((1920, 1080), "1/8", (240, 136)),
        ((641, 361), "1/2", (320, 180)),
        ((85, 57), "1/3", (28, 20)),
        ((3, 5), "1/8", (2, 2)),
    ],
)
def test_sides_of_a_draft_are_even_and_near_the_scale(size, scale, expected):
    assert draft_size(size, Fraction(scale)) == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixel_is_the_mean_of_its_area(dtype):
    picture = np.zeros((4, 6, 3), dtype)
    picture[:2, :2] = [[[10], [20]], [[30], [40]]]
    scaled = scale_picture(picture, (3, 2))
    assert (scaled.dtype, scaled.shape) == (dtype, (2, 3, 3))
    assert (scaled[0, 0] == 25).all()
    assert not scaled[1:].any()
    assert not scaled[0, 1:].any()
    assert scale_picture(picture[..., 0], (3, 2)).shape == (2, 3)


def test_transparent_colours_have_no_weight():
    """The mean of opaque red and transparent green is half-transparent red."""
    picture = np.array([[[200, 0, 0, 255], [0, 200, 0, 0]], [[200, 0, 0, 255], [0, 200, 0, 0]]], np.uint8)
    np.testing.assert_array_equal(scale_picture(picture, (1, 1)), [[[200, 0, 0, 128]]])
    picture[..., 3] = 0
    np.testing.assert_array_equal(scale_picture(picture, (1, 1)), [[[100, 100, 0, 0]]])
    picture[..., 3] = 255
    np.testing.assert_array_equal(scale_picture(picture, (1, 1)), [[[100, 100, 0, 255]]])


def test_constant_areas_stay_exact():
    """Pixels entirely outside or inside a matte are 0 or 1 in its file, also for odd sizes."""
    matte = np.zeros((57, 85), np.float32)
    matte[:, 40:] = 1
    stored = quantise(scale_values(matte, (28, 20)), np.uint16)
    assert (stored[:, :13] == 0).all()
    assert (stored[:, 14:] == 65535).all()


def test_flow_is_sampled_and_its_vectors_scaled():
    """At the edge of an object, a vector belongs to one side. Each axis has its own scale."""
    flow = np.zeros((6, 12, 2), np.float32)
    flow[:, 5:] = (8, -3)
    scaled = scale_flow(flow, (6, 2))
    assert scaled.shape == (2, 6, 2)
    assert {tuple(vector) for vector in scaled.reshape(-1, 2).tolist()} == {(0.0, 0.0), (4.0, -1.0)}
