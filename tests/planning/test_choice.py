"""The choice among candidates is optimal, compared with exhaustive search."""

import tracemalloc
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from propagate.arrays import F32
from stylize.planning.choice import (
    DELAY_COST,
    HOLE_WEIGHT,
    LOST_SHARE,
    ONE_SIDED,
    PATIENCE,
    WORST_COST,
    WORST_POWER,
    SpanCosts,
    Target,
    choose,
)
from stylize.planning.coverage import MAX_RESIDUAL, uncovered, weighted_sum
from stylize.planning.survey import Survey, pack, unpack

CELLS = 40


def make_survey(
    seed: int,
    count: int,
    candidates: Sequence[int],
    reach: int = 12,
    sharp: Sequence[float] = (),
    alike: bool = False,
) -> Survey:
    """Candidates that cover less of a frame the further away it is, each in its own way."""
    rng = np.random.default_rng(seed)
    own = rng.uniform(0.3, 2.0, (1 if alike else len(candidates), CELLS))
    own = np.broadcast_to(own, (len(candidates), CELLS))
    forward: list[dict[int, np.ndarray]] = [{} for _ in range(count)]
    backward: list[dict[int, np.ndarray]] = [{} for _ in range(count)]
    for place in range(count):
        for key, speed in zip(candidates, own, strict=True):
            if abs(place - key) > reach:
                continue
            residual = np.minimum(speed * abs(place - key) / 5, MAX_RESIDUAL).astype(F32)
            if key <= place:
                forward[place][key] = pack(residual)
            if key >= place:
                backward[place][key] = pack(residual)
    weights = [np.full(CELLS, 1 / CELLS, F32) for _ in range(count)]
    return Survey(
        (32, 20), (8, 5), list(candidates), forward, backward, weights, list(sharp) or [1.0] * count, frozenset()
    )


def target(coverage: float, most: int | None = None, fixed: Sequence[int] = (), gap: int = 1) -> Target:
    stays = frozenset(fixed)
    return Target(coverage, most, stays, lambda one, other: {one, other} <= stays or other - one >= gap)


def figures(seen: Survey, keys: Sequence[int], coverage: float, *, worst: bool = False) -> tuple[int, float]:
    """Uncovered frames in runs longer than PATIENCE, and the total residual, by definition."""
    failed, cost = [], 0.0
    for place, weights in enumerate(seen.weights):
        if place in keys:
            failed.append(False)
            continue
        around = [max((k for k in keys if k < place), default=None), min((k for k in keys if k > place), default=None)]
        residual = np.full(CELLS, MAX_RESIDUAL, F32)
        for key, packed in zip(around, (seen.forward[place], seen.backward[place]), strict=True):
            if key in packed:
                residual = np.minimum(residual, seen.residual(packed[key]))
        hole = weighted_sum(uncovered(residual), weights)
        failed.append(float(1 - hole) < coverage)
        left = float(np.log1p(weighted_sum(residual, weights) / 0.05)) + HOLE_WEIGHT * float(hole) ** 2
        left += ONE_SIDED[worst] * (None in around)
        if worst and no_key_covers(seen, place):
            continue
        cost += np.exp(WORST_POWER * left) if worst else left
    runs = "".join("x" if each else " " for each in failed).split()
    return sum(len(run) for run in runs if len(run) > PATIENCE), cost + DELAY_COST * sum(keys)


def no_key_covers(seen: Survey, place: int) -> bool:
    shown = [packed for key, packed in {**seen.forward[place], **seen.backward[place]}.items() if key != place]
    return all(uncovered(seen.residual(packed)).mean() > 1 - LOST_SHARE for packed in shown)


