"""Split and pick stages: find the cuts of the footage, and the keyframes of each shot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import U8, Bytes, Floats
from propagate.flow_dis import DisFlow
from propagate.split_at_keys import Span, split_at_keys
from stylize.context.context import Context
from stylize.context.keys import PAINTED
from stylize.errors import FrameRangeError, PaintedKeyError, SettingsError
from stylize.media.images import write_image
from stylize.media.sequences import format_frames
from stylize.planning import keyframes
from stylize.planning.cuts import find_cuts, split
from stylize.planning.keyframes import Keyframe, Picked
from stylize.planning.keys_csv import read_keys
from stylize.project import Project
from stylize.stages import cache_key

REQUESTED = "asked for"


@dataclass(frozen=True)
class ShotPlan:
    """One shot of the footage.

    frames: its numbers. keyframes: in order, with their reasons; none where the matte is black in all of the
    footage, and every frame is its plate. coverage: of every frame, the weighted share that the keyframes cover, 0..1;
    empty where it was not measured: only a plan measures it for given keyframes.
    """

    frames: tuple[int, ...]
    keyframes: tuple[Keyframe, ...]
    coverage: Mapping[int, float] = field(default_factory=dict)

    @property
    def keys(self) -> list[int]:
        """Numbers of the keyframes."""
        return [key.frame for key in self.keyframes]

    def spans(self) -> list[Span]:
        """Return the frames between neighbouring keyframes; none without keyframes, as nothing is propagated then."""
        return split_at_keys(self.frames, self.keys) if self.keyframes else []


@dataclass(frozen=True)
class UserKeys:
    """Keyframes that the user has named, added, dropped or painted.

    named: the named frames, None if keyframes are to be picked. reason: why those are keyframes. added: frames that
    are always keyframes. dropped: frames that never are. painted: frames with a painted key.
    """

    named: tuple[int, ...] | None
    reason: str
    added: frozenset[int]
    dropped: frozenset[int]
    painted: frozenset[int]


def plan_shots(
    context: Context, shots: Sequence[tuple[int, ...]], limits: Sequence[int | None]
) -> tuple[ShotPlan, ...]:
    """Return the keyframes of the shots, cached until their inputs change.

    shots: as returned by ``find_shots``. limits: of each, the maximum number of picked keyframes, painted ones not
    counted.
    """
    if context.matte_is_empty:
        return tuple(ShotPlan(frames, ()) for frames in shots)
    user_keys = read_user_keys(context)
    return tuple(_plan(context, frames, user_keys, limit) for frames, limit in zip(shots, limits, strict=True))


def with_coverage(context: Context, shots: Iterable[ShotPlan]) -> tuple[ShotPlan, ...]:
    """Return the plans with their coverage, and write the heat map of each keyframe into the folder ``plan``."""
    return tuple(_with_coverage(context, plan) if plan.keyframes else plan for plan in shots)


def read_user_keys(context: Context) -> UserKeys:
    """Read the keyframe choices of the user. Raises PlanError, FrameRangeError or PaintedKeyError."""
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
                f"frame {number} of --drop-key is not a frame to work on: there are {format_frames(frames)}"
            )
    painted = context.keys.painted()
    for number in sorted(painted & set(settings.drop_key)):
        raise PaintedKeyError(
            f"frame {number} has a painted key, {context.keys.files()[number]}, and --drop-key would leave it out; "
            "take the picture away, or leave the frame out of --drop-key"
        )
    return UserKeys(named, reason, frozenset(settings.add_key), frozenset(settings.drop_key), painted)


# Cuts


def find_shots(context: Context) -> tuple[tuple[int, ...], ...]:
    """Return the frames of each shot."""
    return tuple(map(tuple, split(context.shot.frames, _cuts(context))))


def _cuts(context: Context) -> tuple[int, ...]:
    if not context.settings.split or len(context.shot.frames) < 2:
        return ()
    return cuts(context, _plates_with_progress(context, "split", context.shot.frames))


def cuts(context: Context, plates: Iterable[tuple[int, Any]]) -> tuple[int, ...]:
    """Return the first frames of new shots among all frames of the footage, cached. plates: see ``find_cuts``."""
    return recall_cuts(context.project, context.shot.frames, context.plate_digests(context.shot.frames), plates)


def recall_cuts(
    project: Project, frames: Sequence[int], digests: Sequence[str], plates: Iterable[tuple[int, Any]]
) -> tuple[int, ...]:
    """Return ``cuts`` of these frames, given the digests of their plates."""
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


# Keyframes


def _plan(context: Context, frames: tuple[int, ...], user_keys: UserKeys, max_keys: int | None) -> ShotPlan:
    """Return the keyframes of one shot: the named or the picked ones, and every painted or added one."""
    inside = set(frames)
    painted = sorted(user_keys.painted & inside)
    if user_keys.named is not None:
        chosen = _named_keyframes(frames, user_keys, has_painted=bool(painted))
    elif not picks_keyframes(context, user_keys):
        chosen = []  # all keys are painted by hand, and there is no style to paint more with
    else:
        chosen = pick_shot(context, frames, user_keys, max_keys)
    found = {key.frame: key for key in chosen}
    for numbers, reason in ((sorted(user_keys.added & inside), REQUESTED), (painted, PAINTED)):
        found |= {
            key.frame: key
            for key in keyframes.named_keyframes(frames, [n for n in numbers if n not in found], reason=reason)
        }
    if not found:
        only_shot = tuple(frames) == tuple(context.shot.frames)
        advice = "or choose --frames with a painted one" if only_shot else "or --no-split if there is no cut"
        raise PaintedKeyError(
            f"the shot of frames {frames[0]} to {frames[-1]} has no key; paint one of its frames, give --style "
            f"PICTURE to have its keys rendered, {advice}"
        )
    return ShotPlan(frames, tuple(found[number] for number in sorted(found)))


def picks_keyframes(context: Context, user_keys: UserKeys) -> bool:
    """Return whether keyframes are picked: neither named, nor painted by hand without a style to paint more with."""
    return user_keys.named is None and (
        context.settings.paints or not (user_keys.painted or context.settings.keys is not None)
    )


def _named_keyframes(frames: Sequence[int], user_keys: UserKeys, *, has_painted: bool) -> list[Keyframe]:
    """Return the named keyframes of one shot. has_painted: whether the shot has a painted key."""
    inside = set(frames)
    chosen = [number for number in user_keys.named or () if number in inside and number not in user_keys.dropped]
    if chosen or has_painted or user_keys.added & inside:
        return keyframes.named_keyframes(frames, chosen, reason=user_keys.reason)
    remaining = [number for number in frames if number not in user_keys.dropped]
    if not remaining or inside & set(user_keys.named or ()):
        noun = "frame" if not remaining else "keyframe that --keyframes names"
        raise FrameRangeError(
            f"--drop-key leaves no {noun} of the shot of frames {frames[0]} to {frames[-1]}; every shot needs one "
            "keyframe: take one out of --drop-key, or name another"
        )
    return [Keyframe(remaining[0], "the shot has none of the keyframes asked for", 0.0)]


def pick_shot(context: Context, frames: tuple[int, ...], user_keys: UserKeys, max_keys: int | None) -> list[Keyframe]:
    """Pick the keyframes of one shot. max_keys: see ``limits`` of ``plan_shots``.

    A key that is painted later does not change the pick; the removal of a counted one does. Raises FrameRangeError if
    ``--drop-key`` leaves no frame, SettingsError if there are more added keys than ``--max-keyframes`` allows.
    """
    settings, inside = context.settings, set(frames)
    painted, added = sorted(user_keys.painted & inside), sorted(user_keys.added & inside)
    dropped = sorted(user_keys.dropped & inside)
    if len(dropped) == len(frames):
        raise FrameRangeError(
            f"--drop-key leaves no frame of {frames[0]} to {frames[-1]} to be a keyframe; every shot needs one"
        )
    if settings.max_keyframes is not None and len(added) > settings.max_keyframes:
        raise SettingsError(
            f"--add-key names {len(added)} keyframes of the shot of frames {frames[0]} to {frames[-1]}, and "
            f"--max-keyframes allows {settings.max_keyframes}: name fewer, or allow more"
        )
    locked = sorted({*painted, *added})
    estimate = DisFlow("fast")
    key = cache_key(
        "pick", frames, context.plate_digests(frames), max_keys, added, dropped, context.matte_inputs(frames),
        sorted(context.keys.imported_numbers()), estimate.cache_key(), settings=settings,
    )  # fmt: skip
    name = f"keyframes {frames[0]}-{frames[-1]}"
    known = context.project.recall(name, key)
    if known is None or not set(known["locked"]) <= set(locked):
        with_painted = None if max_keys is None else max_keys + len(painted)
        bounds = [limit for limit in (with_painted, settings.max_keyframes) if limit is not None]
        picked = keyframes.pick(
            frames, context.plates.colour, coverage=settings.coverage, max_keys=min(bounds, default=None),
            worst=settings.optimise_for == "worst", locked=locked, dropped=dropped, min_gap=settings.min_gap,
            attention=context.mattes.read if context.mattes else None,
            estimate=estimate, on_frame=_progress_counter(context, len(frames)),
        )  # fmt: skip
        _store_coverage(context, frames, picked)
        known = {"locked": locked, "keys": [[key.frame, key.reason, *_figures(key)] for key in picked.keyframes]}
        context.project.remember(name, key, known)
        context.progress("pick", len(frames), len(frames))
    asked = set(added) - set(painted)
    return [
        Keyframe(int(frame), REQUESTED if frame in asked else str(reason), float(share), float(gained))
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
            estimate=DisFlow("fast"), on_frame=_progress_counter(context, len(frames)),
        )  # fmt: skip
        known = _store_coverage(context, frames, picked)
        context.progress("pick", len(frames), len(frames))
    explained_keys = tuple(
        Keyframe(key.frame, key.reason, *figures) for key, figures in zip(plan.keyframes, known["keys"], strict=True)
    )
    return ShotPlan(frames, explained_keys, dict(zip(frames, known["coverage"], strict=True)))


def heat_map_file(context: Context, frame: int) -> Path:
    """Return the path of a keyframe's heat map: grey, small, white where most is new; see ``Picked``."""
    return context.file("plan", frame)


def _coverage_record(context: Context, frames: Sequence[int], keys: Sequence[int]) -> tuple[str, str]:
    """Return the name and the cache key of the stored coverage of a shot."""
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
    """Store the coverage by keys, whether named or picked, and write their heat maps."""
    name, key = _coverage_record(context, frames, [key.frame for key in picked.keyframes])
    for frame, heat in picked.heat_maps.items():
        write_image(heat_map_file(context, frame), _grey(heat))
        context.project.record(heat_map_file(context, frame), key)
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
