"""The stages of a run, top to bottom: conform, split, pick, render, propagate, export."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize import refinement
from stylize.context.context import Message, Progress
from stylize.event_log import EventLog, open_log
from stylize.export import export, finished_frames
from stylize.interchange import handoff
from stylize.jobs import Task, run_in_order, task_id
from stylize.look_pipeline import PLAN, LookResult, LookRun, look_with_coverage, plan_look
from stylize.media.targets import target_of
from stylize.planning.budget import key_limits
from stylize.planning.picking import ShotPlan, find_shots, plan_shots
from stylize.planning.plan_report import write_plan
from stylize.project import REPORT_FILES, read_project
from stylize.result import Result, make_result, merge_shots
from stylize.session import Session, open_session, prefix_errors
from stylize.settings import Settings
from stylize.spans.layer_stack import stack_layers, with_union
from stylize.spans.missed_cuts import missed_cut_warnings
from stylize.stages import STAGES as STAGE_TABLE
from stylize.stages import installed_libraries, versions_of
from stylize.threads import use_threads

if TYPE_CHECKING:
    from stylize.report.golden import Verdict


# Tasks of a run other than those of its looks.
LAYERS, DELIVERY, REPORT = "layers", "delivery", "report"


def run(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """Run the whole job, or the stages from ``settings.from_stage`` to ``settings.to_stage``; see ``stylize.run``."""
    use_threads(settings.threads)
    with open_log(settings.log_json, **_start(shot, settings)) as log:
        progress, message = _logged(on_progress, on_message, log)
        with open_session(shot, settings, project, progress, message, log) as session:
            log.write("disk", **asdict(session.disk))
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
            return make_result(
                session, shot_frames, results, outputs=tuple(outputs), notes=session.context.shot.warnings
            )


def _start(shot: Path, settings: Settings) -> dict[str, Any]:
    """Return the values of the first event in the log of a run."""
    return {
        "stylize": version("stylize"), "versions": versions_of(STAGE_TABLE) | installed_libraries(),
        "shot": str(shot),
        "settings": settings.stored(),
    }  # fmt: skip


def _logged(on_progress: Progress, on_message: Message, log: EventLog) -> tuple[Progress, Message]:
    """Return the callbacks, extended to write to a log as well."""

    def progress(stage: str, done: int, total: int) -> None:
        log.write("stage", name=stage, done=done, total=total)
        on_progress(stage, done, total)

    def message(text: str) -> None:
        log.message(text)
        on_message(text)

    return progress, message


def task_list(session: Session, looks: Sequence[LookRun]) -> list[Task]:
    """Return the tasks of a run, done or not, each after those that it needs.

    The plan must have been made: its result determines the tasks.
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
    """Execution of the tasks of a run. redone: frames of the whole that were made in this run."""

    session: Session
    redone: tuple[int, ...] = ()
    outputs: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def run(self) -> Result:
        """Plan, and run the tasks of the plan."""
        session, settings = self.session, self.session.context.settings
        self.context = session.context
        if settings.runs("export"):
            target = target_of(settings.output, self.context.shot.name, self.context.project.folder("export"))
            handoff.check_handoff(settings, self.context.shot, target, self.context.project)
        with self.context.log.task(PLAN):
            self.shot_frames = find_shots(self.context.during(PLAN))
            self.look_runs = [LookRun(look, plan_look(look, self.shot_frames)) for look in session.looks]
        runners = dict.fromkeys(("keys", "span", "refine"), self._look)
        run_in_order(task_list(session, self.look_runs)[1:], runners | {LAYERS: self._stack, DELIVERY: self._deliver})
        results = [look.result() for look in self.look_runs]
        finished = finished_frames(self.context) if settings.runs("propagate") or settings.runs("export") else {}
        warnings = _missed_cut_warnings(session, results) if settings.runs("propagate") else ()
        redone = self.redone if session.layered else results[0].redone
        return make_result(
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
        results, finished = [look.result() for look in self.look_runs], finished_frames(context)
        shots = merge_shots(self.shot_frames, results)
        with self.context.log.task(DELIVERY):
            self.outputs, self.notes = export(self.session, context.during(DELIVERY), results, shots, finished)


def report(
    project: Path, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> tuple[Path, ...]:  # fmt: skip
    """Measure the results of a project, write a page and the figures into it, and return their files.

    Each layer has its own page in its folder; the project's page then covers all layers together. Raises ProjectError
    where there is no project, OutputError where frames are missing.
    """
    shot, settings = read_project(project)
    use_threads(settings.threads)
    # Opened as if to propagate, so that motion and mattes are those that the frames were made with.
    part = replace(settings, from_stage="propagate", to_stage="propagate")
    paths: list[Path] = []

    with open_session(shot, part, project, on_progress, on_message) as session:
        shot_frames = find_shots(session.context)

        def run_report(tasks: Sequence[Task]) -> None:
            for task in tasks:
                paths.extend(_write_report(session, shot_frames, task.details))

        run_in_order(report_tasks(session), {REPORT: run_report})
    return tuple(paths)


def report_tasks(session: Session) -> list[Task]:
    """Return the tasks of a report: a page for each look, and with layers one for the whole before them."""
    contexts = [session.context, *session.looks] if session.layered else session.looks
    return [
        Task(
            task_id(REPORT, context.name), (), tuple(context.project.root / name for name in REPORT_FILES), context.name
        )
        for context in contexts
    ]


def _write_report(session: Session, shot_frames: Sequence[tuple[int, ...]], name: str) -> tuple[Path, ...]:
    from stylize.report.project_report import write_report

    if session.layered and not name:
        whole = with_union(session.context)
        finished_frames(whole)
        # Keys belong to the layers.
        return write_report(whole, [ShotPlan(frames, ()) for frames in shot_frames])
    context = next(look for look in session.looks if look.name == name)
    with prefix_errors(context.name):
        planned = plan_shots(context, shot_frames, key_limits(context, shot_frames))
        finished_frames(context)
        return write_report(context, refinement.extend_shots(planned, refinement.stored_rounds(context, planned)))


def check(
    folder: Path, update: bool, on_progress: Progress = lambda *_: None, on_message: Message = lambda _: None
) -> "tuple[Verdict, ...]":  # fmt: skip
    """Regenerate a folder of golden projects, and compare them with the approved frames; see ``golden``."""
    from stylize.report.golden import check_goldens

    def render_frames(shot: Path, settings: Settings, project: Path) -> Mapping[int, Path]:
        return run(shot, replace(settings, to_stage="propagate"), project, on_progress, on_message).frames

    return check_goldens(folder, render_frames, update=update)


def _missed_cut_warnings(session: Session, results: Sequence[LookResult]) -> tuple[str, ...]:
    """Return the warnings about frames that no motion connects to a key, each line once."""
    lines = [
        missed_cut_warnings(look, result.shots)
        for look, result in zip(session.looks, results, strict=True)
        if not look.matte_is_empty
    ]
    return tuple(dict.fromkeys(line for some in lines for line in some))
