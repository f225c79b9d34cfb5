"""The split and pick stages: where the footage cuts, and which frames of each shot are keyframes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import U8, Bytes, Floats
from propagate.flow_dis import DisFlow
from propagate.spans import Span, spans
from stylize.context.context import Work
from stylize.context.keys import PAINTED
from stylize.errors import FrameRangeError, PaintedKeyError, SettingsError
from stylize.media.images import write_image
from stylize.media.sequences import format_frames
from stylize.planning import keyframes as picking
from stylize.planning.cuts import find_cuts, split
from stylize.planning.keyframes import Keyframe, Picked
from stylize.planning.keys_csv import read_keys
from stylize.project import Project
from stylize.stages import cache_key

ASKED = "asked for"


@dataclass(frozen=True)
class ShotPlan:
    """One shot of the footage.

    frames: its numbers. keyframes: in order, with their reasons; none where the matte is black in all of the
    footage, and every frame is its plate. coverage: of every frame, the weighted share that
    the keyframes explain, 0..1; empty where nobody looked, which only a plan does when the keyframes were given.
    """

    frames: tuple[int, ...]
    keyframes: tuple[Keyframe, ...]
    coverage: Mapping[int, float] = field(default_factory=dict)

    @property
    def keys(self) -> list[int]:
        """Numbers of the keyframes."""
        return [key.frame for key in self.keyframes]

    def spans(self) -> list[Span]:
        """The frames between neighbouring keyframes; no spans without keyframes, as nothing is carried then."""
        return spans(self.frames, self.keys) if self.keyframes else []


@dataclass(frozen=True)
class Hand:
    """What people have said about keyframes.

    base: the frames that they named, None where they are to be picked; told: why those are keyframes. added: to be
    keyframes in any case. dropped: never to be. painted: frames with a painted key.
    """

    base: tuple[int, ...] | None
    told: str
    added: frozenset[int]
    dropped: frozenset[int]
    painted: frozenset[int]


def plan_shots(work: Work, shots: Sequence[tuple[int, ...]], most: Sequence[int | None]) -> tuple[ShotPlan, ...]:
    """The keyframes of the shots; kept, and found again only when what they depend on has changed.

    shots: as ``find_shots`` gives them. most: of each, the most keyframes that may be picked, painted ones not counted.
    """
    if work.outside:
        return tuple(ShotPlan(frames, ()) for frames in shots)
    hand = hand_of(work)
    return tuple(_plan(work, frames, hand, limit) for frames, limit in zip(shots, most, strict=True))


def explained(work: Work, shots: Iterable[ShotPlan]) -> tuple[ShotPlan, ...]:
    """The same plans with what the keyframes explain, and pictures of what is new at each in the folder ``plan``."""
    return tuple(_explained(work, plan) if plan.keyframes else plan for plan in shots)


def hand_of(work: Work) -> Hand:
    """What people have said about keyframes. Raises PlanError, FrameRangeError or PaintedKeyError."""
    settings, frames = work.settings, work.shot.frames
    base: tuple[int, ...] | None = None
    told = ASKED
    if isinstance(settings.keyframes, Path):
        base = read_keys(settings.keyframes, frames, part=settings.frames is not None)
        told = f"marked in {settings.keyframes.name}"
    elif settings.keyframes:
        base = settings.keyframes
    picking.given(frames, [*(base or ()), *settings.add_key])
    for number in settings.drop_key:
        if number not in set(frames):
            raise FrameRangeError(
                f"frame {number} of --drop-key is not a frame to work on: there are {format_frames(frames)}"
            )
    painted = work.keys.painted()
    for number in sorted(painted & set(settings.drop_key)):
        raise PaintedKeyError(
            f"frame {number} has a painted key, {work.keys.files()[number]}, and --drop-key would leave it out; take "
            "the picture away, or leave the frame out of --drop-key"
        )
    return Hand(base, told, frozenset(settings.add_key), frozenset(settings.drop_key), painted)


# Cuts


def find_shots(work: Work) -> tuple[tuple[int, ...], ...]:
    """The frames of each shot."""
    return tuple(map(tuple, split(work.shot.frames, _cuts(work))))


def _cuts(work: Work) -> tuple[int, ...]:
    if not work.settings.split or len(work.shot.frames) < 2:
        return ()
    return cuts(work, _shown(work, "split", work.shot.frames))


def cuts(work: Work, shown: Iterable[tuple[int, Any]]) -> tuple[int, ...]:
    """The first frames of shots, found among all frames of the footage, or remembered. shown: see ``find_cuts``."""
    return remembered_cuts(work.project, work.shot.frames, work.plate_digests(work.shot.frames), shown)


def remembered_cuts(
    project: Project, frames: Sequence[int], digests: Sequence[str], shown: Iterable[tuple[int, Any]]
) -> tuple[int, ...]:
    """``cuts`` of these frames, with the digests of their plates."""
    key = cache_key("cuts", frames, digests)
    known = project.recall("cuts", key)
    if known is None:
        known = find_cuts(shown)
        project.remember("cuts", key, list(known))
    return tuple(known)


def _shown(work: Work, stage: str, frames: tuple[int, ...]) -> Iterable[tuple[int, Any]]:
    for done, frame in enumerate(frames, 1):
        yield frame, work.plates.colour(frame)
        work.progress(stage, done, len(frames))


# Keyframes


def _plan(work: Work, frames: tuple[int, ...], hand: Hand, most: int | None) -> ShotPlan:
    """The keyframes of one shot: the user's, or the picked ones, and every painted or added one."""
    inside = set(frames)
    mine = sorted(hand.painted & inside)
    if hand.base is not None:
        chosen = _given(frames, hand, keyed=bool(mine))
    elif not picks(work, hand):
        chosen = []  # all is painted by hand, and nothing is there to paint more after
    else:
        chosen = pick_shot(work, frames, hand, most)
    found = {key.frame: key for key in chosen}
    for numbers, why in ((sorted(hand.added & inside), ASKED), (mine, PAINTED)):
        found |= {key.frame: key for key in picking.given(frames, [n for n in numbers if n not in found], why=why)}
    if not found:
        alone = tuple(frames) == tuple(work.shot.frames)
        other = "or choose --frames with a painted one" if alone else "or --no-split if there is no cut"
        raise PaintedKeyError(
            f"the shot of frames {frames[0]} to {frames[-1]} has no key; paint one of its frames, give --style "
            f"PICTURE to have its keys rendered, {other}"
        )
    return ShotPlan(frames, tuple(found[number] for number in sorted(found)))


