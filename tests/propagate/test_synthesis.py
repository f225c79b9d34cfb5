import numpy as np
import pytest

from propagate.blend import blend
from propagate.flow_dis import DisFlow
from propagate.scene import estimated_scene
from propagate.split_at_keys import Span, split_at_keys
from propagate.synthesis import PassState, SynthesisSettings, propagate_key


def moving(frames=6, height=72, width=96):
    """A textured scene that slides 2 px per frame behind a static square; its style is its negative."""
    draw = np.random.default_rng(5)
    wide = np.kron(draw.integers(30, 220, (18, 40, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    plates = {}
    for n in range(frames):
        plate = wide[:height, 2 * n : 2 * n + width].copy()
        plate[20:40, 30:50] = (200, 40, 40)
        plates[n] = plate
    return plates, {n: (255 - p).astype(np.float32) / 255 for n, p in plates.items()}


def psnr(one, other):
    return -10 * np.log10(((one - other) ** 2).mean())


def test_propagation_is_far_closer_to_the_truth_than_the_key():
    plates, truth = moving()
    scene = estimated_scene(plates.__getitem__, DisFlow())
    last = list(propagate_key(range(6), scene, truth[0], SynthesisSettings()))[-1]
    assert last.frame == 5
    assert psnr(last.colour, truth[5]) > psnr(truth[0], truth[5]) + 6


def test_interrupted_pass_resumes_bit_identically():
    plates, truth = moving()
    scene = estimated_scene(plates.__getitem__, DisFlow())
    whole = list(propagate_key(range(6), scene, truth[0], SynthesisSettings()))
    kept = PassState.from_arrays(whole[1].state.arrays())
    rest = list(propagate_key(range(6), scene, truth[0], SynthesisSettings(), kept))
    assert [c.frame for c in rest] == [3, 4, 5]
    for one, other in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(one.colour, other.colour)
        np.testing.assert_array_equal(one.error, other.error)


@pytest.mark.parametrize("direction", [1, -1])
def test_result_does_not_depend_on_where_the_numbers_start(direction):
    plates, truth = moving(3)

    def made(first):
        scene = estimated_scene(lambda number: plates[abs(number - first)], DisFlow())
        frames = [first + direction * place for place in range(3)]
        return list(propagate_key(frames, scene, truth[0], SynthesisSettings()))

    for one, other in zip(made(10), made(1001), strict=True):
        np.testing.assert_array_equal(one.colour, other.colour)
        np.testing.assert_array_equal(one.error, other.error)


def test_still_shot_stays_equal_to_the_key():
    plates, truth = moving(1)
    scene = estimated_scene(lambda n: plates[0], DisFlow())
    for carried in propagate_key([0, 1, 2, 3], scene, truth[0], SynthesisSettings()):
        assert np.abs(carried.colour - truth[0]).max() < 1e-3


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 5), (33, 17)])
def test_tiny_and_odd_pictures_work(size):
    draw = np.random.default_rng(1)
    plates = {n: draw.integers(0, 255, (*size, 3)).astype(np.uint8) for n in range(3)}
    scene = estimated_scene(plates.__getitem__, DisFlow())
    for carried in propagate_key([0, 1, 2], scene, draw.random((*size, 3), np.float32), SynthesisSettings()):
        assert carried.colour.shape == (*size, 3)
        assert np.isfinite(carried.colour).all()
        assert np.isfinite(carried.error).all()


def test_key_of_another_size_is_refused():
    with pytest.raises(ValueError, match="size of its plate"):
        next(
            propagate_key(
                [0, 1],
                estimated_scene(lambda n: np.zeros((8, 8, 3), np.uint8), DisFlow()),
                np.zeros((8, 9, 3), np.float32),
                SynthesisSettings(),
            )
        )


def test_blend_prefers_the_more_certain_side_without_ghosting():
    left, right = np.zeros((40, 40, 3), np.float32), np.ones((40, 40, 3), np.float32)
    poor, good = np.full((40, 40), 0.05, np.float32), np.full((40, 40), 0.001, np.float32)
    colour, error, share = blend(left, poor, right, good, 0.5)
    assert colour.min() > 0.99
    assert error.max() < 0.002
    assert share.min() > 0.99


def test_blend_of_equal_passes_is_unchanged_and_ends_at_the_keys():
    draw = np.random.default_rng(2)
    picture, error = draw.random((30, 30, 3), np.float32), np.full((30, 30), 0.01, np.float32)
    np.testing.assert_allclose(blend(picture, error, picture, error, 0.3)[0], picture, atol=1e-6)
    np.testing.assert_allclose(blend(picture, error, 1 - picture, error, 0.0)[0], picture, atol=1e-6)


def test_spans_lie_between_keys_and_at_open_ends():
    assert split_at_keys(range(1, 9), [3, 6]) == [Span((1, 2), None, 3), Span((4, 5), 3, 6), Span((7, 8), 6, None)]
    assert split_at_keys([5], [5]) == []
    with pytest.raises(ValueError, match="keys among its frames"):
        split_at_keys([1, 2], [3])
