"""The stages of a run, top to bottom: conform, split, pick, render, propagate, export."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from propagate.holds import drawings
from stylize.errors import SettingsError
from stylize.export import delivery, handoff
from stylize.inputs import inputs_of
from stylize.keys import rendering
from stylize.keys.folder import PAINTED
from stylize.keys.leads import open_leads
from stylize.opening import Message, Progress, Work, opened, paints, project_of
from stylize.planning import refining
from stylize.planning.budget import TimedRenderer, limits, note_costs
from stylize.planning.files import timecodes, write_plan
from stylize.planning.picking import ShotPlan, explained, find_shots, plan_shots
from stylize.planning.refining import Refinement
from stylize.project import is_project, read_asked
from stylize.propagation.breaks import unconnected
from stylize.propagation.carrying import carry_shots
from stylize.renderers import Renderer, make_renderer
from stylize.settings import EVERY, STAGES, Settings
from stylize.threads import use_threads

if TYPE_CHECKING:
    from stylize.report.golden import Verdict


@dataclass(frozen=True)
class Result:
    """What a run did.

    project: its folder. frames: number to finished picture. shots: cuts and keyframes. rendered, painted: the
    keyframes that were rendered in this run, and those that a person painted. redone, reused: frames made in
    this run, and kept from earlier ones. outputs: movies, sheets and files asked for. notes: what was lost or
    has to be known. pixels: of one frame. timecodes: of every frame. refinements: the rounds of ``--refine``, of this
    run and of earlier ones.
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


