"""Any input: a correct result or a ValueError, before any compiled code runs."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate.blend import blend
from propagate.features import packed_channels
from propagate.flow import MAX_LENGTH, Step, check_flow, consistent, step_from_flows
from propagate.flow_dis import DisFlow
from propagate.nnf import even_field
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.scene import Scene, estimated_scene
from propagate.split_at_keys import split_at_keys
from propagate.synthesis import PassState, SynthesisSettings, propagate_key
from propagate.texture import Job, Level, PositionPrior, exemplar, optimise

SIDES = st.integers(1, 40)
# Kernels are compiled for each radius and group of channels, which takes seconds: all groups at the usual radius, and
# two at each other one.
COUNTS = [(), (1,), (4,), (4, 4, 4), (1, 16)]
RADII_AND_GUIDES = st.sampled_from(
    [*((2, counts) for counts in COUNTS), (1, ()), (1, (1, 16)), (3, (1,)), (3, (4, 4, 4))]
)


def plates_of(draw, height, width, kind):
    """Three plates: noise, all black, all white, or one noisy plate three times."""
    if kind == "flat":
        return [np.full((height, width, 3), level, np.uint8) for level in (0, 255, 0)]
    made = [draw.integers(0, 256, (height, width, 3)).astype(np.uint8) for _ in range(3)]
    return [made[0]] * 3 if kind == "still" else made


def guided(plates, guides=lambda frame: (), weights=()):
    scene = estimated_scene(plates.__getitem__, DisFlow())
    return Scene(scene.plate, scene.step, scene.refine, guides, weights)


def run(plates, key, given=None, radius=2, state=None):
    return list(
        propagate_key(range(len(plates)), given or guided(plates), key, SynthesisSettings(radius=radius), state)
    )


def assert_sane(made, size):
    for carried in made:
        assert carried.colour.shape == (*size, 3)
        assert carried.colour.dtype == np.float32
        assert carried.colour.min() >= 0
        assert carried.colour.max() <= 1
        assert np.isfinite(carried.error).all()
        assert carried.error.min() >= 0
        assert carried.state.field.min() >= 0
        assert (carried.state.field < [size[1], size[0]]).all()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, RADII_AND_GUIDES, st.sampled_from(["noise", "flat", "still"]), st.integers(0, 99))
def test_any_shape_radius_and_number_of_guides_work(height, width, compiled, kind, seed):
    radius, counts = compiled
    draw = np.random.default_rng(seed)
    plates = plates_of(draw, height, width, kind)
    maps = [draw.random((height, width, *([count] if count > 1 else [])), np.float32) for count in counts]
    scene = guided(plates, lambda frame: maps, tuple(float(w) for w in draw.random(len(counts)) * 4))
    made = run(plates, draw.random((height, width, 3), np.float32), scene, radius)
    assert [carried.frame for carried in made] == [1, 2]
    assert_sane(made, (height, width))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES, st.integers(0, 99))
def test_key_equal_to_its_plate_gives_back_a_still_plate(height, width, seed):
    plate = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    key = plate.astype(np.float32) / 255
    for carried in run([plate] * 3, key):
        np.testing.assert_allclose(carried.colour, key, atol=2e-3)


@settings(max_examples=20, deadline=None)
@given(SIDES, SIDES, st.floats(-MAX_LENGTH, MAX_LENGTH, width=32), st.booleans(), st.integers(0, 99))
def test_any_finite_flow_works(height, width, length, believed, seed):
    draw = np.random.default_rng(seed)
    plates = plates_of(draw, height, width, "noise")
    flow = (draw.uniform(-1, 1, (height, width, 2)) * length).astype(np.float32)
    step = Step(flow, np.full((height, width), believed))
    scene = Scene(plates.__getitem__, lambda before, after: step)
    assert_sane(run(plates, draw.random((height, width, 3), np.float32), scene), (height, width))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2 * MAX_LENGTH])
@pytest.mark.parametrize("place", [(0, 0, 0), (3, 4, 1)])
def test_invalid_flow_is_refused(bad, place):
    flow = np.zeros((6, 7, 2), np.float32)
    flow[place] = bad
    for refuse in (
        lambda: check_flow(flow),
        lambda: Step(flow, np.ones((6, 7), bool)),
        lambda: step_from_flows(flow, np.zeros_like(flow)),
        lambda: step_from_flows(np.zeros_like(flow), flow),
    ):
        with pytest.raises(ValueError, match="finite and at most"):
            refuse()


@pytest.mark.parametrize(
    ("flow", "consistency"),
    [
        (np.zeros((6, 7, 3), np.float32), np.ones((6, 7), bool)),
        (np.zeros((6, 7), np.float32), np.ones((6, 7), bool)),
        (np.zeros((6, 7, 2), np.float64), np.ones((6, 7), bool)),
        (np.zeros((0, 7, 2), np.float32), np.ones((0, 7), bool)),
        (np.zeros((6, 7, 2), np.float32), np.ones((7, 6), bool)),
        (np.zeros((6, 7, 2), np.float32), np.ones((6, 7), np.uint8)),
    ],
)
def test_step_of_another_shape_or_type_is_refused(flow, consistency):
    with pytest.raises(ValueError, match="must be"):
        Step(flow, consistency)


def test_flow_of_another_size_than_the_plates_is_refused():
    plates = [np.zeros((6, 7, 3), np.uint8)] * 2
    step = Step(np.zeros((7, 6, 2), np.float32), np.ones((7, 6), bool))
    with pytest.raises(ValueError, match=r".+"):
        run(plates, np.zeros((6, 7, 3), np.float32), Scene(plates.__getitem__, lambda before, after: step))


def test_consistency_works_on_one_pixel():
    still = np.zeros((1, 1, 2), np.float32)
    assert consistent(still, still).all()


# Keys


@pytest.mark.parametrize("shape", [(6, 8, 3), (7, 7, 3), (6, 7), (6, 7, 4), (6, 7, 1)])
def test_key_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="size of its plate"):
        run([np.zeros((6, 7, 3), np.uint8)] * 2, np.zeros(shape, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_key_that_is_not_a_picture_is_refused(bad):
    key = np.zeros((12, 12, 3), np.float32)
    key[5, 6, 1] = bad
    with pytest.raises(ValueError, match="finite"):
        run([np.zeros((12, 12, 3), np.uint8)] * 2, key)


def test_plate_of_another_size_is_refused():
    plates = [np.zeros((6, 7, 3), np.uint8), np.zeros((6, 8, 3), np.uint8)]
    with pytest.raises(ValueError, match=r".+"):
        run(plates, np.zeros((6, 7, 3), np.float32))


def test_state_of_another_run_is_refused():
    draw = np.random.default_rng(6)
    plates = plates_of(draw, 6, 7, "noise")
    key = draw.random((6, 7, 3), np.float32)
    state = run(plates, key)[0].state
    with pytest.raises(ValueError, match=r".+"):
        run(plates, key, state=PassState(9, state.flow, state.valid, state.field, state.colour))
    with pytest.raises(ValueError, match="inside the style"):
        run(plates, key, state=PassState(1, state.flow, state.valid, state.field + 40, state.colour))


# Guides

SIZE = (12, 14)


def with_guides(at_key, at_frame, weights=(1.0,)):
    draw = np.random.default_rng(3)
    plates = plates_of(draw, *SIZE, "noise")[:2]
    scene = guided(plates, lambda frame: at_frame if frame else at_key, weights)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return run(plates, draw.random((*SIZE, 3), np.float32), scene)


GUIDE = np.zeros(SIZE, np.float32)
WRONG = {
    "of another size": ([GUIDE[:, :-1]], [GUIDE[:, :-1]], "have size"),
    "of twice the height": ([np.zeros((24, 14), np.float32)], [np.zeros((24, 14), np.float32)], "have size"),
    "of four dimensions": ([GUIDE[..., None, None]], [GUIDE[..., None, None]], "have size"),
    "of another size in the frame": ([GUIDE], [GUIDE[:-1]], "have size"),
    "one less in the frame": ([GUIDE], [], "longer|shorter|channels"),
    "one more in the frame": ([GUIDE], [GUIDE, GUIDE], "longer|shorter|channels"),
    "one more than weights": ([GUIDE, GUIDE], [GUIDE, GUIDE], "longer|shorter|channels"),
    "none for a weight": ([], [], "longer|shorter|channels"),
    "of far too many channels": ([np.zeros((*SIZE, 28), np.float32)], [np.zeros((*SIZE, 28), np.float32)], "channels"),
    "not a number in the key": ([GUIDE * np.float32(np.nan)], [GUIDE], "finite"),
    "not a number in the frame": ([GUIDE], [GUIDE * np.float32(np.nan)], "finite"),
    "infinite in the key": ([GUIDE + np.float32(np.inf)], [GUIDE], "finite"),
    "infinite in the frame": ([GUIDE], [GUIDE - np.float32(np.inf)], "finite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mismatched_guides_are_refused(name):
    at_key, at_frame, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        with_guides(at_key, at_frame)


@pytest.mark.parametrize(("of_key", "of_frame"), [(1, 2), (2, 1), (2, 3), (3, 2)])
def test_guides_with_other_channels_in_the_frame_are_refused(of_key, of_frame):
    with pytest.raises(ValueError, match="channels as"):
        with_guides([np.dstack([GUIDE] * of_key)], [np.dstack([GUIDE] * of_frame)])


def test_guides_may_have_the_maximum_number_of_channels():
    assert packed_channels([np.zeros((2, 2, 29), np.float32)]) == 32
    with pytest.raises(ValueError, match="29 channels"):
        packed_channels([np.zeros((2, 2, 30), np.float32)])


@pytest.mark.parametrize("weights", [(-1.0,), (float("nan"),), (float("inf"),)])
def test_invalid_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        with_guides([GUIDE], [GUIDE], weights)


# Fields


def job_of(size=(9, 11), radius=2):
    style = np.random.default_rng(4).random((*size, 3), np.float32)
    example = exemplar(style, [(style, 1.0)], 1.0, radius)
    matcher = PatchMatchNumba(radius, example.channels)
    return Job(matcher, example, example.canvas([style]), np.ones(size, bool)), style


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 8), st.integers(0, 10), st.sampled_from([-1, -(2**31), 11, 12, 2**31 - 1]), st.integers(0, 1))
def test_fields_that_leave_the_style_are_refused(y, x, value, axis):
    job, style = job_of()
    field = even_field(9, 11, (9, 11))
    field[y, x, axis] = value
    for first, other in ((field, None), (even_field(9, 11, (9, 11)), field)):
        with pytest.raises(ValueError, match="inside the style"):
            optimise(job, style, first, Level(1, 1), other)


@pytest.mark.parametrize("shape", [(9, 10, 2), (11, 9, 2), (9, 11), (9, 11, 3), (0, 0, 2)])
def test_fields_of_another_shape_are_refused(shape):
    job, style = job_of()
    with pytest.raises(ValueError, match="mask's size"):
        optimise(job, style, np.zeros(shape, np.int32), Level(1, 1))
    with pytest.raises(ValueError, match="mask's size"):
        optimise(job, style, even_field(9, 11, (9, 11)), Level(1, 1), np.zeros(shape, np.int32))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from(["prior", "target_colour", "strength", "local_search"]))
def test_search_inputs_of_another_size_are_refused(height, width, what):
    job, style = job_of()
    size = (height, width)
    colours, plane = np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
    more = {
        "prior": {"prior": PositionPrior(np.zeros((*size, 2), np.int32), 1.0)},
        "target_colour": {"target_colour": (colours, np.zeros((9, 11), np.float32))},
        "strength": {"target_colour": (style, plane)},
        "local_search": {"local_search": np.zeros(size, bool)},
    }[what]
    if size == (9, 11):
        optimise(replace(job, **more), style, even_field(9, 11, (9, 11)), Level(1, 1))
        return
    with pytest.raises(ValueError, match="mask's size"):
        optimise(replace(job, **more), style, even_field(9, 11, (9, 11)), Level(1, 1))


def test_matcher_for_other_features_is_refused():
    job, style = job_of()
    for matcher in (PatchMatchNumba(1, job.exemplar.channels), PatchMatchNumba(2, 16)):
        with pytest.raises(ValueError, match="same radius and channels"):
            optimise(Job(matcher, job.exemplar, job.canvas, job.mask), style, even_field(9, 11, (9, 11)), Level(1, 1))


# Spans and blends


def test_spans_without_frames_are_left_out():
    assert split_at_keys([1, 2], [1, 2]) == []
    assert split_at_keys([7], [7]) == []
    assert [span.frames for span in split_at_keys([1, 2, 3], [1, 3])] == [(2,)]
    for frames, keys in (([], []), ([1, 2], []), ([1, 2], [0]), ([], [1])):
        with pytest.raises(ValueError, match="keys among its frames"):
            split_at_keys(frames, keys)


def test_pass_over_no_frames_gives_none():
    plate = np.zeros((6, 7, 3), np.uint8)
    assert run([plate], np.zeros((6, 7, 3), np.float32)) == []


@settings(max_examples=30, deadline=None)
@given(SIDES, SIDES, st.floats(0, 1), st.integers(0, 99), st.sampled_from([0.0, 1e-12, 1.0]))
def test_blend_of_any_size_stays_between_its_inputs(height, width, t, seed, scale):
    draw = np.random.default_rng(seed)
    one, other = draw.random((height, width, 3), np.float32), draw.random((height, width, 3), np.float32)
    errors = [draw.random((height, width), np.float32) * np.float32(scale) for _ in range(2)]
    colour, error, share = blend(one, errors[0], other, errors[1], t)
    assert np.isfinite(colour).all()
    assert 0 <= colour.min() <= colour.max() <= 1
    assert -1e-6 <= share.min() <= share.max() <= 1 + 1e-6
    assert (error <= np.maximum(*errors) + 1e-6).all()


@pytest.mark.parametrize("t", [-0.1, 1.1, float("nan")])
def test_blend_outside_its_span_is_refused(t):
    picture, error = np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="between 0"):
        blend(picture, error, picture, error, t)
