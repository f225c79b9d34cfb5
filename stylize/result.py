"""Result of a run, for scripts and for the command: what was made, from which keyframes, and where it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.look_pipeline import LookResult, existing_frames
from stylize.planning.picking import ShotPlan
from stylize.planning.plan_report import timecodes
from stylize.refinement import Refinement
from stylize.session import Session


@dataclass(frozen=True)
class Result:
    """Result of a run.

    project: its folder. frames: number to finished picture. shots: cuts and keyframes. rendered, painted: the
    keyframes that were rendered in this run, and those that a person painted. redone, reused: frames made in
    this run, and kept from earlier ones. outputs: movies, sheets and files requested. notes: losses and other
    facts to report. pixels: of one frame. timecodes: of every frame. refinements: the rounds of ``--refine``, of this
    run and of earlier ones. layers: result of each, from the lowest; empty without layers. With layers, a frame is a
    keyframe, rendered or painted if it is so in any of them.
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
    layers: tuple["LayerResult", ...] = ()


@dataclass(frozen=True)
class LayerResult:
    """Result of one layer. project: its folder. on: for how long it holds a drawing. For other fields see Result."""

    name: str
    project: Path
    on: str
    frames: Mapping[int, Path]
    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]


def make_result(
    session: Session, shot_frames: tuple[tuple[int, ...], ...], results: Sequence[LookResult],
    finished: Mapping[int, Path] | None = None, redone: tuple[int, ...] = (), outputs: tuple[Path, ...] = (),
    notes: tuple[str, ...] = (),
) -> Result:  # fmt: skip
    """Return the result of a run. shot_frames: frames of each shot. results: of the looks, from the lowest layer."""
    shot, frames = session.context.shot, finished or {}
    return Result(
        project=session.context.project.root,
        frames=frames,
        shots=merge_shots(shot_frames, results),
        rendered=_union(result.rendered for result in results),
        painted=_union(result.painted for result in results),
        redone=redone,
        reused=tuple(sorted(set(frames) - set(redone))),
        outputs=outputs,
        notes=notes,
        pixels=shot.size[0] * shot.size[1],
        timecodes=timecodes(shot),
        refinements=() if session.layered else results[0].refinements,
        layers=_layer_results(session, results),
    )


def merge_shots(shot_frames: tuple[tuple[int, ...], ...], results: Sequence[LookResult]) -> tuple[ShotPlan, ...]:
    """Return the shots with the keyframes of all looks."""
    if len(results) == 1:
        return results[0].shots
    merged = []
    for place, frames in enumerate(shot_frames):
        keys = {key.frame: key for result in reversed(results) for key in result.shots[place].keyframes}
        merged.append(ShotPlan(frames, tuple(keys[frame] for frame in sorted(keys))))
    return tuple(merged)


def _union(numbers: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({number for some in numbers for number in some}))


def _layer_results(session: Session, results: Sequence[LookResult]) -> tuple[LayerResult, ...]:
    if not session.layered:
        return ()
    return tuple(
        LayerResult(
            look.name, look.project.root, look.settings.on, existing_frames(look), result.shots, result.rendered,
            result.painted, result.redone, result.refinements,
        )
        for look, result in zip(session.looks, results, strict=True)
    )  # fmt: skip
