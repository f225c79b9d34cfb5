"""The contract of every PatchMatcher: the fast one is bit-identical to the reference."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate.features import pack
from propagate.patchmatch import BAND, Costs, PatchMatchReference, Sweep, hash32
from propagate.patchmatch_numba import PatchMatchNumba, _hash32, vote


def problem(seed, height, width, high, wide, radius, channels=8, tolerance=0):
    draw = np.random.default_rng(seed)

    def features(h, w):
        return pack(
            draw.random((h, w, 3), np.float32), 1.0, [(draw.random((h, w, channels - 3), np.float32), 0.7)], radius
        )

    field = np.stack([draw.integers(0, wide, (height, width)), draw.integers(0, high, (height, width))], -1)
    costs = Costs(
        draw.integers(0, 16 * wide, (height, width, 2)).astype(np.int32), 37, 6,
        draw.integers(0, 5000, (high, wide)).astype(np.int32), tolerance,
    )  # fmt: skip
    return (
        features(height, width),
        features(high, wide),
        field.astype(np.int32),
        draw.random((height, width)) < 0.8,
        costs,
    )


def search(matcher, target, source, field, mask, costs, sweeps=3, shift=0):
    field, cost = field.copy(), np.zeros(field.shape[:2], np.int64)
    search_radius = (np.arange(cost.size) % 17).reshape(cost.shape).astype(np.int16)
    matcher.evaluate(target, source, field, cost, mask, costs)
    matcher.merge(target, source, field, cost, mask, costs, np.ascontiguousarray(field[::-1, ::-1]))
    for number in range(sweeps):
        matcher.sweep(target, source, field, cost, mask, costs, Sweep(number, search_radius, shift))
    return field, cost


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**16), height=st.integers(1, 36), width=st.integers(1, 20), high=st.integers(1, 20),
    wide=st.integers(1, 20), radius=st.sampled_from([1, 2]), channels=st.sampled_from([8, 24]),
    tolerance=st.sampled_from([0, 2_000_000]), shift=st.integers(0, BAND - 1),
)  # fmt: skip
def test_fast_search_equals_plain_search(seed, height, width, high, wide, radius, channels, tolerance, shift):
    parts = problem(seed, height, width, high, wide, radius, channels, tolerance)
    plain = search(PatchMatchReference(radius, channels), *parts, shift=shift)
    fast = search(PatchMatchNumba(radius, channels), *parts, shift=shift)
    np.testing.assert_array_equal(plain[0], fast[0])
    np.testing.assert_array_equal(plain[1], fast[1])


@pytest.mark.slow
@pytest.mark.parametrize("height", [1, 15, 33])
def test_fast_search_equals_plain_search_in_all_shifted_bands(height):
    parts = problem(height, height, 5, 9, 11, 1)
    for shift in range(BAND):
        plain = search(PatchMatchReference(1, 8), *parts, sweeps=2, shift=shift)
        fast = search(PatchMatchNumba(1, 8), *parts, sweeps=2, shift=shift)
        np.testing.assert_array_equal(plain[0], fast[0])
        np.testing.assert_array_equal(plain[1], fast[1])


@pytest.mark.parametrize("matcher", [PatchMatchReference(1, 8), PatchMatchNumba(1, 8)])
@pytest.mark.parametrize("shift", [0, 1, 8, 14])
def test_bands_lie_higher_by_the_shift(matcher, shift):
    height = 37
    _, source, _, _, _ = problem(5, 1, 1, height, 6, 1)
    rows, columns = np.mgrid[:height, :6]
    right = np.stack([columns, rows], -1).astype(np.int32)
    field, cost = np.zeros_like(right), np.zeros((height, 6), np.int64)
    field[0] = right[0]  # the only row that is known; a sweep down propagates it to the end of its band
    free = Costs(np.zeros((height, 6, 2), np.int32), 0, 0, np.zeros((height, 6), np.int32))
    everywhere, no_search = np.ones((height, 6), bool), np.zeros((height, 6), np.int16)
    matcher.evaluate(source, source, field, cost, everywhere, free)
    matcher.sweep(source, source, field, cost, everywhere, free, Sweep(0, no_search, shift))
    found = (field == right).all(axis=(1, 2))
    np.testing.assert_array_equal(found[: BAND - shift], True)
    assert not found[BAND - shift :].any()


@pytest.mark.parametrize("matcher", [PatchMatchReference(2, 8), PatchMatchNumba(2, 8)])
def test_sweep_never_worsens_a_match_and_respects_the_mask(matcher):
    target, source, field, mask, costs = problem(7, 20, 24, 18, 22, 2)
    before = search(matcher, target, source, field, mask, costs, 0)
    after = search(matcher, target, source, field, mask, costs, 2)
    assert (after[1] <= before[1]).all()
    assert after[1].sum() < before[1].sum()
    np.testing.assert_array_equal(after[0][~mask], field[~mask])


@pytest.mark.parametrize("matcher", [PatchMatchReference(2, 8), PatchMatchNumba(2, 8)])
def test_identical_picture_is_matched_exactly(matcher):
    _, source, _, _, costs = problem(3, 1, 1, 24, 28, 2)
    free = Costs(np.zeros((24, 28, 2), np.int32), 0, 0, np.zeros_like(costs.usage_cost))
    ys, xs = np.mgrid[0:24, 0:28]
    jolted = np.clip(np.stack([xs + 2, ys - 1], -1), 0, [27, 23]).astype(np.int32)
    field, _ = search(matcher, source, source, jolted, np.ones((24, 28), bool), free, 6)
    assert (field == np.stack([xs, ys], -1)).all(axis=-1).mean() > 0.99


def test_matches_do_not_depend_on_threads(set_threads):
    parts = problem(11, 190, 170, 60, 64, 2)
    found = []
    for threads in (1, 2, 5):
        set_threads(threads)
        found.append(search(PatchMatchNumba(2, 8), *parts))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0][0], other[0])
        np.testing.assert_array_equal(found[0][1], other[1])


def test_random_numbers_are_the_same_in_both():
    places = [(0, 0, 0, 0), (639, 359, 12345, 3), (70000, 1, 2**20, 9)]
    compiled = numba.njit(lambda x, y, sweep, trial: _hash32(x, y, sweep, trial))
    assert [hash32(*p) for p in places] == [int(compiled(*p)) for p in places]


def test_vote_is_the_weighted_mean_of_patches_over_a_pixel():
    draw = np.random.default_rng(0)
    style, near = draw.random((34, 44, 3), np.float32), draw.random((5, 5), np.float32)
    field = np.stack([draw.integers(0, 40, (12, 9)), draw.integers(0, 30, (12, 9))], -1).astype(np.int32)
    weights, out = draw.random((12, 9), np.float32) + np.float32(0.1), np.zeros((12, 9, 3), np.float32)
    vote(style, field, weights, near, np.ones((12, 9), bool), out)
    for y, x in [(0, 0), (5, 4), (11, 8), (0, 8)]:
        total, share = np.zeros(3), 0.0
        for j, i in np.ndindex(5, 5):
            v, u = y + j - 2, x + i - 2
            if 0 <= v < 12 and 0 <= u < 9:
                weight = weights[v, u] * near[j, i]
                total += weight * style[field[v, u, 1] - j + 4, field[v, u, 0] - i + 4]
                share += weight
        expected = total / share
        np.testing.assert_allclose(out[y, x], expected, rtol=1e-5)
