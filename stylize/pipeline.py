"""Stages of a run, from top to bottom: conform, split, pick, render, propagate, export."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize import refinement
from stylize.compile_kernels import compilation_note
from stylize.context.context import Context
from stylize.context.model_store import ModelStore
from stylize.errors import OutputError, ProjectError
from stylize.event_log import open_log
from stylize.events import Message
from stylize.export import export, finished_frames
from stylize.extensions.discovery import distribution_versions
from stylize.full_estimate import estimate_full_run
from stylize.interchange import handoff
from stylize.jobs import Task, run_in_order, task_id
from stylize.key_requests import check_key_requests
from stylize.look_pipeline import PLAN, LookResult, LookRun, look_with_coverage, plan_look
from stylize.media.targets import target_of
from stylize.planning.budget import key_limits
from stylize.planning.picking import ShotPlan, find_shots, plan_shots
from stylize.planning.plan_report import write_plan
from stylize.project import REPORT_FILES, trusted_settings
from stylize.project.speeds import Sizes, keep_speeds, read_speeds
from stylize.reporter import SILENT, Reporter
from stylize.result import Result, make_result, merge_shots
from stylize.run_estimate import (
    PlannedLook,
    StageWork,
    expected_stages,
    measured_speeds,
    planned_work,
    total_seconds,
)
from stylize.run_order import CONFORM, stages_of
from stylize.session import Session, open_session, prefix_errors
from stylize.settings import Settings
from stylize.spans.layer_stack import stack_layers, with_union
from stylize.spans.missed_cuts import missed_cut_warnings
from stylize.spans.retouched import report_retouched
from stylize.stages import STAGES as STAGE_TABLE
from stylize.stages import installed_libraries, versions_of
from stylize.step_times import StepTimes
from stylize.threads import use_threads

if TYPE_CHECKING:
    from stylize.quality.golden import Verdict


# Tasks of a run that belong to no look.
LAYERS, DELIVERY, REPORT = "layers", "delivery", "report"


def run(shot: Path, settings: Settings, project: Path | None = None, reporter: Reporter = SILENT) -> Result:
    """Run all stages, or those from ``settings.from_stage`` to ``settings.to_stage``; see ``stylize.run``."""
    with open_run(shot, settings, project, reporter) as opened:
        return opened.run()


@contextmanager
def open_run(
    shot: Path, settings: Settings, project: Path | None = None, reporter: Reporter = SILENT,
    models: ModelStore | None = None,
) -> Iterator["Run"]:  # fmt: skip
    """Open a shot for a run, excluding other runs until the end. models: see ``open_session``."""
    use_threads(settings.threads)
    # The reporter was made first, so that the time of loading libraries counts.
    times = StepTimes(started=reporter.started)
    with (
        open_log(settings.log_json, **_start(shot, settings)) as log,
        open_session(shot, settings, project, reporter.also_to(log.receive).also_to(times.receive), models) as session,
    ):
        log.write("disk", **asdict(session.disk))
        if note := compilation_note():
            reporter.message(note)
        yield Run(session, times)


def plan(shot: Path, settings: Settings, project: Path | None = None, reporter: Reporter = SILENT) -> Result:
    """Find cuts and keyframes, with their reasons and coverage, as a table and a picture; render nothing."""
    use_threads(settings.threads)
    part = replace(settings, from_stage="conform", to_stage="pick")
    with (
        open_log(settings.log_json, **_start(shot, part)) as log,
        open_session(shot, part, project, reporter.also_to(log.receive)) as session,
        session.context.reporter.task(PLAN),
    ):
        if note := compilation_note():
            reporter.message(note)
        shot_frames = find_shots(session.context.during(PLAN))
        results = [look_with_coverage(look, plan_look(look, shot_frames)) for look in session.looks]
        outputs: list[Path] = []
        for look, result in zip(session.looks, results, strict=True):
            with prefix_errors(look.name):
                outputs += write_plan(look.during(PLAN), result.shots)
        planned = [(look, result.shots) for look, result in zip(session.looks, results, strict=True)]
        run_seconds, full_seconds = _plan_seconds(session, planned, settings)
        return make_result(
            session, shot_frames, results, outputs=tuple(outputs), notes=session.context.shot.warnings,
            full_seconds=full_seconds, run_seconds=run_seconds,
        )  # fmt: skip


def _plan_seconds(
    session: Session, planned: Sequence[PlannedLook], settings: Settings
) -> tuple[float | None, float | None]:
    """Return the estimated seconds of the run of a plan, and, for a draft, of the full run; None if unknown."""
    context, speeds = session.context, read_speeds()
    # The plan has unpacked the plates of its size.
    work = [one for one in planned_work(context, planned, settings) if one.stage != CONFORM]
    order = [(one.stage, one.layer) for one in work]
    run_seconds = total_seconds(expected_stages(order, work, _pixels(context), speeds))
    if context.draft is None:
        return run_seconds, None
    return run_seconds, total_seconds(expected_stages(order, work, _pixels(context.full), speeds))


def _pixels(context: Context) -> int:
    return context.shot.size[0] * context.shot.size[1]


def _start(shot: Path, settings: Settings) -> dict[str, Any]:
    """Return the values of the first event in the log of a run."""
    return {
        "stylize": version("stylize"),
        "versions": versions_of(STAGE_TABLE) | installed_libraries() | distribution_versions(),
        "shot": str(shot),
        "settings": settings.stored(),
    }  # fmt: skip


def task_list(session: Session, looks: Sequence[LookRun]) -> list[Task]:
    """Return all tasks of a run, including those already done, each after those that it needs.

    The plan must already exist, because it determines the tasks.
    """
    settings = session.context.settings
    tasks = [Task(PLAN), *(task for look in looks for task in look.tasks())]
    if session.layered and settings.runs("propagate"):
        tasks.append(Task(LAYERS, tuple(task.id for task in tasks)))
    if settings.runs("export"):
        tasks.append(Task(DELIVERY, tuple(task.id for task in tasks)))
    return tasks


@dataclass
class Run:
    """Execution of the tasks of a run.

    redone: frames of the whole shot that were made in this run. speeds: those of this machine when the run began.
    """

    session: Session
    times: StepTimes = field(default_factory=StepTimes)
    redone: tuple[int, ...] = ()
    outputs: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    speeds: Mapping[str, Sizes] = field(default_factory=read_speeds)

    def __post_init__(self) -> None:
        self.context = self.session.context

    @cached_property
    def shot_frames(self) -> tuple[tuple[int, ...], ...]:
        """Frames of each shot, computed at first use."""
        return find_shots(self.context.during(PLAN))

    @cached_property
    def look_runs(self) -> list[LookRun]:
        """Looks with their keyframes, planned at first use."""
        settings = self.context.settings
        if settings.runs("export") and self.context.draft is None:
            shot, folder = self.context.shot, self.context.project.folder("export")
            target = target_of(settings.output, shot.name, folder, padding=shot.padding)
            handoff.check_handoff(settings, self.context.shot, target, self.context.project)
        with self.context.reporter.task(PLAN):
            return [LookRun(look, plan_look(look, self.shot_frames)) for look in self.session.looks]

    def tasks(self) -> list[Task]:
        """Return all tasks, including those already done, each after those that it needs."""
        return task_list(self.session, self.look_runs)

    def shots(self) -> tuple[ShotPlan, ...]:
        """Return the shots with the keyframes of all looks."""
        results = [look.result() for look in self.look_runs]
        return merge_shots(self.shot_frames, results)

    def run(self) -> Result:
        """Make the plan, and run its tasks."""
        session, settings = self.session, self.context.settings
        tasks = self.tasks()
        check_key_requests(settings, self.look_runs)
        if settings.runs("propagate") or settings.runs("export"):
            for context in (self.context, *(session.looks if session.layered else ())):
                with prefix_errors(context.name):
                    report_retouched(context)
        runners = dict.fromkeys(("keys", "span", "refine"), self._look)
        work = self._expect()
        try:
            run_in_order(tasks[1:], runners | {LAYERS: self._stack, DELIVERY: self._deliver})
        finally:
            self._keep_speeds(work)
        results = [look.result() for look in self.look_runs]
        finished = finished_frames(self.context) if settings.runs("propagate") or settings.runs("export") else {}
        warnings = _missed_cut_warnings(session, results) if settings.runs("propagate") else ()
        redone = self.redone if session.layered else results[0].redone
        return make_result(
            session, self.shot_frames, results, finished, redone, self.outputs,
            (*self.context.shot.warnings, *warnings, *self.notes), self._full_seconds(),
        )  # fmt: skip

    def _expect(self) -> list[StageWork]:
        """Report the stages of the run with their expected times, and return their work."""
        settings, context = self.context.settings, self.context
        work = planned_work(context, [(look.context, look.shots) for look in self.look_runs], settings)
        order = stages_of(
            settings, unpacks=context.shot.kind == "movie" or context.shot.converted or context.draft is not None
        )
        # Plates have been unpacked.
        ahead = [one for one in work if one.stage != CONFORM]
        context.reporter.expect(expected_stages(order, ahead, _pixels(context), self.speeds))
        return work

    def _keep_speeds(self, work: Sequence[StageWork]) -> None:
        """Keep the speeds that this run has measured. An error only makes later estimates less accurate."""
        try:
            keep_speeds(measured_speeds(work, _pixels(self.context), self.times))
        except (OutputError, ProjectError) as error:
            self.context.reporter.on_event(Message(f"speeds are not kept for later estimates: {error}", is_detail=True))

    def _full_seconds(self) -> float | None:
        """Report the estimated time of the full run of a draft, and return it in seconds; None if there is none."""
        if self.context.draft is None:
            return None
        estimate = estimate_full_run(self.context, self.look_runs, self.times, self.speeds)
        if estimate is None:
            return None
        self.context.message(str(estimate))
        return estimate.seconds

    def _look(self, tasks: Sequence[Task]) -> None:
        """Run tasks of one kind, look by look."""
        for look_run in self.look_runs:
            look_tasks = [task for task in tasks if task.details == look_run.context.name]
            if look_tasks:
                look_run.run(look_tasks)

    def _stack(self, _: Sequence[Task]) -> None:
        with self.context.reporter.task(LAYERS):
            self.redone = stack_layers(self.context.during(LAYERS), self.session.looks)

    def _deliver(self, _: Sequence[Task]) -> None:
        context = with_union(self.context) if self.session.layered else self.context
        results, finished = [look.result() for look in self.look_runs], finished_frames(context)
        shots = merge_shots(self.shot_frames, results)
        with self.context.reporter.task(DELIVERY):
            self.outputs, self.notes = export(self.session, context.during(DELIVERY), results, shots, finished)


def report(
    project: Path, reporter: Reporter = SILENT, *, trust: bool = False, allow: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Measure the results of a project, write an HTML page and JSON into it, and return their paths.

    Each layer has its own page in its folder; the project's page then covers all layers together. trust, allow: as the
    options of a run. Raises ProjectError if the project does not exist, or reaches outside its folder and is not
    trusted, OutputError if frames are missing.
    """
    shot, settings = trusted_settings(project, {"trust": trust, "allow": allow}, reporter.message)
    use_threads(settings.threads)
    # Opened as for propagation, so that motion and mattes are those that the frames were made with.
    part = replace(settings, from_stage="propagate", to_stage="propagate")
    paths: list[Path] = []

    with open_session(shot, part, project, reporter) as session:
        shot_frames = find_shots(session.context)

        def run_report(tasks: Sequence[Task]) -> None:
            for task in tasks:
                paths.extend(_write_report(session, shot_frames, task.details))

        run_in_order(report_tasks(session), {REPORT: run_report})
    return tuple(paths)


