"""Placement of keys: where something new becomes visible, and nowhere else."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.errors import FrameRangeError
from stylize.planning import keyframes
from stylize.planning.keyframes import Keyframe, Picked, measure_coverage, named_keyframes, pick
from stylize.planning.survey import Survey, SurveySource
from tests import synthetic


def picked(clip: Sequence[Bytes], start: int = 0, **asked: object) -> list[Keyframe]:
    numbers = range(start, start + len(clip))
    return list(pick(numbers, lambda n: clip[n - start], estimate=DisFlow("fast"), **asked).keyframes)


def coverage_with(clip: Sequence[Bytes], keys: Sequence[int], **asked: object) -> Picked:
    known = [Keyframe(key, "mine", 0.0) for key in keys]
    return measure_coverage(range(len(clip)), clip.__getitem__, known, estimate=DisFlow("fast"), **asked)


def frames(keys: list[Keyframe]) -> list[int]:
    return [key.frame for key in keys]


@pytest.fixture
def one_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Survey the clip of a test once: of what is asked, a survey depends only on the frames that may be keys."""
    made, survey_shot = dict[object, Survey](), keyframes.survey_shot

    def survey(source: SurveySource, fixed: Sequence[int], allowed: Callable[[int], bool] | None) -> Survey:
        key = tuple(fixed), allowed and tuple(map(allowed, range(len(source.frames))))
        if key not in made:
            made[key] = survey_shot(source, fixed, allowed)
        return made[key]

    monkeypatch.setattr(keyframes, "survey_shot", survey)


@pytest.mark.slow
@pytest.mark.parametrize("event", [synthetic.still, synthetic.exposure_drift, synthetic.shake, synthetic.nod])
def test_one_key_if_nothing_new_appears(event: Callable[[int], list[Bytes]]) -> None:
    assert frames(picked(event(36))) == [0]


@pytest.mark.slow
def test_turning_head_gets_a_key_when_its_face_is_visible() -> None:
    first, second = frames(picked(synthetic.turn(45, 12, 15)))
    assert first <= 14
    assert abs(second - 27) <= 2


@pytest.mark.slow
def test_every_new_face_of_a_box_gets_a_key() -> None:
    first, second, third = frames(picked(synthetic.box_turn(60, 10, 16, 2)))
    assert first <= 12
    assert abs(second - 26) <= 2
    assert abs(third - 42) <= 2


@pytest.mark.slow
def test_entering_object_gets_one_key_when_fully_visible() -> None:
    first, second = picked(synthetic.enter(45, 15, 8))
    assert (first.frame, first.reason) == (0, "first frame of the shot")
    assert abs(second.frame - 23) <= 2
    assert "is new (mostly" in second.reason
    assert second.coverage < 0.75
    assert second.gained > 0.1


@pytest.mark.slow
def test_opening_door_gets_a_key_when_open() -> None:
    first, second = frames(picked(synthetic.door(40, 10, 12)))
    assert first <= 12
    assert abs(second - 22) <= 2


@pytest.mark.slow
@pytest.mark.parametrize(("start", "lasts"), [(20, 3), (22, 5)])
def test_opening_eyes_get_a_key_when_open(start: int, lasts: int) -> None:
    first, second = frames(picked(synthetic.open_eyes(50, start, lasts)))
    assert first <= start
    assert second >= start + lasts - 1


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 3, 20])
def test_blinking_eyes_get_one_key_with_open_eyes(start: int) -> None:
    (only,) = frames(picked(synthetic.blink(45, start, 5)))
    assert not start <= only < start + 5


@pytest.mark.slow
def test_switched_on_lamp_gets_a_key() -> None:
    first, second = frames(picked(synthetic.lamp(34, 15)))
    assert first < 15
    assert 15 <= second <= 17


@pytest.mark.slow
def test_passing_object_and_the_revealed_background_get_keys() -> None:
    first, second, third = frames(picked(synthetic.pass_by(48, 12, 20)))
    assert first <= 14
    assert 17 <= second <= 27
    assert abs(third - 32) <= 2


@pytest.mark.slow
def test_pan_gets_the_fewest_overlapping_keys() -> None:
    # Each key covers 0.8 of a frame 5 frames away; any two keys up to 32 frames apart cover all frames between them.
    keys = picked(synthetic.pan(70, 12))
    assert len(keys) == 3
    assert keys[1].reason == "the whole picture is new"


@pytest.mark.slow
def test_flash_gets_no_key() -> None:
    assert frames(picked(synthetic.flash(36, 20))) == [0]


@pytest.mark.slow
def test_dissolve_gets_a_key_of_the_new_scene() -> None:
    first, second = frames(picked(synthetic.dissolve(45, 12, 10)))
    assert first <= 12
    assert 22 <= second <= 26


@pytest.mark.slow
@pytest.mark.usefixtures("one_survey")
def test_small_changes_of_coverage_keep_the_keys() -> None:
    clip = synthetic.enter(40, 12, 8)
    found = [frames(picked(clip, coverage=coverage)) for coverage in (0.77, 0.83)]
    assert found[0] == found[1] == frames(picked(clip))


