"""Progress inside a key: in proportion to its work, and complete."""

import numpy as np
import pytest

from stylize.renderers.example import ExampleRenderer, ExampleSettings
from stylize.renderers.key_progress import STEPS, KeyProgress
from stylize.renderers.protocol import RenderRequest


def test_work_is_reported_in_equal_steps() -> None:
    heard: list[tuple[int, int]] = []
    progress = KeyProgress(lambda done, total: heard.append((done, total)), 1000.0)
    for work in (250, 4, 4, 4, 738):
        progress.add(work)
    progress.finish()
    assert heard == [(25, STEPS), (26, STEPS), (99, STEPS), (STEPS, STEPS)]


@pytest.mark.slow
def test_embedded_renderer_reports_the_sweeps_of_every_level() -> None:
    plate = np.random.default_rng(1).random((96, 128, 3)).astype(np.float32)
    for warped in (None, plate):
        heard: list[int] = []
        confidence = None if warped is None else np.ones(plate.shape[:2], np.float32)
        request = RenderRequest(1, plate, plate[::-1].copy(), warped, confidence, 0)
        ExampleRenderer(ExampleSettings()).render(request, lambda done, total, heard=heard: heard.append(done))
        assert heard == sorted(set(heard))
        assert len(heard) >= 8
        # What is left at the end are the last corrections of the colours.
        assert heard[-1] == STEPS
        assert 95 <= heard[-2] < STEPS
