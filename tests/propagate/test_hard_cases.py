"""Difficult footage for propagation: rendered clips whose painted version is known for every pixel.

Thresholds lie a margin from the measured values, so that a regression fails.
"""

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from propagate.blend import blend
from propagate.flow import Step
from propagate.flow_dis import DisFlow
from propagate.scene import Scene, estimated_scene
from propagate.split_at_keys import split_at_keys
from propagate.synthesis import PassState, SynthesisSettings, propagate_key
from tests.lit import lightness, lit
from tests.synthetic import (
    SMALL,
    WIRES,
    in_first_view,
    object_mask,
    twin_camera,
    twin_fast_object,
    twin_light,
    twin_object,
    twin_pan,
    twin_wires,
)


def propagate_pass(clip, order=None, scene=None):
    """Map the number of every frame of a pass to its result; the pass starts at the first frame of ``order``."""
    order = clip.frames if order is None else order
    scene = scene or estimated_scene(clip.plates.__getitem__, DisFlow(), DisFlow("fine"))
    return {made.frame: made for made in propagate_key(order, scene, clip.truth[order[0]], SynthesisSettings())}


def without_motion(clip):
    """A scene without flow, in which patch search has to find everything by itself."""
    nowhere = Step(np.zeros((SMALL[1], SMALL[0], 2), np.float32), np.zeros((SMALL[1], SMALL[0]), bool))
    return Scene(clip.plates.__getitem__, lambda before, after: nowhere)


def psnr(one, other, where=None):
    squares = (one - other) ** 2
    return -10 * np.log10((squares if where is None else squares[where]).mean() + 1e-12)


def steps(pictures):
    """Mean absolute difference of neighbouring frames."""
    return np.array([np.abs(one - other).mean() for one, other in pairwise(pictures)])


# Content that no key shows


@pytest.mark.slow
def test_new_object_raises_the_error_map_and_leaves_the_rest():
    def place(t):
        return -40 + 8 * max(0, t - 2), 20

    clip, alone = twin_object(9, place, 1.0), twin_pan(9, 1.0)
    made, calm = propagate_pass(clip), propagate_pass(alone)
    for t in (5, 8):
        inside, outside = object_mask(place(t)), ~object_mask(place(t), 6)
        assert psnr(made[t].colour, clip.truth[t], outside) > psnr(calm[t].colour, alone.truth[t], outside) - 0.5
        assert np.isfinite(made[t].colour).all()
        assert made[t].error[inside].mean() > 20 * made[t].error[outside].mean()
        # It consists of the key's content, without new colours.
        palette = clip.truth[0].reshape(-1, 3)
        assert (made[t].colour[inside] > palette.min(0) - 0.03).all()
        assert (made[t].colour[inside] < palette.max(0) + 0.03).all()


@pytest.mark.slow
def test_revealed_background_is_clean():
    def place(t):
        return -36 + 16 * t, 24

    clip = twin_object(12, place)
    made = propagate_pass(clip)
    for t, least in ((6, 33), (8, 40), (11, 40)):
        passed = np.any([object_mask(place(k)) for k in range(t)], axis=0) & ~object_mask(place(t), 6)
        assert psnr(made[t].colour, clip.truth[t], passed) > least


# Motion


@pytest.mark.slow
@pytest.mark.parametrize(("step", "blur"), [(12, 0), (12, 12), (20, 20)])
def test_fast_pan_is_propagated_within_the_keys_view(step, blur):
    clip = twin_pan(6, step, blur)
    made = propagate_pass(clip)
    for t in (1, 3, 5):
        seen = slice(None), slice(0, max(8, SMALL[0] - step * t - blur))
        assert psnr(made[t].colour, clip.truth[t], seen) > 42
        assert psnr(made[t].colour, clip.truth[t]) > psnr(clip.truth[0], clip.truth[t]) + 6


@pytest.mark.slow
def test_fast_blurred_object_keeps_its_look_and_background():
    clip = twin_fast_object(8, 12)
    made = propagate_pass(clip)
    for t in (1, 4, 7):
        around = np.zeros((SMALL[1], SMALL[0]), bool)
        around[22:64, max(0, 12 * t + 2) : 12 * t + 56] = True
        assert psnr(made[t].colour, clip.truth[t], around) > psnr(clip.truth[0], clip.truth[t], around) + 9
        # The key does not show the background at the object's first position.
        background = ~around
        background[22:64, :46] = False
        assert psnr(made[t].colour, clip.truth[t], background) > 40


def wire_share(clip, t, picture, speed):
    """Share of the rows of the wires in which at least half of their painted contrast remains."""
    kept = []
    for start, lean in WIRES:
        for y in range(2, SMALL[1] - 2):
            x = round(start + speed * t + lean * y / SMALL[1])
            near = slice(max(0, x - 2), x + 3)
            red, wanted = ((p[y, near, 0] - p[y, near, 1:].mean(-1)).max() for p in (picture, clip.truth[t]))
            kept.append(red > 0.5 * wanted)
    return np.mean(kept)


