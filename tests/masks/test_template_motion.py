"""Motion of a small, fast layer by its template."""

import cv2
import numpy as np
import pytest

from masks.template_motion import MIN_LAYER_SIDE, REACH, template_motion
from masks.track import Footage, track
from propagate.flow_dis import DisFlow
from tests.composites import iou

SIZE = (54, 96)


def textured(seed, height, width):
    coarse = np.random.default_rng(seed).uniform(0, 255, (-(-height // 3), -(-width // 3), 3)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def scene(x, y, side=12):
    """A textured square over a textured ground, and its layer."""
    picture, layer = textured(1, *SIZE) // 3, np.zeros(SIZE, np.bool_)
    picture[y : y + side, x : x + side] = textured(2, side, side)
    layer[y : y + side, x : x + side] = True
    return picture, layer


@pytest.mark.parametrize("motion", [(0, 0), (13, -4), (-9, 11)])
def test_displacement_is_found(motion):
    source, layer = scene(40, 20)
    assert template_motion(source, layer, scene(40 + motion[0], 20 + motion[1])[0]) == motion


def test_layer_that_leaves_the_picture_in_part_is_found():
    source, layer = scene(6, 20)
    target = textured(1, *SIZE) // 3
    target[20:32, :6] = source[20:32, 12:18]
    assert template_motion(source, layer, target) == (-12, 0)


def test_only_pixels_of_the_layer_are_compared():
    source, layer = scene(40, 20)
    layer[21:31, 41:51] = False
    target = scene(48, 20)[0]
    target[21:31, 49:59] = 255
    # What the source shows in its hole, in another frame.
    target[5:17, 30:42], target[6:16, 31:41] = 255, source[21:31, 41:51]
    assert template_motion(source, layer, target) == (8, 0)


def test_too_small_a_layer_is_not_searched():
    source, layer = scene(40, 20, MIN_LAYER_SIDE - 1)
    assert template_motion(source, layer, source) is None
    assert template_motion(source, np.zeros_like(layer), source) is None
    assert template_motion(*scene(40, 20, MIN_LAYER_SIDE), source) is not None


def test_search_ends_at_its_reach():
    source, layer = scene(20, 20)
    reach = round(REACH * max(SIZE))
    assert template_motion(source, layer, scene(20 + reach, 20)[0]) == (reach, 0)
    assert template_motion(source, layer, scene(21 + reach, 20)[0]) != (reach + 1, 0)


def test_tracking_follows_a_subject_faster_than_its_own_size():
    frames, layers = zip(*(scene(8 + 14 * n, 16) for n in range(4)), strict=True)
    truth = [layer.astype(np.float32) for layer in layers]
    found = track(range(4), Footage(frames.__getitem__, DisFlow(), DisFlow("fine")), truth[0])
    assert min(iou(one.matte, truth[one.frame]) for one in found) > 0.85
