"""Choice of the frames that represent a result."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from stylize.delivery.frame_choice import ShotKeys, choose_by_error, choose_evenly


def one_shot(frames: Sequence[int], keys: Sequence[int]) -> list[ShotKeys]:
    return [ShotKeys(tuple(frames), keys)]


@pytest.mark.parametrize(
    ("frames", "keys", "expected"),
    [
        (range(1, 4), (1,), (1, 2, 3)),
        (range(1, 49), (1,), (1, 8, 14, 21, 28, 35, 41, 48)),
        (range(1001, 1101), (1040,), (1001, 1014, 1027, 1040, 1055, 1070, 1085, 1100)),
        ((10,), (10,), (10,)),
    ],
)
def test_even_choice_covers_the_shot(frames: range, keys: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert choose_evenly(tuple(frames), keys, 8) == expected


def test_even_choice_with_many_keys_includes_frames_between_keys() -> None:
    frames, keys = tuple(range(1, 101)), tuple(range(1, 101, 5))
    chosen = choose_evenly(frames, keys, 8)
    assert len(chosen) == 8
    assert len(set(chosen) & set(keys)) == 4
    assert {1, 100} <= set(chosen)


def test_worst_frames_are_chosen() -> None:
    errors = dict.fromkeys(range(1, 101), 0.01) | {33: 0.08, 34: 0.09, 35: 0.08, 71: 0.05, 88: 0.03}
    chosen = choose_by_error(one_shot(range(1, 101), (1, 50)), errors)
    assert chosen == (1, 34, 50, 71, 88, 100)


def test_neighbours_of_a_worst_frame_are_left_out() -> None:
    errors = {frame: 0.1 - 0.001 * abs(frame - 40) for frame in range(1, 101)}
    chosen = choose_by_error(one_shot(range(1, 101), (1,)), errors)
    assert 40 in chosen
    assert not set(chosen) & ({*range(34, 47)} - {40})


def test_choice_without_errors_has_keys_and_fills_gaps() -> None:
    chosen = choose_by_error(one_shot(range(1, 101), (1, 40, 80)), {})
    assert len(chosen) == 6
    assert {1, 100} < set(chosen)
    assert set(chosen) & {40, 80}
    gaps = [after - before for before, after in pairwise(chosen)]
    assert max(gaps) <= 30


@pytest.mark.parametrize("count", [1, 5, 6, 7, 8, 30])
def test_any_shot_has_as_many_frames_as_fit(count: int) -> None:
    frames = range(10, 10 + count)
    for keys in ((10,), tuple(frames)):
        chosen = choose_by_error(one_shot(frames, keys), {frame: frame / 1000 for frame in frames})
        assert set(chosen) <= set(frames)
        assert list(chosen) == sorted(set(chosen))
        assert {frames[0], frames[-1]} <= set(chosen)
        assert len(chosen) == min(count, 6) or (len(keys) == count and len(chosen) >= 2)
