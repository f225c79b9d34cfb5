"""The split and pick stages, which find the cuts of the footage and choose the keyframes of each shot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import U8, Bytes, Floats
from propagate.flow_dis import DisFlow
from propagate.holds import drawings
from propagate.split_at_keys import Span, split_at_keys
from stylize.context.context import Context
from stylize.context.keys import PAINTED
from stylize.errors import FrameRangeError, PaintedKeyError, PlanError, SettingsError
from stylize.media.images import write_image
from stylize.media.sequences import format_frames, name_frames, name_range
from stylize.planning import keyframes
from stylize.planning.cut_edits import read_cut_edits
from stylize.planning.cuts import find_cuts, split
from stylize.planning.key_choices import TABLE, read_key_choices
from stylize.planning.keyframes import Keyframe, Picked
from stylize.planning.keys_csv import read_keys
from stylize.planning.repeated_plates import repeated_plates
from stylize.planning.shared_choice import shared_choice
from stylize.planning.shot_light import FULLY_LIT, measure_light
from stylize.project import Project, is_edited
from stylize.settings import FRAMES_PER_DRAWING
from stylize.stages import cache_key

REQUESTED = "requested"
# Reason for a locked key that would not be one otherwise.
LOCKED = "locked"


@dataclass(frozen=True)
class ShotPlan:
    """One shot of the footage.

    frames: its frame numbers. keyframes: ascending, with their reasons; empty if the matte is black in all frames, so
    that results equal plates. coverage: weighted share of each frame that the keyframes cover, 0..1, by frame number;
    empty if it was not measured. repeats: frames whose plate repeats that of the previous frame; not measured on ones.
    """

    frames: tuple[int, ...]
    keyframes: tuple[Keyframe, ...]
    coverage: Mapping[int, float] = field(default_factory=dict)
    repeats: frozenset[int] = frozenset()

    @property
    def keys(self) -> list[int]:
        """Frame numbers of the keyframes."""
        return [key.frame for key in self.keyframes]

    def spans(self) -> list[Span]:
        """Return the spans between neighbouring keyframes. Empty without keyframes, because nothing is propagated."""
        return split_at_keys(self.frames, self.keys) if self.keyframes else []

    def drawings(self, on: str, boil: float = 0) -> dict[int, int]:
        """Return the drawing that each frame shows; see ``propagate.holds``. on, boil: options of the look."""
        hold, repeats = FRAMES_PER_DRAWING[on], frozenset[int]() if on == "ones" else self.repeats
        return drawings(self.frames, self.keys, hold, repeats, redraw=hold > 1 and boil > 0)

    def pass_drawings(self, on: str, boil: float = 0) -> int:
        """Count the drawings that passes make; one between two keys counts twice. on, boil: options of the look."""
        drawn = set(self.drawings(on, boil).values())
        return sum(
            len(drawn & set(span.frames)) * (1 if None in (span.left, span.right) else 2) for span in self.spans()
        )


@dataclass(frozen=True)
class UserKeys:
    """The user's choices of keyframes.

    named: frames of ``--keyframes``; None if keyframes are chosen automatically. reason: reason of named keyframes.
    added: frames that must be keyframes. dropped: frames that must not be keyframes. painted: frames with a painted
    key. locked: frames with a key that a person has locked.
    """

    named: tuple[int, ...] | None
    reason: str
    added: frozenset[int]
    dropped: frozenset[int]
    painted: frozenset[int]
    locked: frozenset[int] = frozenset()


def plan_shots(
    context: Context, shots: Sequence[tuple[int, ...]], limits: Sequence[int | None]
) -> tuple[ShotPlan, ...]:
    """Return the keyframes of the shots. The project caches them until their inputs change.

    shots: as returned by ``find_shots``. limits: maximum number of chosen keyframes in each shot, without painted ones;
    None for no limit.
    """
    if context.matte_is_empty:
        return tuple(ShotPlan(frames, ()) for frames in shots)
    user_keys = read_user_keys(context)
    plans = tuple(
        replace(_plan(context, frames, user_keys, limit), repeats=repeated_plates(context, frames))
        for frames, limit in zip(shots, limits, strict=True)
    )
    if picks_keyframes(context, user_keys):
        for plan in plans:
            _report_light(context, plan)
    return plans


def with_coverage(context: Context, shots: Iterable[ShotPlan]) -> tuple[ShotPlan, ...]:
    """Return the plans with measured coverage, and write the heat map of each keyframe to the folder ``plan``."""
    return tuple(_with_coverage(context, plan) if plan.keyframes else plan for plan in shots)


def read_user_keys(context: Context) -> UserKeys:
    """Read the user's choices of keyframes. Raises PlanError, FrameRangeError or PaintedKeyError."""
    settings, frames = context.settings, context.shot.frames
    named: tuple[int, ...] | None = None
    reason = REQUESTED
    if isinstance(settings.keyframes, Path):
        named = read_keys(settings.keyframes, frames, is_partial=settings.frames is not None)
        reason = f"marked in {settings.keyframes.name}"
    elif settings.keyframes:
        named = settings.keyframes
    keyframes.named_keyframes(frames, [*(named or ()), *settings.add_key])
    for number in settings.drop_key:
        if number not in set(frames):
            raise FrameRangeError(
                f"frame {number} of --drop-key is not one of the frames to process: expected {format_frames(frames)}"
            )
    painted = context.keys.painted()
    for number in sorted(painted & set(settings.drop_key)):
        raise PaintedKeyError(
            f"frame {number} has a painted key, {context.keys.files()[number]}, and is in --drop-key; "
            "remove the picture, or remove the frame from --drop-key"
        )
    locked = {frame for frame, choice in read_key_choices(context).items() if choice.lock}
    for number in sorted(locked & set(settings.drop_key)):
        raise PlanError(f"frame {number} is locked in {TABLE} and is in --drop-key; unlock it, or remove it from there")
    existing = frozenset(locked & context.keys.files().keys()) - painted
    return UserKeys(named, reason, frozenset(settings.add_key), frozenset(settings.drop_key), painted, existing)


