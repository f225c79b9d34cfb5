"""Holes and islands of mattes."""

import numpy as np

from masks.specks import CLEARED, FILLED, without_specks

NONE = np.zeros((40, 60), bool)


def block(*boxes, size=(40, 60)):
    found = np.full(size, 0.1, np.float32)
    for top, bottom, left, right in boxes:
        found[top:bottom, left:right] = 0.9
    return found


def test_a_hole_that_nothing_explains_is_filled():
    shape = block((5, 35, 5, 45))
    likely = shape.copy()
    likely[15:20, 20:26] = 0.2
    found = without_specks(likely, shape, NONE)
    assert (found[15:20, 20:26] == FILLED).all()
    found[15:20, 20:26] = likely[15:20, 20:26]
    np.testing.assert_array_equal(found, likely)


def test_a_hole_that_shows_the_outside_stays_and_so_does_one_that_was_painted():
    shape = block((5, 35, 5, 45))
    likely = shape.copy()
    likely[15:20, 20:26] = 0.2
    behind = NONE.copy()
    behind[15:20, 20:24] = True
    np.testing.assert_array_equal(without_specks(likely, shape, behind), likely)
    np.testing.assert_array_equal(without_specks(likely, likely, NONE), likely)
    behind[15:20, 22:24] = False  # of a third of it only
    assert (without_specks(likely, shape, behind)[15:20, 20:26] == FILLED).all()


def test_what_reaches_the_border_of_the_picture_is_no_hole():
    shape = block((0, 40, 0, 60))
    likely = shape.copy()
    likely[:, 20:30] = 0.2
    likely[10:30, 50:] = 0.2
    np.testing.assert_array_equal(without_specks(likely, shape, NONE), likely)


def test_an_island_goes_unless_it_is_expected():
    likely, shape = block((5, 35, 5, 30), (10, 16, 40, 50)), block((5, 35, 5, 30))
    assert (without_specks(likely, shape, NONE)[10:16, 40:50] == CLEARED).all()
    np.testing.assert_array_equal(without_specks(likely, likely, NONE), likely)


def test_nothing_and_all_stay():
    for value in (0.0, 1.0):
        flat = np.full((40, 60), value, np.float32)
        np.testing.assert_array_equal(without_specks(flat, flat, NONE), flat)
