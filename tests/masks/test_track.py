"""One painted matte carried over composites with known alpha, and the parts that carry it."""

import numpy as np
import pytest

from masks.keyframe_suggestions import MIN_CONFIDENCE
from masks.track import Footage, track
from propagate.flow_dis import DisFlow
from tests.composites import CASES, Composite, Motion, body, compose, iou

COUNT = 41


def followed(case, order=None):
    frames = list(order or range(len(case.frames)))
    footage = Footage(case.frames.__getitem__, DisFlow(), DisFlow("fine"))
    return list(track(frames, footage, case.alphas[frames[0]]))


@pytest.mark.parametrize("name", CASES)
def test_one_painted_matte_holds_for_forty_frames(name):
    case = CASES[name](COUNT)
    found = followed(case)
    assert [one.frame for one in found] == list(range(1, COUNT))
    scores = [iou(one.matte, case.alphas[one.frame]) for one in found]
    assert np.mean(scores) >= 0.95, scores
    assert min(scores) >= 0.90, scores
    for one in found:
        assert (one.matte.dtype, one.matte.shape) == (np.float32, case.alphas[0].shape)
        assert one.matte.min() >= 0
        assert one.matte.max() <= 1
        assert 0 <= one.confidence <= 1


def test_it_goes_backward_as_well():
    case = CASES["rotating"](9)
    found = followed(case, range(8, -1, -1))
    assert [one.frame for one in found] == list(range(7, -1, -1))
    assert min(iou(one.matte, case.alphas[one.frame]) for one in found) > 0.95


def test_limbs_without_texture_bend_with_what_is_near_backward_too():
    case = CASES["deforming"](21)
    scores = [iou(one.matte, case.alphas[one.frame]) for one in followed(case, range(20, -1, -1))]
    assert np.mean(scores) >= 0.96
    assert min(scores) >= 0.94


def rising(count):
    """A figure that rises from behind the ground, of which less than half is seen when it is painted."""
    case = compose(body(), Motion(lambda t: (190, 190 - 2.2 * t)), count, seed=24)
    edge = 165 + 6 * np.sin(np.arange(case.alphas[0].shape[1]) / 23)
    seen = (np.arange(case.alphas[0].shape[0])[:, None] < edge.astype(int)[None]).astype(np.float32)
    frames = [np.where(seen[..., None] > 0, one, behind) for one, behind in zip(case.frames, case.clean, strict=True)]
    return Composite(frames, [alpha * seen for alpha in case.alphas], case.clean, case.foreground)


def test_what_rises_from_behind_the_ground_comes_in():
    case = rising(13)
    scores = {one.frame: iou(one.matte, case.alphas[one.frame]) for one in followed(case)}
    assert np.mean(list(scores.values())) > 0.85, scores
    assert scores[12] > 0.8, scores


def test_confidence_falls_when_something_stands_before_it():
    case = CASES["occluder"](36)
    confidence = {one.frame: one.confidence for one in followed(case)}
    hidden = [frame for frame in confidence if case.alphas[frame].sum() < 0.8 * case.alphas[0].sum()]
    clear = [frame for frame in confidence if frame < min(hidden) - 2]
    assert np.mean([confidence[frame] for frame in hidden]) < min(confidence[frame] for frame in clear) - 0.1


def ranks(values):
    return np.argsort(np.argsort(values))


def test_confidence_foretells_the_overlap_with_the_truth():
    size = (240, 136)
    cases = [
        compose(body(), Motion(lambda t: (110, 68), turn=lambda t: 9 * t), 9, seed=12, size=size),
        compose(body(), Motion(lambda t: (110 + 75 * np.sin(t / 2), 70), scale=lambda t: 0.8), 9, seed=14, size=size),
        compose(body(), Motion(lambda t: (110, 68), scale=lambda t: 0.5 + 0.05 * t), 9, seed=15, size=size),
        compose(
            body(), Motion(lambda t: (100 + t, 68), scale=lambda t: 0.5), 13, seed=16, size=size,
            occluder=lambda t: 60 + 4.0 * t,
        ),
    ]  # fmt: skip
    told, true = [], []
    for case in cases:
        for one in followed(case):
            told.append(one.confidence)
            true.append(iou(one.matte, case.alphas[one.frame]))
    told, true = np.array(told), np.array(true)
    assert true.min() < 0.7 < 0.95 < true.max()
    assert np.corrcoef(ranks(told), ranks(true))[0, 1] > 0.7
    assert np.abs(told - true)[true > 0.8].mean() < 0.1, (told, true)
    # What is lost is told as such, if not how much of it is.
    assert told[true < 0.7].max() < MIN_CONFIDENCE, (told, true)


def test_a_still_picture_keeps_the_painted_matte_to_the_last_level():
    case = compose(body(), Motion(lambda t: (190, 110)), 1)
    still = [case.frames[0]] * 4
    footage = Footage(still.__getitem__, DisFlow(), DisFlow("fine"))
    for one in track(range(4), footage, case.alphas[0]):
        np.testing.assert_allclose(one.matte, case.alphas[0], atol=0.5 / 255)


def test_large_plates_keep_the_painted_edge_at_full_size():
    case = compose(body(), Motion(lambda t: (300 + 6.0 * t, 250)), 5, seed=3, size=(1024, 576))
    for one in followed(case):
        assert one.matte.shape == (576, 1024)
        assert iou(one.matte, case.alphas[one.frame]) > 0.97


@pytest.mark.parametrize("value", [0, 1])
def test_nothing_and_all_stay_what_they_are(value):
    case = compose(body(), Motion(lambda t: (190 + 3 * t, 110)), 3)
    footage = Footage(case.frames.__getitem__, DisFlow(), DisFlow("fine"))
    for one in track(range(3), footage, np.full(case.alphas[0].shape, value, np.float32)):
        assert abs(float(one.matte.mean()) - value) < 0.02


def test_a_matte_of_another_size_is_refused():
    case = compose(body(), Motion(lambda t: (190, 110)), 2)
    footage = Footage(case.frames.__getitem__, DisFlow(), DisFlow("fine"))
    with pytest.raises(ValueError, match="size of its plate"):
        list(track(range(2), footage, np.zeros((9, 9), np.float32)))
