"""What a network says frame by frame, settled by the whole shot: on composites with known alpha."""

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
    """Plates and truth at the size that is settled."""
    made = CASES[name](COUNT)
    return [
        [cv2.resize(one, SIZE, interpolation=cv2.INTER_AREA) for one in some] for some in (made.frames, made.alphas)
    ]


def asked(alphas, seed=0):
    """As a small network says it, frame by frame: its border wavers, it misses the one or the other half, it is not
    sure, and takes in what does not belong to it."""
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


def settle(plates, said, kept=None):
    found = dict(
        consensus_regions(range(len(plates)), lambda n: (plates[n], said[n]), {} if kept is None else kept, DisFlow())
    )
    return [found[n] for n in range(len(plates))]


def overlap(mattes, alphas):
    return float(np.mean([iou(one, truth) for one, truth in zip(mattes, alphas, strict=True)]))


@pytest.mark.parametrize("name", CASES)
def test_what_is_left_out_here_and_taken_in_there_is_settled_and_flickers_less_than_half(name):
    plates, alphas = case(name)
    rough = asked(alphas)
    regions = settle(plates, rough)
    assert overlap(regions, alphas) > max(0.9, overlap(rough, alphas) + 0.1)
    steady = [one for _, one in smooth_mattes(zip(range(COUNT), plates, regions, strict=True), DisFlow())]
    assert overlap(steady, alphas) > 0.9
    assert dtssd(steady, alphas) <= 0.5 * dtssd(rough, alphas)


def test_what_is_right_stays_right_in_fast_motion_too():
    plates, alphas = case("blur")
    regions = settle(plates, alphas)
    assert min(iou(one, truth) for one, truth in zip(regions, alphas, strict=True)) > 0.95


def test_frames_in_which_nothing_is_seen_are_filled_and_nothing_is_made_up_without_any():
    plates, alphas = case("moving")
    said = [np.zeros_like(alpha) if 6 <= n <= 8 else alpha for n, alpha in enumerate(alphas)]
    assert min(iou(one, truth) for one, truth in zip(settle(plates, said), alphas, strict=True)) > 0.9
    assert all(not one.any() for one in settle(plates, [np.zeros_like(alpha) for alpha in alphas]))


def test_it_comes_from_the_last_to_the_first_and_keeps_nothing():
    plates, alphas = case("moving")
    kept = {}
    order = [n for n, _ in consensus_regions(range(5), lambda n: (plates[n], alphas[n]), kept, DisFlow())]
    assert order == [4, 3, 2, 1, 0]
    assert kept == {}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_frames_will_do(count):
    plates, alphas = case("moving")
    found = settle(plates[:count], alphas[:count])
    assert len(found) == count
    assert all(iou(one, truth) > 0.95 for one, truth in zip(found, alphas, strict=False))


def test_the_bits_do_not_depend_on_threads():
    plates, alphas = case("moving")
    rough = asked(alphas)[:6]
    before, found = cv2.getNumThreads(), []
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            found.append(settle(plates[:6], rough))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(*found)
