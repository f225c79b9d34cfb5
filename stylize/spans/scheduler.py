"""The propagate stage: which frames have to be made, by how many processes, and what is recorded of them.

A span is the unit of work. Where there are few, the two passes of a span go to two processes, and what they leave is
mixed when both are done. Every frame is noted in its span's folder when it is on disk, so that whoever made it, and
however the run ended, the next one knows it; state.json is written by the parent alone.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import propagate.boil
from propagate.arrays import Floats, Pixels
from propagate.boil import max_wobble
from propagate.box import Box
from propagate.holds import drawings
from propagate.spans import Span, spans
from propagate.synthesis import SynthesisSettings
from stylize.context.context import Work, frame_name
from stylize.context.guides import Guide
from stylize.context.mattes import Mattes
from stylize.errors import OutputError, PaintedKeyError
from stylize.io_errors import PROJECT, unwritable
from stylize.jobs import Trade, work_off
from stylize.keys.rendering import SHOWN
from stylize.media.images import image_facts, make_folder, write_image
from stylize.media.plates import Plates
from stylize.media.sequences import frame_number
from stylize.media.shot import Shot
from stylize.motion import estimated as moving
from stylize.motion.estimated import EstimatedMotion, make_estimators
from stylize.motion.sources import make_motion
from stylize.motion.vectors import GivenMotion, VectorFiles
from stylize.planning.picking import ShotPlan
from stylize.project import Project, digest_of, fingerprint
from stylize.settings import EVERY, Settings
from stylize.spans import span as propagation
from stylize.spans.matte_roi import box_of, boxes_of
from stylize.spans.pass_maps import write_error, write_share
from stylize.spans.span_job import BACKWARD, FORWARD, Engine, Event, Footage, Made, Part, Put
from stylize.threads import share_of_threads, use_threads

# Raise it whenever the same input gives other frames.
VERSION = 3
# What a task does beside one of two passes: a whole span, or mixing some drawings when both passes are done.
WHOLE, MIX = "whole", "mix"
# Folders in passes/ of what is told of every frame.
ERROR, MIX_SHARE, LOOK = "error", "mix", "look"
_KEPT = (ERROR, MIX_SHARE, LOOK)
# Bytes of mattes that stay in memory, two of them at least: those of all frames between two keys, if they are small.
MATTES = 24 << 20
# Where a span's folder says which frames are on disk.
NOTES = "made.jsonl"


@dataclass(frozen=True)
class Task:
    """does: WHOLE, FORWARD, BACKWARD or MIX. drawings: those to mix. mark: fingerprint of the span."""

    part: Part
    does: str
    mark: str
    drawings: tuple[int, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """All that a process must know to make frames, and nothing that cannot be sent to it.

    settings: with the threads that are its share. digests: of the plates. vectors: files of motion, if it is given.
    root: of the project. flow: the folder of the motion. layer, shared: see ``Motion.of_layer``.
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


def carry_shots(work: Work, shots: Sequence[ShotPlan]) -> tuple[int, ...]:
    """Makes the frames that are not there yet or whose input has changed; returns their numbers.

    Raises PaintedKeyError when the picture of a keyframe is missing, OutputError when the disk is full.
    """
    if work.outside:
        return _give_back(work)
    keys = work.keys.files()
    missing = [frame for plan in shots for frame in plan.keys if frame not in keys]
    if missing:
        raise PaintedKeyError(f"keyframe {missing[0]} has no picture in keys/; run from the render stage")
    footage = _footage(work.plates, keys, work.mattes, work.guides, _dtype(work, keys))
    engine = _engine(work.settings, work.motion)
    parts = {mark: part for plan in shots for mark, part in _parts(work, footage, plan)}
    stage = _Stage(work, parts, sum(len(plan.keys) for plan in shots))
    for plan in shots:
        for frame in plan.keys:
            stage.key(frame, _key_mark(work, footage, frame), footage, engine)
    tasks = stage.tasks(work.settings.jobs)
    jobs = min(work.settings.jobs, len(tasks))
    if jobs < 2:
        alone = _maker(footage, engine, work.shot, work.project.root)
        work_off(Trade(lambda _: alone, None), tasks, 1, stage.event, stage.then)
    else:
        work_off(Trade(prepare, _inputs(work, keys, footage.dtype, jobs)), tasks, jobs, stage.event, stage.then)
    _tidy(work)
    work.project.save()
    return tuple(sorted(stage.redone))


