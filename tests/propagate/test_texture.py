import numpy as np
import pytest

from propagate.features import channel_scales, pack, restyle
from propagate.nnf import even_field, random_field, upsample_field
from propagate.patchmatch import BAND
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.texture import (
    Job,
    Level,
    PositionPrior,
    exemplar,
    optimise,
    patch_error,
    to_subpixel,
    usage,
)


def picture(seed, height, width):
    draw = np.random.default_rng(seed)
    small = draw.random((height // 4 + 1, width // 4 + 1, 3), np.float32)
    return np.ascontiguousarray(np.kron(small, np.ones((4, 4, 1), np.float32))[:height, :width])


def job(style, target, mask, weight=4.0, **more):
    example = exemplar(style, [(style, weight)], 1.0, 2)
    return Job(PatchMatchNumba(2, 8), example, example.canvas([target]), mask, **more)


def test_picture_is_reconstructed_from_its_own_patches():
    style = picture(1, 48, 64)
    start = random_field(48, 64, (48, 64), 0)
    made = optimise(job(style, style, np.ones((48, 64), bool)), np.zeros_like(style), start, Level(3, 4, 64))
    assert np.abs(made.colour - style).mean() < 0.03
    assert made.error.mean() < 0.002


def test_outside_the_mask_nothing_changes():
    style, mask = picture(2, 40, 40), np.zeros((40, 40), bool)
    mask[10:20, 10:30] = True
    first, start = picture(3, 40, 40), even_field(40, 40, (40, 40))
    made = optimise(job(style, picture(4, 40, 40), mask), first, start, Level())
    np.testing.assert_array_equal(made.colour[~mask], first[~mask])
    np.testing.assert_array_equal(made.field[~mask], start[~mask])
    assert (made.colour[mask] != first[mask]).any()


def test_target_is_followed_unless_its_strength_is_zero():
    style, everywhere = picture(5, 40, 40), np.ones((40, 40), bool)
    blank, start = np.zeros((40, 40, 3), np.float32), random_field(40, 40, (40, 40), 1)
    flat = np.full((40, 40, 3), 0.5, np.float32)
    wished = np.roll(style, 9, axis=1)

    def make(target_colour):
        drawn = job(style, flat, everywhere, 0.1, target_colour=target_colour)
        return optimise(drawn, blank, start, Level(3, 4, 40)).colour

    free, none, strong = make(None), make((wished, blank[..., 0])), make((wished, np.full((40, 40), 50, np.float32)))
    np.testing.assert_array_equal(free, none)
    assert np.abs(strong - wished).mean() < 0.4 * np.abs(free - wished).mean()


def test_uniformity_spreads_the_use_of_patches():
    style, everywhere = picture(6, 40, 40), np.ones((60, 60), bool)
    flat, start = np.full((60, 60, 3), 0.5, np.float32), random_field(60, 60, (40, 40), 2)
    used = []
    for uniformity in (0.0, 0.05):
        made = optimise(job(style, flat, everywhere), flat, start, Level(4, 3, 40, uniformity))
        used.append(usage(made.field, everywhere, (40, 40), 2).max())
    assert used[1] < 0.7 * used[0]


def test_nearness_weight_limits_the_field():
    style, everywhere = picture(7, 40, 40), np.ones((40, 40), bool)
    expected = even_field(40, 40, (40, 40)).astype(np.float32)
    target, start = picture(8, 40, 40), even_field(40, 40, (40, 40))

    def stray(weight):
        near = PositionPrior(to_subpixel(expected), weight)
        return np.abs(optimise(job(style, target, everywhere, prior=near), target, start, Level()).field - start).mean()

    assert stray(0.05) < 0.3 * stray(1e-7)


def test_error_is_the_weighted_mean_squared_difference_per_channel():
    style, target = np.zeros((12, 12, 3), np.float32), np.ones((12, 12, 3), np.float32)
    example = exemplar(style, [(style, 4.0)], 1.0, 2)
    everywhere, field = np.ones((12, 12), bool), even_field(12, 12, (12, 12))
    white = Job(PatchMatchNumba(2, 8), example, example.canvas([target]), everywhere)
    np.testing.assert_allclose(patch_error(white, target, field), 1, rtol=3e-3)
    # The style has a fifth of the weight. Channels are scaled and rounded to bytes.
    np.testing.assert_allclose(patch_error(white, style, field), 4 / 5, rtol=3e-3)


def test_mismatched_shapes_are_refused():
    style = picture(9, 20, 20)
    with pytest.raises(ValueError, match="mask's size"):
        optimise(job(style, style, np.ones((20, 20), bool)), style[:10], even_field(20, 20, (20, 20)), Level())
    with pytest.raises(ValueError, match="inside the style"):
        optimise(job(style, style, np.ones((20, 20), bool)), style, even_field(20, 20, (30, 30)), Level())


def test_scales_are_square_roots_of_weights():
    assert channel_scales([4.0, 1.0], 1.0) == (0.5, [1.0, 0.5])
    with pytest.raises(ValueError, match="above 0"):
        channel_scales([0.0], 0.0)


def test_restyle_equals_repacking():
    one, other, guide = picture(1, 9, 11), picture(2, 9, 11), picture(3, 9, 11)
    packed = pack(one, 0.5, [(guide, 1.0)], 2)
    restyle(packed, other, 0.5, 2)
    np.testing.assert_array_equal(packed, pack(other, 0.5, [(guide, 1.0)], 2))


def test_upsampled_field_keeps_patches_intact():
    field = upsample_field(even_field(10, 12, (20, 24)), 20, 24, (40, 48), (20, 24))
    np.testing.assert_array_equal(np.diff(field[..., 0], axis=1).min(), 1)
    assert field.max() < 48


def broken_rows(smoothing):
    """Share of broken neighbours in the column of each row of a field, at band borders and on average."""
    style, target = picture(10, 96, 96), picture(11, 160, 96)
    example = exemplar(style, [(style, 1.0)], 1.0, 2)
    everywhere, blank = np.ones((160, 96), bool), np.zeros((160, 96, 3), np.float32)
    drawn = Job(PatchMatchNumba(2, 8), example, example.canvas([target]), everywhere)
    level = Level(3, 3, 24, 0.004, vote_sharpness=50.0, smoothing=smoothing)
    field = optimise(drawn, blank, random_field(160, 96, (96, 96), 3), level).field
    step = np.abs(np.diff(field, axis=0) - [0, 1]).sum(axis=2)
    broken = (step > 2).mean(axis=1)
    return broken[BAND - 1 :: BAND].mean(), broken.mean()


def test_smoothing_leaves_no_seams_at_the_borders_of_bands():
    at_borders, mean = broken_rows(2)
    assert at_borders < mean


def test_smoothing_sweeps_use_shifted_bands_and_no_random_search():
    sweeps = []

    class Recorder(PatchMatchNumba):
        def sweep(self, *parts):
            sweeps.append((parts[-1].shift, int(np.asarray(parts[-1].search_radius).max())))
            super().sweep(*parts)

    style = picture(11, 24, 24)
    example = exemplar(style, [(style, 1.0)], 1.0, 2)
    drawn = Job(Recorder(2, 8), example, example.canvas([style]), np.ones((24, 24), bool))
    optimise(drawn, np.zeros_like(style), random_field(24, 24, (24, 24), 0), Level(1, 2, 8, smoothing=2))
    assert sweeps == [(0, 8), (0, 8), (BAND // 2, 0), (BAND // 2, 0)]
