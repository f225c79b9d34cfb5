"""Holes and islands of mattes."""

import numpy as np

from masks.despeckle import CLEARED, FILLED, despeckle

NONE = np.zeros((40, 60), bool)


def block(*boxes, size=(40, 60)):
    found = np.full(size, 0.1, np.float32)
    for top, bottom, left, right in boxes:
        found[top:bottom, left:right] = 0.9
    return found


def test_unexplained_hole_is_filled():
    shape = block((5, 35, 5, 45))
    probability = shape.copy()
    probability[15:20, 20:26] = 0.2
    found = despeckle(probability, shape, NONE)
    assert (found[15:20, 20:26] == FILLED).all()
    found[15:20, 20:26] = probability[15:20, 20:26]
    np.testing.assert_array_equal(found, probability)


def test_hole_that_shows_the_background_or_was_painted_is_kept():
    shape = block((5, 35, 5, 45))
    probability = shape.copy()
    probability[15:20, 20:26] = 0.2
    outside_visible = NONE.copy()
    outside_visible[15:20, 20:24] = True
    np.testing.assert_array_equal(despeckle(probability, shape, outside_visible), probability)
    np.testing.assert_array_equal(despeckle(probability, probability, NONE), probability)
    outside_visible[15:20, 22:24] = False  # visible through a third of it only
    assert (despeckle(probability, shape, outside_visible)[15:20, 20:26] == FILLED).all()


def test_gap_at_the_picture_border_is_not_a_hole():
    shape = block((0, 40, 0, 60))
    probability = shape.copy()
    probability[:, 20:30] = 0.2
    probability[10:30, 50:] = 0.2
    np.testing.assert_array_equal(despeckle(probability, shape, NONE), probability)


def test_unexpected_island_is_removed():
    probability, shape = block((5, 35, 5, 30), (10, 16, 40, 50)), block((5, 35, 5, 30))
    assert (despeckle(probability, shape, NONE)[10:16, 40:50] == CLEARED).all()
    np.testing.assert_array_equal(despeckle(probability, probability, NONE), probability)


def test_empty_and_full_mattes_are_unchanged():
    for value in (0.0, 1.0):
        flat = np.full((40, 60), value, np.float32)
        np.testing.assert_array_equal(despeckle(flat, flat, NONE), flat)
