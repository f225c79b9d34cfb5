"""Benchmark figures of pictures whose quality is known."""

import cv2
import numpy as np
import pytest

from propagate.flow import warp
from tests.benchmarks.propagation import measures
from tests.synthetic import texture


def moving(picture, steps):
    """A picture that moves by two fifths of a pixel a step, the flow of every step, and the visible part."""
    pictures, seen = [], np.zeros(picture.shape[:2], bool)
    seen[12:-12, 12:-12] = True
    for step in range(steps):
        flow = np.full((*picture.shape[:2], 2), -0.4 * step, np.float32)
        pictures.append(warp(picture, flow, lanczos=True))
    return pictures, [np.full_like(flow, -0.4)] * (steps - 1), [seen] * (steps - 1)


@pytest.fixture(scope="module")
def sharp():
    """Shapes with sharp borders, like ink."""
    shapes = (texture(3)[..., :1] > 128).astype(np.float32).repeat(3, axis=-1)
    return cv2.GaussianBlur(shapes, (0, 0), 0.8)


def test_motion_of_the_plates_is_steady_at_any_sharpness(sharp):
    soft = cv2.GaussianBlur(sharp, (0, 0), 1.5)
    unblurred, blurred = (measures.unsteadiness(*moving(p, 4)) for p in (sharp, soft))
    assert max(unblurred, blurred) < 1
    # A bilinear warp would have rated the sharp one as unsteady.
    by_blur = measures.unsteadiness(*moving(sharp, 4), cv2.INTER_LINEAR)
    assert by_blur > 1.8 * unblurred
    assert by_blur > 2 * measures.unsteadiness(*moving(soft, 4), cv2.INTER_LINEAR)


@pytest.mark.parametrize("levels", [2, 6])
def test_unsteadiness_equals_the_flicker(sharp, levels):
    pictures, flows, seen = moving(sharp, 4)
    draw = np.random.default_rng(0)
    flickering = [p + draw.normal(0, levels / 255, p.shape).astype(np.float32) for p in pictures]
    # Mean absolute difference of two normal variates; the filter removes some of the noise.
    assert measures.unsteadiness(flickering, flows, seen) == pytest.approx(levels * 2 / np.pi**0.5, rel=0.2)