def _give_back(work: Work) -> tuple[int, ...]:
    """The plates as they are, where the style goes nowhere; returns the numbers of the frames that were written."""
    written = []
    for done, frame in enumerate(work.shot.frames, 1):
        mark = fingerprint(VERSION, "plate", work.marks([frame]))
        if not _there(work, frame, mark):
            plate = work.plates.read(frame)
            _put(work.project.root, work.shot, Made(frame, plate, np.zeros(plate.shape[:2], np.float32)))
            _record(work, frame, mark)
            written.append(frame)
        work.progress("propagate", done, len(work.shot.frames))
    _tidy(work)
    work.project.save()
    return tuple(written)


# What has to be made


def _parts(work: Work, footage: Footage, plan: ShotPlan) -> Iterator[tuple[str, Part]]:
    """The spans that lack frames, with their fingerprints."""
    shown = drawings(plan.frames, plan.keys, EVERY[work.settings.on])
    for span in spans(plan.frames, plan.keys):
        mark = _span_mark(work, footage, span, [shown[frame] for frame in span.frames])
        scratch = work.project.folder("passes") / mark
        _take_in(work, mark, scratch)
        lacking = [frame for frame in span.frames if not _there(work, frame, mark, None not in (span.left, span.right))]
        if lacking:
            looks = {frame: shown[frame] for frame in span.frames}
            yield mark, Part(span, frozenset(lacking), looks, scratch, *_boxes(work, looks))


def _there(work: Work, frame: int, mark: str, mixed: bool = False) -> bool:
    """Whether a frame of the result is there, made under this fingerprint, and all that is told of it.

    mixed: of two passes, so that the share of each is told.
    """
    picture, error, share, look = _files(work.project.root, work.shot, frame)
    needed = [picture, error, *([share] if mixed else []), *([look] if work.mattes and not work.outside else [])]
    return all(work.project.fresh(path, mark) for path in needed)


def _record(work: Work, frame: int, mark: str) -> None:
    """Notes that a frame, and what is told of it, was made under a fingerprint."""
    for path in _files(work.project.root, work.shot, frame):
        if path.is_file():
            work.project.record(path, mark)


def _take_in(work: Work, mark: str, scratch: Path) -> None:
    """Frames that an earlier run had on disk when it ended, and had no time to tell."""
    for frame, digests in _noted(scratch / NOTES):
        files = _files(work.project.root, work.shot, frame)
        if digests == [work.project.digest(path) if path.is_file() else None for path in files]:
            _record(work, frame, mark)


