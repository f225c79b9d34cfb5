"""Keyframes where new information appears, and few of them.

A key explains what it shows. Frames are walked in order; where the keys so far explain too little, and not just for
a moment, a new key is due. It is placed a little later if it then explains the frames around it better: when the new
thing is fully seen.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.flow import FlowEstimator
from stylize.coverage import Motion, View, motion, move_view, no_motion, own_view, proxy, share, weight
from stylize.errors import FrameRangeError

Halves = NDArray[np.float16]
Attention = Callable[[int], Floats]

COVERAGE = 0.75

# Side in pixels of the cells that explained masks are kept in.
CELL = 4

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
    """One key and why it is one.

    frame: its number. reason: in plain words. coverage: weighted share of it that the other keys explain, 0..1.
    gained: what this key adds to the mean coverage of the shot, 0..1.
    """

    frame: int
    reason: str
    coverage: float
    gained: float = 0.0


@dataclass(frozen=True)
class Picked:
    """Keyframes, and what they explain.

    keyframes: ascending. coverage: of every frame of the shot, the weighted share that the keys explain, 0..1.
    new: at every key, float32 (h, w) in [0, 1] at the size of ``proxy``: what the keys before it do not explain,
    weighted by how much it counts.
    """

    keyframes: tuple[Keyframe, ...]
    coverage: Mapping[int, float] = field(default_factory=dict)
    new: Mapping[int, Floats] = field(default_factory=dict)


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
    dropped: Sequence[int] = (),
    min_gap: int = 1,
    attention: Attention | None = None,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """Keyframes of one shot, the locked ones among them.

    frames: the shot's numbers, ascending. plate: the uint8 (H, W, 3) RGB plate of a frame. coverage: weighted share
    of every frame that the keys must explain, 0..1; what moves on its own weighs more. most: at most so many keys,
    locked ones counted; the coverage is then lowered as far as needed. locked: frames that are keys already.
    dropped: frames that must not be keys. min_gap: least frames from a picked key to any other key.
    attention: float32 (H, W) in [0, 1] of a frame; only what is inside counts. on_frame: called with each frame when
    it has been judged.
    Raises FrameRangeError for a locked or dropped frame that is not in ``frames``, and one that is both.
    """
    fixed = {key.frame: key for key in given(frames, locked, why="painted")}
    barred = {key.frame for key in given(frames, dropped)}
    if fixed.keys() & barred:
        raise FrameRangeError(f"frame {min(fixed.keys() & barred)} is to be a key and to be none; name it once")
    if not frames:
        return Picked(())
    near = {frame for key in fixed for frame in frames if abs(frame - key) < min_gap}
    free = frozenset(frames) - near - barred
    shot = _Shot(frames, plate, attention, estimate, on_frame)
    keys = list(fixed.values())
    if free and (most is None or len(fixed) < most):
        keys = _picked(shot, coverage, most, fixed, _Free(free, min_gap))
        shot = replace(shot, on_frame=lambda frame: None)
    return _explain(shot, keys)


def explain(
    frames: Sequence[int],
    plate: Callable[[int], Bytes],
    keys: Sequence[Keyframe],
    *,
    attention: Attention | None = None,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """What keys explain that a person chose; arguments as of ``pick``. Reasons stay, figures are filled in.

    Raises FrameRangeError for a key that is not in ``frames``.
    """
    given(frames, [key.frame for key in keys])
    if not frames:
        return Picked(())
    return _explain(_Shot(frames, plate, attention, estimate, on_frame), keys)


@dataclass(frozen=True)
class _Shot:
    """What is looked at; see ``pick``."""

    frames: Sequence[int]
    plate: Callable[[int], Bytes]
    attention: Attention | None
    estimate: FlowEstimator
    on_frame: Callable[[int], None]

    def counting(self, frame: int, weights: Floats) -> Floats:
        """The weights of a frame inside of what is attended to."""
        if self.attention is None:
            return weights
        height, width = weights.shape
        mask = cv2.resize(self.attention(frame), (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(weights * mask, F32)


@dataclass(frozen=True)
class _Free:
    """Which frames may become keys. gap: least frames between one and the key before."""

    frames: frozenset[int]
    gap: int

    def allows(self, frame: int, key: int | None) -> bool:
        return frame in self.frames and (key is None or frame - key >= self.gap)


def _picked(shot: _Shot, coverage: float, most: int | None, fixed: dict[int, Keyframe], free: _Free) -> list[Keyframe]:
    if most == 1:
        return [Keyframe(min(free.frames), "first frame of the shot; one keyframe was asked for", 0.0)]
    later = _seen_from_later(shot.frames, shot.plate, sorted(fixed), shot.estimate)

    def attempt(least: float, limit: int) -> list[Keyframe]:
        return _Walk(shot, fixed, free, later, least).keys(limit)

    keys = attempt(coverage, len(shot.frames) if most is None else most)
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


# What keys explain


@dataclass
class _Sight:
    """What keys explain on one way through the shot, each of them as far as two keys on.

    seen: by frame and key, packed, see ``_pack``. whole: by key frame and key, bool (H, W), at full size.
    weights: by frame, float16 (h, w).
    """

    seen: dict[int, dict[int, Bytes]] = field(default_factory=dict)
    whole: dict[int, dict[int, Bools]] = field(default_factory=dict)
    weights: dict[int, Halves] = field(default_factory=dict)
    full: dict[int, Floats] = field(default_factory=dict)


def _sight(shot: _Shot, keys: Collection[int]) -> _Sight:
    found = _Sight()
    views: dict[int, tuple[Bytes, View]] = {}
    for frame in _frames(shot):
        for key, (picture, view) in views.items():
            views[key] = picture, move_view(view, frame.moved, picture, frame.picture, shot.estimate)
        if frame.number in keys:
            views = dict([*views.items()][-1:]) | {frame.number: (frame.picture, own_view(frame.picture))}
            found.whole[frame.number] = {key: view.explained for key, (_, view) in views.items()}
            found.full[frame.number] = frame.weights
        found.seen[frame.number] = {key: _pack(view.explained) for key, (_, view) in views.items()}
        found.weights[frame.number] = _coarse(frame.weights).astype(np.float16)
    return found


def _explain(shot: _Shot, keys: Sequence[Keyframe]) -> Picked:
    """The figures of keys: of each frame, what the keys around it explain."""
    numbers = sorted(key.frame for key in keys)
    onward = _sight(shot, numbers)
    back = _sight(replace(shot, frames=shot.frames[::-1], on_frame=lambda frame: None), numbers)
    coverage: dict[int, float] = {}
    without: dict[int, dict[int, float]] = {key: {} for key in numbers}
    for frame in shot.frames:
        seen = onward.seen[frame] | back.seen[frame]
        weights = onward.weights[frame].astype(F32)
        coverage[frame] = _share(seen.values(), weights)
        for key in seen:
            without[key][frame] = _share([bits for other, bits in seen.items() if other != key], weights)
    gained = {
        key: sum(coverage[frame] - share for frame, share in shares.items()) / len(shot.frames)
        for key, shares in without.items()
    }
    told = [
        replace(key, coverage=without[key.frame][key.frame], gained=gained[key.frame])
        for key in sorted(keys, key=lambda key: key.frame)
    ]
    return Picked(tuple(told), coverage, {key: _new(onward, key) for key in numbers})


def _new(onward: _Sight, key: int) -> Floats:
    """What the keys before ``key`` do not explain of it."""
    seen = [mask for other, mask in onward.whole[key].items() if other != key]
    weights = onward.full[key]
    fresh = ~np.logical_or.reduce([np.zeros(weights.shape, bool), *seen])
    return np.asarray(fresh * weights / max(float(weights.max()), 1e-9), F32)


def _coarse(picture: Floats) -> Floats:
    height, width = picture.shape
    return np.asarray(cv2.resize(picture, _grid_size(width, height), interpolation=cv2.INTER_AREA), F32)


def _grid_size(width: int, height: int) -> tuple[int, int]:
    return max(1, width // CELL), max(1, height // CELL)


def _pack(explained: Bools) -> Bytes:
    """A bit for each cell: whether most of it is explained."""
    return np.packbits(_coarse(explained.astype(F32)) >= 0.5)


def _share(seen: Collection[Bytes], weights: Floats) -> float:
    """What packed masks explain together, weighted, 0..1."""
    together = np.bitwise_or.reduce([np.zeros((weights.size + 7) // 8, U8), *seen])
    return share(np.unpackbits(together, count=weights.size).reshape(weights.shape).astype(bool), weights)


# The walk


@dataclass(frozen=True)
class _Frame:
    """A frame on the way. picture: its proxy. moved: from the frame before. weights: see ``weight``."""

    number: int
    picture: Bytes
    moved: Motion
    weights: Floats


def _frames(shot: _Shot) -> Iterator[_Frame]:
    """All frames of a shot, in its order."""
    numbers = iter(shot.frames)
    start, picture = shot.frames[0], proxy(shot.plate(next(numbers)))
    second = proxy(shot.plate(shot.frames[1])) if len(shot.frames) > 1 else picture
    # What moves in the first frame is told by the second.
    bare = weight(None, motion(second, picture, shot.estimate))
    before = _Frame(start, picture, no_motion(picture), shot.counting(start, bare))
    yield before
    shot.on_frame(start)
    for number in numbers:
        picture = proxy(shot.plate(number))
        moved = motion(before.picture, picture, shot.estimate)
        bare = weight(bare, moved)
        before = _Frame(number, picture, moved, shot.counting(number, bare))
        yield before
        shot.on_frame(number)


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
        self, shot: _Shot, fixed: dict[int, Keyframe], free: _Free, later: _Later | None, least: float
    ) -> None:
        self.fixed, self.free, self.later, self.estimate, self.least = fixed, free, later, shot.estimate, least
        self.coming = _frames(shot)
        self.held: list[_Frame] = []

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
            elif not self._due(frame, key, view, found):
                self.held.pop(0)
                continue
            else:
                frame, reason = self._new_key(key, view)
                found.append(reason)
            key, view = frame, own_view(frame.picture)
            self.held = [other for other in self.held if other.number > frame.number]
        return found

    def _due(self, frame: _Frame, key: _Frame | None, view: View | None, found: Sequence[Keyframe]) -> bool:
        if not self.free.allows(frame.number, found[-1].frame if found else None):
            return False
        enough = share(self._explained(frame.number, view), frame.weights) >= self.least
        return not enough and self._lasts(key, view)

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
        return [frame for frame in ahead[: locked[0] if locked else None : STRIDE] if frame.number in self.free.frames]

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
