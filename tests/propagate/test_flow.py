import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate.flow import (
    MAX_LENGTH,
    ComposedFlow,
    Step,
    compose_step,
    consistent,
    correct_drift,
    estimate_step,
    estimate_steps,
    grid,
    identity_flow,
    in_bounds,
    photometric_error,
    step_from_flows,
    warp,
)
from propagate.flow_dis import DisFlow
from tests.benchmarks.propagation.peers import compose
from tests.lit import lit
from tests.synthetic import texture

SIDES = st.integers(1, 24)


def sliding(shift, frames=5):
    draw = np.random.default_rng(3)
    wide = np.kron(draw.integers(0, 255, (20, 60)), np.ones((6, 6))).astype(np.uint8)
    wide = np.repeat(wide[..., None], 3, axis=2)
    return {n: np.ascontiguousarray(wide[:, n * shift : n * shift + 160]) for n in range(frames)}


def uniform(height, width, x, y):
    return np.broadcast_to(np.array([x, y], np.float32), (height, width, 2)).copy()


def affine(size, matrix):
    """Exact flow of ``before = matrix(after)``, homogeneous (3, 3)."""
    places = np.dstack([grid(*size), np.ones(size, np.float32)])
    return (places @ matrix[:2].T.astype(np.float32) - grid(*size)).astype(np.float32)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
def test_composed_flow_points_to_the_origin_of_a_pixel(order):
    plates = sliding(3)
    last = list(compose(order, plates.__getitem__, DisFlow()))[-1]
    # Estimates drift by about a tenth of a pixel per step.
    expected = 3 * (order[-1] - order[0])
    inner = last.flow[20:-20, 30:-30]
    np.testing.assert_allclose(np.median(inner[..., 0]), expected, atol=0.5)
    np.testing.assert_allclose(np.median(inner[..., 1]), 0, atol=0.5)
    warped = warp(plates[order[0]], last.flow)
    apart = np.abs(warped.astype(float) - plates[order[-1]])[last.valid].mean()
    assert apart < 8


def test_pixels_that_leave_the_picture_are_invalid():
    plates = sliding(8)
    last = list(compose([0, 1, 2, 3, 4], plates.__getitem__, DisFlow()))[-1]
    assert last.valid[30:-30, 20:120].mean() > 0.9
    assert last.valid[:, -16:].mean() < 0.1


# Composition of exact flow


@pytest.mark.slow
@settings(deadline=None)
@given(
    moves=st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=6),
    height=st.integers(42, 60),
    width=st.integers(42, 60),
)
def test_composed_shifts_add_up_and_track_validity(moves, height, width):
    composed = identity_flow(0, height, width)
    for frame, (x, y) in enumerate(moves, 1):
        there = uniform(height, width, x, y)
        composed = compose_step(composed, frame, step_from_flows(there, -there))
    x, y = np.float32(moves).sum(axis=0)
    # In float32, rounded once per step.
    np.testing.assert_allclose(composed.flow, uniform(height, width, x, y), atol=1e-4)
    assert composed.frame == len(moves)
    # A pixel is traced back step by step, and may have left the picture on the way.
    far = int(np.abs(moves).sum(axis=0).max()) + 2
    core = slice(far, -far)
    assert composed.valid[core, core].all()
    assert not composed.valid[~in_bounds(composed.flow)].any()


def test_composed_rotations_and_zooms_equal_the_matrix_product():
    size, total, composed = (90, 120), np.eye(3), identity_flow(0, 90, 120)
    turn = np.deg2rad(2)
    there = np.array([[1.02 * np.cos(turn), -np.sin(turn), 0.7], [np.sin(turn), 0.98 * np.cos(turn), -0.4], [0, 0, 1]])
    for frame in range(1, 7):
        composed = compose_step(
            composed, frame, step_from_flows(affine(size, there), affine(size, np.linalg.inv(there)))
        )
        total = there @ total
    apart = np.abs(composed.flow - affine(size, total)).max(axis=-1)
    # Bilinear sampling is exact in linear fields, except that OpenCV rounds positions to 1/32 of a pixel.
    assert composed.valid[25:-25, 35:-35].all()
    assert apart[25:-25, 35:-35].max() < 0.02
    # Up to one pixel outside the picture, the flow of the border is repeated: each step adds an error of the slope.
    assert apart[composed.valid].max() < 0.15


