"""The stages of a run, top to bottom: conform, split, pick, render, propagate, export."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from propagate.holds import drawings
from stylize import refinement
from stylize.context.context import Message, Progress, Work
from stylize.delivery import deliver
from stylize.event_log import EventLog, opened_log
from stylize.interchange import handoff
from stylize.interchange.handoff import PlannedLook
from stylize.jobs import Task, run_in_order
from stylize.look_pipeline import PLAN, LookRun, Made, covered_look, frames_there, plan_look
from stylize.media.stale_outputs import stale_warning
from stylize.planning.budget import limits
from stylize.planning.picking import ShotPlan, find_shots, plan_shots
from stylize.planning.plan_report import timecodes, write_plan
from stylize.project import is_project, project_of, read_asked
from stylize.refinement import Refinement
from stylize.session import Opened, opened, told_of
from stylize.settings import FRAMES_PER_DRAWING, STAGES, Settings
from stylize.settings.input_files import inputs_of
from stylize.spans.layer_stack import stack_layers, with_union
from stylize.spans.missed_cuts import missed_cut_warnings
from stylize.stages import STAGES as STAGE_TABLE
from stylize.stages import versions_of
from stylize.threads import available, use_threads

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
    with opened_log(settings.log_json, **_start(shot, settings)) as log:
        progress, message = _logged(on_progress, on_message, log)
        with opened(shot, settings, project, progress, message, log) as session:
            return _Run(session).run()


def plan(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """Find cuts and keyframes, with their reasons and coverage, as a table and a picture; render nothing."""
    use_threads(settings.threads)
    part = replace(settings, from_stage="conform", to_stage="pick")
    with opened_log(settings.log_json, **_start(shot, part)) as log:
        progress, message = _logged(on_progress, on_message, log)
        with opened(shot, part, project, progress, message, log) as session, log.task(PLAN):
            found = find_shots(session.whole.during(PLAN))
            looks = [covered_look(look, plan_look(look, found)) for look in session.looks]
            outputs: list[Path] = []
            for one, look in zip(session.looks, looks, strict=True):
                with told_of(one.name):
                    outputs += write_plan(one.during(PLAN), look.shots)
            return _result(session, found, looks, outputs=tuple(outputs), notes=session.whole.shot.warnings)


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


def task_list(session: Opened, looks: Sequence[LookRun]) -> list[Task]:
    """Return the tasks of a run, done or not, in an order in which each stands behind those that it needs.

    The plan has been made: what it found decides what the others are.
    """
    settings = session.whole.settings
    tasks = [Task(PLAN), *(task for look in looks for task in look.tasks())]
    if session.layered and settings.runs("propagate"):
        tasks.append(Task(LAYERS, tuple(task.id for task in tasks)))
    if settings.runs("export"):
        tasks.append(Task(DELIVERY, tuple(task.id for task in tasks)))
    return tasks


@dataclass
class _Run:
    """A run on its way through its tasks. redone: frames of the whole that were made in this run."""

    session: Opened
    redone: tuple[int, ...] = ()
    outputs: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def run(self) -> Result:
        """Plan, and run the tasks that the plan asks for."""
        session, settings = self.session, self.session.whole.settings
        self.whole = session.whole
        if settings.runs("export"):
            target = deliver.target_of(settings.output, self.whole.shot, self.whole.project)
            handoff.check_handoff(settings, self.whole.shot, target, self.whole.project)
        with self.whole.log.task(PLAN):
            self.found = find_shots(self.whole.during(PLAN))
            self.looks = [LookRun(look, plan_look(look, self.found)) for look in session.looks]
        looks = dict.fromkeys(("keys", "span", "refine"), self._look)
        run_in_order(task_list(session, self.looks)[1:], looks | {LAYERS: self._stack, DELIVERY: self._deliver})
        made = [look.made() for look in self.looks]
        finished = _finished(self.whole) if settings.runs("propagate") or settings.runs("export") else {}
        cut_off = _cut_off(session, made) if settings.runs("propagate") else ()
        redone = self.redone if session.layered else made[0].redone
        return _result(
            session, self.found, made, finished, redone, self.outputs,
            (*self.whole.shot.warnings, *cut_off, *self.notes),
        )  # fmt: skip

    def _look(self, tasks: Sequence[Task]) -> None:
        """Run tasks of one kind, look by look."""
        for look in self.looks:
            mine = [task for task in tasks if task.work == look.work.name]
            if mine:
                look.run(mine)

    def _stack(self, _: Sequence[Task]) -> None:
        with self.whole.log.task(LAYERS):
            self.redone = stack_layers(self.whole.during(LAYERS), self.session.looks)

    def _deliver(self, _: Sequence[Task]) -> None:
        whole = with_union(self.whole) if self.session.layered else self.whole
        made, finished = [look.made() for look in self.looks], _finished(whole)
        shots = _together(self.found, made)
        with self.whole.log.task(DELIVERY):
            self.outputs, self.notes = _export(self.session, whole.during(DELIVERY), made, shots, finished)


def _result(
    session: Opened, found: tuple[tuple[int, ...], ...], looks: Sequence[Made],
    finished: Mapping[int, Path] | None = None, redone: tuple[int, ...] = (), outputs: tuple[Path, ...] = (),
    notes: tuple[str, ...] = (),
) -> Result:  # fmt: skip
    shot, frames = session.whole.shot, finished or {}
    return Result(
        project=session.whole.project.root,
        frames=frames,
        shots=_together(found, looks),
        rendered=_all(look.rendered for look in looks),
        painted=_all(look.painted for look in looks),
        redone=redone,
        reused=tuple(sorted(set(frames) - set(redone))),
        outputs=outputs,
        notes=notes,
        pixels=shot.size[0] * shot.size[1],
        timecodes=timecodes(shot),
        refinements=() if session.layered else looks[0].refinements,
        layers=_results(session, looks),
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
    with opened(shot, part, project, on_progress, on_message) as work:
        found = find_shots(work.whole)
        paths: list[Path] = []
        if work.layered:
            whole = with_union(work.whole)
            _finished(whole)
            # Keys are the layers'.
            paths += write_report(whole, [ShotPlan(frames, ()) for frames in found])
        for look in work.looks:
            with told_of(look.name):
                planned = plan_shots(look, found, limits(look, found))
                _finished(look)
                paths += write_report(look, refinement.extended(planned, refinement.known(look, planned)))
        return tuple(paths)


def check(
    folder: Path, update: bool, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> "tuple[Verdict, ...]":  # fmt: skip
    """Makes a folder of golden projects anew, and compares them with what was approved; see ``golden``."""
    from stylize.report.golden import check_goldens

    def made(shot: Path, settings: Settings, project: Path) -> Mapping[int, Path]:
        return run(shot, replace(settings, to_stage="propagate"), project, on_progress, on_message).frames

    return check_goldens(folder, made, update=update)


# What a pixel costs on one processor of today, in seconds: of a keyframe, and of a drawing carried from one key.
KEY_COST, FRAME_COST = 9e-6, 1.5e-6


def expected_seconds(planned: Result, on: str = "ones") -> float:
    """About how long a run of this plan takes, from the number of pixels, keyframes and drawings; on: as the option,
    of a run without layers."""
    looks = [(one.shots, one.on) for one in planned.layers] or [(planned.shots, on)]
    keys = sum(len(shot.keyframes) for shots, _ in looks for shot in shots)
    drawn = sum(_passes(shot, held) for shots, held in looks for shot in shots)
    return planned.pixels * (keys * KEY_COST + drawn * FRAME_COST)


def _passes(shot: ShotPlan, on: str) -> int:
    """Drawings that passes go through: each one twice where there is a key on both sides."""
    drawn = set(drawings(shot.frames, shot.keys, FRAMES_PER_DRAWING[on]).values())
    return sum(
        len(drawn & set(span.frames)) * (1 if span.left is None or span.right is None else 2) for span in shot.spans()
    )


# Looks: all of a shot, or its layers


def _together(found: tuple[tuple[int, ...], ...], looks: Sequence[Made]) -> tuple[ShotPlan, ...]:
    """The shots with the keyframes of all looks."""
    if len(looks) == 1:
        return looks[0].shots
    together = []
    for place, frames in enumerate(found):
        keys = {key.frame: key for look in reversed(looks) for key in look.shots[place].keyframes}
        together.append(ShotPlan(frames, tuple(keys[frame] for frame in sorted(keys))))
    return tuple(together)


def _all(numbers: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({number for some in numbers for number in some}))


def _results(work: Opened, looks: Sequence[Made]) -> tuple[LayerResult, ...]:
    if not work.layered:
        return ()
    return tuple(
        LayerResult(
            one.name, one.project.root, one.settings.on, frames_there(one), made.shots, made.rendered, made.painted,
            made.redone, made.refinements,
        )
        for one, made in zip(work.looks, looks, strict=True)
    )  # fmt: skip


def _cut_off(work: Opened, looks: Sequence[Made]) -> tuple[str, ...]:
    """What is told of frames that no motion connects to a key, once a line."""
    lines = [
        missed_cut_warnings(one, made.shots) for one, made in zip(work.looks, looks, strict=True) if not one.outside
    ]
    return tuple(dict.fromkeys(line for some in lines for line in some))


# Export


def _finished(work: Work) -> dict[int, Path]:
    found = {frame: work.file("out", frame) for frame in work.shot.frames}
    deliver.check_complete(work.shot, found)
    return found


def _export(
    work: Opened, whole: Work, looks: Sequence[Made], shots: tuple[ShotPlan, ...], finished: Mapping[int, Path]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """whole: with what layers cover together as its matte."""
    total, done = len(finished), 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done += 1
        whole.progress("export", done, total)

    given = deliver.Delivery(
        whole.shot, whole.project, whole.plates.paths, finished, inputs_of(whole.settings), whole.settings.overwrite,
        on_frame, deliver.encoding_of(whole.settings), whole.settings.threads or available(),
    )  # fmt: skip
    target = deliver.target_of(whole.settings.output, whole.shot, whole.project)
    notes = deliver.deliver(given, target)
    painted = [PlannedLook(one, made.shots) for one, made in zip(work.looks, looks, strict=True)]
    others = stale_warning(target, whole.shot.frames)
    if others is not None:
        whole.message(others)
    more = handoff.write_handoff(PlannedLook(whole, shots), painted, target)
    sheet = whole.project.root / "contact_sheet.png"
    keys = {f"key {one.name}".strip(): one.keys.files() for one in work.looks}
    deliver.deliver_contact_sheet(given, keys, [key.frame for plan in shots for key in plan.keyframes], sheet)
    for one, made in zip(work.looks, looks, strict=True) if work.layered else ():
        shown = replace(given, project=one.project, finished=frames_there(one))
        numbers = [key.frame for plan in made.shots for key in plan.keyframes]
        deliver.deliver_contact_sheet(shown, {"key": one.keys.files()}, numbers, one.project.root / sheet.name)
    whole.progress("export", total, total)
    return (target.path, sheet, *more), (*notes, *handoff.handoff_notes(whole.settings, whole.shot, target))


def open_project(path: Path) -> tuple[Path, Settings]:
    """Shot and settings of a project folder."""
    return read_asked(path)


__all__ = ["STAGES", "Result", "ShotPlan", "is_project", "open_project", "plan", "project_of", "run"]
