import numpy as np

from masks.guided_filter import guided_filter


def test_rough_matte_snaps_to_the_edge_of_the_picture():
    picture = np.full((40, 60, 3), 0.2, np.float32)
    picture[:, 30:] = (0.8, 0.5, 0.3)
    rough = np.zeros((40, 60), np.float32)
    rough[:, 33:] = 1
    weight = np.ones_like(rough)
    weight[:, 26:37] = 0.01
    drawn = guided_filter(rough, picture, weight, 6, 1e-4)
    assert (drawn[5:-5, 31:] > 0.5).all()
    assert (drawn[5:-5, :31] < 0.5).all()


def test_filter_solves_its_least_squares_problem():
    draw = np.random.default_rng(0)
    picture = draw.random((30, 30, 3), np.float32)
    truth = (picture @ np.array([0.3, -0.2, 0.5], np.float32) + np.float32(0.1)).astype(np.float32)
    np.testing.assert_allclose(guided_filter(truth, picture, np.ones_like(truth), 4, 1e-6), truth, atol=2e-3)
