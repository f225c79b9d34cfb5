"""Flow to a key in strips: seamless, and as good as that of the whole picture."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagate import flow_dis
from propagate.bands import split_rows
from propagate.flow import photometric_error, warp
from propagate.flow_dis import OVERLAP, DisFlow, strip_height, strip_weights
from tests.synthetic import texture


@given(height=st.integers(1, 9000), width=st.integers(1, 20000))
def test_strips_have_similar_sizes_and_blend_into_each_other(height, width):
    total = np.zeros(height)
    high = strip_height(height, width)
    assert high * width <= max(flow_dis.STRIP_PIXELS + width, 2 * OVERLAP * width)
    for strip in split_rows(height, high, OVERLAP):
        shares = strip_weights(strip, height)
        assert 0 <= shares.min() <= shares.max() <= 1
        total[strip.with_halo] += shares
    np.testing.assert_allclose(total, 1, atol=1e-5)


def drifted(size):
    """A key's plate, and a frame whose pixels come from up to 2 pixels away."""
    key = texture(4, (size[1], size[0]))
    ys, xs = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    drift = np.stack([2 * np.sin(ys / 40), 1.5 * np.cos(xs / 50)], axis=-1).astype(np.float32)
    return key, warp(key, drift), drift


@pytest.mark.parametrize("pixels", [16000, 40000])
def test_strips_match_the_whole_picture_without_seams(monkeypatch, pixels):
    key, frame, drift = drifted((500, 160))
    whole = DisFlow("fine")(key, frame)
    monkeypatch.setattr(flow_dis, "STRIP_PIXELS", pixels)
    estimate = DisFlow("fine")
    parts = estimate(key, frame)
    assert (parts != whole).any()
    misses = [np.abs(flow - drift)[20:-20, 20:-20].mean() for flow in (parts, whole)]
    assert misses[0] < 1.05 * misses[1]
    assert photometric_error(warp(key, parts), frame).mean() < 1.05 * photometric_error(warp(key, whole), frame).mean()
    # From row to row the flow changes no more at the borders of strips than elsewhere; with hard borders, three times
    # as much.
    steps, steps_whole = (np.abs(np.diff(flow, axis=0)).mean(axis=(1, 2)) for flow in (parts, whole))
    high = strip_height(500, 160)
    assert all(steps[y - 2 : y + 2].max() < 1.1 * steps_whole.max() for y in range(high, 480, high))
    np.testing.assert_array_equal(estimate(key, frame), parts)


@pytest.mark.parametrize("preset", ["fast", "medium"])
def test_neighbouring_large_pictures_are_searched_whole(monkeypatch, preset):
    key, frame, _ = drifted((300, 160))
    whole = DisFlow(preset)(key, frame)
    monkeypatch.setattr(flow_dis, "STRIP_PIXELS", 16000)
    estimate = DisFlow(preset)
    for _ in range(2):
        np.testing.assert_array_equal(estimate(key, frame), whole)
    assert DisFlow(preset).cache_key() == estimate.cache_key() != DisFlow("fine").cache_key()


def test_threads_can_share_an_estimator():
    draw = np.random.default_rng(5)
    pictures = [cv2.GaussianBlur(draw.integers(0, 256, (96, 128, 3)).astype(np.uint8), (0, 0), 2) for _ in range(6)]
    pairs, shared = list(itertools.pairwise(pictures)) * 8, DisFlow("fine")
    alone = [DisFlow("fine")(*pair) for pair in pairs[:5]] * 8
    with ThreadPoolExecutor(4) as workers:
        for found, expected in zip(workers.map(lambda pair: shared(*pair), pairs), alone, strict=True):
            np.testing.assert_array_equal(found, expected)
