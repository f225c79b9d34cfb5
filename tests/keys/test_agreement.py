import cv2
import numpy as np
import pytest

from stylize.keys.agreement import _gradients, agreement


def painting(seed=0):
    noise = np.random.default_rng(seed).random((60, 80, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3)
    return (soft - soft.min()) / (soft.max() - soft.min())


EVERYWHERE = np.ones((60, 80), np.float32)


def test_identical_pictures_agree_fully():
    result = agreement(painting(), painting(), EVERYWHERE)
    assert (result.colour, result.structure, result.common) == pytest.approx((0, 1, 1))
    assert not result.outlier


def test_colour_and_structure_differences_are_distinguished():
    dim = agreement(painting() * np.float32(0.8), painting(), EVERYWHERE)
    other = agreement(painting(1), painting(), EVERYWHERE)
    assert dim.structure > 0.99
    assert dim.colour == pytest.approx(0.2 * painting().mean(), rel=1e-3)
    assert other.structure < 0.4
    assert other.disagreement > dim.disagreement
    assert other.outlier


def test_only_the_common_area_counts():
    key, confidence = painting(), EVERYWHERE.copy()
    confidence[:, :30] = 0
    corrupt = key.copy()
    corrupt[:, :20] = 1 - corrupt[:, :20]
    result = agreement(corrupt, key, confidence)
    assert result.colour == 0
    assert result.common == pytest.approx(50 / 80)
    assert agreement(key, key, EVERYWHERE * 0) is None


def test_flat_pictures_agree():
    flat = np.full((60, 80, 3), 0.5, np.float32)
    assert agreement(flat, flat, EVERYWHERE).disagreement == 0


def test_agreement_has_a_readable_text():
    assert (
        str(agreement(painting(), painting(), EVERYWHERE)) == "colour 0.000, structure 1.00, over 100% of the picture"
    )


def test_score_does_not_depend_on_memory_layout():
    picture = np.random.default_rng(0).random((90, 161, 3), np.float32)
    found = [_gradients(picture)]
    for gap in range(24):  # results are kept, so that the next one lies elsewhere
        found += [np.empty(4 * gap + 1, np.uint8), _gradients(picture)]
        np.testing.assert_array_equal(found[-1], found[0])
