"""Choice of the smallest set of keyframes that covers a shot. Keys are placed where new content appears.

The two keys around a frame cover it together. ``survey_shot`` measures the coverage of frames by candidates, ``choice``
chooses the smallest set that covers all frames, and this module measures the gain of each chosen key.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats
from propagate.flow import FlowEstimator
from stylize.errors import FrameRangeError
from stylize.planning import reasons
from stylize.planning.choice import PATIENCE, SpanCosts, Target, choose
from stylize.planning.coverage import MAX_RESIDUAL, uncovered, weighted_sum
from stylize.planning.eye_opening import paired_holes
from stylize.planning.shot_light import TOO_DARK, fades, fully_lit, in_shot_light
from stylize.planning.survey import Attention, Survey, SurveySource, survey_shot

# Default minimum coverage of each frame, from the benchmark of keyframes.
COVERAGE = 0.78
EVEN_LIGHT: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True)
class Keyframe:
    """A keyframe and the reason for its choice.

    frame: its number. reason: one line for users. coverage: weighted share of the frame that the other keys cover,
    0..1. gained: increase of the shot's mean coverage by this key, 0..1.
    """

    frame: int
    reason: str
    coverage: float
    gained: float = 0.0


@dataclass(frozen=True)
class Picked:
    """Keyframes of a shot, and their coverage.

    keyframes: ascending. coverage: weighted share of each frame that the keys cover, 0..1, by frame number. heat_maps:
    by key, float32 (h, w) in [0, 1] at the size of ``coverage.proxy``: the share that the previous key does not cover,
    times the weight of each pixel, normalised by the maximum of the picture. Thus heat maps of different keys are not
    comparable, and 1 marks the newest content, which may be partly covered.
    """

    keyframes: tuple[Keyframe, ...]
    coverage: Mapping[int, float] = field(default_factory=dict)
    heat_maps: Mapping[int, Floats] = field(default_factory=dict)


def named_keyframes(frames: Sequence[int], keys: Sequence[int], reason: str = "requested") -> list[Keyframe]:
    """Return keyframes with the given numbers, ascending. Raises FrameRangeError for a number not in ``frames``."""
    known = set(frames)
    for key in keys:
        if key not in known:
            have = f"the shot has {frames[0]} to {frames[-1]}" if frames else "the shot has no frames"
            raise FrameRangeError(f"keyframe {key} is not one of the frames to process: {have}; choose one of those")
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
    light: Mapping[int, float] = EVEN_LIGHT,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """Choose the keyframes of one shot, including the locked ones.

    Reads each plate twice, in order and in reverse, or four times if content is visible only in a fade. Memory: 18
    KB per frame (25 KB at 4:3), independent of the size of the plates.

    frames: frame numbers of the shot, ascending. plate: returns the plate of a frame: RGB, uint8 (H, W, 3). coverage:
    minimum weighted share of each frame that the keys around it cover, 0..1. max_keys: maximum number of keys,
    including locked ones; if it is too low for the target coverage, the set of lowest cost is chosen. worst: among sets
    of equal size, choose the one with the best worst frames instead of the best average. locked: frames that must be
    keys. dropped: frames that must not be keys. min_gap: minimum distance in frames from a chosen key to other keys.
    light: of each frame; see ``shot_light``; 1 if it is not given. A frame in different light is chosen only for
    content that no fully lit frame shows, and one in a fade from or to black is never chosen. attention: returns the
    matte of a frame, float32 (H, W) in [0, 1]; only pixels inside it count. estimate: flow estimator. on_frame: called
    with each frame after its survey.

    Raises FrameRangeError for a locked or dropped frame that is not in ``frames``, and for one that is both.
    """
    fixed = {key.frame: key for key in named_keyframes(frames, locked, reason=reasons.PAINTED)}
    excluded = {key.frame for key in named_keyframes(frames, dropped)}
    if fixed.keys() & excluded:
        raise FrameRangeError(
            f"frame {min(fixed.keys() & excluded)} is both locked and dropped as a keyframe; choose one of these"
        )
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
    source = SurveySource(frames, in_shot_light(plate, light), attention, estimate, on_frame)

    def survey(also_dim: Collection[int]) -> tuple[SpanCosts, tuple[int, ...]]:
        def may_be_key(place: int) -> bool:
            return allowed(place) and (place in also_dim or fully_lit(light.get(frames[place], 1.0)))

        surveyed = _survey(source, sorted(locked_places), None if is_full else may_be_key, light)
        spans = SpanCosts(surveyed, coverage, worst=worst)
        return spans, choose(spans, Target(coverage, max_keys, locked_places, compatible))

    spans, keys = survey(())
    if not keys:
        spans, keys = survey(range(len(frames)))
    elif (max_keys is None or len(keys) < max_keys) and (dim := _visible_only_dim(frames, spans, keys, light)):
        spans, keys = survey(dim)
    named = [fixed.get(frames[place], Keyframe(frames[place], "", 0.0)) for place in keys]
    picked = _with_figures(frames, spans, keys, named)
    return _with_limit(picked, max_keys, coverage) if max_keys is not None and not is_full else picked


def measure_coverage(
    frames: Sequence[int],
    plate: Callable[[int], Bytes],
    keys: Sequence[Keyframe],
    *,
    attention: Attention | None = None,
    light: Mapping[int, float] = EVEN_LIGHT,
    estimate: FlowEstimator,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> Picked:
    """Measure the coverage by given keys. Returns the keys with their reasons, and with measured coverage and gain.

    See ``pick`` for the other arguments. Raises FrameRangeError for a key that is not in ``frames``.
    """
    named_keyframes(frames, [key.frame for key in keys])
    if not frames:
        return Picked(())
    places = {frame: place for place, frame in enumerate(frames)}
    named = sorted(keys, key=lambda key: key.frame)
    fixed = [places[key.frame] for key in named]
    source = SurveySource(frames, in_shot_light(plate, light), attention, estimate, on_frame)
    return _with_figures(frames, SpanCosts(_survey(source, fixed, None, light), COVERAGE), fixed, named)


def _survey(
    source: SurveySource, fixed: Sequence[int], allowed: Callable[[int], bool] | None, light: Mapping[int, float]
) -> Survey:
    """Survey a shot; frames that are too dark to be judged need not be covered.

    A dim frame holds less detail than it seems to when it is brightened: as a key it counts as blurred.
    """
    surveyed, lights = survey_shot(source, fixed, allowed), [light.get(frame, 1.0) for frame in source.frames]
    dark = {place for place, value in enumerate(lights) if value < TOO_DARK}
    sharp = [sharpness * min(value, 1.0) for sharpness, value in zip(surveyed.sharp, lights, strict=True)]
    return replace(surveyed, exempt=surveyed.exempt | dark, sharp=sharp)


def _visible_only_dim(
    frames: Sequence[int], spans: SpanCosts, keys: Sequence[int], light: Mapping[int, float]
) -> list[int]:
    """Return the places of dim frames that the keys do not cover, in runs longer than PATIENCE.

    Frames in fades from or to black are left out: they are visible so briefly and so dimly that no key is worth it.
    """
    fading = fades([light.get(frame, 1.0) for frame in frames])
    dim: list[int] = []
    run: list[int] = []
    for place, frame in enumerate([*frames, None]):
        value = 1.0 if frame is None else light.get(frame, 1.0)
        if (
            place not in fading
            and not fully_lit(value)
            and value >= TOO_DARK
            and _covered(spans, place, keys) < spans.coverage
        ):
            run.append(place)
            continue
        dim += run if len(run) > PATIENCE else []
        run = []
    return dim


def _covered(spans: SpanCosts, place: int, keys: Sequence[int]) -> float:
    """Return the coverage of a frame by the keys around it, 0..1."""
    if place in keys:
        return 1.0
    left = max((key for key in keys if key < place), default=None)
    right = min((key for key in keys if key > place), default=None)
    return _frame_coverage(spans.survey, place, left, right)


def _with_figures(frames: Sequence[int], spans: SpanCosts, keys: Sequence[int], named: Sequence[Keyframe]) -> Picked:
    """Return the keys with coverage and gain, and with reasons if they have none. keys: positions of ``named``."""
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
    """Append a note to the reason of the first chosen key if the limit keeps coverage below the target."""
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
    """Return the weighted joint coverage of one frame by its two keys, 0..1."""
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
