"""A black painted matte: the subject has left the picture, or has not entered it yet."""

import numpy as np
import pytest

from masks.clean_plate import from_clean_plate, is_empty
from masks.fuse_tracks import fuse_tracks
from masks.track import Footage, track
from propagate.flow_dis import DisFlow
from tests.composites import Motion, body, compose, iou

COUNT = 13


@pytest.fixture(scope="module")
def leaving_figure():
    """A figure that leaves on the right; the last frame shows nothing of it."""
    motion = Motion(lambda t: (130 + 13 * t, 70), scale=lambda t: 0.7)
    return compose(body(), motion, COUNT, seed=31, size=(240, 136))


@pytest.fixture(scope="module")
def tracks(leaving_figure):
    """Mattes tracked from the first frame on, and those tracked back from the last, by frame."""
    case, frames = leaving_figure, range(COUNT)
    footage = Footage(case.frames.__getitem__, DisFlow(), DisFlow("fine"))
    onward = track(list(frames), footage, case.alphas[0])
    back = from_clean_plate(list(reversed(frames)), footage, case.alphas[0].shape)
    return {one.frame: one for one in onward}, {one.frame: one for one in back}


@pytest.mark.slow
def test_faint_matte_counts_as_empty(leaving_figure):
    assert is_empty(leaving_figure.alphas[-1])
    assert not is_empty(leaving_figure.alphas[0])
    assert not is_empty(np.eye(5, dtype=np.float32))
    assert is_empty(np.full((5, 5), 0.01, np.float32))


@pytest.mark.slow
def test_clean_plate_is_confident_of_the_background_only(leaving_figure, tracks):
    _, back = tracks
    for frame in range(7, COUNT - 1):
        truth = leaving_figure.alphas[frame]
        assert back[frame].matte.max() == 0
        assert back[frame].confidence_map[truth == 0].mean() > 0.3, frame
        if (truth > 0.9).any():
            assert back[frame].confidence_map[truth > 0.9].mean() < 0.05, frame


@pytest.mark.slow
def test_leaving_figure_is_tracked_until_it_has_left(leaving_figure, tracks):
    onward, back = tracks
    for frame in range(1, COUNT - 1):
        mixed, truth = fuse_tracks(onward[frame], back[frame], frame / (COUNT - 1)), leaving_figure.alphas[frame]
        alone = iou(onward[frame].matte, truth)
        assert iou(mixed.matte, truth) > alone - 0.005, frame
        if truth.sum() > 500:
            assert iou(mixed.matte, truth) > 0.88, frame
            assert abs(mixed.confidence - iou(mixed.matte, truth)) < 0.1, frame
    last = COUNT - 2
    assert leaving_figure.alphas[last].max() < 0.5
    assert onward[last].matte.max() > 0.9  # the forward track alone does not detect that nothing is left
    assert fuse_tracks(onward[last], back[last], last / (COUNT - 1)).matte.max() < 0.5


@pytest.mark.slow
def test_frames_between_two_empty_mattes_are_empty(tracks):
    _, back = tracks
    mixed = fuse_tracks(back[5], back[5], 0.5)
    assert mixed.from_clean_plate
    assert mixed.matte.max() == 0