def run(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """The whole job, or the stages from ``settings.from_stage`` to ``settings.to_stage``; see ``stylize.run``."""
    use_threads(settings.threads)
    with opened(shot, settings, project, on_progress, on_message) as work:
        if settings.runs("export"):
            target = delivery.target_of(settings.output, work.shot, work.project)
            handoff.check_handoff(settings, work.shot, target, work.project)
        made = _make(work, _planned(work))
        shots, redone = made.shots, made.redone
        carried = settings.runs("propagate") and not work.outside
        cut_off = unconnected(work, shots) if carried else ()
        finished = _finished(work) if settings.runs("propagate") or settings.runs("export") else {}
        outputs, told = _export(work, shots, finished) if settings.runs("export") else ((), ())
        return Result(
            project=work.project.root,
            frames=finished,
            shots=shots,
            rendered=made.rendered,
            painted=made.painted,
            redone=redone,
            reused=tuple(sorted(set(finished) - set(redone))),
            outputs=outputs,
            notes=(*work.shot.losses, *cut_off, *told),
            pixels=work.shot.size[0] * work.shot.size[1],
            timecodes=timecodes(work.shot),
            refinements=made.refinements,
        )


def plan(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """Cuts and keyframes, with their reasons and what they explain, as a table and a picture; renders nothing."""
    use_threads(settings.threads)
    part = replace(settings, from_stage="conform", to_stage="pick")
    with opened(shot, part, project, on_progress, on_message) as work:
        planned = _planned(work)
        refined = refining.known(work, planned)
        shots = explained(work, refining.extended(planned, refined))
        return Result(
            project=work.project.root,
            frames={},
            shots=shots,
            rendered=(),
            painted=tuple(sorted(work.keys.painted())),
            redone=(),
            reused=(),
            outputs=write_plan(work, shots),
            notes=work.shot.losses,
            pixels=work.shot.size[0] * work.shot.size[1],
            timecodes=timecodes(work.shot),
            refinements=refined.rounds,
        )


def report(
    project: Path, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> tuple[Path, Path]:  # fmt: skip
    """Measures what a project has made, and writes a page and the figures into it; returns their files.

    Raises ProjectError for what is no project, OutputError where frames are missing.
    """
    shot, settings = read_asked(project)
    use_threads(settings.threads)
    from stylize.report.making import write_report

    # As if to propagate, so that motion and mattes are those that the frames were made with.
    part = replace(settings, from_stage="propagate", to_stage="propagate")
    with opened(shot, part, project, on_progress, on_message) as work:
        planned = _planned(work)
        _finished(work)
        return write_report(work, refining.extended(planned, refining.known(work, planned)))


def check(
    folder: Path, update: bool, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> "tuple[Verdict, ...]":  # fmt: skip
    """Makes a folder of golden projects anew, and compares them with what was approved; see ``golden``."""
    from stylize.report.golden import check_goldens

    def made(shot: Path, settings: Settings, project: Path) -> Mapping[int, Path]:
        return run(shot, replace(settings, to_stage="propagate"), project, on_progress, on_message).frames

    return check_goldens(folder, made, update=update)


def _planned(work: Work) -> tuple[ShotPlan, ...]:
    shots = find_shots(work)
    return plan_shots(work, shots, limits(work, shots))


# What a pixel costs on one processor of today, in seconds: of a keyframe, and of a drawing carried from one key.
KEY_COST, FRAME_COST = 9e-6, 1.5e-6


def expected_seconds(planned: Result, on: str = "ones") -> float:
    """About how long a run of this plan takes, from the number of pixels, keyframes and drawings; on: as the option."""
    keys = sum(len(shot.keyframes) for shot in planned.shots)
    return planned.pixels * (keys * KEY_COST + sum(_passes(shot, on) for shot in planned.shots) * FRAME_COST)


def _passes(shot: ShotPlan, on: str) -> int:
    """Drawings that passes go through: each one twice where there is a key on both sides."""
    drawn = set(drawings(shot.frames, shot.keys, EVERY[on]).values())
    return sum(
        len(drawn & set(span.frames)) * (1 if span.left is None or span.right is None else 2) for span in shot.spans()
    )


# Render and propagate


@dataclass(frozen=True)
class _Made:
    """What rendering and propagating has done; see Result."""

    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]


def _make(work: Work, planned: tuple[ShotPlan, ...]) -> _Made:
    """Keys and frames of the planned shots, and what refining adds to them."""
    settings = work.settings
    refined = refining.known(work, planned)
    rendered, redone = set[int](), set[int]()
    painted: tuple[int, ...] = ()

    def make(shots: tuple[ShotPlan, ...]) -> tuple[int, ...]:
        nonlocal painted
        if settings.runs("render"):
            base = {frame for plan in planned for frame in plan.keys}
            late = frozenset(frame for plan in shots for frame in plan.keys if frame not in base)
            fresh, painted = _render(work, shots, late)
            rendered.update(fresh)
        made = carry_shots(work, shots) if settings.runs("propagate") else ()
        redone.update(made)
        return made

    make(refining.extended(planned, refined))
    if settings.runs("render") and settings.runs("propagate"):
        refined = refining.refine(work, planned, refined, make)
    elif settings.refine is not None and not refined.done(settings.refine):
        work.message("--refine goes on in a run that renders and propagates; this one only takes what is known")
    shots = refining.extended(planned, refined)
    kept = rendered & {frame for plan in shots for frame in plan.keys}
    return _Made(shots, tuple(sorted(kept)), painted, tuple(sorted(redone)), refined.rounds)


def _render(work: Work, shots: tuple[ShotPlan, ...], late: frozenset[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    painted = work.keys.painted()
    numbers = [key.frame for plan in shots for key in plan.keyframes]
    work.keys.drop_others([*numbers, *painted])
    settings, files = work.settings, work.keys.files()
    waiting = [number for number in numbers if number not in painted]
    reference = None
    if settings.style is not None and waiting:
        reference = rendering.read_reference(settings.style, work.project, work.shot.colour)
    renderer = TimedRenderer(_renderer(settings) if waiting else make_renderer("painted", settings))
    source = rendering.PlateSource(work.plates.colour, lambda frame: work.project.digest(work.plates.paths[frame]))
    leads = open_leads(work)
    done: list[int] = []
    rendered: list[int] = []

    def on_key(number: int, new: bool) -> None:
        done.append(number)
        work.progress("render", len(done), len(numbers))

    for plan in shots:
        keys = {key.frame: files.get(key.frame, work.file("keys", key.frame)) for key in plan.keyframes}
        added = frozenset(key.frame for key in plan.keyframes if key.reason == PAINTED)
        stage = rendering.KeyPlan(plan.frames, keys, painted, added & painted, work.shot.depth, late)
        rendered += rendering.render_keys(
            stage, source, renderer, reference, settings.seed, work.motion, leads, work.project, on_key, work.message
        )
    note_costs(work, renderer)
    return tuple(rendered), tuple(sorted(painted & set(numbers)))


def _renderer(settings: Settings) -> Renderer:
    if not paints(settings) and settings.renderer == "example":
        raise SettingsError(
            "there are keys to render and nothing to paint them after; give a reference with --style PICTURE, "
            "or painted keys with --keys FOLDER"
        )
    return make_renderer(settings.renderer, settings)


# Export


def _finished(work: Work) -> dict[int, Path]:
    found = {frame: work.file("out", frame) for frame in work.shot.frames}
    delivery.check_whole(work.shot, found)
    return found


def _export(
    work: Work, shots: tuple[ShotPlan, ...], finished: Mapping[int, Path]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    total, done = len(finished), 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done += 1
        work.progress("export", done, total)

    given = delivery.Delivery(
        work.shot, work.project, work.plates.paths, finished, inputs_of(work.settings), work.settings.overwrite,
        on_frame, delivery.form_of(work.settings), work.settings.threads or os.cpu_count() or 1,
    )  # fmt: skip
    target = delivery.target_of(work.settings.output, work.shot, work.project)
    notes = delivery.deliver(given, target)
    more = handoff.hand_over(work, shots, target)
    sheet = work.project.root / "contact_sheet.png"
    delivery.show(given, work.keys.files(), [key.frame for plan in shots for key in plan.keyframes], sheet)
    work.progress("export", total, total)
    return (target.path, sheet, *more), (*notes, *handoff.told_of(work.settings, work.shot, target))


def open_project(path: Path) -> tuple[Path, Settings]:
    """Shot and settings of a project folder."""
    return read_asked(path)


__all__ = ["STAGES", "Result", "ShotPlan", "is_project", "open_project", "plan", "project_of", "run"]
