"""Choice of the fewest keyframes that cover a shot: keys lie where new content appears.

The two keys around a frame cover it together. ``survey_shot`` measures how much a few candidates show of the frames
around them. ``choice`` chooses the fewest that cover every frame. This module measures the gain of each chosen key.
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
from stylize.planning.choice import PATIENCE, SpanCosts, Target, choose
from stylize.planning.coverage import MAX_RESIDUAL, uncovered, weighted_sum
from stylize.planning.eye_opening import paired_holes
from stylize.planning.survey import Attention, Survey, SurveySource, survey_shot

# Default minimum coverage of every frame; see the benchmark of keyframes for the reason.
COVERAGE = 0.78


@dataclass(frozen=True)
class Keyframe:
    """One key, with the reason for it.

    frame: its number. reason: in plain words. coverage: weighted share of it that the other keys cover, 0..1.
    gained: increase of the mean coverage of the shot by this key, 0..1.
    """

    frame: int
    reason: str
    coverage: float
    gained: float = 0.0


@dataclass(frozen=True)
class Picked:
    """Keyframes of a shot, with their coverage.

    keyframes: ascending. coverage: of every frame of the shot, the weighted share that the keys cover, 0..1.
    heat_maps: of every key, float32 (h, w) in [0, 1] at the size of ``coverage.proxy``: the share that the previous key
    does not cover, times the weight of each pixel (its contrast, raised where a subject moves), over the maximum of
    this picture. So heat maps of different keys are not comparable, and 1 means most new, not fully new.
    """

    keyframes: tuple[Keyframe, ...]
    coverage: Mapping[int, float] = field(default_factory=dict)
    heat_maps: Mapping[int, Floats] = field(default_factory=dict)


def named_keyframes(frames: Sequence[int], keys: Sequence[int], reason: str = "asked for") -> list[Keyframe]:
    """Return the keyframes of given numbers, ascending. Raises FrameRangeError for a number not in ``frames``."""
    known = set(frames)
    for key in keys:
        if key not in known:
            have = f"the shot has {frames[0]} to {frames[-1]}" if frames else "the shot has no frames"
            raise FrameRangeError(f"keyframe {key} is not a frame to work on: {have}; name one of those")
    return [Keyframe(key, reason, 0.0) for key in sorted(set(keys))]


def pick(
    frames: Sequence[int],
    plate: Callable[[int], Bytes],
    *,
    coverage: float = COVERAGE,
    max_keys: int | None = None,
    worst: bool = False,
    locked: Sequence[int] = (),
    dropped: Sequence[int] = (),
    min_gap: int = 1,
    attention: Attention | None = None,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """Pick the keyframes of one shot, which include the locked ones.

    frames: the shot's numbers, ascending. plate: the uint8 (H, W, 3) RGB plate of a frame. coverage: minimum weighted
    share of every frame that the keys around it cover, 0..1; moving subjects weigh more. max_keys: maximum number of
    keys, locked ones included; where that is too few, the keys of the lowest cost are chosen. worst: of choices with
    equally many keys, take the one with the best worst frames, instead of the best average. locked: frames that are
    keys already. dropped: frames that must not be keys. min_gap: minimum distance in frames from a picked key to any
    other key. attention: float32 (H, W) in [0, 1] of a frame; only the inside counts. on_frame: called with each frame
    after it has been surveyed.

    Reads every plate twice, in order and in reverse, and keeps 18 KB per frame (25 at 4:3), whatever its size.
    Raises FrameRangeError for a locked or dropped frame that is not in ``frames``, and for one that is both.
    """
    fixed = {key.frame: key for key in named_keyframes(frames, locked, reason=reasons.PAINTED)}
    excluded = {key.frame for key in named_keyframes(frames, dropped)}
    if fixed.keys() & excluded:
        raise FrameRangeError(f"frame {min(fixed.keys() & excluded)} is to be a key and to be none; name it once")
    if not frames:
        return Picked(())
    places = {frame: place for place, frame in enumerate(frames)}
    locked_places = frozenset(places[frame] for frame in fixed)

    def allowed(place: int) -> bool:
        frame = frames[place]
        return frame not in excluded and all(abs(frame - key) >= min_gap for key in fixed)

    def compatible(one: int, other: int) -> bool:
        return {one, other} <= locked_places or frames[other] - frames[one] >= min_gap

    is_full = max_keys is not None and len(fixed) >= max_keys and bool(fixed)
    surveyed = survey_shot(
        SurveySource(frames, plate, attention, estimate, on_frame), sorted(locked_places), None if is_full else allowed
    )  # fmt: skip
    spans = SpanCosts(surveyed, coverage, worst=worst)
    keys = choose(spans, Target(coverage, max_keys, locked_places, compatible))
    named = [fixed.get(frames[place], Keyframe(frames[place], "", 0.0)) for place in keys]
    picked = _with_figures(frames, spans, keys, named)
    return _with_limit(picked, max_keys, coverage) if max_keys is not None and not is_full else picked


def measure_coverage(
    frames: Sequence[int],
    plate: Callable[[int], Bytes],
    keys: Sequence[Keyframe],
    *,
    attention: Attention | None = None,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """Measure the coverage by given keys; arguments as of ``pick``. Reasons stay, figures are filled in.

    Raises FrameRangeError for a key that is not in ``frames``.
    """
    named_keyframes(frames, [key.frame for key in keys])
    if not frames:
        return Picked(())
    places = {frame: place for place, frame in enumerate(frames)}
    named = sorted(keys, key=lambda key: key.frame)
    fixed = [places[key.frame] for key in named]
    spans = SpanCosts(survey_shot(SurveySource(frames, plate, attention, estimate, on_frame), fixed, None), COVERAGE)
    return _with_figures(frames, spans, fixed, named)


def _with_figures(frames: Sequence[int], spans: SpanCosts, keys: Sequence[int], named: Sequence[Keyframe]) -> Picked:
    """Return the keys with their figures, and with reasons where they have none. keys: their places."""
    surveyed, count = spans.survey, len(frames)
    bounds = [None, *keys, None]
    coverage: dict[int, float] = {}
    for left, right in pairwise(bounds):
        first, last = -1 if left is None else left, count if right is None else right
        coverage |= {frames[place]: _frame_coverage(surveyed, place, left, right) for place in range(first + 1, last)}
    coverage |= {frames[place]: 1.0 for place in keys}
    keyframes, heat_maps = [], {}
    for index, (place, key) in enumerate(zip(keys, named, strict=True)):
        before, after = bounds[index], bounds[index + 2]
        with_key = spans.edge(before, place).share + 1 + spans.edge(place, after).share
        gained = (with_key - spans.edge(before, after).share) / count
        novelty = _novelty(surveyed, place, before)
        reason = key.reason or _reason(index, place, before, len(keys), surveyed)
        keyframes.append(
            replace(key, reason=reason, coverage=_frame_coverage(surveyed, place, before, after), gained=gained)
        )
        heat_maps[key.frame] = _heat_map(novelty * surveyed.weights[place], surveyed)
    return Picked(tuple(keyframes), dict(sorted(coverage.items())), heat_maps)


def _with_limit(picked: Picked, max_keys: int, coverage: float) -> Picked:
    """Append the coverage under the limit to the reason of the first picked key, if it is below the target."""
    shares = list(picked.coverage.values())
    if len(picked.keyframes) < max_keys or sum(share < coverage for share in shares) <= PATIENCE:
        return picked
    keys = list(picked.keyframes)
    index = next((index for index, key in enumerate(keys) if key.reason != reasons.PAINTED), None)
    if index is not None:
        reason = f"{keys[index].reason}; {reasons.limit_note(max_keys, sum(shares) / len(shares))}"
        keys[index] = replace(keys[index], reason=reason)
    return replace(picked, keyframes=tuple(keys))


def _frame_coverage(surveyed: Survey, place: int, left: int | None, right: int | None) -> float:
    """Return the weighted coverage of one frame by its two keys together, 0..1."""
    residual = np.full(surveyed.weights[place].size, MAX_RESIDUAL, F32)
    for key, packed in ((left, surveyed.forward[place]), (right, surveyed.backward[place])):
        if key in packed:
            residual = np.minimum(residual, surveyed.residual(packed[key]))
    return float(np.clip(1 - weighted_sum(uncovered(residual), surveyed.weights[place]), 0, 1))


def _novelty(surveyed: Survey, place: int, before: int | None) -> Floats:
    """Return the share of each cell of a key that the previous key does not cover: float32 (cells,), 0..1."""
    return uncovered(_residual_to_previous(surveyed, place, before))


def _residual_to_previous(surveyed: Survey, place: int, before: int | None) -> Floats:
    """Return the residual of each cell of a key against the previous key: float32 (cells,)."""
    packed = surveyed.forward[place]
    return (
        surveyed.residual(packed[before])
        if before in packed
        else np.full(surveyed.weights[place].size, MAX_RESIDUAL, F32)
    )


def _heat_map(novelty: Floats, surveyed: Survey) -> Floats:
    width, height = surveyed.cells
    peak = float(novelty.max())
    picture = (novelty / peak if peak > 0 else novelty).reshape(height, width)
    return np.clip(cv2.resize(picture, surveyed.size, interpolation=cv2.INTER_LINEAR), 0, 1)


def _reason(index: int, place: int, before: int | None, count: int, surveyed: Survey) -> str:
    if index == 0:
        return reasons.first_reason(place, count == 1)
    (width, height), residual = surveyed.cells, _residual_to_previous(surveyed, place, before)
    novelty = uncovered(residual)
    pair = bool(paired_holes(residual[None], surveyed.weights[place], surveyed.cells).any())
    return reasons.new_reason(novelty.reshape(height, width), float(novelty.mean()), pair=pair)
