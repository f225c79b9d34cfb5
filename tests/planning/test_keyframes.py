"""Keys land where something new is seen, and nowhere else."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.errors import FrameRangeError
from stylize.planning.keyframes import Keyframe, Picked, measure_coverage, named_keyframes, pick
from tests import synthetic


def picked(clip: Sequence[Bytes], start: int = 0, **asked: object) -> list[Keyframe]:
    numbers = range(start, start + len(clip))
    return list(pick(numbers, lambda n: clip[n - start], estimate=DisFlow("fast"), **asked).keyframes)


def explained(clip: Sequence[Bytes], keys: Sequence[int], **asked: object) -> Picked:
    known = [Keyframe(key, "mine", 0.0) for key in keys]
    return measure_coverage(range(len(clip)), clip.__getitem__, known, estimate=DisFlow("fast"), **asked)


def frames(keys: list[Keyframe]) -> list[int]:
    return [key.frame for key in keys]


@pytest.mark.parametrize("event", [synthetic.still, synthetic.exposure_drift, synthetic.shake, synthetic.nod])
def test_one_key_where_nothing_is_new(event: Callable[[int], list[Bytes]]) -> None:
    assert frames(picked(event(36))) == [0]


def test_a_turning_head_gets_a_key_when_its_face_is_seen() -> None:
    first, second = frames(picked(synthetic.turn(45, 12, 15)))
    assert first <= 14
    assert abs(second - 27) <= 2


def test_every_new_face_of_a_box_gets_a_key() -> None:
    first, second, third = frames(picked(synthetic.box_turn(60, 10, 16, 2)))
    assert first <= 12
    assert abs(second - 26) <= 2
    assert abs(third - 42) <= 2


def test_what_enters_gets_one_key_when_it_is_seen_whole() -> None:
    first, second = picked(synthetic.enter(45, 15, 8))
    assert (first.frame, first.reason) == (0, "first frame of the shot")
    assert abs(second.frame - 23) <= 2
    assert "is new (mostly" in second.reason
    assert second.coverage < 0.75
    assert second.gained > 0.1


def test_a_door_that_opens_gets_a_key_when_it_is_open() -> None:
    first, second = frames(picked(synthetic.door(40, 10, 12)))
    assert first <= 12
    assert abs(second - 22) <= 2


@pytest.mark.parametrize(("start", "lasts"), [(20, 3), (22, 5)])
def test_eyes_that_open_get_a_key_with_open_eyes(start: int, lasts: int) -> None:
    first, second = frames(picked(synthetic.open_eyes(50, start, lasts)))
    assert first <= start
    assert second >= start + lasts - 1


@pytest.mark.parametrize("start", [0, 3, 20])
def test_eyes_that_blink_get_one_key_and_it_shows_them_open(start: int) -> None:
    (only,) = frames(picked(synthetic.blink(45, start, 5)))
    assert not start <= only < start + 5


def test_a_lamp_that_is_switched_on_gets_a_key() -> None:
    first, second = frames(picked(synthetic.lamp(34, 15)))
    assert first < 15
    assert 15 <= second <= 17


def test_what_passes_is_seen_once_and_what_it_hid_again() -> None:
    first, second, third = frames(picked(synthetic.pass_by(48, 12, 20)))
    assert first <= 14
    assert 17 <= second <= 27
    assert abs(third - 32) <= 2


def test_a_pan_gets_the_fewest_keys_whose_pictures_join() -> None:
    # A key shows 0.8 of a frame 5 frames away, and two keys all between them that are 32 frames apart at most.
    keys = picked(synthetic.pan(70, 12))
    assert len(keys) == 3
    assert keys[1].reason == "the whole picture is new"


def test_a_flash_is_not_a_key() -> None:
    assert frames(picked(synthetic.flash(36, 20))) == [0]


def test_a_dissolve_gets_the_new_scene_not_the_mixture() -> None:
    first, second = frames(picked(synthetic.dissolve(45, 12, 10)))
    assert first <= 12
    assert 22 <= second <= 26


def test_a_little_more_or_less_coverage_changes_little() -> None:
    clip = synthetic.enter(40, 12, 8)
    found = [frames(picked(clip, coverage=coverage)) for coverage in (0.77, 0.83)]
    assert found[0] == found[1] == frames(picked(clip))


def test_few_keys_are_put_to_their_best_use_and_it_is_told() -> None:
    clip = synthetic.box_turn(50, 6, 12, 2)
    two, one = picked(clip, max_keys=2), picked(clip, max_keys=1)
    assert len(two) == 2
    assert re.search(r"with 2 keyframes at most, \d+ % of the shot is explained", two[0].reason)
    assert len(one) == 1
    spaced = explained(clip, [0, 25]).coverage
    best = explained(clip, frames(two)).coverage
    assert sum(best.values()) > sum(spaced.values())


def test_most_changes_nothing_where_it_is_enough() -> None:
    clip = synthetic.enter(40, 10, 8)
    assert picked(clip, max_keys=5) == picked(clip)


def test_a_locked_key_explains_what_lies_before_it_and_behind_it() -> None:
    (key,) = picked(synthetic.still(25), locked=[12])
    assert (key.frame, key.reason, key.coverage) == (12, "painted", 0.0)
    assert key.gained == pytest.approx(1, abs=0.01)
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
    new = explained(synthetic.enter(40, 12, 8), [0, 30]).heat_maps
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
    keys = frames(picked(synthetic.pan(60, 12), min_gap=25, locked=[8]))
    assert 8 in keys
    assert len(keys) > 1
    assert min(np.diff(keys)) >= 25
    with pytest.raises(FrameRangeError, match=r"frame 3 .*key.*none"):
        picked(clip, locked=[3], dropped=[3])


def test_given_keys() -> None:
    assert named_keyframes([3, 4, 5], [5, 3, 5]) == [Keyframe(3, "asked for", 0.0), Keyframe(5, "asked for", 0.0)]
    with pytest.raises(FrameRangeError, match=r"keyframe 9.*3 to 5"):
        named_keyframes([3, 4, 5], [9])
