"""Propagate stage: run the spans that lack frames as tasks, in one process or several.

A span is the unit of work. If there are few, the two passes of a span go to two processes, and their drawings are
blended when both are done. The process that makes a frame records it when it is on disk, so that the next run finds it
even if this one is killed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stylize.context.context import Context
from stylize.errors import OutputError, PaintedKeyError
from stylize.events import FrameFinished, TaskDone, TaskStarted
from stylize.jobs import Task, WorkerSetup, run_in_turns, run_tasks, task_id
from stylize.media.images import image_info
from stylize.motion import estimated
from stylize.planning.picking import ShotPlan
from stylize.project.layout import KEPT_PASSES
from stylize.spans.composite_look import finish_key
from stylize.spans.frame_files import is_done, remove_stale, write_frame
from stylize.spans.resume_point import clear, is_scratch, prune_kept
from stylize.spans.span_job import BACKWARD, FORWARD, DrawingPassed, Engine, Event, FinishedFrame, SpanInputs
from stylize.spans.span_plan import PlannedSpan, kept_passes, keyframe_key, planned_spans, plate_key, span_id
from stylize.spans.span_worker import (
    BLEND,
    WHOLE,
    SpanWork,
    WorkerInputs,
    engine_of,
    make_worker,
    prepare,
    span_inputs,
    worker_inputs,
)

# Module that the processes of --jobs share; it is not imported here.
_WORKER_IMPORTS = "stylize.spans.worker_imports"
# Task for the frames that no span makes: keyframes, and plates returned unchanged.
KEYFRAMES = "keyframes"
# Max bytes of the drawings of passes that a draft keeps, so that a change of one key remakes only its own passes.
MAX_KEPT_BYTES = 1 << 30


def span_tasks(context: Context, shots: Sequence[ShotPlan], keys: Sequence[str]) -> list[Task]:
    """Return all tasks that make the frames of a look, including those already done. keys: ids of its keys' tasks.

    The first task makes the frames that no span makes: keyframes, and plates returned unchanged.
    """
    spanned = {frame for plan in shots for span in plan.spans() for frame in span.frames}
    others = [frame for frame in context.shot.frames if frame not in spanned]
    first = task_id("span", context.name, KEYFRAMES)
    tasks = [Task(first, tuple(keys), tuple(context.file("out", frame) for frame in others), context.name, len(others))]
    for plan in shots:
        for span in plan.spans():
            files = tuple(context.file("out", frame) for frame in span.frames)
            cost = len(span.frames) * (2 if None not in (span.left, span.right) else 1)
            tasks.append(Task(span_id(context.name, span), tuple(keys), files, context.name, cost))
    return tasks


def propagate_shots(context: Context, shots: Sequence[ShotPlan]) -> tuple[int, ...]:
    """Make the frames that are missing or whose inputs have changed; return their numbers.

    Raises PaintedKeyError when the picture of a keyframe is missing, OutputError when the disk is full.
    """
    keyframes_context = context.during(task_id("span", context.name, KEYFRAMES))
    if context.matte_is_empty:
        return _return_plates(keyframes_context)
    keys = context.keys.files()
    missing = [frame for plan in shots for frame in plan.keys if frame not in keys]
    if missing:
        raise PaintedKeyError(f"keyframe {missing[0]} has no picture in keys/; run again with --from render")
    inputs = span_inputs(context.plates, keys, context.mattes, context.guides, frame_dtype(context, keys))
    engine = engine_of(context.settings, context.motion)
    progress = _Progress(
        context,
        [span for plan in shots for span in planned_spans(context, inputs, plan)],
        sum(len(p.keys) for p in shots),
    )
    context.progress("propagate", 0, progress.total)
    for plan in shots:
        for frame in plan.keys:
            progress.keyframe(frame, _put_keyframe(keyframes_context, inputs, engine, frame))
    _run(context, keys, inputs, engine, progress)
    if context.draft is not None:
        used = [folder for plan in shots for folder in kept_passes(context, inputs, plan)]
        prune_kept(context.project.folder("passes") / KEPT_PASSES, used, MAX_KEPT_BYTES)
    _tidy(context, [span_id(context.name, span) for plan in shots for span in plan.spans()])
    return tuple(sorted(progress.redone))


def _run(
    context: Context, keys: Mapping[int, Path], inputs: SpanInputs, engine: Engine, progress: "_Progress"
) -> None:  # fmt: skip
    tasks = _pass_tasks(progress.spans, context.settings.jobs)
    progress.expect(tasks)
    jobs = min(context.settings.jobs, sum(not task.needs for task in tasks))
    if jobs < 2:
        alone = make_worker(inputs, engine, context.shot, context.project.root)
        if _are_neighbours(context, tasks):
            run_in_turns(alone, tasks, progress.event, progress.done, progress.start, context.reporter.check)
            return
        here: WorkerSetup[None, Event] = WorkerSetup(lambda _: alone, None)
        run_tasks(here, tasks, 1, progress.event, progress.done, progress.start, context.reporter.check)
    else:
        payload = worker_inputs(context, keys, inputs.dtype, jobs)
        setup: WorkerSetup[WorkerInputs, Event] = WorkerSetup(prepare, payload, [_WORKER_IMPORTS])
        run_tasks(setup, tasks, jobs, progress.event, progress.done, progress.start, context.reporter.check)


def _are_neighbours(context: Context, tasks: Sequence[Task]) -> bool:
    """Return whether a draft lacks the two spans next to one key, whose nearest frames are then to come first."""
    if context.draft is None or len(tasks) != 2:
        return False
    first, second = (task.details.planned.job.span for task in tasks)
    return first.right is not None and first.right == second.left


def _pass_tasks(planned: Sequence[PlannedSpan], jobs: int) -> list[Task]:
    """Return the tasks for the processes: for several, the longest first, with spans split if there are too few."""
    parted = jobs > 1 and len(planned) < 2 * jobs
    tasks = [task for one in planned for task in (_parted(one, jobs) if parted else [_whole(one)])]
    return sorted(tasks, key=lambda task: -task.cost) if jobs > 1 else tasks


def _whole(planned: PlannedSpan) -> Task:
    return Task(planned.task, details=SpanWork(planned, WHOLE), cost=planned.job.step_count())


def _parted(planned: PlannedSpan, jobs: int) -> list[Task]:
    """Return the tasks of a split span: its two passes, and the blending of their drawings in one part per process."""
    if not planned.job.two_sided():
        return [_whole(planned)]
    sides = {side: f"{planned.task}:{side}" for side in (FORWARD, BACKWARD)}
    cost = planned.job.step_count() / len(sides)
    passes = [Task(name, details=SpanWork(planned, side), cost=cost) for side, name in sides.items()]
    needed = sorted(planned.job.needed_drawings())
    chunks = [tuple(needed[first::jobs]) for first in range(min(jobs, len(needed)))]
    blends = [
        Task(f"{planned.task}:{BLEND}:{place}", tuple(sides.values()), details=SpanWork(planned, BLEND, chunk), cost=0)
        for place, chunk in enumerate(chunks)
    ]
    return [*passes, *blends]


def _put_keyframe(context: Context, inputs: SpanInputs, engine: Engine, frame: int) -> bool:
    """Write a keyframe to the result if necessary; return whether it was."""
    key = keyframe_key(context, inputs, frame)
    if is_done(context, frame, key):
        return False
    write_frame(context.project.root, context.shot, finish_key(inputs, engine, frame), key, context.project)
    return True


def _return_plates(context: Context) -> tuple[int, ...]:
    """Write the plates of frames without any style unchanged; return the numbers of the frames written."""
    written = []
    for done, frame in enumerate(context.shot.frames, 1):
        key = plate_key(context, frame)
        if not is_done(context, frame, key):
            plate = context.plates.read(frame)
            made = FinishedFrame(frame, plate, np.zeros(plate.shape[:2], np.float32))
            write_frame(context.project.root, context.shot, made, key, context.project)
            written.append(frame)
            context.reporter.send(FrameFinished(frame, context.file("out", frame), context.name))
        context.progress("propagate", done, len(context.shot.frames))
    _tidy(context, [])
    return tuple(written)


def frame_dtype(context: Context, keys: Mapping[int, Path]) -> type:
    """Return uint16 when the plates or any key have 16 bits, otherwise uint8."""
    deep = context.shot.depth == 16 or any(image_info(path).depth == 16 for path in keys.values())
    return np.uint16 if deep else np.uint8


@dataclass
class _Progress:
    """Progress of the stage. keyframes: their number, each one step of the bar. redone: frames made in this run."""

    context: Context
    spans: Sequence[PlannedSpan]
    keyframes: int
    redone: list[int] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.total = self.keyframes + sum(span.job.step_count() for span in self.spans)
        self._waiting = {span.task: set(span.job.wanted) for span in self.spans}
        self._steps_left = {span.task: span.job.step_count() for span in self.spans}
        self._open = Counter[str]()

    def expect(self, tasks: Iterable[Task]) -> None:
        """Count the pending tasks of each span."""
        self._open = Counter(task.details.planned.task for task in tasks)

    def start(self, task: Task) -> None:
        """Log the start of a task."""
        self.context.reporter.send(TaskStarted(task.id))

    def keyframe(self, frame: int, written: bool) -> None:
        """Count a keyframe."""
        if written:
            self._finished(frame)
        self._step(1)

    def event(self, task: Task, event: Event) -> None:
        """Count an event of a task."""
        span = task.details.planned.task
        if isinstance(event, DrawingPassed):
            self._step(1)
            self._steps_left[span] -= 1
        elif event.frame in self._waiting[span]:
            self._waiting[span].discard(event.frame)
            self._finished(event.frame)

    def done(self, task: Task) -> None:
        """Merge the record of a task, and clean up after a complete span. Raises OutputError if frames are missing."""
        planned: PlannedSpan = task.details.planned
        self.context.project.reload(task.id)
        self.context.reporter.send(TaskDone(task.id))
        self._open[planned.task] -= 1
        if self._open[planned.task]:
            return
        if self._waiting[planned.task]:
            frame = min(self._waiting[planned.task])
            raise OutputError(f"frame {frame} could not be made; run again, and report the error if it persists")
        clear(planned.job.scratch)
        if self._steps_left[planned.task]:  # steps done by an earlier run
            self._step(self._steps_left[planned.task])

    def _finished(self, frame: int) -> None:
        self.redone.append(frame)
        self.context.reporter.send(FrameFinished(frame, self.context.file("out", frame), self.context.name))

    def _step(self, count: int) -> None:
        self.steps += count
        self.context.progress("propagate", self.steps, self.total)


def _tidy(context: Context, tasks: Iterable[str]) -> None:
    """Remove stale files of killed runs and of longer versions of the shot: scratch files, and files of removed frames.

    tasks: ids of the spans; records of other spans are merged.
    """
    for path in context.project.folder("passes").iterdir():
        if is_scratch(path):
            clear(path)
    context.project.retire("span", {task_id("span", context.name, KEYFRAMES), *tasks})
    if context.settings.frames is None:  # otherwise the other frames are still part of the shot
        estimated.remove_stale_flow(context.shot_project, context.shot.frames)
        remove_stale(context.shot_project, "video", context.plates.paths)
        remove_stale(context.project, "out", context.plates.paths)
    context.project.save()
