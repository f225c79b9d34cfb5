"""Tone curves: their published values, and what all of them have in common."""

import numpy as np
import pytest

from propagate.hdr_light import light_to_pq
from propagate.tone_curves import CURVES, WHITE, bt2390, compress, hable, mobius, reinhard

PEAKS = (1.5, 1000 / WHITE, 10000 / WHITE)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("peak", PEAKS)
def test_curves_rise_from_black_to_white(name: str, peak: float) -> None:
    values = CURVES[name](np.linspace(0, peak, 400), peak)
    assert values[0] == pytest.approx(0, abs=1e-9)
    assert values[-1] == pytest.approx(1, abs=1e-9)
    assert (np.diff(values) >= -1e-12).all()
    assert values.max() <= 1 + 1e-9


def test_bt2390_keeps_light_below_its_knee_and_follows_the_spline_above() -> None:
    """For 1000 to 203 cd/m²: knee at 1.5 * 0.7724 - 0.5 of the peak's PQ value, and P(E) of the report above it."""
    peak = 1000 / WHITE
    low, middle, knee = np.array([0.01, 0.2, 0.4]), 1.0, 1.5 * 0.580689 / 0.751827 - 0.5
    np.testing.assert_allclose(bt2390(low, peak), low, rtol=1e-9)
    place = (0.580689 / 0.751827 - knee) / (1 - knee)
    expected = (2 * place**3 - 3 * place**2 + 1) * knee + (place**3 - 2 * place**2 + place) * (1 - knee)
    expected += (3 * place**2 - 2 * place**3) * 0.580689 / 0.751827
    found = light_to_pq(bt2390(np.array(middle), peak) * WHITE) / 0.751827
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_curves_of_papers_have_their_values() -> None:
    assert float(reinhard(np.array(1.0), 4.0)) == pytest.approx(0.5 * (1 + 1 / 16))
    # Hable's curve at 1 and 4, with the constants of the talk put in.
    expected = (0.204 / 0.71 - 1 / 15) / (2.604 / 4.46 - 1 / 15)
    assert float(hable(np.array(1.0), 4.0)) == pytest.approx(expected, abs=1e-6)
    np.testing.assert_allclose(mobius(np.array([0.1, 0.3]), 5.0), [0.1, 0.3])
    slope = (mobius(np.array(0.3 + 1e-6), 5.0) - 0.3) / 1e-6
    assert float(slope) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", CURVES)
def test_colours_keep_their_hue_and_fit_the_range(name: str) -> None:
    rng = np.random.default_rng(1)
    linear = (rng.random((6, 8, 3)) * 12).astype(np.float32)
    linear[0, 0] = 0
    linear[0, 1] = (90, 45, 0)  # above the peak
    found = compress(linear, name, 10.0)
    assert found.dtype == np.float32
    assert found.min() == 0
    assert found.max() <= 1
    assert not found[0, 0].any()
    np.testing.assert_allclose(found[0, 1], (1, 0.5, 0), atol=1e-6)
    shares = linear / np.maximum(linear.max(axis=2, keepdims=True), 1e-9)
    np.testing.assert_allclose(found / np.maximum(found.max(axis=2, keepdims=True), 1e-9), shares, atol=1e-5)


def test_source_darker_than_white_is_not_changed() -> None:
    linear = np.random.default_rng(2).random((4, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(compress(linear, "hable", 0.9), linear)
