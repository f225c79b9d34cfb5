import numpy as np
import pytest

from propagate.flow import Step, compose_step, identity_flow
from propagate.holds import chain_steps, drawings


def test_every_frame_is_drawn_on_ones():
    assert drawings([3, 4, 5], [4], 1) == {3: 3, 4: 4, 5: 5}


def test_drawings_are_counted_from_the_first_frame_and_keys_are_always_drawn():
    assert drawings(range(1, 9), [1, 4], 2) == {1: 1, 2: 1, 3: 3, 4: 4, 5: 5, 6: 5, 7: 7, 8: 7}
    assert drawings(range(1, 9), [3, 8], 3) == {1: 1, 2: 1, 3: 3, 4: 4, 5: 4, 6: 4, 7: 7, 8: 8}


def test_numbers_with_gaps_are_counted_by_place():
    assert drawings([10, 12, 14, 16], [], 2) == {10: 10, 12: 10, 14: 14, 16: 14}


def test_nothing_to_draw_and_no_frames_a_drawing():
    assert drawings([], [], 2) == {}
    with pytest.raises(ValueError, match="1 or more"):
        drawings([1], [], 0)


def steps(before, after):
    flow = np.full((6, 8, 2), (before - after) * 0.75, np.float32)
    consistent = np.ones((6, 8), bool)
    consistent[after % 6] = False
    return Step(flow, consistent)


def test_a_leap_is_the_steps_between_one_after_the_other():
    leap = chain_steps(steps, range(1, 8))
    for before, after, path in ((2, 5, (3, 4, 5)), (5, 2, (4, 3, 2))):
        composed, last = identity_flow(before, 6, 8), before
        for frame in path:
            composed, last = compose_step(composed, frame, steps(last, frame)), frame
        np.testing.assert_array_equal(leap(before, after).flow, composed.flow)
        np.testing.assert_array_equal(leap(before, after).consistent, composed.valid)


def test_a_leap_to_a_neighbour_is_the_step_itself():
    leap = chain_steps(steps, [2, 4, 6])
    np.testing.assert_array_equal(leap(4, 2).flow, steps(4, 2).flow)
    np.testing.assert_array_equal(leap(4, 2).consistent, steps(4, 2).consistent)
    with pytest.raises(ValueError, match="from 4 to 4"):
        leap(4, 4)
