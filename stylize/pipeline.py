"""The stages of a run, top to bottom: conform, split, pick, render, propagate, export."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from propagate.holds import drawings
from stylize import refinement
from stylize.context.context import Context, Message, Progress
from stylize.delivery import deliver
from stylize.event_log import EventLog, open_log
from stylize.interchange import handoff
from stylize.interchange.handoff import PlannedLook
from stylize.jobs import Task, run_in_order
from stylize.look_pipeline import PLAN, LookResult, LookRun, existing_frames, look_with_coverage, plan_look
from stylize.media.stale_outputs import stale_warning
from stylize.planning.budget import key_limits
from stylize.planning.picking import ShotPlan, find_shots, plan_shots
from stylize.planning.plan_report import timecodes, write_plan
from stylize.project import is_project, project_of, read_asked
from stylize.refinement import Refinement
from stylize.session import Session, open_session, prefix_errors
from stylize.settings import FRAMES_PER_DRAWING, STAGES, Settings
from stylize.settings.input_files import inputs_of
from stylize.spans.layer_stack import stack_layers, with_union
from stylize.spans.missed_cuts import missed_cut_warnings
from stylize.stages import STAGES as STAGE_TABLE
from stylize.stages import versions_of
from stylize.threads import available_cpus, use_threads

if TYPE_CHECKING:
    from stylize.report.golden import Verdict


# Tasks of a run beside those of its looks.
LAYERS, DELIVERY = "layers", "delivery"


@dataclass(frozen=True)
class Result:
    """What a run did.

    project: its folder. frames: number to finished picture. shots: cuts and keyframes. rendered, painted: the
    keyframes that were rendered in this run, and those that a person painted. redone, reused: frames made in
    this run, and kept from earlier ones. outputs: movies, sheets and files asked for. notes: what was lost or
    has to be known. pixels: of one frame. timecodes: of every frame. refinements: the rounds of ``--refine``, of this
    run and of earlier ones. layers: what was done for each, from the lowest; none without layers. With layers, a frame
    is a keyframe, rendered or painted if it is one in any of them.
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
    """What a run did for one layer; project: its folder; on: for how long it holds a drawing; else see Result."""

    name: str
    project: Path
    on: str
    frames: Mapping[int, Path]
    shots: tuple[ShotPlan, ...]
    rendered: tuple[int, ...]
    painted: tuple[int, ...]
    redone: tuple[int, ...]
    refinements: tuple[Refinement, ...]


