"""Survey of a shot, which measures the coverage of frames by candidates for keys in a forward and a backward pass.

Candidates are frames with content that no other nearby candidate fully covers. Each candidate is tracked until it
covers almost nothing, so that the work per frame is bounded and independent of the length of the shot.
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

# Side in thumbnail pixels of the cells in which the residual is stored, and its highest level. Cells have 4 bits.
CELL = 4
LEVELS = 15

# A frame becomes a candidate if each previous candidate covers less than this share of it. Candidates are at least
# MIN_SPACING frames apart.
ENOUGH_COVERAGE = 0.975
MIN_SPACING = 3
# Min coverage for the detection of eye opening.
EYE_COVERAGE = 0.9
# After this many frames without a candidate, the last frame before new content appears also becomes one.
REST_FRAMES = 6

# Number of frames after a blend that may contain traces of the other picture.
BLEND_TRAIL = 2

# A view is dropped after it has covered less than this for more than MAX_POOR_FRAMES frames. If there are more than
# MAX_VIEWS views, those with the lowest coverage are dropped.
POOR_COVERAGE, MAX_POOR_FRAMES = 0.15, 8
MAX_VIEWS = 16

Attention = Callable[[int], Floats]


@dataclass(frozen=True)
class SurveySource:
    """Input of a survey.

    frames: frame numbers, ascending. plate: returns the plate of a frame: RGB, uint8 (H, W, 3). attention: returns the
    matte of a frame, float32 (H, W) in [0, 1]; only pixels inside it count; None for all pixels. on_frame: called with
    each frame after the forward pass.
    """

    frames: Sequence[int]
    plate: Callable[[int], Bytes]
    attention: Attention | None
    estimate: FlowEstimator
    on_frame: Callable[[int], None]


@dataclass(frozen=True)
class Survey:
    """Result of a survey. Frames are identified by their position in the shot, from 0.

    size: (width, height) of a proxy. cells: (width, height) of the grid in which residuals are stored. candidates:
    ascending. forward, backward: for each frame, the packed residual of each candidate before and after it. weights:
    for each frame, float32 (cells,) with a sum of 1, or 0 if no pixel counts. sharp: for each frame, its sharpness.
    exempt: frames that are blends of two pictures and need not be covered.
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
        """Unpack a residual: float32 (cells,)."""
        return unpack(packed, self.cells[0] * self.cells[1])


def pack(residual: Floats) -> Bytes:
    """Quantise a residual to 4 bits, and pack two cells per byte. residual: float32 (cells,), 0 to MAX_RESIDUAL."""
    levels = np.rint(residual * F32(LEVELS / MAX_RESIDUAL)).astype(U8)
    if levels.size % 2:
        levels = np.append(levels, U8(0))
    return np.asarray(levels[::2] << 4 | levels[1::2], U8)


def unpack(packed: Bytes, count: int) -> Floats:
    """Invert ``pack``: float32 (count,), with an error of at most half a level."""
    levels = np.empty(2 * packed.size, F32)
    levels[::2], levels[1::2] = packed >> 4, packed & 15
    return levels[:count] * F32(MAX_RESIDUAL / LEVELS)


@dataclass(frozen=True)
class _Frame:
    """One frame of a pass.

    place: position in the shot. picture: proxy. moved: motion from the previous frame of the pass; None for the first.
    """

    place: int
    picture: Bytes
    thumbnail: Thumbnail
    moved: Motion | None


