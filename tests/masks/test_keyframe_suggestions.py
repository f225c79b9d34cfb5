"""Frames suggested for another painted matte, and the benefit of painting them."""

import numpy as np
import pytest

from masks.fuse_tracks import fuse_tracks
from masks.keyframe_suggestions import MIN_CONFIDENCE, TRACKING_RANGE, suggested_keyframes, weak_frames
from masks.track import Footage, Tracked, track
from propagate.flow_dis import DisFlow
from tests.composites import Motion, body, compose, iou

SURE, WEAK = 0.95, 0.5


def test_one_frame_of_each_weak_run_is_suggested_weakest_first():
    confidence = dict.fromkeys(range(1, 31), SURE)
    confidence.update({3: 0.6, 4: 0.4, 5: 0.5, 12: 0.2, 20: 0.65, 28: 0.1})
    assert suggested_keyframes(confidence, [range(1, 31)], (1, 30)) == [28, 12, 4]
    assert suggested_keyframes(dict.fromkeys(range(9), SURE), [range(9)], (0,)) == []


def test_far_end_is_suggested_for_mattes_from_one_side():
    confidence = dict.fromkeys(range(30), SURE) | {10: WEAK, 11: 0.2, 12: WEAK, 13: 0.8}
    assert suggested_keyframes(confidence, [range(30)], (0,)) == [13]
    assert suggested_keyframes(confidence, [range(30)], (29,)) == [10]
    assert suggested_keyframes(confidence, [range(30)], (0, 29)) == [11]


def test_suggestion_divides_a_run_between_painted_mattes():
    confidence = dict.fromkeys(range(31), 0.6) | {0: 1.0, 29: 0.55, 30: 1.0}
    assert suggested_keyframes(confidence, [range(31)], (0, 30)) == [15]
    assert suggested_keyframes(confidence | {9: 0.3}, [range(31)], (0, 30)) == [9]


def test_frames_are_named_below_the_limit_only():
    confidence = {0: 1.0, 1: MIN_CONFIDENCE, 2: MIN_CONFIDENCE - 0.001, 3: 1.0}
    assert weak_frames(confidence) == [2]
    assert suggested_keyframes(confidence, [range(4)], (0, 3)) == [2]


def test_distance_from_a_painted_matte_counts_less_than_the_error():
    confidence = dict.fromkeys(range(41), 0.8) | {0: 1.0, 40: 1.0}
    # Beside a painted matte an error helps nobody, unless it is large enough for its distance.
    assert suggested_keyframes(confidence | {1: 0.3}, [range(41)], (0, 40)) == [20]
    assert suggested_keyframes(confidence | {9: 0.6}, [range(41)], (0, 40)) == [9]
    # The nearest painted matte counts, not the mean of both.
    assert suggested_keyframes(confidence | {30: 1.0}, [range(41)], (0, 30)) != [20]


def test_suggestion_is_within_the_tracking_range():
    confidence = {0: 1.0} | dict.fromkeys(range(1, 500), WEAK)
    assert suggested_keyframes(confidence, [range(500)], (0,)) == [1 + TRACKING_RANGE]
    backward = {499: 1.0} | dict.fromkeys(range(499), WEAK)
    assert suggested_keyframes(backward, [range(500)], (499,)) == [498 - TRACKING_RANGE]


def test_suggestions_are_made_for_each_shot():
    confidence = dict.fromkeys(range(6), SURE) | {4: WEAK, 5: WEAK} | dict.fromkeys(range(6, 12), 0.0)
    assert suggested_keyframes(confidence, [range(6), range(6, 12)], (0,)) == [6, 5]


def tracked_mattes(case, painted):
    """Mattes of all frames, tracked from painted ones."""
    footage = Footage(case.frames.__getitem__, DisFlow(), DisFlow("fine"))
    count, known = len(case.frames), np.ones_like(case.alphas[0])
    made = {frame: Tracked(frame, case.alphas[frame], known, 1.0) for frame in painted}
    for first, last in zip([None, *painted], [*painted, None], strict=True):
        inner = range(0 if first is None else first + 1, count if last is None else last)
        onward = {} if first is None else _tracked_one_way(case, footage, range(first, inner.stop))
        back = {} if last is None else _tracked_one_way(case, footage, range(last, inner.start - 1, -1))
        for frame in inner:
            both = frame in onward and frame in back
            share = (frame - first) / (last - first) if both else 0.0
            made[frame] = fuse_tracks(onward[frame], back[frame], share) if both else (onward or back)[frame]
    return made


def _tracked_one_way(case, footage, order):
    return {one.frame: one for one in track(order, footage, case.alphas[order[0]])}


def overlap(case, made):
    return np.mean([iou(made[frame].matte, alpha) for frame, alpha in enumerate(case.alphas)])


@pytest.mark.slow
def test_painting_the_suggested_frame_helps_after_an_occlusion():
    case = compose(
        body(), Motion(lambda t: (100 + t, 68), scale=lambda t: 0.5), 13, seed=16, size=(240, 136),
        occluder=lambda t: 60 + 4.0 * t,
    )  # fmt: skip
    once = tracked_mattes(case, [0])
    named = suggested_keyframes({frame: one.confidence for frame, one in once.items()}, [range(13)], (0,))
    assert overlap(case, tracked_mattes(case, [0, named[0]])) > overlap(case, once) + 0.15
