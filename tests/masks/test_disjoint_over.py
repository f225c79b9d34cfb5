"""Layers over a plate: adjacent soft mattes leave no seam, and order decides where they overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masks.composite import over
from masks.disjoint_over import disjoint_over, layer_weights, merge_layers, over_alphas

RAMP = np.linspace(0, 1, 1001, dtype=np.float32)[None]


def flat(value, like=RAMP, dtype=np.uint8):
    return np.full((*like.shape, 3), value, dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("flip", [False, True])
def test_complementary_ramps_hide_the_plate(dtype, flip):
    """Two equal looks over a black plate: any dip is a seam."""
    most = np.iinfo(dtype).max
    for matte in (RAMP, np.round(RAMP * 255).astype(np.float32) / np.float32(255)):
        mattes = [1 - matte, matte][:: -1 if flip else 1]
        same = disjoint_over([flat(most - 3, dtype=dtype)] * 2, mattes, flat(0, dtype=dtype))
        assert (same == most - 3).all()
        mixed = disjoint_over([flat(0, dtype=dtype), flat(most, dtype=dtype)], mattes, flat(77, dtype=dtype))
        np.testing.assert_allclose(mixed[..., 0], mattes[1] * most, atol=0.51)


def test_plain_over_would_show_a_quarter_of_the_plate():
    """Demonstrate the reason for the operator."""
    seam = over(flat(252), over(flat(252), flat(0), 1 - RAMP), RAMP)
    assert seam.min() < 0.76 * 252


def test_soft_layer_over_a_full_one_is_plain_over():
    below, above = flat(40), flat(240)
    found = disjoint_over([below, above], [None, RAMP], flat(0))
    np.testing.assert_array_equal(found, over(above, below, RAMP))


def test_later_layers_cover_earlier_ones():
    whole = np.ones((1, 4), np.float32)
    looks = [flat(v, whole) for v in (10, 20, 30)]
    assert (disjoint_over(looks, [whole] * 3, flat(0, whole)) == 30).all()
    assert (disjoint_over(looks, [whole, whole, whole * 0], flat(0, whole)) == 20).all()
    np.testing.assert_array_equal(layer_weights([whole, whole], whole.shape)[0], 0)


@given(st.integers(0, 10**6), st.sampled_from([np.uint8, np.uint16]), st.integers(1, 4))
def test_shares_sum_to_at_most_one_and_empty_areas_keep_the_plate(seed, dtype, count):
    rng = np.random.default_rng(seed)
    mattes = [rng.choice([0, 0, 0.3, 0.5, 1], (70, 5)).astype(np.float32) for _ in range(count)]
    looks = [rng.integers(0, np.iinfo(dtype).max + 1, (70, 5, 3)).astype(dtype) for _ in range(count)]
    plate = rng.integers(0, np.iinfo(dtype).max + 1, (70, 5, 3)).astype(dtype)
    found, parts = disjoint_over(looks, mattes, plate), layer_weights(mattes, (70, 5))
    assert (np.sum(parts, axis=0) <= 1 + 1e-12).all()
    assert all((part >= 0).all() and (part <= matte).all() for part, matte in zip(parts, mattes, strict=True))
    outside = np.max(mattes, axis=0) == 0
    np.testing.assert_array_equal(found[outside], plate[outside])
    np.testing.assert_array_equal(found[mattes[-1] == 1], looks[-1][mattes[-1] == 1])
    if count == 1:
        np.testing.assert_array_equal(found, over(looks[0], plate, mattes[0]))


def layers(seed, dtype, count):
    """Mattes with values 0, 1, soft and complementary; the lowest may cover everything."""
    rng = np.random.default_rng(seed)
    mattes = [rng.choice([0, 0.3, 0.5, 1, rng.random()], (70, 5)).astype(np.float32) for _ in range(count)]
    if count > 1:
        mattes[0] = 1 - mattes[-1] if seed % 2 else mattes[0]
    pictures = rng.integers(0, np.iinfo(dtype).max + 1, (count + 1, 70, 5, 3)).astype(dtype)
    return list(pictures[:-1]), [None, *mattes[1:]] if seed % 5 == 0 else mattes, pictures[-1]


@given(st.integers(0, 10**6), st.sampled_from([np.uint8, np.uint16]), st.integers(1, 4))
def test_plain_over_with_cover_alphas_gives_the_same_picture(seed, dtype, count):
    looks, mattes, plate = layers(seed, dtype, count)
    laid, exact = disjoint_over(looks, mattes, plate), plate.astype(np.float64)
    alphas = over_alphas(mattes, (70, 5))
    for look, alpha in zip(looks, alphas, strict=True):
        exact = look * alpha[..., None] + exact * (1 - alpha[..., None])
    np.testing.assert_allclose(exact, laid, atol=0.5 + 1e-6)
    for alpha, matte in zip(alphas, mattes, strict=True):
        assert (alpha <= 1).all()
        if matte is not None:
            assert (alpha >= matte).all()
            np.testing.assert_array_equal(alpha[matte == 0], 0)
    # The top layer needs no other alpha than its matte.
    np.testing.assert_array_equal(alphas[-1], 1 if mattes[-1] is None else mattes[-1])


def test_layer_edge_is_soft_unless_another_edge_meets_it():
    alone, _ = over_alphas([RAMP, RAMP * 0], RAMP.shape)
    np.testing.assert_array_equal(alone, RAMP)
    below, above = over_alphas([1 - RAMP, RAMP], RAMP.shape)
    np.testing.assert_array_equal(above, RAMP)
    np.testing.assert_allclose(below[:, :-1], 1, atol=1e-6)


@given(st.integers(0, 10**6), st.sampled_from([np.uint8, np.uint16]), st.integers(1, 4))
def test_all_layers_as_one_picture_over_the_plate_give_the_same_result(seed, dtype, count):
    looks, mattes, plate = layers(seed, dtype, count)
    colour, alpha = merge_layers(looks, mattes)
    assert (colour.dtype, alpha.dtype) == (dtype, np.float32)
    laid = colour * alpha[..., None].astype(np.float64) + plate * (1 - alpha[..., None].astype(np.float64))
    # Colour is rounded before blending, and alpha is single-precision.
    np.testing.assert_allclose(laid, disjoint_over(looks, mattes, plate), atol=1.01)
    np.testing.assert_allclose(alpha, np.sum(layer_weights(mattes, (70, 5)), axis=0), atol=1e-6)
    assert not colour[alpha == 0].any()


def test_mismatched_layers_are_refused():
    with pytest.raises(ValueError, match="every look needs a matte"):
        disjoint_over([flat(1)], [], flat(0))
    with pytest.raises(ValueError, match="the same size and depth"):
        disjoint_over([flat(1, dtype=np.uint16)], [RAMP], flat(0))
    with pytest.raises(ValueError, match="same size"):
        disjoint_over([flat(1)], [RAMP[:, :9]], flat(0))
    with pytest.raises(ValueError, match="between 0 and 1"):
        disjoint_over([flat(1)], [RAMP * 2], flat(0))
    with pytest.raises(ValueError, match="every look needs a matte"):
        merge_layers([flat(1)], [])
    with pytest.raises(ValueError, match="between 0 and 1"):
        over_alphas([RAMP * 2], RAMP.shape)
