"""Choice of the smallest set of candidates that covers all frames; among sets of equal size, the one of lowest cost.

Two neighbouring keys cover the frames between them. The cost of a set is thus a sum over neighbouring pairs, and the
best set is a shortest path from the start of the shot to its end. Dynamic programming finds it (Bellman, "On a routing
problem", 1958). The result is optimal over the candidates, both for the minimum number of keys and for a given number.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import exp

import numpy as np

from propagate.arrays import F32, Floats
from stylize.planning import eye_opening
from stylize.planning.coverage import MAX_RESIDUAL, uncovered, weighted_sum
from stylize.planning.eye_opening import Ages
from stylize.planning.survey import Survey

# Max length in frames of a change that does not need a key, such as a flash.
PATIENCE = 3

# The cost of a set of keys is the sum of the log residual over frames, which is proportional to the error in decibels.
# This is the residual that no key removes.
RESIDUAL_FLOOR = F32(0.05)
# Weight of the squared uncovered share in that sum, so that large holes cost disproportionately more.
HOLE_WEIGHT = 2.0
# Cost of a frame next to a fully blurred key, whose blur is propagated. Cost of choosing a key one frame later, which
# breaks ties between keys with the same content.
BLUR_COST, DELAY_COST = 2.0, 0.001
# Cost of a frame before the first key or after the last one, where no second key corrects errors. The second value
# applies to ``worst``, because these frames are usually the worst ones.
ONE_SIDED = (0.05, 0.2)
# Relative loss of sharpness against the surrounding frames that is treated as noise.
BLUR_TOLERANCE = 0.2
# ``worst`` minimises the sum of this power of the residual, which is dominated by the worst frames. A frame of which no
# candidate covers LOST_SHARE, such as a flash, is ignored, because no choice improves it.
WORST_POWER, LOST_SHARE = 12.0, 0.5
# Number of frames on either side that a key's sharpness is compared with.
SHARPNESS_REACH = 6

# Cost of a frame that no key covers.
WORST_COST = float(np.log1p(F32(MAX_RESIDUAL) / RESIDUAL_FLOOR)) + HOLE_WEIGHT


@dataclass(frozen=True)
class Target:
    """Requirements of a choice. Places are positions in the shot, counted from 0.

    coverage: minimum coverage of each frame, 0..1. max_keys: maximum number of keys, None for no limit. fixed: places
    that must be keys. compatible: returns whether two places, in ascending order, may both be keys.
    """

    coverage: float
    max_keys: int | None
    fixed: frozenset[int]
    compatible: Callable[[int, int], bool]


@dataclass
class _SingleCoverage:
    """Coverage by one candidate in one direction, frame by frame.

    costs, shares: cumulative sums of the cost and the coverage. failed: bit set of the frames below the target.
    """

    costs: list[float] = field(default_factory=lambda: [0.0])
    shares: list[float] = field(default_factory=lambda: [0.0])
    failed: int = 0

    @property
    def reach(self) -> int:
        """Number of frames over which the candidate is tracked."""
        return len(self.costs) - 1


@dataclass
class _PairCoverage:
    """Joint coverage by two candidates, over the frames where both are tracked; see ``_SingleCoverage``."""

    cost: float = 0.0
    share: float = 0.0
    failed: int = 0


@dataclass(frozen=True)
class _Edge:
    """Step from one key to the next.

    uncovered_frames: number of frames between them that miss the target. cost: sum of the log residual or, with
    ``worst``, of a power of the residual. share: sum of the coverage.
    """

    uncovered_frames: int
    cost: float
    share: float


# Ages of ``eye_opening`` at the previous frame, by key or pair of keys.
_Ages = dict[Hashable, Ages]


class SpanCosts:
    """Coverage and cost of the frames between each pair of candidates.

    coverage: minimum coverage of each frame, 0..1. worst: use the cost of the worst frames instead of the average.
    """

    def __init__(self, survey: Survey, coverage: float, *, worst: bool = False) -> None:
        self.survey, self.coverage, self.count = survey, coverage, len(survey.weights)
        self.worst = worst
        self.forward = {place: _SingleCoverage() for place in survey.candidates}
        self.backward = {place: _SingleCoverage() for place in survey.candidates}
        self.joint: dict[tuple[int, int], _PairCoverage] = {}
        self.exempt = sum(1 << place for place in survey.exempt)
        self.ignored = (
            self.exempt | sum(1 << place for place in range(self.count) if self._is_lost(place)) if worst else 0
        )
        single_ages: _Ages = {}
        pair_ages: _Ages = {}
        for place in range(self.count):
            self._add_single(self.forward, place, survey.forward[place], single_ages)
            self._add_pairs(place, pair_ages)
        single_ages = {}
        for place in range(self.count - 1, -1, -1):
            self._add_single(self.backward, place, survey.backward[place], single_ages)

    def _is_lost(self, place: int) -> bool:
        views = [*self.survey.forward[place].items(), *self.survey.backward[place].items()]
        residual = [self.survey.residual(packed) for key, packed in views if key != place]
        holes = weighted_sum(uncovered(np.array(residual)), self.survey.weights[place]) if residual else np.ones(1)
        return bool(holes.min() > 1 - LOST_SHARE)

    def _add_single(
        self, coverages: dict[int, _SingleCoverage], place: int, views: dict[int, np.ndarray], ages: _Ages
    ) -> None:
        keys = [key for key in views if key != place]
        if not keys:
            return
        residual = np.array([self.survey.residual(views[key]) for key in keys])
        missed = self._misses_eyes(residual, place, keys, ages)
        for key, misses, cost, share in zip(keys, missed, *self._costs_and_shares(residual, place), strict=True):
            coverage = coverages[key]
            coverage.costs.append(coverage.costs[-1] + cost)
            coverage.shares.append(coverage.shares[-1] + share)
            coverage.failed |= (misses or share < self.coverage) << place

    def _add_pairs(self, place: int, ages: _Ages) -> None:
        before = {key: view for key, view in self.survey.forward[place].items() if key != place}
        after = {key: view for key, view in self.survey.backward[place].items() if key != place}
        if not before or not after:
            return
        left, right = (np.array([self.survey.residual(view) for view in each.values()]) for each in (before, after))
        residual = np.minimum(left[:, None], right[None]).reshape(-1, left.shape[1])
        pairs = [(one, other) for one in before for other in after]
        missed = self._misses_eyes(residual, place, pairs, ages)
        for pair, misses, cost, share in zip(pairs, missed, *self._costs_and_shares(residual, place), strict=True):
            found = self.joint.setdefault(pair, _PairCoverage())
            found.cost += cost
            found.share += share
            found.failed |= (misses or share < self.coverage) << (place - pair[0])

    def _costs_and_shares(self, residual: Floats, place: int) -> tuple[list[float], list[float]]:
        """Return the cost and the coverage of one frame, for each row of ``residual`` (rows, cells)."""
        weights = self.survey.weights[place]
        holes = weighted_sum(uncovered(residual), weights)
        costs = np.log1p(weighted_sum(residual, weights) / RESIDUAL_FLOOR) + F32(HOLE_WEIGHT) * holes * holes
        if self.worst:
            costs = np.exp(WORST_POWER * costs.astype(np.float64)) * (not self.ignored >> place & 1)
        return costs.tolist(), (1 - holes).tolist()

    def _misses_eyes(self, residual: Floats, place: int, keys: Sequence[Hashable], ages: _Ages) -> list[bool]:
        """Return, for each row of ``residual`` (rows, cells) of one frame, whether open eyes are lastingly uncovered.

        keys: the key or pair of keys of each row. ages: those of the previous frame, replaced by those of this frame,
        so that memory does not grow with the length of the shot.
        """
        none = eye_opening.no_ages(1, residual.shape[1])[0]
        before = np.array([ages.get(one, none) for one in keys])
        found = eye_opening.ages_of(residual, self.survey.weights[place], self.survey.cells, before)
        ages.clear()
        ages.update(zip(keys, found, strict=True))
        return (found.max(axis=1) >= eye_opening.LASTING_AGE).tolist()

    def edge(self, left: int | None, right: int | None) -> _Edge:
        """Return the edge between two keys. None stands for the start or the end of the shot."""
        first = -1 if left is None else left
        last = self.count if right is None else right
        forward = self.forward[left] if left is not None else _SingleCoverage()
        backward = self.backward[right] if right is not None else _SingleCoverage()
        inner = last - first - 1
        reach_left, reach_right = min(forward.reach, inner), min(backward.reach, inner)
        only_left, only_right = min(reach_left, inner - reach_right), min(reach_right, inner - reach_left)
        both = self.joint.get((first, last), _PairCoverage()) if only_left < reach_left else _PairCoverage()
        failed = both.failed << first if left is not None else 0
        failed |= forward.failed & _bit_range(first + 1, first + 1 + only_left)
        failed |= backward.failed & _bit_range(last - only_right, last)
        failed |= _bit_range(first + 1 + reach_left, last - reach_right)
        gap = (_bit_range(first + 1 + reach_left, last - reach_right) & ~self.ignored).bit_count()
        blurs = [_blur(self.survey.sharp, key) for key in (left, right) if key is not None]
        key_cost = BLUR_COST * sum(blurs) / max(len(blurs), 1) + (ONE_SIDED[self.worst] if len(blurs) < 2 else 0)
        visible = both.cost + forward.costs[only_left] + backward.costs[only_right]
        if self.worst:
            cost = (visible + gap * exp(WORST_POWER * WORST_COST)) * exp(WORST_POWER * key_cost)
        else:
            cost = visible + gap * WORST_COST + key_cost * inner
        return _Edge(
            _count_lasting(failed & ~self.exempt),
            cost,
            both.share + forward.shares[only_left] + backward.shares[only_right],
        )


def _bit_range(first: int, end: int) -> int:
    """Return an integer with the bits ``first`` to ``end - 1`` set."""
    return ((1 << (end - first)) - 1) << first if end > first else 0


def _count_lasting(failed: int) -> int:
    """Return the number of set bits in runs longer than PATIENCE."""
    starts = failed
    for _ in range(PATIENCE):
        starts &= starts >> 1
    lasting = 0
    for step in range(PATIENCE + 1):
        lasting |= starts << step
    return lasting.bit_count() if starts else 0


# Score of a path: number of uncovered frames, number of keys, cost.
Score = tuple[int, int, float]
Path = tuple[Score, tuple[int, ...]]


def choose(spans: SpanCosts, target: Target) -> tuple[int, ...]:
    """Return the places of the smallest set of keys that covers all frames, ascending.

    If no set covers all frames, the number of uncovered frames is minimised. If the set has more than
    ``target.max_keys`` keys, return the set of at most that size with the lowest cost.
    """
    nodes = spans.survey.candidates
    edges: dict[tuple[int | None, int | None], _Edge] = {}

    def edge(left: int | None, right: int | None) -> _Edge:
        if (left, right) not in edges:
            edges[left, right] = spans.edge(left, right)
        return edges[left, right]

    def fewest(path: Path, right: int | None) -> Path:
        (uncovered_frames, keys, cost), places = path
        step = edge(places[-1] if places else None, right)
        return _extend_path(
            path,
            right,
            (
                uncovered_frames + step.uncovered_frames,
                keys + (right is not None),
                cost + step.cost + DELAY_COST * (right or 0),
            ),
        )

    def best(path: Path, right: int | None) -> Path:
        (_, _, cost), places = path
        step = edge(places[-1] if places else None, right)
        return _extend_path(path, right, (0, 0, cost + step.cost + DELAY_COST * (right or 0)))

    found = _shortest_path(nodes, target, fewest)
    if target.max_keys is None or len(found) <= target.max_keys:
        return found
    return _best_with_limit(nodes, target, best, target.max_keys)


def _extend_path(path: Path, right: int | None, score: Score) -> Path:
    return score, path[1] if right is None else (*path[1], right)


def _blur(sharp: Sequence[float], place: int) -> float:
    """Return the relative loss of sharpness of a frame against the sharpest surrounding one, 0..1."""
    sharpest = max(sharp[max(0, place - SHARPNESS_REACH) : place + SHARPNESS_REACH + 1])
    return max(0.0, 1 - sharp[place] / sharpest - BLUR_TOLERANCE) if sharpest > 0 else 0.0


def _predecessors(nodes: Sequence[int], target: Target, place: int | None) -> list[int | None]:
    """Return the possible previous keys of ``place``; None in the result stands for the start of the shot.

    place: None for the end of the shot.
    """
    end = len(nodes) if place is None else nodes.index(place)
    found: list[int | None] = []
    for node in reversed(nodes[:end]):
        if place is None or target.compatible(node, place):
            found.append(node)
        if node in target.fixed:
            return found
    return [*found, None]


def _shortest_path(nodes: Sequence[int], target: Target, extend: Callable[[Path, int | None], Path]) -> tuple[int, ...]:
    best: dict[int | None, Path] = {None: ((0, 0, 0.0), ())}
    for place in [*nodes, None]:
        paths = [extend(best[left], place) for left in _predecessors(nodes, target, place) if left in best]
        if place is None:
            # Paths without keys are excluded: PATIENCE would accept one in a shot of a few frames.
            return min((path for path in paths if path[1] or not nodes), key=lambda path: path[0])[1]
        if paths:
            best[place] = min(paths, key=lambda path: path[0])
    raise AssertionError("the end is always reached")


def _best_with_limit(
    nodes: Sequence[int], target: Target, extend: Callable[[Path, int | None], Path], max_keys: int
) -> tuple[int, ...]:
    """Return the best path of at most ``max_keys`` keys, or of the fixed keys if there are more of them."""
    max_keys = max(max_keys, len(target.fixed))
    best: dict[int | None, Path] = {None: ((0, 0, 0.0), ())}
    ends: list[Path] = []
    for _ in range(max_keys + 1):
        reached = [extend(best[left], None) for left in _predecessors(nodes, target, None) if left in best]
        ends += [path for path in reached if path[1]]
        best = {
            place: min(paths, key=lambda path: path[0])
            for place in nodes
            if (paths := [extend(best[left], place) for left in _predecessors(nodes, target, place) if left in best])
        }
    return min(ends, key=lambda path: path[0])[1]
