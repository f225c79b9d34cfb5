import numpy as np
import pytest

from masks.colour_grid import SPATIAL_CELLS, accumulate, assign_cells, inside_probability, slice_grid, votes

RED, GREEN = (200, 40, 40), (40, 160, 60)


def picture(*colours, side=64):
    """Columns of these colours."""
    wide = np.zeros((side, side, 3), np.uint8)
    for at, colour in enumerate(colours):
        wide[:, at * side // len(colours) :] = colour
    return wide


def probability_inside(plate, matte):
    cells = assign_cells(plate)
    return inside_probability(slice_grid(votes(cells, matte), cells))


def test_colours_inside_the_matte_are_likely_inside_elsewhere():
    plate = picture(*[RED, GREEN] * 4)
    matte = np.zeros((64, 64), np.float32)
    matte[:, :8] = 1
    likely = probability_inside(plate, matte)
    assert likely[:, :6].min() > 0.7
    # The second red is close enough to be influenced by the first, but outvoted by its own votes; green is unaffected.
    assert likely[:, 17].min() > 2 * likely[:, 33].max()
    assert likely[:, 8:16].max() < 0.02


def test_colours_without_votes_are_undecided():
    plate = picture(RED)
    cells, other = assign_cells(plate), assign_cells(picture(GREEN))
    grid = votes(other, np.ones((64, 64), np.float32))
    np.testing.assert_allclose(inside_probability(slice_grid(grid, cells)), 0.5)


def test_newer_votes_outweigh_older_ones():
    plate = picture(RED)
    cells = assign_cells(plate)
    no, yes = (votes(cells, np.full((64, 64), value, np.float32)) for value in (0, 1))
    grid = no
    for _ in range(30):
        grid = accumulate(grid, yes)
    assert inside_probability(slice_grid(grid, cells)).min() > 0.9
    assert inside_probability(slice_grid(accumulate(no, no), cells)).max() < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (33, 7), (216, 384)])
def test_every_pixel_has_a_cell_at_any_size(size):
    draw = np.random.default_rng(0)
    plate = draw.integers(0, 256, (*size, 3), np.uint8)
    cells = assign_cells(plate)
    assert cells.indices.shape == size
    assert cells.indices.min() >= 0
    assert cells.indices.max() < np.prod(cells.shape)
    assert max(cells.shape[:2]) <= SPATIAL_CELLS
    everything = votes(cells, np.ones(size, np.float32))
    assert everything.total.sum() == size[0] * size[1]
    np.testing.assert_array_equal(everything.inside, everything.total)
    likely = probability_inside(plate, np.ones(size, np.float32))
    assert likely.min() > 0.5
    assert likely.max() <= 1