THIN = [
    (1, 1.5, 0.0, 0.99), (2, 1.5, 0.0, 0.99), (2, 0.0, 2.0, 0.99), (2, 1.5, 2.0, 0.99),
    # Flow at a wire one pixel thin follows the background of the pan, so that some of it is lost.
    (1, 0.0, 2.0, 0.85), (1, 1.5, 2.0, 0.85),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("width", "speed", "step", "least"), THIN)
def test_wires_stay_continuous(width, speed, step, least):
    clip = twin_wires(9, width, speed, step)
    made = propagate_pass(clip)
    for t in (4, 8):
        assert wire_share(clip, t, made[t].colour, speed) >= least
    if speed:
        assert wire_share(clip, 8, clip.truth[0], speed) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zoom", "degrees", "over_key", "over_search"), [(1.5, 0, 19, 3), (1, 40, 10, 3)],
    ids=["zoom of 1.5", "40 degrees"],
)  # fmt: skip
def test_zoom_and_rotation_are_propagated(zoom, degrees, over_key, over_search):
    clip = twin_camera(11, zoom, degrees)
    made, searched = propagate_pass(clip), propagate_pass(clip, scene=without_motion(clip))
    for t in (5, 10):
        assert psnr(made[t].colour, clip.truth[t]) > psnr(clip.truth[0], clip.truth[t]) + over_key
        # What the key does not show is searched in any case.
        shown = in_first_view(t / 10, zoom, degrees)
        result = psnr(made[t].colour, clip.truth[t], shown)
        assert result > psnr(searched[t].colour, clip.truth[t], shown) + over_search


# Light


@pytest.mark.slow
@pytest.mark.parametrize("gain", [1.25, 1.6, 40.0], ids=["a quarter", "over half", "white"])
def test_look_recovers_after_a_flash(gain):
    clip, steady = twin_light(10, lambda t: gain if t in (4, 5) else 1.0), twin_light(10, lambda t: 1.0)
    made, undisturbed = propagate_pass(clip), propagate_pass(steady)
    for t in (7, 8, 9):
        assert psnr(made[t].colour, clip.truth[t]) > psnr(undisturbed[t].colour, clip.truth[t]) - 1.5
    if gain > 2:
        assert max(abs((made[t].colour - clip.truth[t]).mean()) for t in (4, 5)) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    "gain",
    [
        lambda t: 1.25 if t in (4, 5) else 1.0,
        lambda t: 2.5 if t in (4, 5) else 1.0,
        lambda t: 1 - t / 20,
        lambda t: 1 - t / 9.2,
        lambda t: 1 + 0.2 * (-1) ** (t // 2) * (t > 0),
    ],
    ids=["flash of a quarter", "flash", "half the light", "fade to a fiftieth", "lamp"],
)
def test_look_follows_the_light(gain):
    clip, steady = twin_light(10, gain), twin_light(10, lambda t: 1.0)
    made, undisturbed = propagate_pass(clip), propagate_pass(steady)
    for t in (4, 5, 9):
        truth = lit(np.floor(undisturbed[t].colour * 255 + 0.5).astype(np.uint8), gain(t))
        found = np.floor(made[t].colour * 255 + 0.5).astype(np.uint8)
        assert abs(lightness(found).mean() - lightness(truth).mean()) < 2
        assert psnr(found / 255, truth / 255) > 27
        # In the key's own light the picture is what it is without the change.
        assert psnr(made[t].state.colour, undisturbed[t].state.colour) > 24


@pytest.mark.slow
def test_black_is_black_and_what_follows_is_as_before():
    clip, steady = twin_light(8, lambda t: float(t not in (3, 4))), twin_light(8, lambda t: 1.0)
    made, undisturbed = propagate_pass(clip), propagate_pass(steady)
    assert made[3].colour.max() == made[4].colour.max() == 0
    for t in (5, 6, 7):
        assert psnr(made[t].colour, clip.truth[t]) > psnr(undisturbed[t].colour, clip.truth[t]) - 1.5


@pytest.mark.slow
def test_a_pass_resumes_in_a_fade_with_the_same_bits():
    clip = twin_light(7, lambda t: 1 - t / 8)
    made = propagate_pass(clip)
    scene = estimated_scene(clip.plates.__getitem__, DisFlow(), DisFlow("fine"))
    state = PassState.from_arrays(made[3].state.arrays())
    resumed = {one.frame: one for one in propagate_key(clip.frames, scene, clip.truth[0], SynthesisSettings(), state)}
    assert resumed.keys() == {4, 5, 6}
    assert state.gain == made[3].state.gain < 0.7
    for t, one in resumed.items():
        np.testing.assert_array_equal(one.colour, made[t].colour)
        assert one.gain == made[t].gain


# Static content