def run(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """Run the whole job, or the stages from ``settings.from_stage`` to ``settings.to_stage``; see ``stylize.run``."""
    use_threads(settings.threads)
    with open_log(settings.log_json, **_start(shot, settings)) as log:
        progress, message = _logged(on_progress, on_message, log)
        with open_session(shot, settings, project, progress, message, log) as session:
            return _Run(session).run()


def plan(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """Find cuts and keyframes, with their reasons and coverage, as a table and a picture; render nothing."""
    use_threads(settings.threads)
    part = replace(settings, from_stage="conform", to_stage="pick")
    with open_log(settings.log_json, **_start(shot, part)) as log:
        progress, message = _logged(on_progress, on_message, log)
        with open_session(shot, part, project, progress, message, log) as session, log.task(PLAN):
            shot_frames = find_shots(session.context.during(PLAN))
            results = [look_with_coverage(look, plan_look(look, shot_frames)) for look in session.looks]
            outputs: list[Path] = []
            for look, result in zip(session.looks, results, strict=True):
                with prefix_errors(look.name):
                    outputs += write_plan(look.during(PLAN), result.shots)
            return _result(session, shot_frames, results, outputs=tuple(outputs), notes=session.context.shot.warnings)


def _start(shot: Path, settings: Settings) -> dict[str, Any]:
    """Return what the log of a run begins with."""
    return {
        "stylize": version("stylize"), "versions": versions_of(STAGE_TABLE), "shot": str(shot),
        "settings": settings.stored(),
    }  # fmt: skip


def _logged(on_progress: Progress, on_message: Message, log: EventLog) -> tuple[Progress, Message]:
    """Return the callbacks, which write to a log as well."""

    def progress(stage: str, done: int, total: int) -> None:
        log.write("stage", name=stage, done=done, total=total)
        on_progress(stage, done, total)

    def message(text: str) -> None:
        log.message(text)
        on_message(text)

    return progress, message


def task_list(session: Session, looks: Sequence[LookRun]) -> list[Task]:
    """Return the tasks of a run, done or not, in an order in which each stands behind those that it needs.

    The plan has been made: what it found decides what the others are.
    """
    settings = session.context.settings
    tasks = [Task(PLAN), *(task for look in looks for task in look.tasks())]
    if session.layered and settings.runs("propagate"):
        tasks.append(Task(LAYERS, tuple(task.id for task in tasks)))
    if settings.runs("export"):
        tasks.append(Task(DELIVERY, tuple(task.id for task in tasks)))
    return tasks


@dataclass
class _Run:
    """A run on its way through its tasks. redone: frames of the whole that were made in this run."""

    session: Session
    redone: tuple[int, ...] = ()
    outputs: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def run(self) -> Result:
        """Plan, and run the tasks that the plan asks for."""
        session, settings = self.session, self.session.context.settings
        self.context = session.context
        if settings.runs("export"):
            target = deliver.target_of(settings.output, self.context.shot, self.context.project)
            handoff.check_handoff(settings, self.context.shot, target, self.context.project)
        with self.context.log.task(PLAN):
            self.shot_frames = find_shots(self.context.during(PLAN))
            self.look_runs = [LookRun(look, plan_look(look, self.shot_frames)) for look in session.looks]
        runners = dict.fromkeys(("keys", "span", "refine"), self._look)
        run_in_order(task_list(session, self.look_runs)[1:], runners | {LAYERS: self._stack, DELIVERY: self._deliver})
        results = [look.result() for look in self.look_runs]
        finished = _finished_frames(self.context) if settings.runs("propagate") or settings.runs("export") else {}
        warnings = _missed_cut_warnings(session, results) if settings.runs("propagate") else ()
        redone = self.redone if session.layered else results[0].redone
        return _result(
            session, self.shot_frames, results, finished, redone, self.outputs,
            (*self.context.shot.warnings, *warnings, *self.notes),
        )  # fmt: skip

    def _look(self, tasks: Sequence[Task]) -> None:
        """Run tasks of one kind, look by look."""
        for look_run in self.look_runs:
            look_tasks = [task for task in tasks if task.details == look_run.context.name]
            if look_tasks:
                look_run.run(look_tasks)

    def _stack(self, _: Sequence[Task]) -> None:
        with self.context.log.task(LAYERS):
            self.redone = stack_layers(self.context.during(LAYERS), self.session.looks)

    def _deliver(self, _: Sequence[Task]) -> None:
        context = with_union(self.context) if self.session.layered else self.context
        results, finished = [look.result() for look in self.look_runs], _finished_frames(context)
        shots = _merge_shots(self.shot_frames, results)
        with self.context.log.task(DELIVERY):
            self.outputs, self.notes = _export(self.session, context.during(DELIVERY), results, shots, finished)


def _result(
    session: Session, shot_frames: tuple[tuple[int, ...], ...], results: Sequence[LookResult],
    finished: Mapping[int, Path] | None = None, redone: tuple[int, ...] = (), outputs: tuple[Path, ...] = (),
    notes: tuple[str, ...] = (),
) -> Result:  # fmt: skip
    shot, frames = session.context.shot, finished or {}
    return Result(
        project=session.context.project.root,
        frames=frames,
        shots=_merge_shots(shot_frames, results),
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


def report(
    project: Path, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> tuple[Path, ...]:  # fmt: skip
    """Measures what a project has made, and writes a page and the figures into it; returns their files.

    With layers, each has a page of its own in its folder, and the project's is about what they make together. Raises
    ProjectError for what is no project, OutputError where frames are missing.
    """
    shot, settings = read_asked(project)
    use_threads(settings.threads)
    from stylize.report.project_report import write_report

    # As if to propagate, so that motion and mattes are those that the frames were made with.
    part = replace(settings, from_stage="propagate", to_stage="propagate")
    with open_session(shot, part, project, on_progress, on_message) as session:
        shot_frames = find_shots(session.context)
        paths: list[Path] = []
        if session.layered:
            context = with_union(session.context)
            _finished_frames(context)
            # Keys are the layers'.
            paths += write_report(context, [ShotPlan(frames, ()) for frames in shot_frames])
        for look in session.looks:
            with prefix_errors(look.name):
                planned = plan_shots(look, shot_frames, key_limits(look, shot_frames))
                _finished_frames(look)
                paths += write_report(look, refinement.extend_shots(planned, refinement.stored_rounds(look, planned)))
        return tuple(paths)


def check(
    folder: Path, update: bool, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> "tuple[Verdict, ...]":  # fmt: skip
    """Makes a folder of golden projects anew, and compares them with what was approved; see ``golden``."""
    from stylize.report.golden import check_goldens

    def render_frames(shot: Path, settings: Settings, project: Path) -> Mapping[int, Path]:
        return run(shot, replace(settings, to_stage="propagate"), project, on_progress, on_message).frames

    return check_goldens(folder, render_frames, update=update)


# What a pixel costs on one processor of today, in seconds: of a keyframe, and of a drawing carried from one key.
KEY_COST, FRAME_COST = 9e-6, 1.5e-6


def expected_seconds(planned: Result, on: str = "ones") -> float:
    """About how long a run of this plan takes, from the number of pixels, keyframes and drawings; on: as the option,
    of a run without layers."""
    looks = [(one.shots, one.on) for one in planned.layers] or [(planned.shots, on)]
    keys = sum(len(shot.keyframes) for shots, _ in looks for shot in shots)
    pass_frames = sum(_pass_frames(shot, hold) for shots, hold in looks for shot in shots)
    return planned.pixels * (keys * KEY_COST + pass_frames * FRAME_COST)


def _pass_frames(shot: ShotPlan, on: str) -> int:
    """Drawings that passes go through: each one twice where there is a key on both sides."""
    drawn = set(drawings(shot.frames, shot.keys, FRAMES_PER_DRAWING[on]).values())
    return sum(
        len(drawn & set(span.frames)) * (1 if span.left is None or span.right is None else 2) for span in shot.spans()
    )


# Looks: all of a shot, or its layers


def _merge_shots(shot_frames: tuple[tuple[int, ...], ...], results: Sequence[LookResult]) -> tuple[ShotPlan, ...]:
    """The shots with the keyframes of all looks."""
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


def _missed_cut_warnings(session: Session, results: Sequence[LookResult]) -> tuple[str, ...]:
    """What is told of frames that no motion connects to a key, once a line."""
    lines = [
        missed_cut_warnings(look, result.shots)
        for look, result in zip(session.looks, results, strict=True)
        if not look.matte_is_empty
    ]
    return tuple(dict.fromkeys(line for some in lines for line in some))


# Export


def _finished_frames(context: Context) -> dict[int, Path]:
    paths = {frame: context.file("out", frame) for frame in context.shot.frames}
    deliver.check_complete(context.shot, paths)
    return paths


def _export(
    session: Session,
    context: Context,
    results: Sequence[LookResult],
    shots: tuple[ShotPlan, ...],
    finished: Mapping[int, Path],
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """context: with what layers cover together as its matte."""
    total, done = len(finished), 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done += 1
        context.progress("export", done, total)

    delivery = deliver.Delivery(
        context.shot, context.project, context.plates.paths, finished, inputs_of(context.settings),
        context.settings.overwrite, on_frame, deliver.encoding_of(context.settings),
        context.settings.threads or available_cpus(),
    )  # fmt: skip
    target = deliver.target_of(context.settings.output, context.shot, context.project)
    notes = deliver.deliver(delivery, target)
    painted = [PlannedLook(look, result.shots) for look, result in zip(session.looks, results, strict=True)]
    stale_note = stale_warning(target, context.shot.frames)
    if stale_note is not None:
        context.message(stale_note)
    files = handoff.write_handoff(PlannedLook(context, shots), painted, target)
    sheet = context.project.root / "contact_sheet.png"
    keys = {f"key {look.name}".strip(): look.keys.files() for look in session.looks}
    deliver.deliver_contact_sheet(delivery, keys, [key.frame for plan in shots for key in plan.keyframes], sheet)
    for look, result in zip(session.looks, results, strict=True) if session.layered else ():
        layer_delivery = replace(delivery, project=look.project, finished=existing_frames(look))
        numbers = [key.frame for plan in result.shots for key in plan.keyframes]
        deliver.deliver_contact_sheet(
            layer_delivery, {"key": look.keys.files()}, numbers, look.project.root / sheet.name
        )
    context.progress("export", total, total)
    return (target.path, sheet, *files), (*notes, *handoff.handoff_notes(context.settings, context.shot, target))


def open_project(path: Path) -> tuple[Path, Settings]:
    """Shot and settings of a project folder."""
    return read_asked(path)


__all__ = ["STAGES", "Result", "ShotPlan", "is_project", "open_project", "plan", "project_of", "run"]
