"""Random walker from seeds and a prior."""

import numpy as np
import pytest

from masks.random_walker import random_walker

SIZE = (40, 60)


def two_fields():
    """A dark field on the left of column 30, a bright one on its right, with grain."""
    picture = np.full((*SIZE, 3), 60, np.int64)
    picture[:, 30:] = 180
    return np.clip(picture + np.random.default_rng(0).integers(-6, 7, picture.shape), 0, 255).astype(np.uint8)


def no_prior():
    return np.full(SIZE, 0.5, np.float32), np.zeros(SIZE, np.float32)


def test_one_seed_of_each_side_fills_its_field():
    seeds = np.zeros(SIZE, np.int8)
    seeds[20, 5], seeds[20, 55] = 1, -1
    found = random_walker(two_fields(), seeds, *no_prior())
    assert found.dtype == np.float32
    assert (found[20, 5], found[20, 55]) == (1, 0)
    assert found[:, :30].min() > 0.5 > found[:, 30:].max()


def test_position_of_the_border_follows_the_picture_and_not_the_seeds():
    seeds = np.zeros(SIZE, np.int8)
    seeds[20, 28], seeds[20, 58] = 1, -1
    found = random_walker(two_fields(), seeds, *no_prior())
    assert ((found > 0.5) == (np.arange(60) < 30)).mean() > 0.98


def test_prior_decides_where_no_seed_is_near():
    flat = np.full((*SIZE, 3), 90, np.uint8)
    prior, weight = np.zeros(SIZE, np.float32), np.full(SIZE, 0.05, np.float32)
    prior[:, 30:] = 1
    seeds = np.zeros(SIZE, np.int8)
    seeds[20, 10] = 1
    found = random_walker(flat, seeds, prior, weight)
    assert found[20, 10] == 1
    assert found[20, 11] > 0.3
    assert found[:, :5].max() < 0.3
    assert found[:, 36:].min() > 0.7


def test_invalid_arguments_are_refused():
    with pytest.raises(ValueError, match="same size"):
        random_walker(two_fields(), np.zeros((3, 3), np.int8), *no_prior())
    with pytest.raises(ValueError, match="a seed or a prior"):
        random_walker(two_fields(), np.zeros(SIZE, np.int8), *no_prior())
