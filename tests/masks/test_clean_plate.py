"""A painted matte that is black: the thing has left the picture, or has not come yet."""

import numpy as np
import pytest

from masks.clean_plate import from_clean_plate, is_empty
from masks.fuse_tracks import fuse_tracks
from masks.track import Footage, track
from propagate.flow_dis import DisFlow
from tests.composites import Motion, body, compose, iou

COUNT = 13


@pytest.fixture(scope="module")
def leaving():
    """A figure that leaves on the right; the last frame shows nothing of it."""
    motion = Motion(lambda t: (130 + 13 * t, 70), scale=lambda t: 0.7)
    return compose(body(), motion, COUNT, seed=31, size=(240, 136))


def ways(case):
    footage = Footage(case.frames.__getitem__, DisFlow(), DisFlow("fine"))
    frames = range(COUNT)
    onward = track(list(frames), footage, case.alphas[0])
    back = from_clean_plate(list(reversed(frames)), footage, case.alphas[0].shape)
    return {one.frame: one for one in onward}, {one.frame: one for one in back}


def test_a_trace_is_nothing(leaving):
    assert is_empty(leaving.alphas[-1])
    assert not is_empty(leaving.alphas[0])
    assert not is_empty(np.eye(5, dtype=np.float32))
    assert is_empty(np.full((5, 5), 0.01, np.float32))


def test_it_is_sure_of_the_ground_and_not_of_what_stands_before_it(leaving):
    _, back = ways(leaving)
    for frame in range(7, COUNT - 1):
        truth = leaving.alphas[frame]
        assert back[frame].matte.max() == 0
        assert back[frame].confidence_map[truth == 0].mean() > 0.3, frame
        if (truth > 0.9).any():
            assert back[frame].confidence_map[truth > 0.9].mean() < 0.05, frame


def test_what_leaves_stays_inside_until_it_has_left_and_nothing_stays_behind(leaving):
    onward, back = ways(leaving)
    for frame in range(1, COUNT - 1):
        mixed, truth = fuse_tracks(onward[frame], back[frame], frame / (COUNT - 1)), leaving.alphas[frame]
        alone = iou(onward[frame].matte, truth)
        assert iou(mixed.matte, truth) > alone - 0.005, frame
        if truth.sum() > 500:
            assert iou(mixed.matte, truth) > 0.88, frame
            assert abs(mixed.confidence - iou(mixed.matte, truth)) < 0.1, frame
    last = COUNT - 2
    assert leaving.alphas[last].max() < 0.5
    assert onward[last].matte.max() > 0.9  # it does not find by itself that nothing is left
    assert fuse_tracks(onward[last], back[last], last / (COUNT - 1)).matte.max() < 0.5


def test_two_black_ones_have_nothing_between_them(leaving):
    _, back = ways(leaving)
    mixed = fuse_tracks(back[5], back[5], 0.5)
    assert mixed.from_clean_plate
    assert mixed.matte.max() == 0
