"""Palettes and maps to their nearest colours, against slow plain references."""

import numpy as np
import pytest

from propagate.palette import (
    CHROMA,
    HUE,
    LIGHTNESS,
    Palette,
    colour_cost,
    from_lab,
    match_lightness,
    nearest_colours,
    palette_of,
    to_lab,
)

SKIN = np.array([70, 18, 18], np.float32)
BLUE, WARM = [65.0, -5.0, -35.0], [58.0, 22.0, 30.0]
# A colour of the table's own grid, where nothing is interpolated.
ON_GRID = np.array([4, 5, 5])


def palette(colours, shares=None):
    colours = np.array(colours, float)
    shares = np.full(len(colours), 1 / len(colours)) if shares is None else np.array(shares)
    return Palette(colours, shares)


def painting(seed=0, height=60, width=60):
    small = np.random.default_rng(seed).random((height // 4 + 1, width // 4 + 1, 3), np.float32)
    return np.ascontiguousarray(np.kron(small, np.ones((4, 4, 1), np.float32))[:height, :width])


def hue(lab):
    return np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))


def test_lab_conversion_is_invertible():
    colours = painting(4, 20, 20)
    np.testing.assert_allclose(from_lab(to_lab(colours)), colours, atol=2e-3)


def test_palette_of_a_few_colours_is_these_colours_in_their_shares():
    colours = np.array([[20, 0, 0], [60, 40, 20], [80, -30, 40]], np.float32)
    found = palette_of(colours[np.repeat([0, 1, 2], [500, 300, 200])].reshape(20, 50, 3))
    order = np.argsort(found.colours[:, 0])
    np.testing.assert_allclose(found.colours[order], colours, atol=1e-6)
    np.testing.assert_allclose(found.shares[order], [0.5, 0.3, 0.2], atol=0.02)


def test_palette_of_one_colour_is_that_colour():
    found = palette_of(np.full((5, 4, 3), 30, np.float32))
    np.testing.assert_array_equal(found.colours, [[30, 30, 30]])
    np.testing.assert_array_equal(found.shares, [1])


def test_palette_is_the_same_in_every_run():
    one, other = (palette_of(to_lab(painting(1))) for _ in range(2))
    np.testing.assert_array_equal(one.colours, other.colours)
    assert len(one.colours) <= 64
    assert one.shares.sum() == pytest.approx(1)


def test_colour_of_the_palette_stays_nearly_itself():
    colours = [[20, 0, 0], [60, 40, 20], [80, -30, 40], [50, 10, -50]]
    mapped = nearest_colours(palette(colours), 7.0, 0.5).apply(np.array(colours, np.float32))
    np.testing.assert_allclose(mapped, colours, atol=1)


def test_skin_takes_the_nearest_warm_colour_and_not_the_larger_blue():
    mapped = nearest_colours(palette([BLUE, WARM], [0.95, 0.05]), 7.0, 0.5).apply(SKIN)
    np.testing.assert_allclose(mapped, WARM, atol=2)


def test_hue_is_kept_before_chroma():
    duller, turned = [50, 10, 0], [50, 40 * np.cos(0.7), 40 * np.sin(0.7)]
    colour = np.array([50, 40, 0], np.float32)
    # In plain CIELAB the turned one is nearer.
    assert np.linalg.norm(colour - turned) < np.linalg.norm(colour - duller)
    mapped = nearest_colours(palette([duller, turned]), 7.0, 0.5).apply(colour)
    np.testing.assert_allclose(mapped, duller, atol=1)


def test_cost_weights_lightness_chroma_and_hue():
    # Lightness differs by 3, chroma by 10; then the hue by a quarter turn at a chroma of 20.
    ours, theirs = np.array([[50.0, 20, 0]]), np.array([[53.0, 30, 0], [50, 0, 20]])
    cost = colour_cost(ours, theirs)
    np.testing.assert_allclose(cost, [[9 * LIGHTNESS + 100 * CHROMA, HUE * 800]])


def test_grey_palette_gives_grey():
    mapped = nearest_colours(palette([[10, 0, 0], [60, 0, 0], [95, 0, 0]]), 7.0, 0.5).apply(to_lab(painting(2)))
    np.testing.assert_allclose(mapped[..., 1:], 0, atol=1e-4)
    assert mapped[..., 0].std() > 10


def test_popularity_prefers_what_is_frequent():
    middle = np.array([50, 5, 0], np.float32)
    shares = palette([[50, 0, 0], [50, 10, 0]], [0.9, 0.1])
    alike, frequent = (nearest_colours(shares, 7.0, popularity).apply(middle)[1] for popularity in (0.0, 1.0))
    assert alike == pytest.approx(5, abs=0.1)
    assert frequent == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("balance", [0.0, 0.4, 1.0])