# Cuts


def find_shots(context: Context) -> tuple[tuple[int, ...], ...]:
    """Return the frames of each shot."""
    return tuple(map(tuple, split(context.shot.frames, _cuts(context))))


def _cuts(context: Context) -> tuple[int, ...]:
    settings, frames = context.settings, context.shot.frames
    edits = read_cut_edits(settings, frames, is_partial=settings.frames is not None)
    found: tuple[int, ...] = ()
    if settings.split and len(frames) > 1:
        found = cuts(context, _plates_with_progress(context, "split", frames))
    for cut in edits.dropped:
        if cut not in found:
            context.message(f"--drop-cut {cut} changes nothing: no cut was found before frame {cut}")
    return edits.apply(found)


def cuts(context: Context, plates: Iterable[tuple[int, Any]]) -> tuple[int, ...]:
    """Return the first frames of new shots in the footage, cached in the project. plates: see ``find_cuts``."""
    frames = context.shot.frames
    choice = shared_choice(context, "cuts", frames)
    known = choice.recall()
    if known is None:
        known = recall_cuts(context.project, frames, context.plate_digests(frames), plates)
        choice.remember(list(known))
    return tuple(known)


def recall_cuts(
    project: Project, frames: Sequence[int], digests: Sequence[str], plates: Iterable[tuple[int, Any]]
) -> tuple[int, ...]:
    """Return the first frames of new shots, cached in the project. digests: digests of the plates of ``frames``."""
    key = cache_key("cuts", frames, digests)
    known = project.recall("cuts", key)
    if known is None:
        known = find_cuts(plates)
        project.remember("cuts", key, list(known))
    return tuple(known)


def _plates_with_progress(context: Context, stage: str, frames: tuple[int, ...]) -> Iterable[tuple[int, Any]]:
    for done, frame in enumerate(frames, 1):
        yield frame, context.plates.colour(frame)
        context.progress(stage, done, len(frames))


# Light


def shot_light(context: Context, frames: tuple[int, ...]) -> dict[int, float]:
    """Return the light of each frame of a shot, cached; see ``measure_light``."""
    estimate = DisFlow("fast")
    key = cache_key("light", frames, context.plate_digests(frames), estimate.cache_key())
    name = f"light {frames[0]}-{frames[-1]}"
    known = context.project.recall(name, key)
    if known is None:
        measured = measure_light(frames, context.plates.colour, estimate, lambda frame: context.reporter.check())
        known = [measured[frame] for frame in frames]
        context.project.remember(name, key, known)
    return dict(zip(frames, map(float, known), strict=True))


