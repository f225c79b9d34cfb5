import numpy as np
import pytest

from stylize.renderers.diffusion.annotators import ANNOTATORS


def plate(height=80, width=120):
    """A grey ground, a dark horizontal line, a red square."""
    picture = np.full((height, width, 3), 0.6, np.float32)
    picture[30:33] = 0.05
    picture[50:70, 40:60] = (0.9, 0.1, 0.1)
    return picture


@pytest.mark.parametrize("kind", ANNOTATORS)
def test_annotations_have_the_plates_size_and_range_and_repeat(kind):
    made = ANNOTATORS[kind](plate(), 3)
    assert made.shape == (80, 120, 3)
    assert made.dtype == np.float32
    assert 0 <= made.min() < made.max() <= 1
    np.testing.assert_array_equal(made, ANNOTATORS[kind](plate(), 3))


def test_edges_lie_next_to_the_line_only():
    found = ANNOTATORS["canny"](plate(), 0)
    assert set(np.unique(found)) == {0, 1}
    assert found[28:34].any()
    assert not found[:27].any()


def test_line_drawing_shows_dark_lines():
    drawn = ANNOTATORS["lineart"](plate(), 0)
    assert drawn[31, 5:].min() > 0.3
    assert drawn[10].max() < 0.1


def test_tile_control_is_the_plate():
    np.testing.assert_array_equal(ANNOTATORS["tile"](plate(), 0), plate())


def test_shuffle_keeps_colours_and_moves_content():
    noise = np.random.default_rng(0).random((200, 300, 3), np.float32)
    one, other = (ANNOTATORS["shuffle"](noise, seed) for seed in (1, 2))
    assert np.abs(one - noise).mean() > 0.2
    assert np.abs(one - other).mean() > 0.1
    assert abs(float(one.mean() - noise.mean())) < 0.05
