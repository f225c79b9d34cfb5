"""The fewest keys among candidates such that every frame is explained, and of these the ones that see most.

A frame between two keys is explained by the two together. So the cost of a choice is a sum over its neighbouring
pairs, and the best choice is a shortest path from the start of the shot to its end, which dynamic programming finds
(Bellman, "On a routing problem", 1958): exact over the candidates, for the least number of keys as for the best use
of a given number.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import exp

import numpy as np

from propagate.arrays import F32, Floats
from stylize.planning import eye_opening
from stylize.planning.coverage import NOTHING, unexplained, weighed
from stylize.planning.eye_opening import Ages
from stylize.planning.survey import Survey

# What is gone after this many frames, a flash or something that whisks by, is not worth a key.
PATIENCE = 3

# Of two choices with as many keys, the one is better whose frames have the lower logarithm of misfit, which goes with
# the error in decibels; misfit that nothing takes away.
LEFT_OVER = F32(0.05)
# And where the lower square of what is not explained is: a hole in a frame costs more the larger it is.
HOLES = 2.0
# What a frame costs beside a key that is as blurred as can be, in that measure: blur is carried with the paint. And
# what a key costs that comes a frame later: it decides between keys that show the same.
BLURRED, LATER = 2.0, 0.001
# What a frame costs that lies before the first key or behind the last one: nothing corrects what that key gets wrong.
# The second is where the worst frames count: it is there that they are.
ALONE = (0.05, 0.2)
# So much less of the sharpness of its surroundings is chance.
CALM = 0.2
# Where the worst frames count, this power of the misfit is summed up: of two frames, the better one hardly counts then.
# A frame of which no candidate explains this share is lost to any choice, a flash say, and does not count among them.
POWER, LOST = 12.0, 0.5
# Frames on either side that a key's sharpness is compared with.
NEAR = 6

# Of a frame that no key is followed to.
WORST = float(np.log1p(F32(NOTHING) / LEFT_OVER)) + HOLES


@dataclass(frozen=True)
class Wish:
    """What is asked of a choice; places are positions in the shot.

    coverage: least share of every frame. most: number of keys, None for as few as will do. fixed: places that are
    keys. apart: whether two places may both be keys, the first before the second.
    """

    coverage: float
    most: int | None
    fixed: frozenset[int]
    apart: Callable[[int, int], bool]


@dataclass
class _Alone:
    """What one candidate explains on one way, frame by frame.

    costs, shares: running sums. failed: a bit a frame.
    """

    costs: list[float] = field(default_factory=lambda: [0.0])
    shares: list[float] = field(default_factory=lambda: [0.0])
    failed: int = 0

    @property
    def reach(self) -> int:
        """Frames that it is followed."""
        return len(self.costs) - 1


@dataclass
class _Joint:
    """What two candidates explain together, over the frames that both are followed to; see ``_Alone``."""

    cost: float = 0.0
    share: float = 0.0
    failed: int = 0


@dataclass(frozen=True)
class _Edge:
    """From one key to the next. bad: frames that must be explained and are not. cost: sum of what is left over, the
    logarithm of misfit or, where the worst count, a power of it. share: sum of what is explained.
    """

    bad: int
    cost: float
    share: float


# What ``eyes`` told of the frame before, by key or pair of keys.
_Ages = dict[Hashable, Ages]


class Spans:
    """What every pair of neighbouring keys would explain between them.

    worst: whether what is left over is that of the worst frames, instead of all alike.
    """

    def __init__(self, survey: Survey, coverage: float, *, worst: bool = False) -> None:
        self.survey, self.coverage, self.count = survey, coverage, len(survey.weights)
        self.worst = worst
        self.onward = {place: _Alone() for place in survey.candidates}
        self.back = {place: _Alone() for place in survey.candidates}
        self.joint: dict[tuple[int, int], _Joint] = {}
        self.exempt = sum(1 << place for place in survey.exempt)
        self.spared = self.exempt | sum(1 << place for place in range(self.count) if self._lost(place)) if worst else 0
        alone: _Ages = {}
        together: _Ages = {}
        for place in range(self.count):
            self._alone(self.onward, place, survey.onward[place], alone)
            self._together(place, together)
        alone = {}
        for place in range(self.count - 1, -1, -1):
            self._alone(self.back, place, survey.back[place], alone)

    def _lost(self, place: int) -> bool:
        seen = [*self.survey.onward[place].items(), *self.survey.back[place].items()]
        misfit = [self.survey.misfit(packed) for key, packed in seen if key != place]
        holes = weighed(unexplained(np.array(misfit)), self.survey.weights[place]) if misfit else np.ones(1)
        return bool(holes.min() > 1 - LOST)

    def _alone(self, ways: dict[int, _Alone], place: int, seen: dict[int, np.ndarray], ages: _Ages) -> None:
        keys = [key for key in seen if key != place]
        if not keys:
            return
        misfit = np.array([self.survey.misfit(seen[key]) for key in keys])
        blind = self._blind(misfit, place, keys, ages)
        for key, lacks, cost, share in zip(keys, blind, *self._figures(misfit, place), strict=True):
            way = ways[key]
            way.costs.append(way.costs[-1] + cost)
            way.shares.append(way.shares[-1] + share)
            way.failed |= (lacks or share < self.coverage) << place

    def _together(self, place: int, ages: _Ages) -> None:
        before = {key: seen for key, seen in self.survey.onward[place].items() if key != place}
        behind = {key: seen for key, seen in self.survey.back[place].items() if key != place}
        if not before or not behind:
            return
        left, right = (np.array([self.survey.misfit(seen) for seen in each.values()]) for each in (before, behind))
        misfit = np.minimum(left[:, None], right[None]).reshape(-1, left.shape[1])
        pairs = [(one, other) for one in before for other in behind]
        blind = self._blind(misfit, place, pairs, ages)
        for pair, lacks, cost, share in zip(pairs, blind, *self._figures(misfit, place), strict=True):
            found = self.joint.setdefault(pair, _Joint())
            found.cost += cost
            found.share += share
            found.failed |= (lacks or share < self.coverage) << (place - pair[0])

    def _figures(self, misfit: Floats, place: int) -> tuple[list[float], list[float]]:
        """Of one frame, for each row of misfit: what is left over, and the share."""
        weights = self.survey.weights[place]
        holes = weighed(unexplained(misfit), weights)
        costs = np.log1p(weighed(misfit, weights) / LEFT_OVER) + F32(HOLES) * holes * holes
        if self.worst:
            costs = np.exp(POWER * costs.astype(np.float64)) * (not self.spared >> place & 1)
        return costs.tolist(), (1 - holes).tolist()

    def _blind(self, misfit: Floats, place: int, seen: Sequence[Hashable], ages: _Ages) -> list[bool]:
        """Of one frame, for each row of misfit: whether eyes, or the like, have long been lacking.

        seen: the key or the keys of each row. ages: of the frame before, replaced by those of this one: what ends here
        is forgotten, so that memory does not grow with the length.
        """
        none = eye_opening.none_yet(1, misfit.shape[1])[0]
        before = np.array([ages.get(one, none) for one in seen])
        found = eye_opening.ages_of(misfit, self.survey.weights[place], self.survey.cells, before)
        ages.clear()
        ages.update(zip(seen, found, strict=True))
        return (found.max(axis=1) >= eye_opening.LASTING).tolist()

    def edge(self, left: int | None, right: int | None) -> _Edge:
        """Between two keys; None for the start and the end of the shot."""
        first = -1 if left is None else left
        last = self.count if right is None else right
        onward = self.onward[left] if left is not None else _Alone()
        back = self.back[right] if right is not None else _Alone()
        inner = last - first - 1
        seen_left, seen_right = min(onward.reach, inner), min(back.reach, inner)
        only_left, only_right = min(seen_left, inner - seen_right), min(seen_right, inner - seen_left)
        both = self.joint.get((first, last), _Joint()) if only_left < seen_left else _Joint()
        failed = both.failed << first if left is not None else 0
        failed |= onward.failed & _bits(first + 1, first + 1 + only_left)
        failed |= back.failed & _bits(last - only_right, last)
        failed |= _bits(first + 1 + seen_left, last - seen_right)
        gap = (_bits(first + 1 + seen_left, last - seen_right) & ~self.spared).bit_count()
        blurs = [_blur(self.survey.sharp, key) for key in (left, right) if key is not None]
        beside = BLURRED * sum(blurs) / max(len(blurs), 1) + (ALONE[self.worst] if len(blurs) < 2 else 0)
        seen = both.cost + onward.costs[only_left] + back.costs[only_right]
        if self.worst:
            cost = (seen + gap * exp(POWER * WORST)) * exp(POWER * beside)
        else:
            cost = seen + gap * WORST + beside * inner
        return _Edge(
            _lasting(failed & ~self.exempt),
            cost,
            both.share + onward.shares[only_left] + back.shares[only_right],
        )


def _bits(first: int, end: int) -> int:
    """A bit for each place from ``first`` until before ``end``."""
    return ((1 << (end - first)) - 1) << first if end > first else 0


def _lasting(failed: int) -> int:
    """How many of the places lie in runs longer than PATIENCE."""
    starts = failed
    for _ in range(PATIENCE):
        starts &= starts >> 1
    lasting = 0
    for step in range(PATIENCE + 1):
        lasting |= starts << step
    return lasting.bit_count() if starts else 0


# A path: frames that are not explained, keys that were picked, what is left over.
Score = tuple[int, int, float]
Path = tuple[Score, tuple[int, ...]]


def choose(spans: Spans, wish: Wish) -> tuple[int, ...]:
    """The places of the keys, ascending. As few as explain every frame; or, where that is more than ``wish.most``
    keys, the ``wish.most`` that leave the least over.

    Where no choice explains every frame, as few frames as can be are left unexplained.
    """
    nodes = spans.survey.candidates
    edges: dict[tuple[int | None, int | None], _Edge] = {}

    def edge(left: int | None, right: int | None) -> _Edge:
        if (left, right) not in edges:
            edges[left, right] = spans.edge(left, right)
        return edges[left, right]

    def fewest(path: Path, right: int | None) -> Path:
        (bad, keys, cost), places = path
        step = edge(places[-1] if places else None, right)
        return _onto(path, right, (bad + step.bad, keys + (right is not None), cost + step.cost + LATER * (right or 0)))

    def best(path: Path, right: int | None) -> Path:
        (_, _, cost), places = path
        step = edge(places[-1] if places else None, right)
        return _onto(path, right, (0, 0, cost + step.cost + LATER * (right or 0)))

    found = _shortest(nodes, wish, fewest)
    if wish.most is None or len(found) <= wish.most:
        return found
    return _limited(nodes, wish, best, wish.most)


def _onto(path: Path, right: int | None, score: Score) -> Path:
    return score, path[1] if right is None else (*path[1], right)


def _blur(sharp: Sequence[float], place: int) -> float:
    """How much less sharp a frame is than the sharpest around it, 0..1."""
    sharpest = max(sharp[max(0, place - NEAR) : place + NEAR + 1])
    return max(0.0, 1 - sharp[place] / sharpest - CALM) if sharpest > 0 else 0.0


def _before(nodes: Sequence[int], wish: Wish, place: int | None) -> list[int | None]:
    """What may be the key before ``place``, None being the start of the shot; None for ``place`` is its end."""
    end = len(nodes) if place is None else nodes.index(place)
    found: list[int | None] = []
    for node in reversed(nodes[:end]):
        if place is None or wish.apart(node, place):
            found.append(node)
        if node in wish.fixed:
            return found
    return [*found, None]


def _shortest(nodes: Sequence[int], wish: Wish, extend: Callable[[Path, int | None], Path]) -> tuple[int, ...]:
    best: dict[int | None, Path] = {None: ((0, 0, 0.0), ())}
    for place in [*nodes, None]:
        paths = [extend(best[left], place) for left in _before(nodes, wish, place) if left in best]
        if place is None:
            # A few frames could do without any key, if they were but a moment of a shot.
            return min((path for path in paths if path[1] or not nodes), key=lambda path: path[0])[1]
        if paths:
            best[place] = min(paths, key=lambda path: path[0])
    raise AssertionError("the end is always reached")


def _limited(
    nodes: Sequence[int], wish: Wish, extend: Callable[[Path, int | None], Path], most: int
) -> tuple[int, ...]:
    """The best path of ``most`` keys at most; of the fixed ones alone where they are as many."""
    most = max(most, len(wish.fixed))
    best: dict[int | None, Path] = {None: ((0, 0, 0.0), ())}
    ends: list[Path] = []
    for _ in range(most + 1):
        reached = [extend(best[left], None) for left in _before(nodes, wish, None) if left in best]
        ends += [path for path in reached if path[1]]
        best = {
            place: min(paths, key=lambda path: path[0])
            for place in nodes
            if (paths := [extend(best[left], place) for left in _before(nodes, wish, place) if left in best])
        }
    return min(ends, key=lambda path: path[0])[1]