def _report_light(context: Context, plan: ShotPlan) -> None:
    """Report the black frames of a shot, and its keyframes in fades."""
    light = shot_light(context, plan.frames)
    if black := [frame for frame in plan.frames if light[frame] == 0]:
        plates = "the plate is" if len(black) == 1 else "the plates are"
        context.message(f"{name_frames(black)}: {plates} black, and so is the result")
    for key in plan.keys:
        if 0 < light[key] < FULLY_LIT[0]:
            context.message(
                f"keyframe {key} is in a fade, at {100 * light[key]:.0f} % of the light of "
                f"{name_range(plan.frames)}: no fully lit frame shows what it shows"
            )


# Keyframes


def _plan(context: Context, frames: tuple[int, ...], user_keys: UserKeys, max_keys: int | None) -> ShotPlan:
    """Return the keyframes of one shot: named or chosen ones, and all painted and added ones."""
    in_shot = set(frames)
    painted = sorted(user_keys.painted & in_shot)
    if user_keys.named is not None:
        chosen = _named_keyframes(frames, user_keys, has_painted=bool(painted))
    elif not picks_keyframes(context, user_keys):
        chosen = []  # all keys are painted by hand, and there is no style to render more
    else:
        chosen = pick_shot(context, frames, user_keys, max_keys)
    found = {key.frame: key for key in chosen}
    locked = sorted(user_keys.locked & in_shot)
    for numbers, reason in ((sorted(user_keys.added & in_shot), REQUESTED), (painted, PAINTED), (locked, LOCKED)):
        found |= {
            key.frame: key
            for key in keyframes.named_keyframes(frames, [n for n in numbers if n not in found], reason=reason)
        }
    if not found:
        only_shot = tuple(frames) == tuple(context.shot.frames)
        advice = "or select --frames that include a painted key" if only_shot else "or --no-split if there is no cut"
        raise PaintedKeyError(
            f"the shot of {name_range(frames)} has no key; paint one of its frames, give --style "
            f"PICTURE to have its keys rendered, {advice}"
        )
    return ShotPlan(frames, tuple(found[number] for number in sorted(found)))


def picks_keyframes(context: Context, user_keys: UserKeys) -> bool:
    """Return whether keyframes are chosen automatically.

    They are not if the user names them, or if they are painted by hand and there is no style to render more.
    """
    return user_keys.named is None and (
        context.settings.paints or not (user_keys.painted or context.settings.keys is not None)
    )


def _named_keyframes(frames: Sequence[int], user_keys: UserKeys, *, has_painted: bool) -> list[Keyframe]:
    """Return the named keyframes of one shot. has_painted: the shot has a painted key."""
    in_shot = set(frames)
    chosen = [number for number in user_keys.named or () if number in in_shot and number not in user_keys.dropped]
    if chosen or has_painted or user_keys.added & in_shot:
        return keyframes.named_keyframes(frames, chosen, reason=user_keys.reason)
    remaining = [number for number in frames if number not in user_keys.dropped]
    if not remaining or in_shot & set(user_keys.named or ()):
        noun = "frame" if not remaining else "keyframe that --keyframes names"
        raise FrameRangeError(
            f"--drop-key leaves no {noun} in the shot of {name_range(frames)}, but each shot needs a "
            "keyframe; remove one from --drop-key, or name another"
        )
    return [Keyframe(remaining[0], "the shot contains none of the requested keyframes", 0.0)]