def _noted(notes: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Frames, and the digests of their files as ``_files`` has them, None for one that is not told."""
    try:
        lines = notes.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        try:
            frame, digests = json.loads(line)
            yield int(frame), list(digests)
        except (ValueError, TypeError):
            continue  # a line that a run was killed on, or had no room for; or a disk that fails


def _note(notes: Path, frame: int, files: Iterable[Path]) -> None:
    """Tells whoever goes on that a frame is on disk, in a line of its own even after one that was cut off."""
    try:
        digests = [digest_of(path) if path.is_file() else None for path in files]
        with notes.open("a") as file:
            file.write(f"\n{json.dumps([frame, digests])}\n")
    except OSError as error:
        raise unwritable(error, notes, PROJECT) from error


def _span_mark(work: Work, footage: Footage, span: Span, shown: list[int]) -> str:
    box, boxes = _boxes(work, dict(zip(span.frames, shown, strict=True)))
    keys = [key for key in (span.left, span.right) if key is not None]
    seen = sorted([*span.frames, *keys])
    guides = [[*guide.facts(), *_digests(work, guide.paths, seen)] for guide in work.guides]
    return fingerprint(
        VERSION, SynthesisSettings().fingerprint(), work.motion.within(box).fingerprint(seen), span.left, span.right,
        seen, shown, work.marks(seen), [work.project.digest(footage.key(key)) for key in keys],
        _matte_mark(work, span.frames), np.dtype(footage.dtype).name, _boil_mark(work.settings), guides,
        *([box.facts()] if box else []), *([[drawing, one.facts()] for drawing, one in sorted(boxes.items())]),
    )  # fmt: skip


def _boxes(work: Work, shown: Mapping[int, int]) -> tuple[Box | None, dict[int, Box]]:
    """What has to be worked on: where the mattes of a span let anything be seen, in all and drawing by drawing.

    shown: which drawing each frame of the span shows.
    """
    if work.mattes is None:
        return None, {}
    box = box_of([work.extents[frame] for frame in shown], work.shot.size)
    return box, boxes_of(work.extents, shown, work.shot.size, box, max_wobble(work.shot.size[1], work.settings.boil))


def _key_mark(work: Work, footage: Footage, frame: int) -> str:
    return fingerprint(
        VERSION, work.marks([frame]), work.project.digest(footage.key(frame)), _matte_mark(work, [frame]),
        np.dtype(footage.dtype).name, _boil_mark(work.settings),
    )  # fmt: skip


def _matte_mark(work: Work, frames: Sequence[int]) -> list[object]:
    if work.mattes is None:
        return []
    return work.mattes.facts(frames, work.project.digest)


def _digests(work: Work, paths: Mapping[int, Path], frames: Iterable[int]) -> list[str]:
    return [work.project.digest(paths[frame]) for frame in frames]


def _boil_mark(settings: Settings) -> list[float]:
    return [propagate.boil.VERSION, settings.boil, settings.seed] if settings.boil > 0 else []


def _dtype(work: Work, keys: Mapping[int, Path]) -> type:
    """16 bit when the plates or any key have them."""
    deep = work.shot.depth == 16 or any(image_facts(path).depth == 16 for path in keys.values())
    return np.uint16 if deep else np.uint8


# What the parent does


@dataclass
class _Stage:
    """Progress and records. parts: by fingerprint, what has to be made; count: of keys, each a step of the bar."""

    work: Work
    parts: Mapping[str, Part]
    count: int
    redone: list[int] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        self.total = self.count + sum(part.work() for part in self.parts.values())
        self.waiting = {mark: set(part.wanted) for mark, part in self.parts.items()}
        self.left = {mark: part.work() for mark, part in self.parts.items()}
        self.open = dict.fromkeys(self.parts, 0)

    def key(self, frame: int, mark: str, footage: Footage, engine: Engine) -> None:
        """Puts a key into the result, unless it is there."""
        if not _there(self.work, frame, mark):
            _put(self.work.project.root, self.work.shot, propagation.finish_key(footage, engine, frame))
            _record(self.work, frame, mark)
            self.redone.append(frame)
        self._tick(1)

    def tasks(self, jobs: int) -> list[Task]:
        """The first tasks: for several processes the longest first, and spans parted where they are too few for all."""
        parted = jobs > 1 and len(self.parts) < 2 * jobs
        found = []
        for mark, part in self.parts.items():
            sides = (FORWARD, BACKWARD) if parted and part.two_sided() else (WHOLE,)
            found += [(part.work() / len(sides), Task(part, does, mark)) for does in sides]
            self.open[mark] = len(sides)
        self.chunks = jobs
        return [task for _, task in (sorted(found, key=lambda one: -one[0]) if jobs > 1 else found)]

    def event(self, task: Task, event: Event) -> None:
        """Hears what a task reports."""
        if event is None:
            self._tick(1)
            self.left[task.mark] -= 1
        elif event in self.waiting[task.mark]:
            _record(self.work, event, task.mark)
            self.waiting[task.mark].discard(event)
            self.redone.append(event)

    def then(self, task: Task) -> Iterable[Task]:
        """What is to be done after a task: mixing when both passes are done, nothing when a span is."""
        self.open[task.mark] -= 1
        if self.open[task.mark]:
            return []
        if task.does in (FORWARD, BACKWARD):
            needed = sorted(task.part.needed())
            chunks = [tuple(needed[first :: self.chunks]) for first in range(min(self.chunks, len(needed)))]
            self.open[task.mark] = len(chunks)
            return [Task(task.part, MIX, task.mark, chunk) for chunk in chunks]
        if self.waiting[task.mark]:
            raise OutputError(
                f"frame {min(self.waiting[task.mark])} could not be made; run again, and if it stays so report it"
            )
        self.work.project.save()
        propagation.clear(task.part.scratch)
        if self.left[task.mark]:  # what an earlier run had gone through
            self._tick(self.left[task.mark])
        return []

    def _tick(self, count: int) -> None:
        self.done += count
        self.work.progress("propagate", self.done, self.total)


def _tidy(work: Work) -> None:
    """Removes what runs left that were killed or that saw a longer shot: scratch, and files of frames that are gone."""
    for path in work.project.folder("passes").iterdir():
        if path.is_dir() and path.name not in (*_KEPT, SHOWN):
            propagation.clear(path)
    if work.settings.frames is not None:
        return  # the other frames are still part of the shot
    moving.tidy(work.home.folder("flow"), work.shot.frames)
    forget_others(work.home, "video", work.plates.paths)
    forget_others(work.project, "out", work.plates.paths)


def forget_others(project: Project, folder: str, frames: Collection[int]) -> None:
    """Removes the pictures of ours in a folder, and what is told of them, that belong to none of the frames."""
    for path in project.folder(folder).glob("*.png"):
        if frame_number(path) not in frames and project.ours(path):
            project.forget(path)
            for name in _KEPT:
                project.forget(project.folder("passes") / name / path.name)


# What a process does


def prepare(inputs: Inputs) -> Callable[[Task], Iterator[Event]]:
    """Makes a fresh process ready for tasks."""
    use_threads(inputs.settings.threads)
    plates = Plates(inputs.plates, inputs.shot)
    source = inputs.vectors or make_estimators(inputs.settings)
    motion = make_motion(source, inputs.shot, plates, inputs.digests.__getitem__, digest_of, inputs.flow)
    motion = motion.of_layer(inputs.layer, shared=inputs.shared)
    footage = _footage(plates, inputs.keys, inputs.mattes, inputs.guides, inputs.dtype)
    return _maker(footage, _engine(inputs.settings, motion), inputs.shot, inputs.root)


def _inputs(work: Work, keys: Mapping[int, Path], dtype: type, jobs: int) -> Inputs:
    share = share_of_threads(work.settings.threads, jobs)
    return Inputs(
        work.shot, replace(work.settings, threads=share), dict(work.plates.paths),
        {frame: work.project.digest(path) for frame, path in work.plates.paths.items()},
        work.motion.files if isinstance(work.motion, GivenMotion) else None, dict(keys), work.mattes,
        work.guides, dtype, work.project.root, work.home.folder("flow"), work.name,
        isinstance(work.motion, EstimatedMotion) and work.motion.shared,
    )  # fmt: skip


def _footage(
    plates: Plates, keys: Mapping[int, Path], mattes: Mattes | None, guides: Sequence[Guide], dtype: type
) -> Footage:
    return Footage(
        plates.colour,
        plates.read,
        keys.__getitem__,
        _reader(mattes) if mattes is not None else None,
        dtype,
        lambda frame: [guide.read(frame) for guide in guides],
        tuple(guide.weight for guide in guides),
    )


def _reader(mattes: Mattes) -> Callable[[int], Floats]:
    """Reads mattes; the last ones stay in memory, for a frame's is asked for by its passes and when it is laid in."""
    frames = {path: frame for frame, path in mattes.paths.items()}
    width, height = mattes.size
    kept = lru_cache(max(2, MATTES // (4 * width * height)))(lambda path: mattes.read(frames[path]))
    return lambda frame: kept(mattes.paths[frame]) if frame in mattes.paths else mattes.read(frame)


def _engine(settings: Settings, motion: moving.Motion) -> Engine:
    return Engine(motion, SynthesisSettings(), settings.boil, settings.seed)


def _maker(footage: Footage, engine: Engine, shot: Shot, root: Path) -> Callable[[Task], Iterator[Event]]:
    def make(task: Task) -> Iterator[Event]:
        def put(made: Made) -> None:
            _put(root, shot, made)
            _note(task.part.scratch / NOTES, made.frame, _files(root, shot, made.frame))

        return _work_on(task, footage, engine, put)

    return make


def _work_on(task: Task, footage: Footage, engine: Engine, put: Put) -> Iterator[Event]:
    if task.does == MIX:
        return propagation.mix(footage, task.part, task.drawings, engine, put)
    if task.does == WHOLE:
        return propagation.propagate_span(footage, task.part, engine, put)
    return propagation.run_pass(footage, task.part, task.does, engine)


def pass_file(root: Path, shot: Shot, name: str, frame: int) -> Path:
    """Where a project keeps what is told of a frame. name: ERROR, MIX_SHARE or LOOK."""
    return root / "passes" / name / frame_name(shot, frame)


def _files(root: Path, shot: Shot, frame: int) -> tuple[Path, ...]:
    """Of a frame: the finished picture, its errors, the share of each pass, and the look before a matte cuts it."""
    return root / "out" / frame_name(shot, frame), *(pass_file(root, shot, name, frame) for name in _KEPT)


def _put(root: Path, shot: Shot, made: Made) -> None:
    """Writes a frame and what is told of it."""
    picture, error, share, look = _files(root, shot, made.frame)
    make_folder(error.parent)
    write_error(error, made.error)
    _put_or_clear(share, made.share, write_share)
    _put_or_clear(look, made.look, write_image)
    write_image(picture, made.picture)


def _put_or_clear(path: Path, pixels: Pixels | None, write: Callable[[Path, Any], None]) -> None:
    """What there is nothing of must not be left from another time."""
    if pixels is None:
        path.unlink(missing_ok=True)
        return
    make_folder(path.parent)
    write(path, pixels)
