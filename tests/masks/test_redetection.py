"""Re-detection of a lost layer, and tracking of a subject that leaves the picture and returns."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import masks.track as tracker
from masks.redetection import MIN_LAYER_SIDE, redetection
from masks.track import Footage, track
from masks.warp import warp
from propagate.flow_dis import DisFlow
from tests.composites import iou

SIZE = (54, 96)


def textured(seed, height, width):
    coarse = np.random.default_rng(seed).uniform(0, 255, (-(-height // 4), -(-width // 4), 3)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def scene(x, y, side=16):
    """A textured square over a textured ground, and its layer; the square may be outside in part."""
    picture, layer = np.pad(textured(1, *SIZE) // 3, ((32, 32), (32, 32), (0, 0))), np.zeros((118, 160), np.bool_)
    square = cv2.resize(textured(2, 16, 16), (side, side), interpolation=cv2.INTER_LINEAR)
    picture[32 + y : 32 + y + side, 32 + x : 32 + x + side] = square
    layer[32 + y : 32 + y + side, 32 + x : 32 + x + side] = True
    return np.ascontiguousarray(picture[32:-32, 32:-32]), layer[32:-32, 32:-32]


def found(target, truth):
    source, layer = scene(8, 6)
    flow = redetection(source, layer, target)
    return flow is not None and iou(warp(layer.astype(np.float32), flow), truth.astype(np.float32)) > 0.85


@pytest.mark.parametrize("place", [(70, 30), (8, 6), (-10, 30), (86, 44)])
def test_layer_is_found_anywhere_and_in_part(place):
    assert found(*scene(*place))


@pytest.mark.parametrize("side", [13, 20])
def test_layer_of_another_size_is_found(side):
    assert found(*scene(60, 20, side))


def test_nothing_is_found_without_the_layer():
    source, layer = scene(8, 6)
    assert redetection(source, layer, textured(1, *SIZE) // 3) is None
    assert redetection(source, layer, textured(3, *SIZE)) is None


def test_layer_that_is_there_twice_is_not_found():
    target = scene(60, 6)[0]
    target[30:46, 20:36] = target[6:22, 60:76]
    source, layer = scene(8, 6)
    assert redetection(source, layer, target) is None


def test_layer_that_is_only_similar_is_not_found():
    target, layer = scene(60, 20)
    target[layer] = np.clip(target[layer].astype(int) + 35, 0, 255)
    source, layer = scene(8, 6)
    assert redetection(source, layer, target) is None


def test_sliver_at_the_border_is_not_enough():
    source, layer = scene(8, 6)
    assert redetection(source, layer, scene(94, 20)[0]) is None


def test_too_small_a_layer_is_not_searched():
    source, _ = scene(8, 6)
    layer = np.zeros(SIZE, np.bool_)
    layer[8 : 8 + MIN_LAYER_SIDE - 1, 10:20] = True
    assert redetection(source, layer, source) is None
    assert redetection(source, np.zeros_like(layer), source) is None


def test_found_layer_of_a_large_picture_is_accurate_to_the_search():
    source, layer = (cv2.resize(one.astype(np.uint8), None, fx=5, fy=5) for one in scene(8, 6))
    target, _ = (cv2.resize(one.astype(np.uint8), None, fx=5, fy=5) for one in scene(70, 30))
    flow = redetection(source, layer > 0, target)
    np.testing.assert_allclose(flow[160, 360], [-5 * 62, -5 * 24], atol=3)


def test_key_that_is_expected_outside_of_the_picture_is_searched():
    source, layer = scene(8, 6)
    key = SimpleNamespace(plate=source, matte=layer.astype(np.float32))
    target, moved = scene(70, 30)
    away = np.full((*SIZE, 2), 500, np.float32)
    assert iou(warp(key.matte, tracker._found_again(key, away, target)), moved) > 0.85
    assert tracker._found_again(key, away, textured(3, *SIZE)) is away


@pytest.mark.slow
def test_subject_that_returns_elsewhere_is_tracked_again():
    places = [(8, 6), (2, 6), (-5, 6), (-12, 6), (-30, 6), (-30, 6), (86, 30), (80, 30), (74, 30)]
    frames, layers = zip(*(scene(*place) for place in places), strict=True)
    truth = [layer.astype(np.float32) for layer in layers]
    mattes = {
        one.frame: one.matte
        for one in track(range(9), Footage(frames.__getitem__, DisFlow(), DisFlow("fine")), truth[0])
    }
    assert (mattes[4] > 0.5).sum() == (mattes[5] > 0.5).sum() == 0
    assert min(iou(mattes[n], truth[n]) for n in (7, 8)) > 0.85, [iou(mattes[n], truth[n]) for n in range(1, 9)]
