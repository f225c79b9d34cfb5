"""Result of a run, for scripts and the command line: frames, keyframes, and paths."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from stylize.look_pipeline import LookResult, existing_frames
from stylize.planning.picking import ShotPlan
from stylize.planning.plan_report import timecodes
from stylize.refinement import Refinement
from stylize.session import Session
from stylize.settings import Settings


@dataclass(frozen=True)
class Result:
    """Result of a run.

    project: its folder. frames: finished picture by frame number. shots: cuts and keyframes. rendered, painted:
    keyframes rendered in this run, and keyframes painted by hand. redone, reused: frames made in this run, and frames
    kept from earlier runs. outputs: movies, contact sheets and other files written. notes: losses and other facts to
    report. pixels: number of pixels in a frame. timecodes: timecode of every frame. refinements: rounds of
    ``--refine``, including earlier runs. settings: those that were applied. layers: result of each layer, lowest first;
    empty without layers. With layers, a frame counts as a keyframe, rendered or painted if it is one in any layer.
    scale: size of a draft over that of the shot; None at full size. full_seconds: estimated time of the full run, in
    seconds; None at full size, and if a draft cannot estimate it. run_seconds: of a plan, the estimated time of its
    run, in seconds, from speeds measured on this machine; None if they are not known yet, and in the result of a run.
    candidates: pictures to choose from by keyframe, in order, of ``--candidates``; those of layers are in ``layers``.
    """

    project: Path
    frames: Mapping[int, Path]
    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    reused: tuple[int, ...]
    outputs: tuple[Path, ...]
    notes: tuple[str, ...]
    pixels: int
    timecodes: Mapping[int, str]
    refinements: tuple[Refinement, ...]
    settings: Settings
    layers: tuple["LayerResult", ...] = ()
    scale: Fraction | None = None
    full_seconds: float | None = None
    run_seconds: float | None = None
    candidates: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerResult:
    """Result of one layer. project: its folder. on: the option ``on``. For other fields, see Result."""

    name: str
    project: Path
    on: str
    frames: Mapping[int, Path]
    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]
    candidates: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)


def make_result(
    session: Session, shot_frames: tuple[tuple[int, ...], ...], results: Sequence[LookResult],
    finished: Mapping[int, Path] | None = None, redone: tuple[int, ...] = (), outputs: tuple[Path, ...] = (),
    notes: tuple[str, ...] = (), full_seconds: float | None = None, run_seconds: float | None = None,
) -> Result:  # fmt: skip
    """Return the result of a run. shot_frames: frames of each shot. results: one per look, lowest layer first."""
    shot, frames = session.context.shot, finished or {}
    return Result(
        project=session.context.project.main.root,
        frames=frames,
        shots=merge_shots(shot_frames, results),
        rendered=_union(result.rendered for result in results),
        painted=_union(result.painted for result in results),
        redone=redone,
        reused=tuple(sorted(set(frames) - set(redone))),
        outputs=(*(sheet for result in results for sheet in result.sheets), *outputs),
        notes=notes,
        pixels=shot.size[0] * shot.size[1],
        timecodes=timecodes(shot),
        refinements=() if session.layered else results[0].refinements,
        settings=session.context.settings,
        layers=_layer_results(session, results),
        scale=None if session.context.draft is None else session.context.draft.scale,
        full_seconds=full_seconds,
        run_seconds=run_seconds,
        candidates={} if session.layered else results[0].candidates,
    )


def merge_shots(shot_frames: tuple[tuple[int, ...], ...], results: Sequence[LookResult]) -> tuple[ShotPlan, ...]:
    """Return the shots with the keyframes of all looks."""
    if len(results) == 1:
        return results[0].shots
    merged = []
    for place, frames in enumerate(shot_frames):
        keys = {key.frame: key for result in reversed(results) for key in result.shots[place].keyframes}
        repeats = results[0].shots[place].repeats
        merged.append(ShotPlan(frames, tuple(keys[frame] for frame in sorted(keys)), repeats=repeats))
    return tuple(merged)


def _union(numbers: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({number for some in numbers for number in some}))


def _layer_results(session: Session, results: Sequence[LookResult]) -> tuple[LayerResult, ...]:
    if not session.layered:
        return ()
    return tuple(
        LayerResult(
            look.name, look.project.root, look.settings.on, existing_frames(look), result.shots, result.rendered,
            result.painted, result.redone, result.refinements, result.candidates,
        )
        for look, result in zip(session.looks, results, strict=True)
    )  # fmt: skip