def test_once_hidden_pixels_stay_invalid():
    size = (16, 24)
    still, hidden = Step(np.zeros((*size, 2), np.float32), np.ones(size, bool)), np.ones(size, bool)
    hidden[4:9, 5:12] = False
    composed = compose_step(identity_flow(0, *size), 1, Step(still.flow, hidden))
    for frame in (2, 3):
        composed = compose_step(composed, frame, still)
    np.testing.assert_array_equal(composed.valid, hidden)


# Consistency


def test_inconsistent_backward_flow_is_detected():
    there = np.zeros((10, 12, 2), np.float32)
    back = np.zeros((10, 12, 2), np.float32)
    back[:, 6:] = 3
    np.testing.assert_array_equal(consistent(there, back), np.arange(12)[None, :] < np.full((10, 1), 6))


@settings(deadline=None)
@given(
    there=st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    miss=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    height=SIDES,
    width=SIDES,
)
def test_consistency_follows_the_documented_rule(there, miss, height, width):
    there, miss = np.float32(there), np.float32(miss)
    back = miss - there
    rest = float(((there + back).astype(np.float64) ** 2).sum())
    bound = 0.01 * float((there.astype(np.float64) ** 2).sum() + (back.astype(np.float64) ** 2).sum()) + 0.5
    if abs(rest - bound) < 1e-3:
        return  # too close to the bound for rounding
    flow = uniform(height, width, *there)
    found = consistent(flow, uniform(height, width, *back))
    np.testing.assert_array_equal(found, in_bounds(flow) & (rest < bound))


def test_steps_of_both_directions_equal_single_steps():
    plates = sliding(4)
    estimate = DisFlow()
    onward, back = estimate_steps(plates[0], plates[1], estimate)
    for got, wanted in (
        (onward, estimate_step(plates[0], plates[1], estimate)),
        (back, estimate_step(plates[1], plates[0], estimate)),
    ):
        np.testing.assert_array_equal(got.flow, wanted.flow)
        np.testing.assert_array_equal(got.consistent, wanted.consistent)


# Invalid flow


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2 * MAX_LENGTH, -2 * MAX_LENGTH])
@pytest.mark.parametrize("place", [(0, 0, 0), (2, 3, 1)])
def test_nan_in_flow_is_reported_with_its_position(bad, place):
    flow = np.zeros((3, 4, 2), np.float32)
    flow[place] = bad
    message = f"at x {place[1]}, y {place[0]}"
    with pytest.raises(ValueError, match=message):
        Step(flow, np.ones((3, 4), bool))
    for ways in ((flow, np.zeros_like(flow)), (np.zeros_like(flow), flow)):
        with pytest.raises(ValueError, match=message):
            step_from_flows(*ways)

    class Broken:
        def __call__(self, source, target):
            return flow

        def cache_key(self):
            return "broken"

    plate = np.full((3, 4, 3), 128, np.uint8)  # in a black one nothing is estimated
    with pytest.raises(ValueError, match=message):
        estimate_step(plate, plate, Broken())
    with pytest.raises(ValueError, match=message):
        estimate_steps(plate, plate, Broken())


@pytest.mark.parametrize(
    ("flow", "seen"),
    [
        (np.zeros((3, 4, 2)), np.ones((3, 4), bool)),
        (np.zeros((3, 4, 3), np.float32), np.ones((3, 4), bool)),
        (np.zeros((3, 4), np.float32), np.ones((3, 4), bool)),
        (np.zeros((0, 4, 2), np.float32), np.ones((0, 4), bool)),
        (np.zeros((3, 4, 2), np.float32), np.ones((4, 3), bool)),
        (np.zeros((3, 4, 2), np.float32), np.ones((3, 4), np.uint8)),
    ],
)
def test_flow_of_another_shape_or_type_is_refused(flow, seen):
    with pytest.raises(ValueError, match="must be"):
        Step(flow, seen)


