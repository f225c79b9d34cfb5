import numpy as np
import pytest

from propagate.temporal_filter import MAX_DIFFERENCE, MAX_WEIGHT, filter_flicker
from tests.synthetic import texture

SIZE = (64, 48)
ALL = np.ones((SIZE[1], SIZE[0]), bool)


def picture(seed):
    return (texture(seed, SIZE) / np.float32(255)).astype(np.float32)


def shimmer(seed, deviation):
    noise = np.random.default_rng(seed).normal(0, deviation, (SIZE[1], SIZE[0], 3))
    return (picture(1) + noise).astype(np.float32)


def test_shimmer_is_reduced():
    truth, before, now = picture(1), shimmer(1, 0.01), shimmer(2, 0.01)
    found = filter_flicker(now, before, ALL)
    assert np.abs(found - before).mean() < 0.8 * np.abs(now - before).mean()
    assert np.abs(found - truth).mean() < 0.9 * np.abs(now - truth).mean()


def test_unchanged_pixels_are_bit_identical():
    now = picture(1)
    assert np.array_equal(filter_flicker(now, now.copy(), ALL), now)


def test_newly_visible_pixels_are_bit_identical():
    now, before = shimmer(2, 0.01), shimmer(1, 0.01)
    seen = ALL.copy()
    seen[:, 30:] = False
    assert np.array_equal(filter_flicker(now, before, seen)[:, 30:], now[:, 30:])


@pytest.mark.parametrize("step", [0.06, 0.2, 0.8])
def test_real_change_leaves_no_ghost(step):
    before = np.full((SIZE[1], SIZE[0], 3), 0.1, np.float32)
    now = before.copy()
    now[10:30, 10:40] += np.float32(step)
    found = filter_flicker(now, before, ALL)
    assert np.array_equal(found[14:26, 14:36], now[14:26, 14:36])


def test_slow_change_is_followed_closely():
    """Change by a level per frame: the lag is that of a filter with this share, and no more."""
    shown = np.full((SIZE[1], SIZE[0], 3), 0.2, np.float32)
    level = 0.2
    for _ in range(60):
        level += 1 / 255
        shown = filter_flicker(np.full_like(shown, level), shown, ALL)
    behind = float(level - shown.mean())
    assert 0 < behind < MAX_WEIGHT / (1 - MAX_WEIGHT) / 255
    assert behind < MAX_DIFFERENCE
