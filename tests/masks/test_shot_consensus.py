"""Consensus of a network's per-frame mattes over the whole shot, on composites with known alpha."""

from functools import cache

import cv2
import numpy as np
import pytest

from masks.shot_consensus import consensus_regions
from masks.temporal_smoothing import smooth_mattes
from propagate.flow_dis import DisFlow
from tests.composites import CASES, dtssd, iou

SIZE = (320, 180)
COUNT = 14


@cache
def case(name):
    """Plates and truth at the size used for consensus."""
    made = CASES[name](COUNT)
    return [
        [cv2.resize(one, SIZE, interpolation=cv2.INTER_AREA) for one in some] for some in (made.frames, made.alphas)
    ]


def network_like(alphas, seed=0):
    """Mattes as a small network gives them frame by frame: the border wavers, one or the other half is missing, the
    mattes are uncertain, and they include parts of the background.
    """
    draw = np.random.default_rng(seed)
    found = []
    for alpha in alphas:
        wave = cv2.resize(draw.normal(0, 3, (6, 10)).astype(np.float32), SIZE, interpolation=cv2.INTER_CUBIC)
        inside = (alpha > 0.5).astype(np.uint8)
        far = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
        matte = np.clip((far + wave) / 4 + 0.5, 0, 1).astype(np.float32)
        rows = np.flatnonzero(inside.any(axis=1))
        middle = int(rows.mean()) if rows.size else 90
        if draw.random() < 0.6:
            part = np.s_[:middle] if draw.random() < 0.5 else np.s_[middle:]
            matte[part] *= np.float32(draw.uniform(0.1, 0.6))
        if draw.random() < 0.4:
            x, y = int(draw.integers(0, 270)), int(draw.integers(0, 130))
            matte[y : y + 50, x : x + 50] = np.maximum(matte[y : y + 50, x : x + 50], 0.9)
        found.append(matte)
    return found


def settle(plates, mattes, kept=None):
    found = dict(
        consensus_regions(range(len(plates)), lambda n: (plates[n], mattes[n]), {} if kept is None else kept, DisFlow())
    )
    return [found[n] for n in range(len(plates))]


def overlap(mattes, alphas):
    return float(np.mean([iou(one, truth) for one, truth in zip(mattes, alphas, strict=True)]))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_consensus_fixes_missing_and_extra_parts_and_halves_flicker(name):
    plates, alphas = case(name)
    rough = network_like(alphas)
    regions = settle(plates, rough)
    assert overlap(regions, alphas) > max(0.9, overlap(rough, alphas) + 0.1)
    steady = [one for _, one in smooth_mattes(zip(range(COUNT), plates, regions, strict=True), DisFlow())]
    assert overlap(steady, alphas) > 0.9
    assert dtssd(steady, alphas) <= 0.5 * dtssd(rough, alphas)


@pytest.mark.slow
def test_correct_mattes_stay_correct_in_fast_motion():
    plates, alphas = case("blur")
    regions = settle(plates, alphas)
    assert min(iou(one, truth) for one, truth in zip(regions, alphas, strict=True)) > 0.95


@pytest.mark.slow
def test_empty_frames_are_filled_from_others_only():
    plates, alphas = case("moving")
    partial = [np.zeros_like(alpha) if 6 <= n <= 8 else alpha for n, alpha in enumerate(alphas)]
    assert min(iou(one, truth) for one, truth in zip(settle(plates, partial), alphas, strict=True)) > 0.9
    assert all(not one.any() for one in settle(plates, [np.zeros_like(alpha) for alpha in alphas]))


@pytest.mark.slow
def test_consensus_runs_backward_and_releases_its_cache():
    plates, alphas = case("moving")
    kept = {}
    order = [n for n, _ in consensus_regions(range(5), lambda n: (plates[n], alphas[n]), kept, DisFlow())]
    assert order == [4, 3, 2, 1, 0]
    assert kept == {}


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_frames_work(count):
    plates, alphas = case("moving")
    found = settle(plates[:count], alphas[:count])
    assert len(found) == count
    assert all(iou(one, truth) > 0.95 for one, truth in zip(found, alphas, strict=False))


@pytest.mark.slow
def test_consensus_does_not_depend_on_threads():
    plates, alphas = case("moving")
    rough = network_like(alphas)[:6]
    before, found = cv2.getNumThreads(), []
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            found.append(settle(plates[:6], rough))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(*found)
