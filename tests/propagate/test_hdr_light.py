"""PQ and HLG against values that the recommendations publish."""

import numpy as np
import pytest

from propagate.hdr_light import hlg_to_scene, light_to_pq, pq_to_light, scene_to_display

REC2020 = (0.2627, 0.678, 0.0593)
# Light in cd/m² and PQ values in per cent, which Report ITU-R BT.2408-7 rounds, and the 10-bit narrow range codes.
PQ_LEVELS = ((100.0, 50.8, 509), (203.0, 58.1, 573), (1000.0, 75.2, 723), (4000.0, 90.3, 855), (10000.0, 100.0, 940))


@pytest.mark.parametrize(("light", "per_cent", "code"), PQ_LEVELS)
def test_pq_has_the_published_levels(light: float, per_cent: float, code: int) -> None:
    value = float(light_to_pq(np.array(light)))
    assert round(100 * value, 1) == per_cent
    assert round(64 + 876 * value) == code
    assert float(pq_to_light(np.array(value))) == pytest.approx(light, rel=1e-9)


def test_pq_is_black_at_zero_and_clips() -> None:
    np.testing.assert_array_equal(pq_to_light(np.array([-0.1, 0.0])), 0)
    assert float(pq_to_light(np.array(1.5))) == 10000


def test_hlg_is_a_root_below_half_and_a_logarithm_above() -> None:
    """The two parts meet at 1/12 (BT.2100); the nominal peak is 1."""
    np.testing.assert_allclose(hlg_to_scene(np.array([0.0, 0.25, 0.5, 1.0])), [0, 1 / 48, 1 / 12, 1], atol=1e-6)
    before, after = hlg_to_scene(np.array([0.5, 0.5 + 1e-9]))
    assert after - before < 1e-8


@pytest.mark.parametrize(("signal", "light"), [(0.38, 26), (0.75, 203), (1.0, 1000)])
def test_hlg_reference_levels_have_the_light_of_the_report(signal: float, light: float) -> None:
    """BT.2408-7, table 1: grey card 38 %, 26 cd/m²; reference white 75 %, 203 cd/m²; peak 1000 cd/m²."""
    scene = np.full((1, 1, 3), hlg_to_scene(np.array(signal)), np.float32)
    shown = scene_to_display(scene, REC2020)
    assert np.round(shown).tolist() == [[[light] * 3]]


def test_ootf_depends_on_luminance_and_keeps_ratios() -> None:
    scene = np.array([[[0.4, 0.2, 0.1], [0.0, 0.0, 0.0]]], np.float32)
    shown = scene_to_display(scene, REC2020)
    luminance = float(scene[0, 0] @ np.array(REC2020))
    np.testing.assert_allclose(shown[0, 0], 1000 * luminance**0.2 * scene[0, 0], rtol=1e-5)
    assert not shown[0, 1].any()
