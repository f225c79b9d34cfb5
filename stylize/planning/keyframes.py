"""Keyframes where new information appears, and no more of them than it takes.

A frame is explained by the two keys around it together. ``survey`` looks at what a few candidates show of the frames
around them, ``choice`` takes the fewest that explain every frame, and this tells what the chosen ones are worth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats
from propagate.flow import FlowEstimator
from stylize.errors import FrameRangeError
from stylize.planning import reasons
from stylize.planning.choice import PATIENCE, Spans, Wish, choose
from stylize.planning.coverage import NOTHING, unexplained, weighed
from stylize.planning.eye_opening import lacking
from stylize.planning.survey import Attention, Shot, Survey, survey

# Default of what every frame must be explained to; the benchmark of keyframes says why.
COVERAGE = 0.78


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
    new: at every key, float32 (h, w) in [0, 1] at the size of ``coverage.proxy``: what the key before it does not
    explain, weighted by how much each pixel counts (its contrast, more where a subject moves), as a share of the
    highest value in this same picture. So keys cannot be compared by it, and 1 is where most is new, not all.
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
    worst: bool = False,
    locked: Sequence[int] = (),
    dropped: Sequence[int] = (),
    min_gap: int = 1,
    attention: Attention | None = None,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """Keyframes of one shot, the locked ones among them.

    frames: the shot's numbers, ascending. plate: the uint8 (H, W, 3) RGB plate of a frame. coverage: weighted share
    of every frame that the keys around it must explain, 0..1; what moves on its own weighs more. most: at most so
    many keys, locked ones counted; where that is too few, those that leave the least over. worst: of choices with as
    many keys the one whose worst frames are best, instead of all frames on average. locked: frames that
    are keys already. dropped: frames that must not be keys. min_gap: least frames from a picked key to any other key.
    attention: float32 (H, W) in [0, 1] of a frame; only what is inside counts. on_frame: called with each frame when
    it has been looked at.

    Asks for every plate twice, in order and in reverse, and keeps 18 KB for a frame (25 at 4:3), whatever its size.
    Raises FrameRangeError for a locked or dropped frame that is not in ``frames``, and one that is both.
    """
    fixed = {key.frame: key for key in given(frames, locked, why=reasons.PAINTED)}
    barred = {key.frame for key in given(frames, dropped)}
    if fixed.keys() & barred:
        raise FrameRangeError(f"frame {min(fixed.keys() & barred)} is to be a key and to be none; name it once")
    if not frames:
        return Picked(())
    places = {frame: place for place, frame in enumerate(frames)}
    stays = frozenset(places[frame] for frame in fixed)

    def allowed(place: int) -> bool:
        frame = frames[place]
        return frame not in barred and all(abs(frame - key) >= min_gap for key in fixed)

    def apart(one: int, other: int) -> bool:
        return {one, other} <= stays or frames[other] - frames[one] >= min_gap

    full = most is not None and len(fixed) >= most and bool(fixed)
    seen = survey(
        Shot(frames, plate, attention, estimate, on_frame), sorted(stays), None if full else allowed
    )  # fmt: skip
    spans = Spans(seen, coverage, worst=worst)
    keys = choose(spans, Wish(coverage, most, stays, apart))
    named = [fixed.get(frames[place], Keyframe(frames[place], "", 0.0)) for place in keys]
    picked = _told(frames, spans, keys, named)
    return _with_limit(picked, most, coverage) if most is not None and not full else picked


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
    places = {frame: place for place, frame in enumerate(frames)}
    named = sorted(keys, key=lambda key: key.frame)
    fixed = [places[key.frame] for key in named]
    spans = Spans(survey(Shot(frames, plate, attention, estimate, on_frame), fixed, None), COVERAGE)
    return _told(frames, spans, fixed, named)


def _told(frames: Sequence[int], spans: Spans, keys: Sequence[int], named: Sequence[Keyframe]) -> Picked:
    """Keys with their figures, and reasons where they have none. keys: their places."""
    seen, count = spans.survey, len(frames)
    ends = [None, *keys, None]
    coverage: dict[int, float] = {}
    for left, right in pairwise(ends):
        first, last = -1 if left is None else left, count if right is None else right
        coverage |= {frames[place]: _covered(seen, place, left, right) for place in range(first + 1, last)}
    coverage |= {frames[place]: 1.0 for place in keys}
    told, new = [], {}
    for index, (place, key) in enumerate(zip(keys, named, strict=True)):
        before, behind = ends[index], ends[index + 2]
        apart = spans.edge(before, place).share + 1 + spans.edge(place, behind).share
        gained = (apart - spans.edge(before, behind).share) / count
        fresh = _fresh(seen, place, before)
        reason = key.reason or _reason(index, place, before, len(keys), seen)
        told.append(replace(key, reason=reason, coverage=_covered(seen, place, before, behind), gained=gained))
        new[key.frame] = _heat(fresh * seen.weights[place], seen)
    return Picked(tuple(told), dict(sorted(coverage.items())), new)


def _with_limit(picked: Picked, most: int, coverage: float) -> Picked:
    """Tells with the first picked key what so few keys explain, if it is less than was asked for."""
    shares = list(picked.coverage.values())
    if len(picked.keyframes) < most or sum(share < coverage for share in shares) <= PATIENCE:
        return picked
    keys = list(picked.keyframes)
    index = next((index for index, key in enumerate(keys) if key.reason != reasons.PAINTED), None)
    if index is not None:
        told = f"{keys[index].reason}; {reasons.of_limit(most, sum(shares) / len(shares))}"
        keys[index] = replace(keys[index], reason=told)
    return replace(picked, keyframes=tuple(keys))


def _covered(seen: Survey, place: int, left: int | None, right: int | None) -> float:
    """What the two keys explain together of one frame, weighted, 0..1."""
    misfit = np.full(seen.weights[place].size, NOTHING, F32)
    for key, packed in ((left, seen.onward[place]), (right, seen.back[place])):
        if key in packed:
            misfit = np.minimum(misfit, seen.misfit(packed[key]))
    return float(np.clip(1 - weighed(unexplained(misfit), seen.weights[place]), 0, 1))


def _fresh(seen: Survey, place: int, before: int | None) -> Floats:
    """How much of each cell of a key the key before does not explain: float32 (cells,), 0..1."""
    return unexplained(_apart(seen, place, before))


def _apart(seen: Survey, place: int, before: int | None) -> Floats:
    """Misfit of each cell of a key with what the key before shows there: float32 (cells,)."""
    packed = seen.onward[place]
    return seen.misfit(packed[before]) if before in packed else np.full(seen.weights[place].size, NOTHING, F32)


def _heat(new: Floats, seen: Survey) -> Floats:
    width, height = seen.cells
    most = float(new.max())
    picture = (new / most if most > 0 else new).reshape(height, width)
    return np.clip(cv2.resize(picture, seen.size, interpolation=cv2.INTER_LINEAR), 0, 1)


def _reason(index: int, place: int, before: int | None, count: int, seen: Survey) -> str:
    if index == 0:
        return reasons.of_first(place, count == 1)
    (width, height), apart = seen.cells, _apart(seen, place, before)
    fresh = unexplained(apart)
    pair = bool(lacking(apart[None], seen.weights[place], seen.cells).any())
    return reasons.of_new(fresh.reshape(height, width), float(fresh.mean()), pair=pair)
