"""Survey of how much a few candidates for keys show of the frames around them: a forward and a backward pass.

Candidates are frames with content that no other nearby candidate fully covers. Each one is followed until it covers
next to nothing, so that the work per frame is bounded whatever the length of the shot.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.flow import FlowEstimator
from stylize.planning import eye_opening
from stylize.planning.blends import REACH, is_blend, sharpness
from stylize.planning.coverage import (
    MAX_RESIDUAL,
    Motion,
    Thumbnail,
    View,
    motion,
    move_view,
    own_view,
    proxy,
    subject,
    thumbnail,
    uncovered,
    weight,
    weighted_sum,
)

# Side in thumbnail pixels of the cells in which residual is stored, and the highest level of its quantisation: 4 bits
# each.
CELL = 4
LEVELS = 15

# A frame becomes a candidate if every previous candidate covers less than this of it; at most once every MIN_SPACING
# frames.
ENOUGH_COVERAGE = 0.975
MIN_SPACING = 3
# From this coverage on, uncovered eyes may be the new content.
EYE_COVERAGE = 0.9
# After this many frames without a candidate, the last frame before new content appears becomes one too.
REST_FRAMES = 6

# Number of frames after a blend that may still show traces of the other picture.
BLEND_TRAIL = 2

# A view ends once it has covered less than this for more than MAX_POOR_FRAMES frames. Above MAX_VIEWS the poorest end.
POOR_COVERAGE, MAX_POOR_FRAMES = 0.15, 8
MAX_VIEWS = 16

Attention = Callable[[int], Floats]


@dataclass(frozen=True)
class SurveySource:
    """Input of a survey.

    frames: its numbers, ascending. plate: uint8 (H, W, 3) RGB of a frame. attention: float32 (H, W) in [0, 1] of a
    frame, only the inside counts; None for all. on_frame: called with each frame after the forward pass has visited it.
    """

    frames: Sequence[int]
    plate: Callable[[int], Bytes]
    attention: Attention | None
    estimate: FlowEstimator
    on_frame: Callable[[int], None]


@dataclass(frozen=True)
class Survey:
    """Result of a survey, by position in the shot, counted from 0.

    size: width and height of a proxy. cells: width and height of the grid in which residual is stored. candidates:
    ascending. forward, backward: of every frame, the residual of each candidate before and after it, see ``pack``.
    weights: of every frame, float32 (cells,), which sum to 1, or all 0 where nothing counts. sharp: of every frame, see
    ``sharpness``. exempt: frames that are a blend of two pictures, and need not be covered.
    """

    size: tuple[int, int]
    cells: tuple[int, int]
    candidates: list[int]
    forward: list[dict[int, Bytes]]
    backward: list[dict[int, Bytes]]
    weights: list[Floats]
    sharp: list[float]
    exempt: frozenset[int]

    def residual(self, packed: Bytes) -> Floats:
        """Return the unpacked residual; see ``unpack``."""
        return unpack(packed, self.cells[0] * self.cells[1])


def pack(residual: Floats) -> Bytes:
    """Pack residual into two cells per byte. residual: float32 (cells,), 0 to MAX_RESIDUAL."""
    levels = np.rint(residual * F32(LEVELS / MAX_RESIDUAL)).astype(U8)
    if levels.size % 2:
        levels = np.append(levels, U8(0))
    return np.asarray(levels[::2] << 4 | levels[1::2], U8)


def unpack(packed: Bytes, count: int) -> Floats:
    """Invert ``pack``, with an error of at most half a level."""
    levels = np.empty(2 * packed.size, F32)
    levels[::2], levels[1::2] = packed >> 4, packed & 15
    return levels[:count] * F32(MAX_RESIDUAL / LEVELS)


@dataclass(frozen=True)
class _Frame:
    """One frame. place: in the shot. picture: its proxy. moved: from the frame visited before; None for the first."""

    place: int
    picture: Bytes
    thumbnail: Thumbnail
    moved: Motion | None


def survey_shot(shot: SurveySource, fixed: Sequence[int], allowed: Callable[[int], bool] | None) -> Survey:
    """Survey all frames in two passes. Holds a few small pictures, and at most some 20 bytes per cell and frame.

    fixed: positions that are always candidates. allowed: whether another position may be one; None for no others.
    """
    forward = _ForwardPass(shot, set(fixed), allowed)
    forward.run()
    if not forward.candidates and allowed is not None:
        # Every allowed frame is a blend.
        free = [place for place in range(len(shot.frames)) if allowed(place)]
        forward = _ForwardPass(shot, set(free[:1]), None)
        forward.run()
    backward = _backward_pass(shot, forward.candidates, fixed, forward.weights)
    return Survey(
        forward.size, forward.cells, forward.candidates, forward.residuals, backward, forward.weights, forward.sharp,
        frozenset(forward.exempt),
    )  # fmt: skip


@dataclass
class _Views:
    """Views of the followed candidates in one direction. fixed: candidates that stay whatever they show."""

    estimate: FlowEstimator
    fixed: Collection[int]
    views: dict[int, tuple[Thumbnail, View]] = field(default_factory=dict)
    poor_frames: dict[int, int] = field(default_factory=dict)

    def follow(self, frame: _Frame) -> None:
        """Move all views to the next frame."""
        if frame.moved is not None:
            for place, (key, view) in self.views.items():
                self.views[place] = key, move_view(view, frame.moved, key, frame.thumbnail, self.estimate)

    def add(self, frame: _Frame) -> None:
        """Add the frame as a candidate."""
        if frame.place in self.fixed:
            # A key has no effect beyond the key after the next one.
            for place in [place for place in self.views if place in self.fixed][:-1]:
                del self.views[place]
        self.views[frame.place] = frame.thumbnail, own_view(frame.thumbnail)

    def drop_poor(self, shares: Mapping[int, float]) -> None:
        """End views that cover too little. shares: of the frame, the coverage by each."""
        for place, share in shares.items():
            self.poor_frames[place] = self.poor_frames.get(place, 0) + 1 if share < POOR_COVERAGE else 0
            if self.poor_frames[place] > MAX_POOR_FRAMES and place not in self.fixed:
                del self.views[place]
        free = [place for place in self.views if place not in self.fixed]
        for place in sorted(free, key=lambda place: shares.get(place, 1.0))[: max(0, len(free) - MAX_VIEWS)]:
            del self.views[place]


class _ForwardPass:
    """First pass, in which candidates are chosen."""

    def __init__(self, shot: SurveySource, fixed: Collection[int], allowed: Callable[[int], bool] | None) -> None:
        self.shot, self.fixed, self.allowed = shot, fixed, allowed
        self.views = _Views(shot.estimate, fixed)
        self.candidates: list[int] = []
        self.residuals: list[dict[int, Bytes]] = []
        self.weights: list[Floats] = []
        self.sharp: list[float] = []
        self.exempt: set[int] = set()
        self.next_candidate: int | None = None
        self.last: _Frame | None = None

    def run(self) -> None:
        moving: Floats | None = None
        for before, frame, after in _with_surroundings(_frames(self.shot, range(len(self.shot.frames)))):
            if moving is None:
                self.size, self.cells = frame.picture.shape[1::-1], _cells(frame.thumbnail)
                # The motion in the first frame follows from the second.
                first = motion(after[0].picture, frame.picture, self.shot.estimate) if after else None
                moving = subject(None, first) if first else np.zeros_like(frame.thumbnail.tolerance)
            elif frame.moved is not None:
                moving = subject(moving, frame.moved)
            self._visit(before, frame, after, weight(frame.thumbnail, moving))
            self.shot.on_frame(self.shot.frames[frame.place])

    def _visit(self, before: Sequence[_Frame], frame: _Frame, after: Sequence[_Frame], weights: Floats) -> None:
        self.views.follow(frame)
        self.sharp.append(sharpness(frame.picture, weights))
        if before and after and _is_blend(before[0], frame, after[-1], self.shot.estimate):
            self.exempt.add(frame.place)
        self.weights.append(_weights(self.shot, frame, weights, self.cells))
        if self.next_candidate is not None and frame.place in self.exempt:
            self.next_candidate = None
        if self._may_choose(frame):
            packed = _packed_views(self.views, self.cells)
            share = max(shares(packed, self.weights[-1]).values(), default=0.0)
            missed_eyes = self._missed_eyes(packed) if share >= EYE_COVERAGE else np.zeros(0, bool)
            if missed_eyes.any():
                # The previous frame shows them half open, which makes a poor key.
                self.next_candidate = self._most_open(frame, after, missed_eyes)
            elif share < ENOUGH_COVERAGE:
                self._add_rest_candidate(frame)
                self.next_candidate = self._sharpest(frame, after[: MIN_SPACING - 1], weights)
        if frame.place in self.fixed or frame.place == self.next_candidate:
            self.candidates.append(frame.place)
            self.views.add(frame)
        self.residuals.append(_packed_views(self.views, self.cells))
        self.views.drop_poor(shares(self.residuals[-1], self.weights[-1]))
        self.last = frame

    def _add_rest_candidate(self, frame: _Frame) -> None:
        """Make the previous frame a candidate if it is the last of many without new content.

        No frame shows the content before the change better, and nothing moves in it yet.
        """
        last = self.last
        if last is None or frame.moved is None or self.allowed is None or not self.allowed(last.place):
            return
        blend_trail = self.exempt & set(range(last.place - BLEND_TRAIL, frame.place + 1))
        if blend_trail or (self.candidates and last.place - self.candidates[-1] < REST_FRAMES):
            return
        self.candidates.append(last.place)
        own = own_view(last.thumbnail)
        self.residuals[-1][last.place] = _packed(own, self.cells)
        moved = move_view(own, frame.moved, last.thumbnail, frame.thumbnail, self.shot.estimate)
        self.views.views[last.place] = last.thumbnail, moved

    def _may_choose(self, frame: _Frame) -> bool:
        """Return whether a new candidate may be chosen at this frame."""
        pending = self.next_candidate is not None and self.next_candidate > frame.place
        too_soon = bool(self.candidates) and frame.place - self.candidates[-1] < MIN_SPACING
        return self.allowed is not None and not pending and not too_soon and frame.place not in self.fixed

    def _missed_eyes(self, packed_views: Mapping[int, Bytes]) -> Bools:
        """Return the cells with eyes, or a similar pair, that no candidate covers: bool (height, width) of the grid."""
        weights = self.weights[-1]
        residuals = [unpack(packed, weights.size) for packed in packed_views.values()]
        return eye_opening.paired_holes(np.array(residuals, F32).reshape(-1, weights.size), weights, self.cells)

    def _usable_as_keys(self, frames: Sequence[_Frame]) -> list[_Frame]:
        """Return the frames that may be keys."""
        assert self.allowed is not None
        allowed_frames = [one for one in frames if self.allowed(one.place)]
        return [one for one in allowed_frames if not self.exempt & set(range(one.place - BLEND_TRAIL, one.place + 1))]

    def _sharpest(self, frame: _Frame, after: Sequence[_Frame], weights: Floats) -> int | None:
        """Return the sharpest frame that may be a key; the first one within 10 % of it is preferred."""
        usable = self._usable_as_keys([frame, *after])
        if not usable:
            return None
        scores = [sharpness(one.picture, weights) for one in usable]
        return next(one.place for one, found in zip(usable, scores, strict=True) if found >= 0.9 * max(scores))

    def _most_open(self, frame: _Frame, after: Sequence[_Frame], missed_eyes: Bools) -> int | None:
        """Return the frame with the most open eyes: with the most contrast there. missed_eyes: see ``_missed_eyes``."""
        usable = self._usable_as_keys([frame, *after])
        return max(usable, key=lambda one: _contrast(one, self.cells, missed_eyes)).place if usable else None


def _contrast(frame: _Frame, cells: tuple[int, int], where: Bools) -> float:
    return float(cv2.resize(frame.thumbnail.tolerance, cells, interpolation=cv2.INTER_AREA)[where].mean())


def _is_blend(before: _Frame, frame: _Frame, after: _Frame, estimate: FlowEstimator) -> bool:
    return is_blend(before.thumbnail.picture, frame.thumbnail.picture, after.thumbnail.picture, estimate)


def shares(residuals: Mapping[int, Bytes], weights: Floats) -> dict[int, float]:
    """Return the weighted coverage of one frame by each candidate alone, 0..1."""
    if not residuals:
        return {}
    count = weights.size
    missing = weighted_sum(np.array([uncovered(unpack(packed, count)) for packed in residuals.values()]), weights)
    return dict(zip(residuals, (1 - missing).tolist(), strict=True))


def _backward_pass(
    shot: SurveySource, candidates: Sequence[int], fixed: Collection[int], weights: Sequence[Floats]
) -> list[dict[int, Bytes]]:
    """Run the second pass, from the last frame to the first."""
    views, candidate_set = _Views(shot.estimate, fixed), set(candidates)
    residuals: list[dict[int, Bytes]] = []
    for frame in _frames(shot, range(len(shot.frames) - 1, -1, -1)):
        views.follow(frame)
        if frame.place in candidate_set:
            views.add(frame)
        packed = _packed_views(views, _cells(frame.thumbnail))
        residuals.append(packed)
        views.drop_poor(shares(packed, weights[frame.place]))
    return residuals[::-1]


def _frames(shot: SurveySource, places: Sequence[int]) -> Iterator[_Frame]:
    before: Bytes | None = None
    for place in places:
        picture = proxy(shot.plate(shot.frames[place]))
        moved = None if before is None else motion(before, picture, shot.estimate)
        yield _Frame(place, picture, thumbnail(picture), moved)
        before = picture


def _with_surroundings(frames: Iterator[_Frame]) -> Iterator[tuple[list[_Frame], _Frame, list[_Frame]]]:
    """Yield each frame with up to REACH previous and REACH following ones."""
    before: deque[_Frame] = deque(maxlen=REACH)
    after: deque[_Frame] = deque()
    for frame in frames:
        after.append(frame)
        if len(after) > REACH:
            current = after.popleft()
            yield list(before), current, list(after)
            before.append(current)
    while after:
        current = after.popleft()
        yield list(before), current, list(after)
        before.append(current)


def _cells(frame: Thumbnail) -> tuple[int, int]:
    height, width = frame.tolerance.shape
    return max(1, width // CELL), max(1, height // CELL)


def _packed_views(views: _Views, cells: tuple[int, int]) -> dict[int, Bytes]:
    return {place: _packed(view, cells) for place, (_, view) in views.views.items()}


def _packed(view: View, cells: tuple[int, int]) -> Bytes:
    return pack(cv2.resize(view.residual, cells, interpolation=cv2.INTER_AREA).ravel())


def _weights(shot: SurveySource, frame: _Frame, weights: Floats, cells: tuple[int, int]) -> Floats:
    if shot.attention is not None:
        height, width = weights.shape
        mask = shot.attention(shot.frames[frame.place])
        weights = weights * cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(weights, cells, interpolation=cv2.INTER_AREA).ravel()
    total = float(coarse.sum())
    return np.asarray(coarse / total if total > 0 else np.zeros_like(coarse), F32)
