"""Work of one process on spans: make frames, and add each to the record of its task when it is on disk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from propagate.arrays import Floats
from propagate.synthesis import SynthesisSettings
from stylize.context.context import Context
from stylize.context.guides import Guide
from stylize.context.mattes import Mattes
from stylize.context.motion import Motion
from stylize.jobs import Task
from stylize.limits import allow_megapixels
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.motion.estimated import EstimatedMotion, make_estimators
from stylize.motion.sources import make_motion
from stylize.motion.vectors import VectorFiles, VectorMotion
from stylize.project import digest_of
from stylize.project.records import Recorder
from stylize.settings import Settings
from stylize.spans.frame_files import write_frame
from stylize.spans.span import SpanRun
from stylize.spans.span_job import Engine, Event, FinishedFrame, SpanInputs
from stylize.spans.span_plan import PlannedSpan
from stylize.threads import threads_per_process, use_threads

# Part of a span that a task does: all of it, or the blending of drawings after both passes; otherwise one pass.
WHOLE, BLEND = "whole", "blend"
# Bytes of mattes kept in memory, at least two mattes; small mattes of all frames between two keys fit.
MATTES = 24 << 20

Worker = Callable[[Task], Iterator[Event]]


@dataclass(frozen=True)
class SpanWork:
    """Work of one task. part: WHOLE, BLEND, or the side of a pass. drawings: to blend."""

    planned: PlannedSpan
    part: str
    drawings: tuple[int, ...] = ()


@dataclass(frozen=True)
class WorkerInputs:
    """Picklable data that a process needs to make frames.

    settings: with the process's share of the threads. digests: digests of the plates. vectors: files of motion, if
    given. root: folder of the project. flow: the folder of the motion. layer, shared: see ``Motion.of_layer``.
    """

    shot: Shot
    settings: Settings
    plates: Mapping[int, Path]
    digests: Mapping[int, str]
    vectors: VectorFiles | None
    keys: Mapping[int, Path]
    mattes: Mattes | None
    guides: tuple[Guide, ...]
    dtype: type
    root: Path
    flow: Path
    layer: str
    shared: bool


def prepare(inputs: WorkerInputs) -> Worker:
    """Prepare a fresh process for tasks."""
    use_threads(inputs.settings.threads)
    allow_megapixels(inputs.settings.max_megapixels)
    plates = Plates(inputs.plates, inputs.shot)
    source = inputs.vectors or make_estimators(inputs.settings)
    motion = make_motion(source, inputs.shot, plates, inputs.digests.__getitem__, digest_of, inputs.flow)
    motion = motion.of_layer(inputs.layer, shared=inputs.shared)
    pictures = span_inputs(plates, inputs.keys, inputs.mattes, inputs.guides, inputs.dtype)
    return make_worker(pictures, engine_of(inputs.settings, motion), inputs.shot, inputs.root)


def worker_inputs(context: Context, keys: Mapping[int, Path], dtype: type, jobs: int) -> WorkerInputs:
    """Return the inputs of each of several processes."""
    share = threads_per_process(context.settings.threads, jobs)
    return WorkerInputs(
        context.shot, replace(context.settings, threads=share), dict(context.plates.paths),
        {frame: context.project.plate_digest(path) for frame, path in context.plates.paths.items()},
        context.motion.files if isinstance(context.motion, VectorMotion) else None, dict(keys), context.mattes,
        context.guides, dtype, context.project.root, context.shot_project.folder("flow"), context.name,
        isinstance(context.motion, EstimatedMotion) and context.motion.shared,
    )  # fmt: skip


def span_inputs(
    plates: Plates, keys: Mapping[int, Path], mattes: Mattes | None, guides: Sequence[Guide], dtype: type
) -> SpanInputs:
    """Return access to the pictures of a shot, by frame number."""
    return SpanInputs(
        plates.colour,
        plates.read,
        keys.__getitem__,
        _matte_reader(mattes) if mattes is not None else None,
        dtype,
        lambda frame: [guide.read(frame) for guide in guides],
        tuple(guide.weight for guide in guides),
        plates.shot.colour,
    )


def engine_of(settings: Settings, motion: Motion) -> Engine:
    """Return the engine for these settings and this motion."""
    return Engine(motion, SynthesisSettings(), settings.boil, settings.seed)


def make_worker(inputs: SpanInputs, engine: Engine, shot: Shot, root: Path) -> Worker:
    """Return the function that runs tasks. root: folder of the project that receives the frames."""

    def run(task: Task) -> Iterator[Event]:
        span_work: SpanWork = task.details
        recorder = Recorder(root, task.id)

        def put(made: FinishedFrame) -> None:
            write_frame(root, shot, made, span_work.planned.frame_key(made.frame), recorder)

        return _run(SpanRun(inputs, span_work.planned.job, engine, put), span_work)

    return run


def _run(span: SpanRun, span_work: SpanWork) -> Iterator[Event]:
    if span_work.part == WHOLE:
        return span.run()
    if span_work.part == BLEND:
        return span.blend(span_work.drawings)
    return span.run_pass(span_work.part)


def _matte_reader(mattes: Mattes) -> Callable[[int], Floats]:
    """Return a reader of mattes that caches the last ones, because passes and compositing both read them."""
    frames = {path: frame for frame, path in mattes.paths.items()}
    width, height = mattes.size
    kept = lru_cache(max(2, MATTES // (4 * width * height)))(lambda path: mattes.read(frames[path]))
    return lambda frame: kept(mattes.paths[frame]) if frame in mattes.paths else mattes.read(frame)
