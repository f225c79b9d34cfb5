"""The measure of drift finds known displacements, and the shots know their own motion."""

import numpy as np
import pytest

from propagate.flow import warp
from tests.benchmarks.propagation.long_spans import SHOTS, SIZE, drift, marked, strength
from tests.synthetic import texture


@pytest.fixture(scope="module")
def key():
    return marked(texture(5, SIZE))


@pytest.mark.slow
@pytest.mark.parametrize("offset", [(0.0, 0.0), (1.3, -0.6), (-2.5, 0.0)])
def test_drift_is_the_displacement(key, offset):
    moved = warp(key, np.full((*key.shape[:2], 2), offset, np.float32), lanczos=True)
    found, lost = drift(moved, key, np.ones(key.shape[:2], bool))
    assert lost == 0
    np.testing.assert_allclose(found, np.hypot(*offset), atol=0.26)


def test_other_marks_are_lost(key):
    found, lost = drift(np.ascontiguousarray(key[::-1]), key, np.ones(key.shape[:2], bool))
    assert lost > 4 * found.size


def test_strength_is_what_is_left_of_the_marks(key):
    everywhere = np.ones(key.shape[:2], bool)
    assert strength(key, key, everywhere) == pytest.approx(1)
    assert strength(key.mean() + (key - key.mean()) * np.float32(0.6), key, everywhere) == pytest.approx(0.6, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_shot_moves_as_it_reports(shot):
    plates = list(shot.plates(31))
    flow, visible = shot.motion(30)
    assert visible.mean() > 0.7
    apart = np.abs(warp(plates[0].astype(np.float32), flow, lanczos=True) - plates[30])
    assert np.median(apart[visible]) < 4
    assert np.quantile(apart[visible], 0.98) < 16
    still = np.abs(plates[0].astype(np.float32) - plates[30])
    moving = visible & (np.abs(flow).max(axis=-1) > 0.5)
    assert moving.mean() > 0.3
    assert np.median(still[moving]) > 2 * np.median(apart[moving])