@pytest.mark.slow
@pytest.mark.parametrize(("grain", "most"), [(3.0, 0.03), (6.0, 0.25), (10.0, 0.4)])
def test_still_shot_is_steadier_than_its_grain(grain, most):
    clip = twin_pan(9, 0.0, grain=grain)
    made = np.stack([c.colour for c in propagate_pass(clip).values()])
    filmed = np.stack(clip.plates[1:]).astype(np.float32) / 255
    assert made.std(axis=0).mean() < most * filmed.std(axis=0).mean()
    assert np.abs(np.diff(made, axis=0)).mean() < most * np.abs(np.diff(filmed, axis=0)).mean()
    assert psnr(made[-1], clip.truth[8]) > 31


@pytest.mark.slow
@pytest.mark.parametrize(("grain", "most"), [(0.0, 0.01 / 255), (3.0, 0.1 / 255)])
def test_static_background_does_not_boil_behind_a_moving_object(grain, most):
    def place(t):
        return -36 + 16 * t, 24

    clip = twin_object(12, place, grain=grain)
    calm = ~np.any([object_mask(place(t), 8) for t in clip.frames], axis=0)
    made = np.stack([c.colour for c in propagate_pass(clip).values()])
    assert np.abs(np.diff(made, axis=0))[:, calm].mean() < most
    assert psnr(made[-1], clip.truth[11], calm) > 50


# Two or more keys


@cache
def two_keys(name):
    clip = {
        "thing": lambda: twin_object(11, lambda t: (-20 + 12 * t, 20), 1.0),
        "grain": lambda: twin_object(11, lambda t: (-20 + 12 * t, 20), 1.0, 3.0),
        "pan": lambda: twin_pan(11, 5.0),
        "turn": lambda: twin_camera(11, 1.0, 40),
    }[name]()
    return clip, propagate_pass(clip), propagate_pass(clip, clip.frames[::-1])


def mixed(one, other, nearness):
    return blend(one.colour, one.error, other.colour, other.error, nearness)[0]


def detail(picture):
    return cv2.Laplacian(np.ascontiguousarray(picture.mean(axis=-1)), cv2.CV_32F).std()


CLIPS = ["thing", "grain", "pan", "turn"]


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_blend_of_differing_passes_is_one_of_them(name):
    clip, forward, backward = two_keys(name)
    for t in (3, 5, 7):
        one, other, mix = forward[t].colour, backward[t].colour, mixed(forward[t], backward[t], t / 10)
        apart = np.abs(one - other).mean(axis=-1)
        away = np.minimum(np.abs(mix - one).mean(axis=-1), np.abs(mix - other).mean(axis=-1))
        differ = apart > 0.1
        assert differ.mean() > 0.03
        assert (away[differ] > 0.25 * apart[differ]).mean() < 0.13
        assert psnr(mix, clip.truth[t]) > max(psnr(one, clip.truth[t]), psnr(other, clip.truth[t])) + 2


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_blend_keeps_contrast_and_detail(name):
    _, forward, backward = two_keys(name)
    for t in (3, 5, 7):
        one, other, mix = forward[t].colour, backward[t].colour, mixed(forward[t], backward[t], t / 10)
        assert mix.std() > 0.97 * (one.std() + other.std()) / 2
        assert 0.95 < detail(mix) / ((detail(one) + detail(other)) / 2) < 1.15


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_no_pop_at_a_key(name):
    clip, forward, backward = two_keys(name)
    inner = [mixed(forward[t], backward[t], t / 10) for t in range(1, 10)]
    moved = steps([clip.truth[0], *inner, clip.truth[10]]) / steps(clip.truth)
    assert max(moved[0], moved[-1]) < 1.15 * moved[1:-1].mean()
    assert moved.max() < 1.2


@pytest.mark.slow
def test_three_keys_and_open_ends_work():
    clip = twin_pan(12, 3.0)
    keys = [2, 5, 9]
    result = {key: clip.truth[key] for key in keys}
    for span in split_at_keys(clip.frames, keys):
        forward = propagate_pass(clip, [span.left, *span.frames]) if span.left is not None else {}
        backward = propagate_pass(clip, [span.right, *span.frames[::-1]]) if span.right is not None else {}
        for t in span.frames:
            ways = [way[t] for way in (forward, backward) if way]
            nearness = (t - span.left) / (span.right - span.left) if len(ways) == 2 else 0.0
            result[t] = mixed(*ways, nearness) if len(ways) == 2 else ways[0].colour
    assert sorted(result) == list(clip.frames)
    shown = [result[t] for t in clip.frames]
    for t in set(clip.frames) - set(keys):
        nearest = min(keys, key=lambda key: abs(key - t))
        assert psnr(result[t], clip.truth[t]) > psnr(clip.truth[nearest], clip.truth[t]) + 10
    assert (steps(shown) / steps(clip.truth)).max() < 1.15
