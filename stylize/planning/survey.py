"""What each of a few candidates for keys shows of every frame around it: once forward, once backward.

Candidates are frames where something is seen that no other candidate near explains wholly. Each is followed until it
explains next to nothing, so that the work for a frame is bounded whatever the length of the shot.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.flow import FlowEstimator
from stylize.planning import eye_opening
from stylize.planning.blends import REACH, blended, sharpness
from stylize.planning.coverage import (
    NOTHING,
    Look,
    Motion,
    View,
    look,
    motion,
    move_view,
    own_view,
    proxy,
    subject,
    unexplained,
    weighed,
    weight,
)

# Side in pixels of a look of the cells that misfit is kept in, and the levels of it that are told apart: 4 bits each.
CELL = 4
LEVELS = 15

# A frame is a candidate where the best of those before explains less than this of it; not more often than every so
# many frames.
ENOUGH = 0.975
SPACING = 3
# Where at least this share is explained, eyes that are not may be what is new.
MOST = 0.9
# After so many frames without a candidate, the last one before something new is seen is one too.
REST = 6

# So many frames behind a blend, the last trace of the other picture is gone.
MIXED = 2

# A view ends when it has explained less than this for so many frames; and the poorest one where there are too many.
LITTLE, HOPE = 0.15, 8
MOST_VIEWS = 16

Attention = Callable[[int], Floats]


@dataclass(frozen=True)
class Shot:
    """What is looked at.

    frames: its numbers, ascending. plate: uint8 (H, W, 3) RGB of a frame. attention: float32 (H, W) in [0, 1] of a
    frame, only what is inside counts; None for all. on_frame: called with each frame when it has been looked at.
    """

    frames: Sequence[int]
    plate: Callable[[int], Bytes]
    attention: Attention | None
    estimate: FlowEstimator
    on_frame: Callable[[int], None]


@dataclass(frozen=True)
class Survey:
    """What candidates show, by position in the shot, counted from 0.

    size: width and height of a proxy. cells: width and height of the grid that misfit is kept in. candidates:
    ascending. onward, back: of a frame, what each candidate before and behind it shows, see ``pack``. weights: of
    every frame, float32 (cells,), together 1, all 0 where nothing counts. sharp: of every frame, see ``sharpness``.
    exempt: frames that are a blend of two pictures, and need not be explained.
    """

    size: tuple[int, int]
    cells: tuple[int, int]
    candidates: list[int]
    onward: list[dict[int, Bytes]]
    back: list[dict[int, Bytes]]
    weights: list[Floats]
    sharp: list[float]
    exempt: frozenset[int]

    def misfit(self, packed: Bytes) -> Floats:
        """See ``unpack``."""
        return unpack(packed, self.cells[0] * self.cells[1])


def pack(misfit: Floats) -> Bytes:
    """Two cells a byte. misfit: float32 (cells,), 0 to NOTHING."""
    levels = np.rint(misfit * F32(LEVELS / NOTHING)).astype(U8)
    if levels.size % 2:
        levels = np.append(levels, U8(0))
    return np.asarray(levels[::2] << 4 | levels[1::2], U8)


def unpack(packed: Bytes, count: int) -> Floats:
    """The inverse of ``pack``, to a half of a level."""
    levels = np.empty(2 * packed.size, F32)
    levels[::2], levels[1::2] = packed >> 4, packed & 15
    return levels[:count] * F32(NOTHING / LEVELS)


@dataclass(frozen=True)
class _Frame:
    """place: in the shot. picture: its proxy. moved: from the frame looked at before; None for the first."""

    place: int
    picture: Bytes
    look: Look
    moved: Motion | None


def survey(shot: Shot, fixed: Sequence[int], allowed: Callable[[int], bool] | None) -> Survey:
    """Looks at all frames twice, with a few small pictures in memory; keeps some 20 bytes a cell and frame at most.

    fixed: positions that are candidates whatever they show. allowed: which others may be; None for no others.
    """
    onward = _Onward(shot, set(fixed), allowed)
    onward.walk()
    if not onward.candidates and allowed is not None:
        # All is blended, or dropped but for what is blended.
        free = [place for place in range(len(shot.frames)) if allowed(place)]
        onward = _Onward(shot, set(free[:1]), None)
        onward.walk()
    back = _back(shot, onward.candidates, fixed, onward.weights)
    return Survey(
        onward.size, onward.cells, onward.candidates, onward.seen, back, onward.weights, onward.sharp,
        frozenset(onward.exempt),
    )  # fmt: skip


@dataclass
class _Views:
    """The candidates that are being followed, on one way. kept: those that stay whatever they show."""

    estimate: FlowEstimator
    kept: Collection[int]
    views: dict[int, tuple[Look, View]] = field(default_factory=dict)
    poor: dict[int, int] = field(default_factory=dict)

    def follow(self, frame: _Frame) -> None:
        """To the next frame."""
        if frame.moved is not None:
            for place, (key, view) in self.views.items():
                self.views[place] = key, move_view(view, frame.moved, key, frame.look, self.estimate)

    def add(self, frame: _Frame) -> None:
        """The frame becomes a candidate."""
        if frame.place in self.kept:
            # Two keys on, a key has nothing more to say.
            for place in [place for place in self.views if place in self.kept][:-1]:
                del self.views[place]
        self.views[frame.place] = frame.look, own_view(frame.look)

    def thin(self, shares: Mapping[int, float]) -> None:
        """Ends views that show too little. shares: of the frame, what each explains."""
        for place, share in shares.items():
            self.poor[place] = self.poor.get(place, 0) + 1 if share < LITTLE else 0
            if self.poor[place] > HOPE and place not in self.kept:
                del self.views[place]
        free = [place for place in self.views if place not in self.kept]
        for place in sorted(free, key=lambda place: shares.get(place, 1.0))[: max(0, len(free) - MOST_VIEWS)]:
            del self.views[place]


class _Onward:
    """The first walk, on which candidates are chosen."""

    def __init__(self, shot: Shot, fixed: Collection[int], allowed: Callable[[int], bool] | None) -> None:
        self.shot, self.fixed, self.allowed = shot, fixed, allowed
        self.views = _Views(shot.estimate, fixed)
        self.candidates: list[int] = []
        self.seen: list[dict[int, Bytes]] = []
        self.weights: list[Floats] = []
        self.sharp: list[float] = []
        self.exempt: set[int] = set()
        self.chosen: int | None = None
        self.last: _Frame | None = None

    def walk(self) -> None:
        moving: Floats | None = None
        for before, frame, ahead in _with_surroundings(_frames(self.shot, range(len(self.shot.frames)))):
            if moving is None:
                self.size, self.cells = frame.picture.shape[1::-1], _cells(frame.look)
                # What moves in the first frame is told by the second.
                first = motion(ahead[0].picture, frame.picture, self.shot.estimate) if ahead else None
                moving = subject(None, first) if first else np.zeros_like(frame.look.limit)
            elif frame.moved is not None:
                moving = subject(moving, frame.moved)
            self._look(before, frame, ahead, weight(frame.look, moving))
            self.shot.on_frame(self.shot.frames[frame.place])

    def _look(self, before: Sequence[_Frame], frame: _Frame, ahead: Sequence[_Frame], weights: Floats) -> None:
        self.views.follow(frame)
        self.sharp.append(sharpness(frame.picture, weights))
        if before and ahead and _blended(before[0], frame, ahead[-1], self.shot.estimate):
            self.exempt.add(frame.place)
        self.weights.append(_weights(self.shot, frame, weights, self.cells))
        if self.chosen is not None and frame.place in self.exempt:
            self.chosen = None
        if self._free(frame):
            kept = _kept(self.views, self.cells)
            share = max(shares(kept, self.weights[-1]).values(), default=0.0)
            lacking = self._eyes(kept) if share >= MOST else np.zeros(0, bool)
            if lacking.any():
                # By now the frame before has them half open: it is no good as a key.
                self.chosen = self._widest(frame, ahead, lacking)
            elif share < ENOUGH:
                self._rest(frame)
                self.chosen = self._sharpest(frame, ahead[: SPACING - 1], weights)
        if frame.place in self.fixed or frame.place == self.chosen:
            self.candidates.append(frame.place)
            self.views.add(frame)
        self.seen.append(_kept(self.views, self.cells))
        self.views.thin(shares(self.seen[-1], self.weights[-1]))
        self.last = frame

    def _rest(self, frame: _Frame) -> None:
        """Makes the frame before a candidate where it is the last of many that showed nothing new.

        Nothing shows better what was there before the change, and nothing moves in it yet.
        """
        last = self.last
        if last is None or frame.moved is None or self.allowed is None or not self.allowed(last.place):
            return
        mixed = self.exempt & set(range(last.place - MIXED, frame.place + 1))
        if mixed or (self.candidates and last.place - self.candidates[-1] < REST):
            return
        self.candidates.append(last.place)
        own = own_view(last.look)
        self.seen[-1][last.place] = _packed(own, self.cells)
        moved = move_view(own, frame.moved, last.look, frame.look, self.shot.estimate)
        self.views.views[last.place] = last.look, moved

    def _free(self, frame: _Frame) -> bool:
        """Whether a candidate may be chosen from here on."""
        waiting = self.chosen is not None and self.chosen > frame.place
        soon = bool(self.candidates) and frame.place - self.candidates[-1] < SPACING
        return self.allowed is not None and not waiting and not soon and frame.place not in self.fixed

    def _eyes(self, kept: Mapping[int, Bytes]) -> Bools:
        """Cells with eyes, or the like, that none of the candidates shows: bool (height, width) of the grid."""
        weights = self.weights[-1]
        seen = [unpack(packed, weights.size) for packed in kept.values()]
        return eye_opening.lacking(np.array(seen, F32).reshape(-1, weights.size), weights, self.cells)

    def _keyable(self, frames: Sequence[_Frame]) -> list[_Frame]:
        """Those that may be keys."""
        assert self.allowed is not None
        near = [one for one in frames if self.allowed(one.place)]
        return [one for one in near if not self.exempt & set(range(one.place - MIXED, one.place + 1))]

    def _sharpest(self, frame: _Frame, ahead: Sequence[_Frame], weights: Floats) -> int | None:
        """The sharpest that may be a key; an early one is preferred."""
        near = self._keyable([frame, *ahead])
        if not near:
            return None
        sharp = [sharpness(one.picture, weights) for one in near]
        return next(one.place for one, found in zip(near, sharp, strict=True) if found >= 0.9 * max(sharp))

    def _widest(self, frame: _Frame, ahead: Sequence[_Frame], lacking: Bools) -> int | None:
        """The one with the most open eyes: with the most contrast where they are. lacking: see ``_eyes``."""
        near = self._keyable([frame, *ahead])
        return max(near, key=lambda one: _contrast(one, self.cells, lacking)).place if near else None


def _contrast(frame: _Frame, cells: tuple[int, int], where: Bools) -> float:
    return float(cv2.resize(frame.look.limit, cells, interpolation=cv2.INTER_AREA)[where].mean())


def _blended(before: _Frame, frame: _Frame, behind: _Frame, estimate: FlowEstimator) -> bool:
    return blended(before.look.picture, frame.look.picture, behind.look.picture, estimate)


def shares(seen: Mapping[int, Bytes], weights: Floats) -> dict[int, float]:
    """What each candidate explains alone of one frame, weighted, 0..1."""
    if not seen:
        return {}
    count = weights.size
    gone = weighed(np.array([unexplained(unpack(packed, count)) for packed in seen.values()]), weights)
    return dict(zip(seen, (1 - gone).tolist(), strict=True))


def _back(
    shot: Shot, candidates: Sequence[int], fixed: Collection[int], weights: Sequence[Floats]
) -> list[dict[int, Bytes]]:
    """The second walk, from the last frame to the first."""
    views, chosen = _Views(shot.estimate, fixed), set(candidates)
    seen: list[dict[int, Bytes]] = []
    for frame in _frames(shot, range(len(shot.frames) - 1, -1, -1)):
        views.follow(frame)
        if frame.place in chosen:
            views.add(frame)
        kept = _kept(views, _cells(frame.look))
        seen.append(kept)
        views.thin(shares(kept, weights[frame.place]))
    return seen[::-1]


def _frames(shot: Shot, places: Sequence[int]) -> Iterator[_Frame]:
    before: Bytes | None = None
    for place in places:
        picture = proxy(shot.plate(shot.frames[place]))
        moved = None if before is None else motion(before, picture, shot.estimate)
        yield _Frame(place, picture, look(picture), moved)
        before = picture


def _with_surroundings(frames: Iterator[_Frame]) -> Iterator[tuple[list[_Frame], _Frame, list[_Frame]]]:
    """Each frame with those up to REACH before it and behind it."""
    before: deque[_Frame] = deque(maxlen=REACH)
    ahead: deque[_Frame] = deque()
    for frame in frames:
        ahead.append(frame)
        if len(ahead) > REACH:
            now = ahead.popleft()
            yield list(before), now, list(ahead)
            before.append(now)
    while ahead:
        now = ahead.popleft()
        yield list(before), now, list(ahead)
        before.append(now)


def _cells(frame: Look) -> tuple[int, int]:
    height, width = frame.limit.shape
    return max(1, width // CELL), max(1, height // CELL)


def _kept(views: _Views, cells: tuple[int, int]) -> dict[int, Bytes]:
    return {place: _packed(view, cells) for place, (_, view) in views.views.items()}


def _packed(view: View, cells: tuple[int, int]) -> Bytes:
    return pack(cv2.resize(view.misfit, cells, interpolation=cv2.INTER_AREA).ravel())


def _weights(shot: Shot, frame: _Frame, weights: Floats, cells: tuple[int, int]) -> Floats:
    if shot.attention is not None:
        height, width = weights.shape
        mask = shot.attention(shot.frames[frame.place])
        weights = weights * cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(weights, cells, interpolation=cv2.INTER_AREA).ravel()
    total = float(coarse.sum())
    return np.asarray(coarse / total if total > 0 else np.zeros_like(coarse), F32)
