import numpy as np
import pytest

from propagate.flow import compose, consistent, grid, sample
from propagate.flow_dis import DisFlow


def sliding(shift, frames=5):
    draw = np.random.default_rng(3)
    wide = np.kron(draw.integers(0, 255, (20, 60)), np.ones((6, 6))).astype(np.uint8)
    wide = np.repeat(wide[..., None], 3, axis=2)
    return {n: np.ascontiguousarray(wide[:, n * shift : n * shift + 160]) for n in range(frames)}


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
def test_composed_flow_points_to_where_a_pixel_comes_from(order):
    plates = sliding(3)
    last = list(compose(order, plates.__getitem__, DisFlow()))[-1]
    # Estimates drift by about a tenth of a pixel a step.
    expected = 3 * (order[-1] - order[0])
    inner = last.flow[20:-20, 30:-30]
    np.testing.assert_allclose(np.median(inner[..., 0]), expected, atol=0.5)
    np.testing.assert_allclose(np.median(inner[..., 1]), 0, atol=0.5)
    warped = sample(plates[order[0]], last.flow)
    apart = np.abs(warped.astype(float) - plates[order[-1]])[last.valid].mean()
    assert apart < 8


def test_what_leaves_the_picture_is_not_valid():
    plates = sliding(8)
    last = list(compose([0, 1, 2, 3, 4], plates.__getitem__, DisFlow()))[-1]
    assert last.valid[30:-30, 20:120].mean() > 0.9
    assert last.valid[:, -16:].mean() < 0.1


def test_consistency_fails_where_the_way_back_leads_elsewhere():
    there = np.zeros((10, 12, 2), np.float32)
    back = np.zeros((10, 12, 2), np.float32)
    back[:, 6:] = 3
    np.testing.assert_array_equal(consistent(there, back), np.arange(12)[None, :] < np.full((10, 1), 6))


def test_grid_is_x_then_y():
    assert grid(3, 4)[2, 1].tolist() == [1, 2]


def test_flow_refuses_two_sizes():
    with pytest.raises(ValueError, match="one size"):
        DisFlow()(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8))
