import numpy as np

from masks.recursive_filter import DECAY, add, advance, weigh

SIZE = (24, 32)


def still():
    return np.zeros((*SIZE, 2), np.float32)


def test_confident_values_weigh_more():
    votes = weigh(np.array([[0.0, 0.5, 1.0]], np.float32))
    np.testing.assert_allclose(votes.weight, [[1.1, 0.1, 1.1]], rtol=1e-6)
    np.testing.assert_allclose(votes.inside / votes.weight, [[0, 0.5, 1]], atol=1e-6)


def test_votes_follow_the_motion():
    draw = np.random.default_rng(0)
    wide = draw.integers(0, 256, (SIZE[0], SIZE[1] + 3, 3), np.uint8)
    matte = np.zeros(SIZE, np.float32)
    matte[8:16, 10:20] = 1
    there = still()
    there[..., 0] = 3
    moved = advance(weigh(matte), wide[:, :-3], wide[:, 3:], there, -there)
    np.testing.assert_allclose(moved.inside[8:16, 7:17], DECAY * 1.1, rtol=1e-4)
    np.testing.assert_allclose(moved.inside[:, :6], 0, atol=1e-4)


def test_votes_are_dropped_where_the_picture_changes():
    black, white = np.zeros((*SIZE, 3), np.uint8), np.full((*SIZE, 3), 200, np.uint8)
    assert advance(weigh(np.ones(SIZE, np.float32)), black, white, still(), still()).weight.max() < 1e-6


def test_inconsistent_flow_propagates_little():
    grey = np.full((*SIZE, 3), 90, np.uint8)
    there, back = still(), still()
    there[..., 0] = 5
    assert advance(weigh(np.ones(SIZE, np.float32)), grey, grey, there, back).weight.max() < 0.01


def test_repeatedly_moved_border_is_not_widened():
    draw = np.random.default_rng(1)
    grey = np.full((*SIZE, 3), draw.integers(0, 255), np.uint8)
    matte = np.zeros(SIZE, np.float32)
    matte[:, 16:] = 1
    gathered, there = weigh(matte), still()
    for step in range(40):
        there[..., 0] = 0.5 if step % 2 else -0.5
        gathered = advance(gathered, grey, grey, there, -there)
    share = (gathered.inside / gathered.weight)[12]
    assert share[:12].max() < 0.1
    assert share[20:].min() > 0.9


def test_votes_add_up():
    one = weigh(np.full(SIZE, 0.8, np.float32))
    both = add(one, one, one)
    np.testing.assert_allclose(both.inside, 3 * one.inside, rtol=1e-6)
    np.testing.assert_allclose(both.weight, 3 * one.weight, rtol=1e-6)
