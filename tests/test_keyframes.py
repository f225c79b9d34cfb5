"""Keys land where something new is seen, and nowhere else."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.errors import FrameRangeError
from stylize.keyframes import Keyframe, given, pick
from tests import synthetic


def picked(clip: Sequence[Bytes], start: int = 0, **asked: object) -> list[Keyframe]:
    numbers = range(start, start + len(clip))
    return pick(numbers, lambda n: clip[n - start], estimate=DisFlow("fast"), **asked)


def frames(keys: list[Keyframe]) -> list[int]:
    return [key.frame for key in keys]


@pytest.mark.parametrize("event", [synthetic.still, synthetic.exposure_drift, synthetic.shake, synthetic.nod])
def test_one_key_where_nothing_is_new(event: Callable[[int], list[Bytes]]) -> None:
    assert frames(picked(event(40))) == [0]


def test_a_turning_head_gets_a_key_when_its_face_is_seen() -> None:
    keys = picked(synthetic.turn(55, 15, 15))
    assert len(keys) == 2
    assert 25 <= keys[1].frame <= 32


def test_every_new_face_of_a_box_gets_a_key() -> None:
    keys = picked(synthetic.box_turn(70, 10, 16, 2))
    assert len(keys) == 3
    assert abs(keys[1].frame - 26) <= 5
    assert abs(keys[2].frame - 42) <= 5


def test_what_enters_gets_one_key_when_it_is_seen_whole() -> None:
    first, second = picked(synthetic.enter(50, 15, 8))
    assert first == Keyframe(0, "first frame of the shot", 0.0)
    assert 22 <= second.frame <= 26
    assert "new" in second.reason
    assert second.coverage < 0.75


def test_a_pan_gets_a_key_for_about_half_a_picture() -> None:
    keys = picked(synthetic.pan(70, 4))
    assert 3 <= len(keys) <= 4
    assert "right" in keys[1].reason


def test_a_flash_is_not_a_key() -> None:
    assert frames(picked(synthetic.flash(40, 20))) == [0]


def test_a_dissolve_gets_the_new_scene_not_the_mixture() -> None:
    keys = picked(synthetic.dissolve(45, 12, 10))
    assert len(keys) == 2
    assert keys[1].frame >= 20


def test_few_keys_are_the_best_and_their_coverage_is_told() -> None:
    clip = synthetic.box_turn(44, 6, 12, 2)
    keys = picked(clip, most=2)
    assert len(keys) == 2
    assert keys[1].frame >= 14
    assert "with 2 keyframes at most" in keys[0].reason
    assert frames(picked(clip, most=1)) == [0]


def test_most_changes_nothing_where_it_is_enough() -> None:
    clip = synthetic.enter(40, 10, 8)
    assert picked(clip, most=5) == picked(clip)


def test_a_locked_key_explains_what_lies_before_it_and_behind_it() -> None:
    assert picked(synthetic.still(25), locked=[12]) == [Keyframe(12, "painted", 0.0)]
    assert frames(picked(synthetic.enter(45, 15, 8), locked=[0, 30])) == [0, 30]


def test_what_locked_keys_do_not_show_gets_a_key() -> None:
    keys = picked(synthetic.enter(45, 15, 8), locked=[0])
    assert keys[0].reason == "painted"
    assert len(keys) == 2
    before = picked(synthetic.enter(45, 15, 8), locked=[40])
    assert frames(before) == [0, 40]


def test_numbers_are_the_sources_own_and_every_frame_is_told() -> None:
    told: list[int] = []
    keys = picked(synthetic.enter(40, 10, 8), 1001, on_frame=told.append)
    assert keys[0].frame == 1001
    assert keys[1].frame > 1010
    assert told == list(range(1001, 1041))


@pytest.mark.parametrize("level", [0, 255])
def test_a_shot_of_one_colour_gets_one_key(level: int) -> None:
    assert frames(picked([np.full((90, 160, 3), level, np.uint8)] * 8)) == [0]


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (17, 33)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    assert frames(picked([np.zeros((*size, 3), np.uint8)] * 6)) == [0]


def test_no_frames_and_one_frame() -> None:
    assert picked([]) == []
    assert frames(picked(synthetic.still(1))) == [0]


def test_same_keys_every_time() -> None:
    clip = synthetic.turn(40, 10, 12)
    assert picked(clip) == picked(clip)


def test_given_keys() -> None:
    assert given([3, 4, 5], [5, 3, 5]) == [Keyframe(3, "asked for", 0.0), Keyframe(5, "asked for", 0.0)]
    with pytest.raises(FrameRangeError, match=r"keyframe 9.*3 to 5"):
        given([3, 4, 5], [9])
