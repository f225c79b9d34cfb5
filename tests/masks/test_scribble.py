"""Mattes from a few strokes."""

import cv2
import numpy as np
import pytest

from masks.scribble import scribbled_matte
from masks.track import Tracked
from tests.composites import Motion, body, compose, iou

SIZE = (200, 112)


@pytest.fixture(scope="module")
def case():
    return compose(body(), Motion(lambda t: (90, 56)), 1, seed=3, size=SIZE)


def tracked(matte, confidence=1.0):
    return Tracked(0, matte, np.full(matte.shape, confidence, np.float32), 0.9)


def lost(case):
    """The true matte without the right leg and arm, and the pixels that are lost."""
    truth = case.alphas[0] > 0.5
    right = truth & (np.arange(SIZE[0]) > 100)[None]
    return (truth & ~right).astype(np.float32), right


def strokes_on(region, side):
    """A stroke of three pixels along the middle of a region."""
    depth = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5)
    strokes = np.zeros(region.shape, np.int8)
    strokes[depth > 0.6 * depth.max()] = side
    return strokes


@pytest.mark.slow
def test_stroke_gives_back_a_lost_part(case):
    matte, missing = lost(case)
    strokes = strokes_on(missing, 1)
    assert 0 < (strokes != 0).sum() < 0.35 * missing.sum()
    found, overlap = scribbled_matte(case.frames[0], strokes, tracked(matte))
    assert found.dtype == np.float32
    assert iou(found, case.alphas[0]) > 0.9 > 0.85 > iou(matte, case.alphas[0])
    assert (found[strokes != 0] == 1).all()
    assert 0.8 < overlap <= 1


@pytest.mark.slow
def test_black_stroke_removes_a_surplus_part(case):
    truth = case.alphas[0] > 0.5
    surplus = np.zeros_like(truth)
    surplus[30:80, 140:170] = True
    matte = (truth | surplus).astype(np.float32)
    found, _ = scribbled_matte(case.frames[0], strokes_on(surplus & ~truth, -1), tracked(matte))
    assert iou(found, case.alphas[0]) > 0.88 > 0.75 > iou(matte, case.alphas[0])


def test_strokes_of_both_sides_are_enough_without_tracking(case):
    truth = case.alphas[0] > 0.5
    strokes = np.zeros(truth.shape, np.int8)
    strokes[cv2.erode(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0] = 1
    reach = cv2.dilate(truth.astype(np.uint8), np.ones((15, 15), np.uint8))
    strokes[(cv2.dilate(reach, np.ones((3, 3), np.uint8)) > 0) & (reach == 0)] = -1
    found, _ = scribbled_matte(case.frames[0], strokes)
    assert iou(found, case.alphas[0]) > 0.9
    assert found[:, 170:].max() < 0.5


@pytest.mark.slow
def test_strokes_are_kept_at_full_size():
    plate = np.full((700, 1000, 3), 90, np.uint8)
    plate[:, 500:] = 200
    strokes = np.zeros(plate.shape[:2], np.int8)
    strokes[50:650, 150], strokes[50:650, 850] = 1, -1
    found, _ = scribbled_matte(plate, strokes)
    assert found.shape == (700, 1000)
    assert (found[50:650, 150] == 1).all()
    assert (found[50:650, 850] == 0).all()
    assert ((found > 0.5) == (np.arange(1000) < 500)[None]).mean() > 0.99


def test_strokes_of_one_side_need_a_tracked_matte(case):
    strokes = np.zeros(SIZE[::-1], np.int8)
    strokes[50, 90] = 1
    with pytest.raises(ValueError, match="both sides"):
        scribbled_matte(case.frames[0], strokes)
    with pytest.raises(ValueError, match="same size as their plate"):
        scribbled_matte(case.frames[0], strokes[1:])