def survey_shot(shot: SurveySource, fixed: Sequence[int], allowed: Callable[[int], bool] | None) -> Survey:
    """Survey all frames in two passes. Memory: a few small pictures, and about 20 bytes per cell and frame at most.

    fixed: positions that are always candidates. allowed: returns whether another position may be a candidate; None
    allows no others.
    """
    forward = _ForwardPass(shot, set(fixed), allowed)
    forward.run()
    if not forward.candidates and allowed is not None:
        # All allowed frames are blends.
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
    """Views of the tracked candidates in one direction. fixed: candidates that are never dropped for low coverage."""

    estimate: FlowEstimator
    fixed: Collection[int]
    views: dict[int, tuple[Thumbnail, View]] = field(default_factory=dict)
    poor_frames: dict[int, int] = field(default_factory=dict)

    def follow(self, frame: _Frame) -> None:
        """Propagate all views to the next frame."""
        if frame.moved is not None:
            for place, (key, view) in self.views.items():
                self.views[place] = key, move_view(view, frame.moved, key, frame.thumbnail, self.estimate)

    def add(self, frame: _Frame) -> None:
        """Add the frame as a candidate."""
        if frame.place in self.fixed:
            # Only the latest fixed key and this one matter: a key has no effect beyond the next two keys.
            for place in [place for place in self.views if place in self.fixed][:-1]:
                del self.views[place]
        self.views[frame.place] = frame.thumbnail, own_view(frame.thumbnail)

    def drop_poor(self, shares: Mapping[int, float]) -> None:
        """Drop views that cover too little. shares: coverage of the frame by each view."""
        for place, share in shares.items():
            self.poor_frames[place] = self.poor_frames.get(place, 0) + 1 if share < POOR_COVERAGE else 0
            if self.poor_frames[place] > MAX_POOR_FRAMES and place not in self.fixed:
                del self.views[place]
        free = [place for place in self.views if place not in self.fixed]
        for place in sorted(free, key=lambda place: shares.get(place, 1.0))[: max(0, len(free) - MAX_VIEWS)]:
            del self.views[place]


class _ForwardPass:
    """First pass, which chooses the candidates."""

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
                # The subject in the first frame is found by its motion to the second.
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
                # The eyes may be only half open in this frame, which would make it a poor key.
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
        """Make the previous frame a candidate if it is the last of many frames without new content.

        It shows the content before the change best, and nothing moves in it yet.
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
        """Return the cells of open eyes that no candidate covers: bool (height, width) of the grid."""
        weights = self.weights[-1]
        residuals = [unpack(packed, weights.size) for packed in packed_views.values()]
        return eye_opening.paired_holes(np.array(residuals, F32).reshape(-1, weights.size), weights, self.cells)

    def _usable_as_keys(self, frames: Sequence[_Frame]) -> list[_Frame]:
        """Return the frames that may be keys: allowed ones without traces of a blend."""
        assert self.allowed is not None
        allowed_frames = [one for one in frames if self.allowed(one.place)]
        return [one for one in allowed_frames if not self.exempt & set(range(one.place - BLEND_TRAIL, one.place + 1))]

    def _sharpest(self, frame: _Frame, after: Sequence[_Frame], weights: Floats) -> int | None:
        """Return the first usable frame whose sharpness is within 10 % of the maximum. None without a usable frame."""
        usable = self._usable_as_keys([frame, *after])
        if not usable:
            return None
        scores = [sharpness(one.picture, weights) for one in usable]
        return next(one.place for one, found in zip(usable, scores, strict=True) if found >= 0.9 * max(scores))

    def _most_open(self, frame: _Frame, after: Sequence[_Frame], missed_eyes: Bools) -> int | None:
        """Return the usable frame with the widest open eyes, which have the highest contrast. None without one.

        missed_eyes: see ``_missed_eyes``.
        """
        usable = self._usable_as_keys([frame, *after])
        return max(usable, key=lambda one: _contrast(one, self.cells, missed_eyes)).place if usable else None


def _contrast(frame: _Frame, cells: tuple[int, int], where: Bools) -> float:
    return float(cv2.resize(frame.thumbnail.tolerance, cells, interpolation=cv2.INTER_AREA)[where].mean())


def _is_blend(before: _Frame, frame: _Frame, after: _Frame, estimate: FlowEstimator) -> bool:
    return is_blend(before.thumbnail.picture, frame.thumbnail.picture, after.thumbnail.picture, estimate)


def shares(residuals: Mapping[int, Bytes], weights: Floats) -> dict[int, float]:
    """Return the weighted coverage of one frame by each single candidate, 0..1."""
    if not residuals:
        return {}
    count = weights.size
    missing = weighted_sum(np.array([uncovered(unpack(packed, count)) for packed in residuals.values()]), weights)
    return dict(zip(residuals, (1 - missing).tolist(), strict=True))


def _backward_pass(
    shot: SurveySource, candidates: Sequence[int], fixed: Collection[int], weights: Sequence[Floats]
) -> list[dict[int, Bytes]]:
    """Run the second pass, from the last frame to the first. Returns the residuals of each frame, in order."""
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
