"""Overlap that a tracked matte can be expected to have."""

import numpy as np
import pytest

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


def test_agreement_and_coverage_leave_the_border_only():
    assert 0.98 < expected_overlap(square(), 1.0, history(1.0)) < 1


def test_disagreement_lowers_it_at_once_and_is_forgotten_if_the_key_still_matches():
    clean, wrong = history(*[1.0] * 9), history(*[1.0] * 8, 0.5)
    assert expected_overlap(square(), 1.0, wrong) < expected_overlap(square(), 1.0, clean) - 0.03
    recovered = history(*[1.0] * 8, 0.5, *[1.0] * RECENT)
    assert expected_overlap(square(), 1.0, recovered) == pytest.approx(expected_overlap(square(), 1.0, clean))


def test_disagreement_accumulates_where_the_key_explains_nothing():
    drifting = history(*[0.7] * 30)
    assert expected_overlap(square(), 1.0, drifting) - expected_overlap(square(), 0.0, drifting) > 0.15
    assert expected_overlap(square(), 0.0, history(*[1.0] * 30)) > 0.98


def test_thin_subject_is_less_certain():
    thin = np.zeros((100, 100), np.float32)
    thin[50:53, 10:90] = 1
    assert expected_overlap(thin, 1.0, history(1.0)) < expected_overlap(square(), 1.0, history(1.0)) - 0.05


def test_empty_matte_gives_no_evidence():
    assert expected_overlap(np.zeros((9, 9), np.float32), 1.0, history(1.0)) == 0
