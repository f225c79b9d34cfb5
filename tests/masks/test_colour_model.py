"""Colour model of two layers."""

import numpy as np
import pytest

from masks.colour_model import CELL_SIZE, colour_model

RED, BLUE, GREEN = (200, 40, 30), (30, 60, 190), (40, 190, 60)


def painted(colours, height=96, columns=96):
    """Vertical stripes, each of one colour with grain."""
    draw = np.random.default_rng(0)
    stripe = columns // len(colours)
    flat = np.concatenate([np.full((height, stripe, 3), one) for one in colours], axis=1)
    return np.clip(flat + draw.integers(-12, 13, flat.shape), 0, 255).astype(np.uint8)


def layers(inside):
    return inside.astype(np.float32), (~inside).astype(np.float32)


def test_colours_of_one_layer_score_for_it():
    picture = painted([RED, BLUE])
    inside = np.zeros(picture.shape[:2], bool)
    inside[:, :48] = True
    score = colour_model(picture, *layers(inside)).score(painted([RED, BLUE, GREEN]))
    assert score.dtype == np.float32
    assert score[:, 3:29].min() > 0.9
    assert score[:, 35:61].max() < -0.9
    assert np.abs(score[:, 68:]).max() < 0.1


def test_colour_of_both_layers_is_neutral():
    picture = painted([RED, RED])
    inside = np.zeros(picture.shape[:2], bool)
    inside[:, :48] = True
    assert np.abs(colour_model(picture, *layers(inside)).score(picture)).max() < 0.4


def test_only_nearby_outside_colours_count():
    """Blue is inside on the left, and outside on the far right."""
    picture = painted([BLUE, GREEN, GREEN, GREEN, BLUE], columns=60 * CELL_SIZE)
    inside = np.zeros(picture.shape[:2], bool)
    inside[:, : 12 * CELL_SIZE] = True
    score = colour_model(picture, *layers(inside)).score(picture)
    assert score[:, : 12 * CELL_SIZE - 3].min() > 0.9
    assert score[:, -6 * CELL_SIZE :].max() < 0.4


def test_update_learns_colours_of_both_layers_by_weight():
    picture = painted([RED, BLUE])
    inside = np.zeros(picture.shape[:2], bool)
    inside[:, :48] = True
    model = colour_model(picture, *layers(inside))
    green = painted([GREEN])
    nothing, all_of_it = np.zeros(green.shape[:2], np.float32), np.ones(green.shape[:2], np.float32)
    assert np.abs(model.updated(green, nothing, nothing).score(green)).max() < 0.1
    assert model.updated(green, nothing, all_of_it).score(green).max() < -0.9
    assert model.updated(green, all_of_it, nothing).score(green).min() > 0.9
    assert np.abs(model.updated(green, all_of_it, nothing, 0.0).score(green)).max() < 0.1


def test_colours_of_the_painted_inside_are_not_forgotten():
    picture = painted([RED, BLUE])
    inside = np.zeros(picture.shape[:2], bool)
    inside[:, :48] = True
    model = colour_model(picture, *layers(inside))
    green = painted([GREEN])
    for _ in range(60):
        model = model.updated(green, np.ones(green.shape[:2], np.float32), np.zeros(green.shape[:2], np.float32))
    assert model.score(painted([RED])).min() > 0.9


def test_empty_layers_and_partial_cells_work():
    picture = painted([RED], height=37, columns=53)
    empty, full = np.zeros((37, 53), np.float32), np.ones((37, 53), np.float32)
    assert colour_model(picture, full, empty).score(picture).min() > 0.9
    assert colour_model(picture, empty, full).score(picture).max() < -0.9
    assert not colour_model(picture, empty, empty).score(picture).any()


def test_untrusted_places_of_the_inside_do_not_count():
    """Red is inside on the left, and appears on the far right, where nothing of the inside was."""
    picture = painted([RED, GREEN, GREEN, GREEN, BLUE], columns=60 * CELL_SIZE)
    inside = np.zeros(picture.shape[:2], bool)
    inside[:, : 12 * CELL_SIZE] = True
    moved = np.ascontiguousarray(picture[:, ::-1])
    here, there = np.s_[:, : 10 * CELL_SIZE], np.s_[:, -10 * CELL_SIZE :]
    untrusted = colour_model(picture, *layers(inside), trust=0.0)
    trusted = colour_model(picture, *layers(inside))
    assert untrusted.score(picture)[here].min() == pytest.approx(untrusted.score(moved)[there].min(), abs=1e-3)
    assert trusted.score(moved)[there].mean() < trusted.score(picture)[here].mean() - 1e-3
