"""Advice from errors: the worst frames, and the keys that would pay off."""

import pytest

from stylize.planning.key_advice import MAX_ADVICE, advise_keys, worst_frames
from stylize.planning.uncovered import best_frame, error_floor


def tents(frames: range, keys: tuple[int, ...], slope: float = 0.002) -> dict[int, float]:
    """Return errors in proportion to the distance to the nearest key."""
    return {frame: slope * min(abs(frame - key) for key in keys) for frame in frames}


def test_a_key_is_advised_in_the_middle_of_the_worst_span() -> None:
    frames, keys = range(1, 101), (1, 20, 100)
    (first, *others) = advise_keys(frames, tents(frames, keys), keys)
    assert abs(first.frame - 60) <= 2
    assert first.worst == 60
    assert first.error == pytest.approx(0.08)
    assert 0.3 < first.share < 0.7
    assert all(one.share < first.share for one in others)


def test_the_first_advice_is_what_refinement_would_try() -> None:
    frames, keys = range(1, 61), (1, 13, 60)
    errors = tents(frames, keys) | {30: 0.06, 31: 0.07, 32: 0.07}
    found = best_frame(frames, errors, keys, error_floor(frames, errors, keys), 3)
    assert found is not None
    assert advise_keys(frames, errors, keys)[0].frame == found[0]


def test_no_key_is_advised_where_it_would_not_pay_off() -> None:
    frames = range(1, 61)
    even = dict.fromkeys(frames, 0.05)  # next to keys as high as elsewhere: grain, which no key removes
    assert advise_keys(frames, even, (1, 60)) == []
    assert advise_keys(frames, dict.fromkeys(frames, 0.0), (1, 60)) == []
    assert advise_keys(frames, even | {30: 0.5}, (1, 60)) == []  # a flash of one frame
    assert advise_keys(frames, tents(frames, (1,)), ()) == []
    assert advise_keys(range(1, 4), tents(range(1, 4), (1,)), (1,)) == []  # no frame is far enough from the key


def test_a_key_is_advised_only_if_it_removes_enough_of_the_error() -> None:
    frames, keys = range(1, 61), (1, 60)
    for slope, advised in ((0.0005, 0), (0.004, 1)):
        errors = {frame: 0.05 + error for frame, error in tents(frames, keys, slope).items()}
        assert len(advise_keys(frames, errors, keys)) == advised


def test_advice_respects_gaps_and_dropped_frames() -> None:
    frames, keys = range(1, 42), (1, 41)
    errors = tents(frames, keys)
    assert advise_keys(frames, errors, keys)[0].frame == 20
    assert advise_keys(frames, errors, keys, excluded=(20,))[0].frame != 20
    assert advise_keys(frames, errors, keys, min_gap=30) == []


def test_spans_have_one_advice_each_and_a_shot_only_the_best() -> None:
    frames, keys = range(1, 201), (1, 40, 80, 120, 160, 200)
    advice = advise_keys(frames, tents(frames, keys), keys)
    assert len(advice) == MAX_ADVICE
    spans = [sum(key < one.frame for key in keys) for one in advice]
    assert len(set(spans)) == len(spans)


def test_worst_frames_are_apart_and_worse_than_the_mean() -> None:
    frames = range(1, 65)
    errors = dict.fromkeys(frames, 0.01) | {10: 0.05, 11: 0.06, 12: 0.05, 40: 0.04, 50: 0.9}
    assert worst_frames(frames, errors, (50,), 5) == [11, 40]
    assert worst_frames(frames, errors, (), 1) == [50]
    assert worst_frames(frames, dict.fromkeys(frames, 0.01), (), 3) == []
    assert worst_frames(frames, {}, (), 3) == []
    assert worst_frames(frames, {7: 0.2, 30: 0.1}, (), 3) == [7]
