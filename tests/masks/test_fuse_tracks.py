from dataclasses import replace

import numpy as np
import pytest

from masks.fuse_tracks import fuse_tracks
from masks.track import Tracked


def side(matte, confidence=0.9, certain=1.0):
    matte = np.asarray(matte, np.float32)
    return Tracked(5, matte, np.full(matte.shape, certain, np.float32), confidence)


def half(left):
    matte = np.zeros((20, 40), np.float32)
    matte[:, left : left + 10] = 1
    return matte


def test_fused_matte_equals_the_key_at_the_key():
    one, other = half(5), half(20)
    assert np.abs(fuse_tracks(side(one), side(other), 0.0).matte - one).max() < 1e-3
    assert np.abs(fuse_tracks(side(one), side(other), 1.0).matte - other).max() < 1e-3


def test_more_confident_side_decides_halfway():
    one, other = half(5), half(20)
    mixed = fuse_tracks(side(one, certain=0.9), side(other, certain=0.2), 0.5).matte
    assert np.abs(mixed - one).max() < 0.1


def test_agreement_raises_confidence_and_contradiction_lowers_it():
    same = fuse_tracks(side(half(5), 0.8), side(half(5), 0.8), 0.5)
    np.testing.assert_allclose(same.matte, half(5), atol=1e-6)
    assert same.confidence > 0.8
    assert fuse_tracks(side(half(5), 0.8), side(half(20), 0.8), 0.5).confidence < 0.2


def square(rows):
    matte = np.zeros((120, 40), np.float32)
    matte[:rows, 10:20] = 1
    return matte


def test_mattes_that_differ_as_much_as_they_expect_keep_their_confidence():
    # Of 100 rows, 81 are in both.
    fused = fuse_tracks(side(square(100), 0.9), side(square(81), 0.9), 0.5)
    assert fused.confidence == pytest.approx(0.9, abs=0.001)
    assert fuse_tracks(side(square(100), 0.95), side(square(81), 0.95), 0.5).confidence < 0.8
    assert fuse_tracks(side(square(100), 0.7), side(square(81), 0.7), 0.5).confidence == pytest.approx(0.73, abs=0.02)


def test_confidence_is_that_of_the_nearer_side():
    for nearness, near in ((0.1, 0.95), (0.9, 0.7)):
        fused = fuse_tracks(side(square(100), 0.95), side(square(70), 0.7), nearness)
        assert fused.confidence == pytest.approx(near, abs=0.02)


def test_limb_that_one_side_lost_is_kept_between_equal_sides():
    whole, lost = np.zeros((20, 40), np.float32), np.zeros((20, 40), np.float32)
    whole[4:16, 10:30], lost[4:16, 10:22] = 1, 1
    for one, other in ((whole, lost), (lost, whole)):
        assert (fuse_tracks(side(one), side(other), 0.5).matte[4:16, 22:30] > 0.6).all()
    certain, nearer = fuse_tracks(side(whole, certain=0.5), side(lost), 0.5), fuse_tracks(side(whole), side(lost), 0.7)
    assert max(one.matte[4:16, 22:30].max() for one in (certain, nearer)) < 0.4


def test_clean_plate_has_no_limbs_to_lose():
    clean = replace(side(half(0) * 0), from_clean_plate=True)
    assert fuse_tracks(side(half(5)), clean, 0.5).matte[:, 5:15].max() < 0.55


@pytest.mark.parametrize("nearness", [-0.1, 1.1])
def test_nearness_out_of_range_is_refused(nearness):
    with pytest.raises(ValueError, match="nearness"):
        fuse_tracks(side(half(5)), side(half(5)), nearness)
