import numpy as np

from masks.motion_field import affine_motion, motion_field
from masks.warp import inverse_flow, warp

SIZE = (90, 140)


def turning(degrees=5.0, about=(60, 40)):
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    x, y = xs - about[0], ys - about[1]
    return np.stack([c * x - s * y - x, s * x + c * y - y], axis=-1).astype(np.float32)


def known_inside():
    weight = np.zeros(SIZE, np.float32)
    weight[20:60, 40:80] = 1
    return weight


def test_rotation_known_inside_is_extended_everywhere():
    truth, weight = turning(), known_inside()
    other = np.where(weight[..., None] > 0, truth, np.float32(9))
    np.testing.assert_allclose(motion_field(other, weight, robust=True), truth, atol=0.15)


def test_affine_motion_is_robust_to_a_third_of_outliers():
    truth, weight = turning(), known_inside()
    wrong = truth.copy()
    wrong[np.random.default_rng(0).random(SIZE) < 0.33] += 6
    assert np.abs(affine_motion(wrong, weight) - truth)[weight > 0].max() < 0.2


def test_known_local_deviations_are_kept():
    truth = turning()
    truth[..., 0] += 3 * np.sin(np.mgrid[: SIZE[0], : SIZE[1]][0] / 25)
    found = motion_field(truth, known_inside(), robust=False)
    assert np.abs(found - truth)[known_inside() > 0].max() < 0.4


def test_no_known_motion_gives_zero():
    assert not motion_field(turning(), np.zeros(SIZE, np.float32), robust=True).any()


def test_inverse_flow_undoes_flow():
    flow = turning(8)
    again = inverse_flow(flow) + warp(flow, inverse_flow(flow))
    assert np.abs(again[20:70, 30:110]).max() < 0.01