def pick_shot(context: Context, frames: tuple[int, ...], user_keys: UserKeys, max_keys: int | None) -> list[Keyframe]:
    """Choose the keyframes of one shot. The project caches the choice.

    A key that is painted later does not change the choice, but removing a painted key on which it depends does.
    max_keys: see ``limits`` of ``plan_shots``. Raises FrameRangeError if ``--drop-key`` leaves no frame, SettingsError
    if there are more added keys than ``--max-keyframes`` allows.
    """
    settings, in_shot = context.settings, set(frames)
    painted, added = sorted(user_keys.painted & in_shot), sorted(user_keys.added & in_shot)
    dropped = sorted(user_keys.dropped & in_shot)
    if len(dropped) == len(frames):
        raise FrameRangeError(
            f"--drop-key leaves no frame of {frames[0]} to {frames[-1]} as a keyframe, but each shot needs one; "
            "remove one from --drop-key"
        )
    if settings.max_keyframes is not None and len(added) > settings.max_keyframes:
        raise SettingsError(
            f"--add-key names {len(added)} keyframes in the shot of {name_range(frames)}, but "
            f"--max-keyframes allows {settings.max_keyframes}; name fewer, or raise the limit"
        )
    locked = sorted({*painted, *added})
    estimate = DisFlow("fast")
    key = cache_key(
        "pick", frames, context.plate_digests(frames), max_keys, added, dropped, context.matte_inputs(frames),
        sorted(context.keys.imported_numbers()), estimate.cache_key(), settings=settings,
    )  # fmt: skip
    name = f"keyframes {frames[0]}-{frames[-1]}"
    choice = shared_choice(
        context, "pick", frames, max_keys, added, dropped, sorted(context.keys.imported_numbers()), estimate.cache_key()
    )
    shared, own = choice.recall(), context.project.recall(name, key)
    known = next((one for one in (shared, own) if one is not None and set(one["locked"]) <= set(locked)), None)
    if known is None:
        with_painted = None if max_keys is None else max_keys + len(painted)
        bounds = [limit for limit in (with_painted, settings.max_keyframes) if limit is not None]
        picked = keyframes.pick(
            frames, context.plates.colour, coverage=settings.coverage, max_keys=min(bounds, default=None),
            worst=settings.optimise_for == "worst", locked=locked, dropped=dropped, min_gap=settings.min_gap,
            attention=context.mattes.read if context.mattes else None, light=shot_light(context, frames),
            estimate=estimate, on_frame=_progress_counter(context, len(frames)),
        )  # fmt: skip
        _store_coverage(context, frames, picked)
        known = {"locked": locked, "keys": [[key.frame, key.reason, *_figures(key)] for key in picked.keyframes]}
        context.project.remember(name, key, known)
        context.progress("pick", len(frames), len(frames))
    if known != shared:
        choice.remember(known)
    requested = set(added) - set(painted)
    return [
        Keyframe(int(frame), REQUESTED if frame in requested else str(reason), float(share), float(gained))
        for frame, reason, share, gained in known["keys"]
    ]


def _progress_counter(context: Context, total: int) -> Callable[[int], None]:
    done = 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done = min(done + 1, total)
        context.progress("pick", done, total)

    return on_frame


# Coverage


def _with_coverage(context: Context, plan: ShotPlan) -> ShotPlan:
    frames = plan.frames
    name, key = _coverage_record(context, frames, plan.keys)
    known = context.project.recall(name, key)
    if known is None or not all(context.project.fresh(heat_map_file(context, frame), key) for frame in plan.keys):
        picked = keyframes.measure_coverage(
            frames, context.plates.colour, plan.keyframes, attention=context.mattes.read if context.mattes else None,
            light=shot_light(context, frames), estimate=DisFlow("fast"),
            on_frame=_progress_counter(context, len(frames)),
        )  # fmt: skip
        known = _store_coverage(context, frames, picked)
        context.progress("pick", len(frames), len(frames))
    measured_keys = tuple(
        Keyframe(key.frame, key.reason, *figures) for key, figures in zip(plan.keyframes, known["keys"], strict=True)
    )
    return replace(plan, keyframes=measured_keys, coverage=dict(zip(frames, known["coverage"], strict=True)))


def heat_map_file(context: Context, frame: int) -> Path:
    """Return the path of a keyframe's heat map, a small grey picture; see ``Picked``."""
    return context.file("plan", frame)


def _coverage_record(context: Context, frames: Sequence[int], keys: Sequence[int]) -> tuple[str, str]:
    """Return the record name and the cache key of a shot's stored coverage."""
    key = cache_key(
        "coverage",
        frames,
        context.plate_digests(frames),
        keys,
        context.matte_inputs(frames),
        DisFlow("fast").cache_key(),
    )
    return f"explained {frames[0]}-{frames[-1]}", key


def _store_coverage(context: Context, frames: Sequence[int], picked: Picked) -> dict[str, Any]:
    """Store the coverage by the keys, and write their heat maps. Returns the stored record."""
    name, key = _coverage_record(context, frames, [key.frame for key in picked.keyframes])
    for frame, heat in picked.heat_maps.items():
        if not is_edited(context.project, heat_map_file(context, frame)):
            write_image(heat_map_file(context, frame), _grey(heat), seal=context.project.seal(key))
    value = {
        "keys": [_figures(key) for key in picked.keyframes],
        "coverage": [float(picked.coverage[frame]) for frame in frames],
    }
    context.project.remember(name, key, value)
    return value


def _figures(key: Keyframe) -> list[float]:
    return [float(key.coverage), float(key.gained)]


def _grey(heat: Floats) -> Bytes:
    return np.asarray(np.floor(np.clip(heat, 0, 1) * 255 + 0.5), U8)