def picks(work: Work, hand: Hand) -> bool:
    """Whether keyframes are picked: not where people named them, or painted some and nothing to paint more after."""
    return hand.base is None and (work.settings.paints or not (hand.painted or work.settings.keys is not None))


def _given(frames: Sequence[int], hand: Hand, *, keyed: bool) -> list[Keyframe]:
    """keyed: whether the shot has a painted key."""
    inside = set(frames)
    wanted = [number for number in hand.base or () if number in inside and number not in hand.dropped]
    if wanted or keyed or hand.added & inside:
        return picking.given(frames, wanted, why=hand.told)
    left = [number for number in frames if number not in hand.dropped]
    if not left or inside & set(hand.base or ()):
        every = "frame" if not left else "keyframe that --keyframes names"
        raise FrameRangeError(
            f"--drop-key leaves no {every} of the shot of frames {frames[0]} to {frames[-1]}; every shot needs one "
            "keyframe: take one out of --drop-key, or name another"
        )
    return [Keyframe(left[0], "the shot has none of the keyframes asked for", 0.0)]


def pick_shot(work: Work, frames: tuple[int, ...], hand: Hand, most: int | None) -> list[Keyframe]:
    """The picked keyframes of one shot; most: see ``plan_shots``.

    A key that is painted later changes no pick; one that is gone, and counted, does. Raises FrameRangeError when
    ``--drop-key`` leaves no frame, SettingsError when there are more added keys than ``--max-keyframes`` allows.
    """
    settings, inside = work.settings, set(frames)
    painted, added = sorted(hand.painted & inside), sorted(hand.added & inside)
    dropped = sorted(hand.dropped & inside)
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
        "pick", frames, work.plate_digests(frames), most, added, dropped, work.matte_inputs(frames),
        sorted(work.keys.given_numbers()), estimate.cache_key(), settings=settings,
    )  # fmt: skip
    name = f"keyframes {frames[0]}-{frames[-1]}"
    known = work.project.recall(name, key)
    if known is None or not set(known["locked"]) <= set(locked):
        free = None if most is None else most + len(painted)
        limits = [limit for limit in (free, settings.max_keyframes) if limit is not None]
        picked = picking.pick(
            frames, work.plates.colour, coverage=settings.coverage, most=min(limits, default=None),
            worst=settings.optimise_for == "worst", locked=locked, dropped=dropped, min_gap=settings.min_gap,
            attention=work.mattes.read if work.mattes else None,
            estimate=estimate, on_frame=_counted(work, len(frames)),
        )  # fmt: skip
        _keep(work, frames, picked)
        known = {"locked": locked, "keys": [[key.frame, key.reason, *_figures(key)] for key in picked.keyframes]}
        work.project.remember(name, key, known)
        work.progress("pick", len(frames), len(frames))
    asked = set(added) - set(painted)
    return [
        Keyframe(int(frame), ASKED if frame in asked else str(reason), float(share), float(gained))
        for frame, reason, share, gained in known["keys"]
    ]


