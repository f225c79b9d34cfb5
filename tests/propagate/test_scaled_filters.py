"""Filters of the embedded renderer with scaled lengths in pixels: a smaller picture gives the same result, smaller."""

import cv2
import numpy as np
import pytest
from skimage import data

from propagate.attention import attention, face_map
from propagate.guidance import LOCAL_SIGMA, tone
from propagate.palette import nearest_colours, palette_of, to_lab
from propagate.repaint_colours import Paints, broad_colours, repaint_colours


@pytest.fixture(scope="module")
def photo():
    """Photograph of a person: float32 (512, 512, 3), display-encoded."""
    return (data.astronaut() / np.float32(255)).astype(np.float32)


def smaller(picture, by):
    height, width = picture.shape[:2]
    return cv2.resize(picture, (width // by, height // by), interpolation=cv2.INTER_AREA)


def test_attention_is_that_of_the_full_size(photo):
    lightness = to_lab(photo)[..., 0]
    full, half = smaller(attention(lightness), 2), smaller(lightness, 2)
    scaled, unscaled = (np.abs(attention(half, scale=scale) - full).mean() for scale in (0.5, 1.0))
    assert scaled < 0.6 * unscaled


@pytest.mark.slow
@pytest.mark.parametrize("by", [2, 4])
def test_faces_are_found_in_smaller_pictures(by):
    picture = data.astronaut()
    full = smaller(face_map(picture), by) > 0.2
    found = face_map(smaller(picture, by), 1 / by) > 0.2
    assert found.shape == full.shape
    assert (found & full).sum() > 0.6 * (found | full).sum() > 0


def test_local_contrast_of_the_tone_guide_is_that_of_the_full_size(photo):
    lightness = to_lab(photo)[..., 0]
    full = smaller(tone(lightness, lightness, 2.5, 1, 0.8).target, 4)
    quarter = smaller(lightness, 4)
    scaled, unscaled = (
        np.abs(tone(quarter, quarter, 2.5 / 4, 1, 0.8, sigma).target - full).mean()
        for sigma in (LOCAL_SIGMA / 4, LOCAL_SIGMA)
    )
    assert scaled < 0.6 * unscaled


@pytest.mark.slow
def test_repainted_colours_are_those_of_the_full_size(photo):
    """One length that is not scaled makes the difference 0.25 or more."""
    wanted = to_lab(photo)
    noise = cv2.GaussianBlur(np.random.default_rng(0).standard_normal(wanted.shape).astype(np.float32), (0, 0), 4)
    painted = wanted + 8 / noise.std() * noise
    colours = nearest_colours(palette_of(wanted), 7.0, 0.5)
    looked_at = np.full(wanted.shape[:2], 0.5, np.float32)

    def repainted(painted, wanted, looked_at, scale):
        paints = Paints(wanted, broad_colours(wanted, scale), colours, 0.4)
        return repaint_colours(painted, broad_colours(painted, scale), wanted, looked_at, paints, scale)

    full = smaller(repainted(painted, wanted, looked_at, 1.0), 2)
    scaled = repainted(*(smaller(values, 2) for values in (painted, wanted, looked_at)), 0.5)
    assert np.abs(scaled - full).mean() < 0.24