def test_forward_and_backward_flow_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="same size"):
        step_from_flows(np.zeros((3, 4, 2), np.float32), np.zeros((4, 3, 2), np.float32))


@settings(deadline=None)
@given(height=SIDES, width=SIDES, seed=st.integers(0, 99), longest=st.sampled_from([0.3, 5, 1e3, MAX_LENGTH]))
def test_bounded_flow_composes_to_finite_values(height, width, seed, longest):
    draw = np.random.default_rng(seed)
    composed = identity_flow(0, height, width)
    for frame in range(1, 4):
        there, back = draw.uniform(-longest, longest, (2, height, width, 2)).astype(np.float32)
        composed = compose_step(composed, frame, step_from_flows(there, back))
    assert isinstance(composed, ComposedFlow)
    assert composed.flow.shape == (height, width, 2)
    assert np.isfinite(composed.flow).all()
    assert not composed.valid[~in_bounds(composed.flow)].any()


# Grid, mismatch and drift


def test_grid_is_x_then_y():
    assert grid(3, 4)[2, 1].tolist() == [1, 2]


def test_photometric_error_is_the_mean_difference_of_all_channels():
    one = np.zeros((9, 9, 3), np.uint8)
    other = one.copy()
    other[...] = (30, 60, 0)
    np.testing.assert_allclose(photometric_error(one, other), 30 / 255, rtol=1e-6)


def drifted_scene():
    """A key, a frame that is the key rotated by 6 degrees, the exact flow, and flow that has drifted from it."""
    turn = cv2.getRotationMatrix2D((80, 50), 6, 1)
    exact = affine((100, 160), np.vstack([turn, [0, 0, 1]]))
    key = texture(5, (160, 100))
    ys, xs = np.mgrid[:100, :160]
    drift = np.dstack([1.5 * np.sin(ys / 25), 1.2 * np.cos(xs / 30)]).astype(np.float32)
    return key, warp(key, exact, lanczos=True), exact, exact + drift


def test_drift_is_corrected_against_the_key():
    key, frame, exact, drifted = drifted_scene()
    anchored = correct_drift(drifted, key, frame, DisFlow("fine"))
    inner = in_bounds(exact) & in_bounds(drifted)
    miss, before = (np.linalg.norm(flow - exact, axis=-1)[inner].mean() for flow in (anchored, drifted))
    assert before > 1
    assert miss < 0.25 * before


class Nonsense:
    def __call__(self, source, target):
        return np.full((*target.shape[:2], 2), 17, np.float32)

    def cache_key(self):
        return "nonsense"


def test_correction_that_increases_the_error_is_rejected():
    key, frame, exact, _ = drifted_scene()
    anchored = correct_drift(exact, key, frame, Nonsense())
    kept = (anchored == exact).all(axis=-1)
    assert kept[in_bounds(exact)].mean() > 0.97
    miss, before = (photometric_error(warp(key, flow), frame)[in_bounds(exact)].mean() for flow in (anchored, exact))
    assert miss <= before


# Light


def test_motion_is_found_through_a_change_of_light():
    wide = texture(1, (120, 60))
    before, after = wide[:, :96], wide[:, 4:100]
    steady = estimate_step(before, after, DisFlow())
    for gain in (0.02, 0.3):
        step = estimate_step(before, lit(after, gain), DisFlow())
        assert step.consistent.mean() > steady.consistent.mean() - 0.02
        inside = step.flow[10:-10, 10:-10]
        assert np.abs(inside - (4, 0)).mean() < 0.1


@pytest.mark.parametrize("level", [0, 3, 253])
def test_nothing_moves_in_a_black_or_white_frame(level):
    blank, plate = np.full((60, 96, 3), level, np.uint8), texture(1, (96, 60))
    for step in (*estimate_steps(blank, plate, DisFlow()), *estimate_steps(plate, blank, DisFlow())):
        assert not step.flow.any()
        assert step.consistent.all()
