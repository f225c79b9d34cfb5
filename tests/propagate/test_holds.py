import numpy as np
import pytest

from propagate.flow import Step, compose_step, identity_flow
from propagate.holds import chain_steps, drawings


def test_on_ones_every_frame_is_a_drawing():
    assert drawings([3, 4, 5], [4], 1) == {3: 3, 4: 4, 5: 5}


def test_drawings_count_from_the_first_frame_and_include_keys():
    assert drawings(range(1, 9), [1, 4], 2) == {1: 1, 2: 1, 3: 3, 4: 4, 5: 5, 6: 5, 7: 7, 8: 7}
    assert drawings(range(1, 9), [3, 8], 3) == {1: 1, 2: 1, 3: 3, 4: 4, 5: 4, 6: 4, 7: 7, 8: 8}


def test_numbers_with_gaps_count_by_position():
    assert drawings([10, 12, 14, 16], [], 2) == {10: 10, 12: 10, 14: 14, 16: 14}


def test_no_frames_and_invalid_pace_are_handled():
    assert drawings([], [], 2) == {}
    with pytest.raises(ValueError, match="for 1 frame or more"):
        drawings([1], [], 0)


def steps(before, after):
    flow = np.full((6, 8, 2), (before - after) * 0.75, np.float32)
    consistent = np.ones((6, 8), bool)
    consistent[after % 6] = False
    return Step(flow, consistent)


def test_leap_composes_the_steps_between():
    leap = chain_steps(steps, range(1, 8))
    for before, after, path in ((2, 5, (3, 4, 5)), (5, 2, (4, 3, 2))):
        composed, last = identity_flow(before, 6, 8), before
        for frame in path:
            composed, last = compose_step(composed, frame, steps(last, frame)), frame
        np.testing.assert_array_equal(leap(before, after).flow, composed.flow)
        np.testing.assert_array_equal(leap(before, after).consistent, composed.valid)


def test_leap_to_a_neighbour_is_the_step():
    leap = chain_steps(steps, [2, 4, 6])
    np.testing.assert_array_equal(leap(4, 2).flow, steps(4, 2).flow)
    np.testing.assert_array_equal(leap(4, 2).consistent, steps(4, 2).consistent)
    with pytest.raises(ValueError, match="two different frames, not 4 and 4"):
        leap(4, 4)


TWOS = [3, 5, 7]  # plates on twos, off the beat that is counted from the first frame: 1, 2-3, 4-5, 6-7


def test_repeated_plates_show_one_drawing():
    assert drawings(range(1, 8), [1], 1, TWOS) == {1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 6, 7: 6}


def test_on_twos_the_beat_follows_the_holds_of_the_plates():
    assert drawings(range(1, 8), [1], 2, TWOS) == {1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 6, 7: 6}
    # On threes, drawings change where a plate changes.
    assert drawings(range(1, 10), [1], 3, [2, 4, 6, 8]) == {n: 1 if n < 5 else 5 if n < 9 else 9 for n in range(1, 10)}


def test_film_in_video_keeps_its_rhythm():
    assert drawings(range(1, 11), [1], 1, [5, 10]) == {n: n - (n in (5, 10)) for n in range(1, 11)}


@pytest.mark.parametrize("key", [4, 5, 6])
def test_frames_around_a_key_with_the_same_plate_show_the_key(key):
    found = drawings(range(1, 9), [1, key], 1, [5, 6])
    assert [found[n] for n in (4, 5, 6)] == [key] * 3
    assert found[3] == 3
    assert found[7] == 7


def test_two_keys_of_one_plate_keep_their_own_pictures():
    assert drawings(range(1, 5), [2, 4], 1, [2, 3, 4]) == {1: 2, 2: 2, 3: 2, 4: 4}


def test_a_still_plate_is_drawn_once_unless_its_lines_wobble():
    still = range(2, 9)
    assert set(drawings(range(1, 9), [1], 2, still).values()) == {1}
    assert drawings(range(1, 9), [1], 2, still, redraw=True) == {n: n - (n % 2 == 0) for n in range(1, 9)}
