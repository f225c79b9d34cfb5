"""A key is aligned with its plate at any size: the whole pipeline, with almost no noise."""

import cv2
import numpy as np
import pytest

from stylize.renderers import RenderRequest
from tests.renderers.diffusion.test_options import renderer
from tests.renderers.diffusion.test_renderer import pytestmark as quietly
from tests.renderers.diffusion.test_renderer import quiet

pytestmark = quietly


def plate(width, height):
    noise = np.random.default_rng(0).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32)


@pytest.mark.parametrize("size", [(131, 77), (77, 131), (120, 90), (143, 60)])
@pytest.mark.parametrize("side", [None, 72, 120])
def test_key_is_not_shifted(models, size, side):
    """Cover odd, portrait, 4:3 and 2.39:1 sizes; measure in the middle and in the corners."""
    painter = renderer(models, vae=str(models / "clear"), steps=1000, denoise=0.001, render_size=side)
    one = plate(*size)
    key = painter.render(RenderRequest(1, one, None, None, None, 0), quiet).picture
    assert key.shape == one.shape
    grey, other = one.mean(axis=2), key.mean(axis=2)
    assert np.corrcoef(grey.ravel(), other.ravel())[0, 1] > 0.95
    part = 56
    for top in (0, (size[1] - part) // 2, size[1] - part):
        for left in (0, (size[0] - part) // 2, size[0] - part):
            crop = np.s_[top : top + part, left : left + part]
            a, b = (picture[crop] - picture[crop].mean() for picture in (grey, other))
            shift, _ = cv2.phaseCorrelate(a, b, cv2.createHanningWindow((part, part), cv2.CV_32F))
            assert np.hypot(*shift) <= 0.25