CANDIDATES = (0, 4, 7, 11, 15, 18, 23, 26)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("coverage", [0.3, 0.6, 0.8])
def test_choice_is_optimal(seed: int, coverage: float) -> None:
    seen = make_survey(seed, 30, CANDIDATES)
    keys = choose(SpanCosts(seen, coverage), target(coverage))
    scores = {}
    for count in range(1, len(CANDIDATES) + 1):
        for some in combinations(CANDIDATES, count):
            bad, cost = figures(seen, some, coverage)
            scores[some] = bad, count, cost
    assert scores[keys] == pytest.approx(min(scores.values()), abs=1e-4)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_choice_with_few_keys_is_optimal(most: int) -> None:
    seen = make_survey(7, 30, CANDIDATES)
    keys = choose(SpanCosts(seen, 0.99), target(0.99, most))
    best = min(figures(seen, some, 0.99)[1] for some in combinations(CANDIDATES, most))
    assert len(keys) == most
    assert figures(seen, keys, 0.99)[1] == pytest.approx(best, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("most", [2, 3, 4])
def test_choice_for_the_worst_frames_is_optimal(seed: int, most: int) -> None:
    seen = make_survey(seed, 30, CANDIDATES)
    keys = choose(SpanCosts(seen, 1.0, worst=True), target(1.0, most))
    left = {some: figures(seen, some, 1.0, worst=True)[1] for some in combinations(CANDIDATES, most)}
    assert left[keys] == pytest.approx(min(left.values()))
    assert figures(seen, keys, 1.0)[1] >= figures(seen, choose(SpanCosts(seen, 1.0), target(1.0, most)), 1.0)[1]


def test_frame_that_no_key_covers_does_not_affect_the_choice() -> None:
    seen = make_survey(3, 60, range(0, 60, 3))
    keys = choose(SpanCosts(seen, 1.0, worst=True), target(1.0, 4))
    for shown in (seen.forward[31], seen.backward[31]):
        for key in shown:
            shown[key] = pack(np.full(CELLS, MAX_RESIDUAL, F32))
    assert choose(SpanCosts(seen, 1.0, worst=True), target(1.0, 4)) == keys


def test_more_coverage_needs_more_keys() -> None:
    seen = make_survey(3, 60, range(0, 60, 3))
    counts = [len(choose(SpanCosts(seen, coverage), target(coverage))) for coverage in np.linspace(0.05, 0.95, 10)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_fixed_keys_are_kept_and_others_respect_the_gap() -> None:
    seen = make_survey(3, 60, range(0, 60, 3))
    keys = choose(SpanCosts(seen, 0.8), target(0.8, fixed=[21, 24], gap=9))
    assert {21, 24} <= set(keys)
    others = [key for key in keys if key not in (21, 24)]
    assert others
    assert all(abs(key - other) >= 9 for key in others for other in keys if key != other)
    assert choose(SpanCosts(seen, 0.8), target(0.8, 2, fixed=[21, 24])) == (21, 24)


def test_uncovered_frames_have_the_maximum_cost() -> None:
    seen = make_survey(3, 40, [2, 37], reach=5)
    edge = SpanCosts(seen, 0.5).edge(2, 37)
    behind = SpanCosts(seen, 0.5).edge(2, None).cost - (40 - 2 - 1 - 5) * WORST_COST - 37 * ONE_SIDED[False]
    before = SpanCosts(seen, 0.5).edge(None, 37).cost - 32 * WORST_COST - 37 * ONE_SIDED[False]
    assert edge.cost == pytest.approx((34 - 10) * WORST_COST + behind + before)
    assert edge.uncovered_frames >= 24


def test_sharper_of_two_equal_neighbours_is_chosen() -> None:
    for blurred in (12, 15):
        seen = make_survey(5, 28, [12, 15], sharp=[0.5 if place == blurred else 1.0 for place in range(28)], alike=True)
        assert choose(SpanCosts(seen, 0.1), target(0.1)) == (27 - blurred,)


def test_small_differences_in_sharpness_are_ignored() -> None:
    plain = make_survey(5, 60, range(0, 60, 3))
    rough = make_survey(5, 60, range(0, 60, 3), sharp=np.random.default_rng(1).uniform(0.85, 1, 60).tolist())
    assert choose(SpanCosts(plain, 0.8), target(0.8)) == choose(SpanCosts(rough, 0.8), target(0.8))


@pytest.mark.parametrize("count", [1, 7, 40])
def test_packed_residual_is_accurate_to_half_a_level(count: int) -> None:
    residual = np.random.default_rng(1).uniform(0, MAX_RESIDUAL, count).astype(F32)
    kept = unpack(pack(residual), count)
    assert kept.shape == (count,)
    assert np.abs(kept - residual).max() <= MAX_RESIDUAL / 30 + 1e-6


@pytest.mark.slow
def test_memory_for_pairs_of_keys_is_independent_of_frames() -> None:
    """Only sums are stored: cells of hundreds of pairs in every frame would take more memory than the survey itself."""
    long = make_survey(3, 200, range(0, 200, 3), reach=15)
    SpanCosts(long, 0.8)  # compilation is not counted
    tracemalloc.start()
    try:
        spans = SpanCosts(long, 0.8)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(spans.joint) > 400
    # A row of cells for each pair would be 80 bytes more, and all rows of a frame for its last pair far more.
    assert kept / len(spans.joint) < 700
