"""Colours outside of the gamut are mixed with grey; all others are unchanged."""

import numpy as np

from propagate.gamut_mapping import desaturate_into_gamut

REC709 = (0.2126, 0.7152, 0.0722)


def test_colours_inside_are_bit_identical() -> None:
    linear = np.random.default_rng(1).random((5, 6, 3)).astype(np.float32) * 4
    np.testing.assert_array_equal(desaturate_into_gamut(linear, REC709), linear)


def test_colours_outside_reach_the_border_with_their_luminance_and_hue() -> None:
    outside = np.array([[[1.66, -0.1246, -0.0182], [-0.5877, 1.1329, -0.1006], [3.0, 2.0, -0.5]]], np.float32)
    found = desaturate_into_gamut(outside, REC709)
    np.testing.assert_allclose(found.min(axis=2), 0, atol=1e-6)
    np.testing.assert_allclose(found @ np.array(REC709), outside @ np.array(REC709), rtol=1e-5)
    assert (np.argsort(found, axis=2) == np.argsort(outside, axis=2)).all()
    grey = (outside @ np.array(REC709))[..., None]
    slopes = (found - grey) / (outside - grey)
    np.testing.assert_allclose(slopes, slopes[..., :1].repeat(3, 2), rtol=1e-4)


def test_colour_without_light_becomes_black() -> None:
    found = desaturate_into_gamut(np.array([[[0.01, -0.2, 0.0]]], np.float32), REC709)
    assert not found.any()
    assert np.isfinite(found).all()
