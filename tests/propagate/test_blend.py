"""The choice between two passes sharpens with their difference, and most in the finest band."""

import numpy as np
import pytest

from propagate.blend import blend

SIZE = (24, 32)


def flat(level):
    return np.full((*SIZE, 3), level, np.float32)


def errors(value):
    return np.full(SIZE, value, np.float32)


@pytest.mark.parametrize(("apart", "low", "high"), [(0.01, 0.195, 0.205), (0.04, 0.18, 0.2), (0.2, 0.0, 0.01)])
def test_a_moderate_difference_is_averaged_and_a_large_one_chosen(apart, low, high):
    _, _, weight = blend(flat(0.4), errors(0.01), flat(0.4 + apart), errors(0.04), 0.5)
    assert low < weight.min()
    assert weight.max() < high


def test_finest_band_is_that_of_the_clearly_better_pass():
    """With weights of 0.7 and 0.3, the marks of the second pass are gone, though its broad colours count."""
    rows, columns = np.indices(SIZE)
    marks = np.float32(0.01) * np.where([rows % 2, columns % 2], 1, -1).astype(np.float32)[..., None]
    mixed, _, weight = blend(flat(0.4) + marks[0], errors(0.03), flat(0.4) + marks[1], errors(0.07), 0.5)
    assert 0.29 < weight.mean() < 0.31
    inner = (slice(6, -6), slice(6, -6))
    left = [float(((mixed - mixed.mean()) * own)[inner].mean() / (own * own).mean()) for own in marks]
    assert left[0] > 0.95
    assert abs(left[1]) < 0.02