def report_tasks(session: Session) -> list[Task]:
    """Return the tasks of a report: a page for each look, preceded, with layers, by one for the whole shot."""
    contexts = [session.context, *session.looks] if session.layered else session.looks
    return [
        Task(
            task_id(REPORT, context.name), (), tuple(context.project.root / name for name in REPORT_FILES), context.name
        )
        for context in contexts
    ]


def _write_report(session: Session, shot_frames: Sequence[tuple[int, ...]], name: str) -> tuple[Path, ...]:
    from stylize.quality.project_report import write_report

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
    folder: Path, *, update: bool = False, reporter: Reporter = SILENT, trust: bool = False, allow: Sequence[str] = ()
) -> "tuple[Verdict, ...]":
    """Regenerate the golden projects in a folder, and compare them with the approved frames; see ``golden``.

    trust: let them access anything outside the folder. allow: paths outside that they may access.
    """
    from stylize.quality.golden import check_goldens

    def render_frames(shot: Path, settings: Settings, project: Path) -> Mapping[int, Path]:
        return run(shot, replace(settings, to_stage="propagate"), project, reporter).frames

    return check_goldens(folder, render_frames, update=update, trust=trust, allow=allow)


def _missed_cut_warnings(session: Session, results: Sequence[LookResult]) -> tuple[str, ...]:
    """Return the warnings about frames that no motion connects to a key, each line once."""
    lines = [
        missed_cut_warnings(look, result.shots)
        for look, result in zip(session.looks, results, strict=True)
        if not look.matte_is_empty
    ]
    return tuple(dict.fromkeys(line for some in lines for line in some))
