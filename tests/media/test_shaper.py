"""The shaper: what it encodes comes back, and mid-tones have the values of a display."""

import numpy as np
import pytest

from stylize.media import shaper
from stylize.media.images import quantise
from stylize.media.images.transfer import encode_srgb

RANGES = [(0.0, 2.0), (0.0, 4.0), (0.0, 65536.0), (-6.0, 1024.0), (9.0, 2.0)]


@pytest.mark.parametrize(("stops", "white"), RANGES)
def test_light_comes_back(stops: float, white: float) -> None:
    light = np.geomspace(2e-3, white, 4000).astype(np.float32) * np.float32(2.0**-stops)
    back = shaper.decode(quantise(shaper.encode(light, stops, white), np.uint16), stops, white)
    np.testing.assert_allclose(back, light, rtol=2e-3)
    np.testing.assert_allclose(back[light > 0.1 * 2.0**-stops], light[light > 0.1 * 2.0**-stops], rtol=6e-4)


@pytest.mark.parametrize(("stops", "white"), RANGES)
def test_ends_are_exact(stops: float, white: float) -> None:
    codes = quantise(shaper.encode(np.array([0, white * 2.0**-stops, np.inf, -3], np.float32), stops, white), np.uint16)
    assert codes.tolist() == [0, 65535, 65535, 0]
    assert shaper.decode(codes[:2], stops, white).tolist() == [0, np.float32(white * 2.0**-stops)]


def test_mid_tones_have_the_values_of_a_display() -> None:
    light = np.linspace(0, 0.6, 500, dtype=np.float32)
    np.testing.assert_array_equal(shaper.encode(light, 0, 64), encode_srgb(light))


def test_curve_is_smooth_at_the_knee_and_rises() -> None:
    light = np.linspace(0.5, 8, 7501, dtype=np.float32)
    slopes = np.diff(shaper.encode(light, 0, 8).astype(np.float64)) / 1e-3
    assert (slopes > 0).all()
    below, above = slopes[light[1:] < 0.603][-3:].mean(), slopes[light[:-1] > 0.605][:3].mean()
    assert above / below == pytest.approx(1, abs=0.08)