def test_table_equals_a_plain_evaluation(balance):
    paints, used_by = palette_of(to_lab(painting(3)), 8), palette_of(to_lab(painting(5) ** 2), 6)
    found = nearest_colours(paints, 20.0, 0.5, used_by, balance)
    gains = plain_gains(paints, 20.0, used_by, balance)
    weights = gains * paints.shares ** (0.5 * (1 - balance))
    places = np.random.default_rng(0).integers(-4, 5, (20, 3)) * ON_GRID + np.array([48, 0, 0])
    wanted = [plain_map(colour, paints, 20.0, weights) for colour in places.astype(float)]
    np.testing.assert_allclose(found.apply(places.astype(np.float32)), wanted, atol=1e-2)
    between = (places + np.array([1.7, 2.1, -1.3])).astype(np.float32)
    wanted = [plain_map(colour, paints, 20.0, weights) for colour in between.astype(float)]
    np.testing.assert_allclose(found.apply(between), wanted, atol=2.5)


def plain_gains(paints, softness, used_by, balance):
    """Gains of the palette's colours: Sinkhorn's iteration in plain probabilities."""
    kernels = [plain_kernel(colour, paints, softness) for colour in used_by.colours]
    gains = np.ones(len(paints.colours))
    for _ in range(200):
        used = sum(share * k / (k * gains).sum() for share, k in zip(used_by.shares, kernels, strict=True))
        gains = (paints.shares / used) ** balance
    return gains


def plain_map(colour, paints, softness, weights):
    """Map one colour, without a table."""
    weights = weights * plain_kernel(colour, paints, softness)
    return (weights[:, None] * paints.colours).sum(axis=0) / weights.sum()


def plain_kernel(colour, paints, softness):
    costs = []
    for paint in paints.colours:
        chroma = (np.hypot(*colour[1:]) - np.hypot(*paint[1:])) ** 2
        hue_part = ((colour[1:] - paint[1:]) ** 2).sum() - chroma
        costs.append(LIGHTNESS * (colour[0] - paint[0]) ** 2 + CHROMA * chroma + HUE * hue_part)
    return np.exp(-np.array(costs) / (2 * softness**2))


def test_full_balance_uses_the_palette_in_its_shares():
    paints = palette([BLUE, WARM, [20, 0, 0]], [0.6, 0.3, 0.1])
    # Mostly warm: by themselves, its colours would use hardly any blue.
    used_by = palette([[60, 20, 30], [72, 15, 15], [48, 30, 25], [64, -5, -10], [24, 5, 5]], [0.3, 0.3, 0.2, 0.1, 0.1])
    colours = used_by.colours.astype(np.float32)

    def mean(balance):
        return used_by.shares @ nearest_colours(paints, 12.0, 0.5, used_by, balance).apply(colours)

    wanted = paints.shares @ paints.colours
    np.testing.assert_allclose(mean(1.0), wanted, atol=1.5)
    assert np.linalg.norm(mean(0.0) - wanted) > 20
    assert np.linalg.norm(mean(0.5) - wanted) < np.linalg.norm(mean(0.0) - wanted)


def test_without_balance_shares_of_the_picture_do_not_matter():
    paints, used_by = palette([BLUE, WARM], [0.9, 0.1]), palette([[60, 20, 30]])
    ignored, alone = (nearest_colours(paints, 7.0, 0.5, used, 0.0).table for used in (used_by, None))
    np.testing.assert_array_equal(ignored, alone)


def test_neighbours_are_mapped_to_neighbours():
    paints = palette_of(to_lab(painting(6)))
    draw = np.random.default_rng(0)
    colours = to_lab(draw.random((1, 4000, 3), np.float32))
    steps = draw.standard_normal(colours.shape).astype(np.float32)
    near = colours + steps / np.linalg.norm(steps, axis=-1, keepdims=True)

    def farthest(softness):
        found = nearest_colours(paints, softness, 0.5)
        return np.quantile(np.linalg.norm(found.apply(near) - found.apply(colours), axis=-1), 0.99)

    assert farthest(7.0) < 5
    assert farthest(0.5) > 1.5 * farthest(7.0)


def test_tone_zero_keeps_the_lightness():
    lightness = (100 * np.random.default_rng(0).random((20, 30))).astype(np.float32)
    np.testing.assert_array_equal(match_lightness(lightness, lightness, lightness[:5] / 2, 0.0), lightness)


def test_tone_one_gives_the_quantiles_of_the_reference():
    draw = np.random.default_rng(1)
    shot = draw.normal(30, 8, (80, 80)).astype(np.float32)
    reference = (100 * draw.random((50, 50)) ** 2).astype(np.float32)
    moved, half = (match_lightness(shot, shot, reference, amount) for amount in (1.0, 0.5))
    levels = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(np.quantile(moved, levels), np.quantile(reference, levels), atol=1)
    np.testing.assert_allclose(half, (shot + moved) / 2, atol=1e-3)


def test_lightness_stays_in_order_and_depends_on_the_shot_not_the_picture():
    draw = np.random.default_rng(2)
    shot = np.rint(draw.normal(40, 15, (60, 60))).clip(0, 100).astype(np.float32)
    reference = draw.normal(70, 5, (40, 40)).astype(np.float32)
    ramp = np.linspace(0, 100, 201, dtype=np.float32)
    moved = match_lightness(ramp, shot, reference, 1.0)
    assert (np.diff(moved) >= 0).all()
    np.testing.assert_array_equal(match_lightness(ramp[50:60], shot, reference, 1.0), moved[50:60])
