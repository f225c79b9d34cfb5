import numpy as np
import pytest

from masks.chroma import BLUE, GREEN, chroma_key, screen_colour
from tests.composites import Motion, compose, hairy

SCREENS = {GREEN: (20, 180, 60), BLUE: (30, 60, 190)}
# Foregrounds that do not contain the colour of their screen.
SKINS = {GREEN: 3, BLUE: 8}


def in_front_of_screen(channel, uneven=14):
    """A figure with hair in front of an unevenly lit screen, as floats, with its truth."""
    ground = np.zeros((216, 384, 3), np.float32) + np.asarray(SCREENS[channel], np.float32)
    ground += np.linspace(-uneven, uneven, 384)[None, :, None]
    case = compose(hairy(), Motion(lambda t: (190, 112)), 1, seed=SKINS[channel], ground=[ground.astype(np.uint8)])
    return case.frames[0].astype(np.float32) / 255, case


@pytest.mark.slow
@pytest.mark.parametrize("channel", SCREENS)
def test_figure_with_hair_is_keyed_off_its_screen(channel):
    picture, case = in_front_of_screen(channel)
    screen = screen_colour(picture, channel)
    np.testing.assert_allclose(screen * 255, SCREENS[channel], atol=6)
    keyed = chroma_key(picture, screen)
    truth = case.alphas[0]
    assert np.abs(keyed.matte - truth).mean() < 0.02
    assert keyed.matte[truth == 0].max() < 0.02
    assert (keyed.matte[truth == 1] > 0.9).mean() > 0.97


@pytest.mark.parametrize("channel", SCREENS)
def test_spill_is_removed(channel):
    picture, case = in_front_of_screen(channel)
    mixed = (case.alphas[0] > 0.1) & (case.alphas[0] < 0.95)
    others = [other for other in range(3) if other != channel]

    def spill(colours):
        return np.maximum(colours[..., channel] - colours[..., others].max(axis=-1), 0)[mixed].mean()

    found = chroma_key(picture, screen_colour(picture, channel)).foreground
    assert spill(found) < 1e-6 < 0.03 < spill(picture)
    truth = case.foreground[0] / 255
    assert np.abs(found - truth)[mixed].mean() < 0.75 * np.abs(picture - truth)[mixed].mean()


def test_picture_without_a_screen_has_no_screen_colour():
    grey = np.full((40, 60, 3), 0.5, np.float32)
    assert screen_colour(grey, GREEN) is None
    with pytest.raises(ValueError, match="green or blue"):
        chroma_key(grey, grey[0, 0])
    with pytest.raises(ValueError, match="green or blue"):
        chroma_key(grey, np.array([0.9, 0.1, 0.1], np.float32))
