"""Overlap that a tracked matte can be expected to have."""

import numpy as np
import pytest

from masks.appearance import Appearance
from masks.expected_overlap import RECENT, Disagreement, expected_overlap


def square(side=60):
    matte = np.zeros((100, 100), np.float32)
    matte[20 : 20 + side, 20 : 20 + side] = 1
    return matte


def history(*overlaps):
    found = Disagreement()
    for overlap in overlaps:
        found = found.after(overlap)
    return found


SQUARE = 3600
ALIKE, APART = Appearance(1.0, 1.0), Appearance(1.0, 0.1)


def test_agreement_leaves_the_border_only():
    assert 0.94 < expected_overlap(square(), SQUARE, ALIKE, history(1.0)) < 1


def test_disagreement_lowers_it_at_once_and_fades_when_it_ends():
    clean, wrong = history(*[1.0] * 9), history(*[1.0] * 8, 0.5)
    assert expected_overlap(square(), SQUARE, ALIKE, wrong) < expected_overlap(square(), SQUARE, ALIKE, clean) - 0.03
    recovered = history(*[1.0] * 8, 0.5, *[1.0] * RECENT)
    assert expected_overlap(square(), SQUARE, ALIKE, recovered) == pytest.approx(
        expected_overlap(square(), SQUARE, ALIKE, clean)
    )


def test_lasting_disagreement_costs_more():
    lately, lasting = history(*[1.0] * 30, *[0.7] * RECENT), history(*[0.7] * (30 + RECENT))
    assert expected_overlap(square(), SQUARE, ALIKE, lasting) < expected_overlap(square(), SQUARE, ALIKE, lately) - 0.04


def test_disagreement_costs_little_where_the_subject_stands_out():
    wrong = history(*[0.6] * 20)
    assert expected_overlap(square(), SQUARE, APART, wrong) > 0.85
    assert expected_overlap(square(), SQUARE, ALIKE, wrong) < 0.7


def test_foreign_colours_mean_that_the_subject_is_lost():
    overlaps = [expected_overlap(square(), SQUARE, Appearance(to_key, 0.5), history(1.0)) for to_key in (1, 0.8, 0.3)]
    assert overlaps[0] == overlaps[1]
    assert overlaps[2] < 0.1


def test_change_of_size_is_less_certain():
    same, larger, smaller = (expected_overlap(square(), area, ALIKE, history(1.0)) for area in (SQUARE, 900, 14400))
    assert same - 0.2 < larger < same - 0.05
    assert larger == pytest.approx(smaller)


def test_subject_that_leaves_the_picture_may_shrink():
    leaving = np.zeros((100, 100), np.float32)
    leaving[:30, 20:80] = 1
    inside = np.roll(leaving, 30, axis=0)
    assert expected_overlap(leaving, SQUARE, ALIKE, history(1.0)) > 0.95
    assert expected_overlap(inside, SQUARE, ALIKE, history(1.0)) < 0.93
    assert expected_overlap(leaving, 900, ALIKE, history(1.0)) < 0.93


def test_thin_subject_is_less_certain():
    thin = np.zeros((100, 100), np.float32)
    thin[50:53, 10:90] = 1
    assert (
        expected_overlap(thin, 240, ALIKE, history(1.0))
        < expected_overlap(square(), SQUARE, ALIKE, history(1.0)) - 0.05
    )


def test_disagreement_costs_more_where_the_border_is_long():
    thin = np.zeros((100, 100), np.float32)
    thin[50:56, 10:90] = 1
    unlike = Appearance(1.0, 0.0)
    losses = [
        expected_overlap(matte, area, unlike, history(1.0)) - expected_overlap(matte, area, unlike, history(0.7))
        for matte, area in ((square(), SQUARE), (thin, 480))
    ]
    assert losses[1] > losses[0] + 0.05 > 0.05


def test_empty_matte_gives_no_evidence():
    assert expected_overlap(np.zeros((9, 9), np.float32), 9, ALIKE, history(1.0)) == 0
