"""Choice of the frame where another key reduces the error most."""

import pytest

from stylize.planning.uncovered import best_frame, error_floor, shot_error

FRAMES = list(range(1, 41))


def errors(*poor: tuple[int, int, float], level: float = 0.01) -> dict[int, float]:
    found = dict.fromkeys(FRAMES, level)
    for first, last, value in poor:
        found |= dict.fromkeys(range(first, last + 1), value)
    return found


def best(found: dict[int, float], keys: list[int], gap: int = 1, barred: tuple[int, ...] = ()) -> int | None:
    chosen = best_frame(FRAMES, found, keys, 0.01, gap, barred)
    return None if chosen is None else chosen[0]


def test_key_goes_into_the_middle_of_a_poor_run() -> None:
    assert best(errors((20, 30, 0.05)), [1, 40]) in (24, 25, 26)
    assert best(errors((20, 24, 0.05), (30, 38, 0.05)), [1]) in range(30, 39)


def test_error_that_frames_next_to_keys_share_is_no_reason() -> None:
    assert best(errors(), [1, 40]) is None


def test_flash_is_no_reason() -> None:
    assert best(errors((20, 21, 0.5)), [1, 40]) is None
    assert best(errors((20, 21, 0.5), (30, 35, 0.02)), [1, 40]) in range(29, 37)


def test_keys_keep_their_distance_and_excluded_frames_are_skipped() -> None:
    assert best(errors((2, 5, 0.1)), [1], gap=6) == 7
    assert best(errors((20, 30, 0.05)), [1, 40], barred=tuple(range(15, 29))) in (14, 29)
    assert best(errors((20, 30, 0.05)), [1, 21, 40], gap=20) is None


def test_gain_of_a_key_is_at_most_the_excess_error() -> None:
    found = errors((20, 30, 0.05))
    chosen = best_frame(FRAMES, found, [1, 40], 0.01, 1)
    assert chosen is not None
    assert 0 < chosen[1] < sum(value - 0.01 for value in found.values())


def test_error_floor_is_that_of_frames_next_to_keys() -> None:
    assert error_floor(FRAMES, errors((2, 2, 0.03), (39, 39, 0.05)), [1, 40]) == pytest.approx(0.04)
    assert error_floor([1, 2], {1: 0.0, 2: 0.0}, [1, 2]) == 0


def test_error_of_a_key_counts_as_the_floor() -> None:
    assert shot_error([1, 2], {1: 0.0, 2: 0.01}, 0.01) == pytest.approx(0.01)


def test_long_shot_is_fast() -> None:
    frames = range(20000)
    found = {frame: 0.05 if 9000 < frame < 9100 else 0.01 for frame in frames}
    chosen = best_frame(frames, found, [0], 0.01, 3)
    assert chosen is not None
    assert 8500 < chosen[0] < 9600