def _counted(work: Work, total: int) -> Callable[[int], None]:
    done = 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done = min(done + 1, total)
        work.progress("pick", done, total)

    return on_frame


# What the keyframes explain


def _explained(work: Work, plan: ShotPlan) -> ShotPlan:
    frames = plan.frames
    name, key = _sight(work, frames, plan.keys)
    known = work.project.recall(name, key)
    if known is None or not all(work.project.fresh(new_file(work, frame), key) for frame in plan.keys):
        picked = picking.explain(
            frames, work.plates.colour, plan.keyframes, attention=work.mattes.read if work.mattes else None,
            estimate=DisFlow("fast"), on_frame=_counted(work, len(frames)),
        )  # fmt: skip
        known = _keep(work, frames, picked)
        work.progress("pick", len(frames), len(frames))
    told = tuple(
        Keyframe(key.frame, key.reason, *figures) for key, figures in zip(plan.keyframes, known["keys"], strict=True)
    )
    return ShotPlan(frames, told, dict(zip(frames, known["coverage"], strict=True)))


def new_file(work: Work, frame: int) -> Path:
    """Where the heat map of what is new at a keyframe lies: grey, small, white where most of it is; see ``Picked``."""
    return work.file("plan", frame)


def _sight(work: Work, frames: Sequence[int], keys: Sequence[int]) -> tuple[str, str]:
    """The name of what is remembered of keys and a shot, and its cache key."""
    key = cache_key(
        "coverage", frames, work.plate_digests(frames), keys, work.matte_inputs(frames), DisFlow("fast").cache_key()
    )
    return f"explained {frames[0]}-{frames[-1]}", key


def _keep(work: Work, frames: Sequence[int], picked: Picked) -> dict[str, Any]:
    """Remembers what keys explain, whoever chose them, and the heat maps."""
    name, key = _sight(work, frames, [key.frame for key in picked.keyframes])
    for frame, heat in picked.new.items():
        write_image(new_file(work, frame), _grey(heat))
        work.project.record(new_file(work, frame), key)
    value = {
        "keys": [_figures(key) for key in picked.keyframes],
        "coverage": [float(picked.coverage[frame]) for frame in frames],
    }
    work.project.remember(name, key, value)
    return value


def _figures(key: Keyframe) -> list[float]:
    return [float(key.coverage), float(key.gained)]


def _grey(heat: Floats) -> Bytes:
    return np.asarray(np.floor(np.clip(heat, 0, 1) * 255 + 0.5), U8)
