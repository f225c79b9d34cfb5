"""Keys land where something new is seen, and nowhere else."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.errors import FrameRangeError
from stylize.keyframes import Keyframe, Picked, explain, given, pick
from tests import synthetic


def picked(clip: Sequence[Bytes], start: int = 0, **asked: object) -> list[Keyframe]:
    numbers = range(start, start + len(clip))
    return list(pick(numbers, lambda n: clip[n - start], estimate=DisFlow("fast"), **asked).keyframes)


def explained(clip: Sequence[Bytes], keys: Sequence[int], **asked: object) -> Picked:
    known = [Keyframe(key, "mine", 0.0) for key in keys]
    return explain(range(len(clip)), clip.__getitem__, known, estimate=DisFlow("fast"), **asked)


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
    assert (first.frame, first.reason) == (0, "first frame of the shot")
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
    assert picked(synthetic.still(25), locked=[12]) == [Keyframe(12, "painted", 0.0, 1.0)]
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


def test_every_frame_is_told_how_much_of_it_the_keys_explain() -> None:
    clip = synthetic.enter(40, 12, 8)
    one, two = explained(clip, [0]), explained(clip, [0, 30])
    assert list(one.coverage) == list(range(40))
    assert min(one.coverage[frame] for frame in range(10)) > 0.95
    assert max(one.coverage[frame] for frame in range(22, 40)) < 0.75
    assert min(two.coverage[frame] for frame in [*range(10), *range(22, 40)]) > 0.9
    assert [key.reason for key in two.keyframes] == ["mine", "mine"]
    assert two.keyframes[1].coverage < 0.75
    gain = np.mean([two.coverage[frame] - one.coverage[frame] for frame in range(40)])
    assert two.keyframes[1].gained == pytest.approx(gain, abs=0.02)


def test_what_is_new_at_a_key_is_shown() -> None:
    new = explained(synthetic.enter(40, 12, 8), [0, 30]).new
    assert new[0].mean() > 0.05
    assert new[0].min() > 0
    fresh = new[30] > 0
    # The thing stands at 70 to 190 across and 20 to 170 down.
    assert new[30].shape == (180, 320)
    assert fresh[30:160, 80:180].mean() > 0.9
    assert fresh[:, 210:].mean() < 0.1


def test_only_what_is_attended_to_counts() -> None:
    clip = synthetic.enter(40, 12, 8)
    right = np.zeros((180, 320), np.float32)
    right[:, 200:] = 1
    assert frames(picked(clip, attention=lambda frame: right)) == [0]
    assert min(explained(clip, [0], attention=lambda frame: right).coverage.values()) > 0.9
    nothing = np.zeros_like(right)
    assert set(explained(clip, [0], attention=lambda frame: nothing).coverage.values()) == {1.0}


def test_dropped_frames_are_no_keys_and_keys_keep_their_gap() -> None:
    clip = synthetic.enter(40, 12, 8)
    first, second = frames(picked(clip))
    found = frames(picked(clip, dropped=[first, second]))
    assert len(found) == 2
    assert not set(found) & {first, second}
    keys = frames(picked(synthetic.pan(60, 4), min_gap=25))
    assert min(np.diff(keys)) >= 25
    with pytest.raises(FrameRangeError, match=r"frame 3 .*key.*none"):
        picked(clip, locked=[3], dropped=[3])


def test_given_keys() -> None:
    assert given([3, 4, 5], [5, 3, 5]) == [Keyframe(3, "asked for", 0.0), Keyframe(5, "asked for", 0.0)]
    with pytest.raises(FrameRangeError, match=r"keyframe 9.*3 to 5"):
        given([3, 4, 5], [9])