@pytest.mark.slow
@pytest.mark.usefixtures("one_survey")
def test_limited_keys_are_placed_well_and_the_coverage_is_reported() -> None:
    clip = synthetic.box_turn(50, 6, 12, 2)
    two, one = picked(clip, max_keys=2), picked(clip, max_keys=1)
    assert len(two) == 2
    assert re.search(r"with at most 2 keyframes, \d+ % of the shot is covered", two[0].reason)
    assert len(one) == 1
    spaced = coverage_with(clip, [0, 25]).coverage
    best = coverage_with(clip, frames(two)).coverage
    assert sum(best.values()) > sum(spaced.values())


@pytest.mark.slow
@pytest.mark.usefixtures("one_survey")
def test_sufficient_max_keys_changes_nothing() -> None:
    clip = synthetic.enter(40, 10, 8)
    assert picked(clip, max_keys=5) == picked(clip)


@pytest.mark.slow
def test_locked_key_covers_frames_before_and_after_it() -> None:
    (key,) = picked(synthetic.still(25), locked=[12])
    assert (key.frame, key.reason, key.coverage) == (12, "painted", 0.0)
    assert key.gained == pytest.approx(1, abs=0.01)
    assert frames(picked(synthetic.enter(45, 15, 8), locked=[0, 30])) == [0, 30]


@pytest.mark.slow
def test_content_missing_from_locked_keys_gets_a_key() -> None:
    keys = picked(synthetic.enter(45, 15, 8), locked=[0])
    assert keys[0].reason == "painted"
    assert len(keys) == 2
    before = picked(synthetic.enter(45, 15, 8), locked=[40])
    assert frames(before) == [0, 40]


@pytest.mark.slow
def test_source_numbers_are_used_and_every_frame_is_reported() -> None:
    messages: list[int] = []
    keys = picked(synthetic.enter(40, 10, 8), 1001, on_frame=messages.append)
    assert keys[0].frame == 1001
    assert keys[1].frame > 1010
    assert messages == list(range(1001, 1041))


@pytest.mark.parametrize("level", [0, 255])
def test_flat_shot_gets_one_key(level: int) -> None:
    assert frames(picked([np.full((90, 160, 3), level, np.uint8)] * 8)) == [0]


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (17, 33)])
def test_tiny_pictures_get_one_key(size: tuple[int, int]) -> None:
    assert frames(picked([np.zeros((*size, 3), np.uint8)] * 6)) == [0]


def test_empty_shot_and_single_frame_work() -> None:
    assert picked([]) == []
    assert frames(picked(synthetic.still(1))) == [0]


@pytest.mark.slow
def test_keys_are_deterministic() -> None:
    clip = synthetic.turn(40, 10, 12)
    assert picked(clip) == picked(clip)


@pytest.mark.slow
def test_coverage_of_every_frame_is_returned() -> None:
    clip = synthetic.enter(40, 12, 8)
    one, two = coverage_with(clip, [0]), coverage_with(clip, [0, 30])
    assert list(one.coverage) == list(range(40))
    assert min(one.coverage[frame] for frame in range(10)) > 0.95
    assert max(one.coverage[frame] for frame in range(22, 40)) < 0.75
    assert min(two.coverage[frame] for frame in [*range(10), *range(22, 40)]) > 0.9
    assert [key.reason for key in two.keyframes] == ["mine", "mine"]
    assert two.keyframes[1].coverage < 0.75
    gain = np.mean([two.coverage[frame] - one.coverage[frame] for frame in range(40)])
    assert two.keyframes[1].gained == pytest.approx(gain, abs=0.02)


@pytest.mark.slow
def test_heat_map_shows_new_content_of_a_key() -> None:
    new = coverage_with(synthetic.enter(40, 12, 8), [0, 30]).heat_maps
    assert new[0].mean() > 0.05
    assert new[0].min() > 0
    fresh = new[30] > 0
    # The object covers columns 70 to 190 and rows 20 to 170.
    assert new[30].shape == (180, 320)
    assert fresh[30:160, 80:180].mean() > 0.9
    assert fresh[:, 210:].mean() < 0.1


@pytest.mark.slow
def test_only_weighted_areas_count() -> None:
    clip = synthetic.enter(40, 12, 8)
    right = np.zeros((180, 320), np.float32)
    right[:, 200:] = 1
    assert frames(picked(clip, attention=lambda frame: right)) == [0]
    assert min(coverage_with(clip, [0], attention=lambda frame: right).coverage.values()) > 0.9
    nothing = np.zeros_like(right)
    assert set(coverage_with(clip, [0], attention=lambda frame: nothing).coverage.values()) == {1.0}


@pytest.mark.slow
def test_dropped_frames_get_no_keys_and_the_gap_is_kept() -> None:
    clip = synthetic.enter(40, 12, 8)
    first, second = frames(picked(clip))
    found = frames(picked(clip, dropped=[first, second]))
    assert len(found) == 2
    assert not set(found) & {first, second}
    keys = frames(picked(synthetic.pan(60, 12), min_gap=25, locked=[8]))
    assert 8 in keys
    assert len(keys) > 1
    assert min(np.diff(keys)) >= 25
    with pytest.raises(FrameRangeError, match=r"frame 3 is both locked and dropped"):
        picked(clip, locked=[3], dropped=[3])


def test_named_keyframes_are_sorted_and_validated() -> None:
    assert named_keyframes([3, 4, 5], [5, 3, 5]) == [Keyframe(3, "requested", 0.0), Keyframe(5, "requested", 0.0)]
    with pytest.raises(FrameRangeError, match=r"keyframe 9.*3 to 5"):
        named_keyframes([3, 4, 5], [9])
