import numpy as np
import pytest

from masks.min_cut import BORDER_COST, min_cut


def plate(grain=4):
    """Two flat halves with a little grain; the border is at column 30."""
    draw = np.random.default_rng(0)
    halves = np.full((48, 64, 3), 60, np.float32)
    halves[:, 30:] = (150, 120, 90)
    return np.clip(halves + draw.normal(0, grain, halves.shape), 0, 255).astype(np.uint8)


def test_region_is_labelled_by_its_total_evidence():
    unary = np.full((48, 64), 0.3, np.float32)
    # Uncertain on the left, except for a few confident pixels; far from the border between the halves.
    unary[:, :30] = 0.02
    unary[20:30, 5:15] = -0.5
    inside = min_cut(unary, plate())
    assert inside[:, :29].min() > 0.9
    assert inside[:, 31:].max() < 0.1


def test_specks_of_the_other_label_are_removed():
    draw = np.random.default_rng(1)
    unary = np.where(np.arange(64) < 30, -0.3, 0.3) * np.ones((48, 1))
    unary[draw.random((48, 64)) < 0.15] *= -1
    inside = min_cut(unary.astype(np.float32), plate())
    assert inside[:, :29].min() > 0.9
    assert inside[:, 31:].max() < 0.1


def test_unanimous_evidence_gives_no_cut():
    for value in (-0.4, 0.4):
        np.testing.assert_array_equal(min_cut(np.full((48, 64), value, np.float32), plate()), float(value < 0))


@pytest.mark.slow
def test_cut_of_a_small_picture_is_optimal():
    draw = np.random.default_rng(2)
    picture = np.full((3, 4, 3), 90, np.uint8)
    for _ in range(20):
        unary = draw.normal(0, 1.5, (3, 4)).astype(np.float32)
        # A flat picture: every border segment costs the same.
        inside = min_cut(unary, picture)

        def cost(labels, unary=unary):
            grid = labels.reshape(3, 4)
            length = np.abs(np.diff(grid, axis=0)).sum() + np.abs(np.diff(grid, axis=1)).sum()
            return float((unary * grid).sum() + BORDER_COST * length)

        best = min(cost(np.array([n >> bit & 1 for bit in range(12)], np.float64)) for n in range(4096))
        assert cost((inside > 0.5).astype(np.float64).ravel()) == pytest.approx(best, abs=0.02)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 3), (33, 7)])
def test_any_size_works(size):
    draw = np.random.default_rng(0)
    inside = min_cut(draw.normal(0, 1, size).astype(np.float32), draw.integers(0, 256, (*size, 3), np.uint8))
    assert (inside.shape, inside.dtype) == (size, np.float32)
    assert inside.min() >= 0
    assert inside.max() <= 1
