"""Keyframes where new information appears, and few of them.

A key explains what it shows. Frames are walked in order; where the keys so far explain too little, and not just for
a moment, a new key is due. It is placed a little later if it then explains the frames around it better: when the new
thing is fully seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from propagate.arrays import Bools, Bytes, Floats
from propagate.flow import FlowEstimator
from stylize.coverage import Motion, View, motion, move_view, no_motion, own_view, proxy, share, weight
from stylize.errors import FrameRangeError

COVERAGE = 0.75

# What is gone after this many frames, a flash or something that whisks by, is not worth a key.
PATIENCE = 3

# How far ahead of the first frame that is explained too little the new key is looked for, and how densely.
AHEAD = 18
STRIDE = 3

# An earlier key is preferred to one that explains the frames ahead better by less than this.
MARGIN = 0.01

# Thresholds tried when there are to be fewer keys than the coverage asks for: the best is found within 0.05.
TRIES = 4


@dataclass(frozen=True)
class Keyframe:
    """frame: its number. reason: in plain words. coverage: share of it that the keys before it explained, 0..1."""

    frame: int
    reason: str
    coverage: float


def given(frames: Sequence[int], keys: Sequence[int], why: str = "asked for") -> list[Keyframe]:
    """Keyframes that a person named, ascending. Raises FrameRangeError for a number that is not in ``frames``."""
    known = set(frames)
    for key in keys:
        if key not in known:
            have = f"the shot has {frames[0]} to {frames[-1]}" if frames else "the shot has no frames"
            raise FrameRangeError(f"keyframe {key} is not a frame to work on: {have}; name one of those")
    return [Keyframe(key, why, 0.0) for key in sorted(set(keys))]


def pick(
    frames: Sequence[int],
    plate: Callable[[int], Bytes],
    *,
    coverage: float = COVERAGE,
    most: int | None = None,
    locked: Sequence[int] = (),
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> list[Keyframe]:
    """Keyframes of one shot, ascending, the locked ones among them.

    frames: the shot's numbers, ascending. plate: the uint8 (H, W, 3) RGB plate of a frame. coverage: weighted share
    of every frame that the keys must explain, 0..1; what moves on its own weighs more. most: at most so many keys,
    locked ones counted; the coverage is then lowered as far as needed, and told. locked: frames that are keys
    already. on_frame: called with each frame when it has been judged, again in each further try.

    Walks once, with a bounded number of small pictures in memory; with ``locked`` also once backward, and keeps 60
    bytes per thousand pixels and frame. With ``most``, TRIES more times if the keys are too many.
    Raises FrameRangeError for a locked frame that is not in ``frames``.
    """
    fixed = {key.frame: key for key in given(frames, locked, why="painted")}
    if not frames:
        return []
    if most is not None and len(fixed) >= most and fixed:
        return list(fixed.values())
    if most == 1:
        return [Keyframe(frames[0], "first frame of the shot; one keyframe was asked for", 0.0)]
    later = _seen_from_later(frames, plate, sorted(fixed), estimate)

    def attempt(least: float, limit: int) -> list[Keyframe]:
        return _Walk(frames, plate, fixed, later, estimate, least, on_frame).keys(limit)

    keys = attempt(coverage, len(frames) if most is None else most)
    return keys if most is None or len(keys) <= most else _fewer(attempt, coverage, most)


def _fewer(attempt: Callable[[float, int], list[Keyframe]], coverage: float, most: int) -> list[Keyframe]:
    """The keys for the highest coverage that ``most`` of them reach; told with the first of them."""
    low, high = 0.0, coverage
    best: list[Keyframe] = []
    for _ in range(TRIES):
        middle = (low + high) / 2
        keys = attempt(middle, most)
        if len(keys) <= most:
            low, best = middle, keys
        else:
            high = middle
    best = best or attempt(low, most)
    told = f"{best[0].reason}; with {most} keyframes at most, {100 * low:.0f} % of every frame is explained"
    return [replace(best[0], reason=told), *best[1:]]


# The walk


@dataclass(frozen=True)
class _Frame:
    """A frame on the way. picture: its proxy. moved: from the frame before. weights: see ``weight``."""

    number: int
    picture: Bytes
    moved: Motion
    weights: Floats


@dataclass(frozen=True)
class _Later:
    """What the next locked key explains. shape: (H, W). bits: by frame, packed."""

    shape: tuple[int, int]
    bits: dict[int, Bytes]

    def explained(self, frame: int) -> Bools:
        """bool (H, W); nothing where no locked key follows."""
        if frame not in self.bits:
            return np.zeros(self.shape, bool)
        count = self.shape[0] * self.shape[1]
        return np.unpackbits(self.bits[frame], count=count).reshape(self.shape).astype(bool)


def _seen_from_later(
    frames: Sequence[int], plate: Callable[[int], Bytes], fixed: Sequence[int], estimate: FlowEstimator
) -> _Later | None:
    """Walks backward from every locked key, to the one before it."""
    if not fixed:
        return None
    bits: dict[int, Bytes] = {}
    key, before, view = None, None, None
    for frame in reversed([frame for frame in frames if frame <= fixed[-1]]):
        picture = proxy(plate(frame))
        if frame in fixed or key is None or before is None or view is None:
            key, view = picture, own_view(picture)
        else:
            view = move_view(view, motion(before, picture, estimate), key, picture, estimate)
        bits[frame] = np.packbits(view.explained)
        before = picture
    return _Later((picture.shape[0], picture.shape[1]), bits)


class _Walk:
    """One walk through the shot for one coverage."""

    def __init__(
        self,
        frames: Sequence[int],
        plate: Callable[[int], Bytes],
        fixed: dict[int, Keyframe],
        later: _Later | None,
        estimate: FlowEstimator,
        least: float,
        on_frame: Callable[[int], None],
    ) -> None:
        self.fixed, self.later, self.estimate, self.least = fixed, later, estimate, least
        self.last = frames[-1]
        self.coming = self._read(frames, plate, on_frame)
        self.held: list[_Frame] = []

    def _read(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], on_frame: Callable[[int], None]
    ) -> Iterator[_Frame]:
        numbers = iter(frames)
        start, picture = frames[0], proxy(plate(next(numbers)))
        second = proxy(plate(frames[1])) if len(frames) > 1 else picture
        # What moves in the first frame is told by the second.
        before = _Frame(start, picture, no_motion(picture), weight(None, motion(second, picture, self.estimate)))
        yield before
        on_frame(start)
        for number in numbers:
            picture = proxy(plate(number))
            moved = motion(before.picture, picture, self.estimate)
            before = _Frame(number, picture, moved, weight(before.weights, moved))
            yield before
            on_frame(number)

    def _ahead(self, count: int) -> list[_Frame]:
        """The next ``count`` frames that are not judged yet, fewer at the end."""
        while len(self.held) < count:
            frame = next(self.coming, None)
            if frame is None:
                break
            self.held.append(frame)
        return self.held[:count]

    def keys(self, limit: int) -> list[Keyframe]:
        """All keys, ascending; no more than the first ``limit + 1``, which tell that there are too many."""
        found: list[Keyframe] = []
        key: _Frame | None = None
        view: View | None = None
        while self._ahead(1) and len(found) <= limit:
            frame = self.held[0]
            if key is not None and view is not None:
                view = move_view(view, frame.moved, key.picture, frame.picture, self.estimate)
            if frame.number in self.fixed:
                found.append(self.fixed[frame.number])
            elif share(self._explained(frame.number, view), frame.weights) >= self.least or not self._lasts(key, view):
                self.held.pop(0)
                continue
            else:
                frame, reason = self._new_key(key, view)
                found.append(reason)
            key, view = frame, own_view(frame.picture)
            self.held = [other for other in self.held if other.number > frame.number]
        return found

    def _explained(self, number: int, view: View | None) -> Bools:
        """Where the key before or a locked key behind explains the frame: bool (H, W)."""
        nothing = np.zeros(self.held[0].picture.shape[:2], bool)
        seen = nothing if view is None else view.explained
        return seen if self.later is None else seen | self.later.explained(number)

    def _lasts(self, key: _Frame | None, view: View | None) -> bool:
        """Whether the frames behind the first held one are explained too little as well."""
        if key is None or view is None:
            return True
        behind = self._ahead(1 + PATIENCE)[1:]
        for frame in behind:
            view = move_view(view, frame.moved, key.picture, frame.picture, self.estimate)
            if frame.number in self.fixed or share(self._explained(frame.number, view), frame.weights) >= self.least:
                return False
        return len(behind) == PATIENCE

    def _new_key(self, key: _Frame | None, view: View | None) -> tuple[_Frame, Keyframe]:
        """The best frame for a key among the next ones; view: of the first held frame, from the key before."""
        first = self.held[0]
        if key is None or view is None:
            why = "first frame of the shot" if not self.fixed else "the painted keys do not show it"
            return first, Keyframe(first.number, why, share(self._explained(first.number, view), first.weights))
        samples = self._samples()
        seen = [
            self._explained(frame.number, shown)
            for frame, shown in zip(samples, self._along(key, view, samples), strict=True)
        ]
        scores = [self._score(index, samples, seen) for index in range(len(samples))]
        chosen = next(index for index, score in enumerate(scores) if score >= max(scores) - MARGIN)
        frame = samples[chosen]
        return frame, Keyframe(frame.number, _reason(~seen[chosen]), share(seen[chosen], frame.weights))

    def _samples(self) -> list[_Frame]:
        """The frames ahead, thinned, as far as the next locked key."""
        ahead = self._ahead(AHEAD + 1)
        locked = [index for index, frame in enumerate(ahead) if frame.number in self.fixed]
        return ahead[: locked[0] if locked else None : STRIDE]

    def _along(self, key: _Frame, view: View, samples: Sequence[_Frame]) -> list[View]:
        """The views of all samples from ``key``; view: of the first of them."""
        views = [view]
        for before, after in pairwise(samples):
            moved = motion(before.picture, after.picture, self.estimate)
            views.append(move_view(views[-1], moved, key.picture, after.picture, self.estimate))
        return views

    def _score(self, index: int, samples: Sequence[_Frame], seen: Sequence[Bools]) -> float:
        """How well the frames ahead are explained by the key before, as ``seen``, and one more at ``index``."""
        key = samples[index]
        behind = self._along(key, own_view(key.picture), samples[index::-1])[:0:-1]
        ahead = self._along(key, own_view(key.picture), samples[index:])
        total = 0.0
        for frame, view, known in zip(samples, [*behind, *ahead], seen, strict=True):
            explained = share(view.explained | known, frame.weights)
            total += explained - 2 * max(0.0, self.least - explained)
        return total / len(samples)


def _reason(new: Bools) -> str:
    """new: bool (H, W), what the keys before do not explain."""
    ys, xs = np.nonzero(new)
    if not len(xs):
        return "too little was explained before it"
    height, width = new.shape
    across = _third(float(xs.mean()) / width, ("left", "middle", "right"))
    down = _third(float(ys.mean()) / height, ("top", "middle", "bottom"))
    where = across if down == "middle" else down if across == "middle" else f"{down} {across}"
    return f"{100 * new.mean():.0f} % of the picture is new (mostly {where})"


def _third(place: float, names: tuple[str, str, str]) -> str:
    return names[0] if place < 0.4 else names[1] if place < 0.6 else names[2]
