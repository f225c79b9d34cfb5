"""The stages of a run, top to bottom: conform, split, pick, render, propagate, export."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from propagate.flow_dis import DisFlow
from propagate.spans import Span, spans
from propagate.synthesis import SynthesisSettings
from stylize import delivery, propagation, rendering
from stylize import keyframes as picking
from stylize import motion as moving
from stylize.errors import OutputError, PaintedKeyError, SettingsError
from stylize.export import parse_target
from stylize.images import image_facts, write_image
from stylize.keyframes import Keyframe
from stylize.keys import PAINTED, Keys
from stylize.mattes import Mattes, open_mattes
from stylize.motion import EstimatedMotion, Estimators, Motion, make_estimators
from stylize.plates import Plates, conform, plate_pattern
from stylize.project import SUFFIX, Project, fingerprint, is_project, read_asked
from stylize.renderers import Renderer, make_renderer
from stylize.sequences import frame_number, parse_pattern
from stylize.settings import STAGES, Settings
from stylize.shot import Shot, open_shot
from stylize.shots import find_cuts, split
from stylize.vectors import GivenMotion, VectorFiles, open_vectors

VERSION = "0.1.0"
# Raise a number whenever its stage gives another result for the same input.
ENGINES = {"conform": 1, "split": 1, "pick": 2, "propagate": 1}

Progress = Callable[[str, int, int], None]
Message = Callable[[str], None]


@dataclass(frozen=True)
class ShotPlan:
    """One shot of the footage. frames: its numbers. keyframes: in order, with their reasons."""

    frames: tuple[int, ...]
    keyframes: tuple[Keyframe, ...]


@dataclass(frozen=True)
class Result:
    """What a run did.

    project: its folder. frames: number to finished picture. shots: cuts and keyframes. rendered, painted: the
    keyframes that were rendered in this run, and those that a person painted. redone, reused: frames made in
    this run, and kept from earlier ones. outputs: movies, sheets and files asked for. notes: what was lost or
    has to be known. pixels: of one frame.
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


@dataclass(frozen=True)
class _Run:
    """What every stage needs."""

    shot: Shot
    settings: Settings
    project: Project
    plates: Plates
    keys: Keys
    motion: Motion
    progress: Progress
    message: Message

    def file(self, folder: str, frame: int) -> Path:
        return self.project.folder(folder) / frame_name(self.shot, frame)

    def marks(self, frames: Iterable[int]) -> list[str]:
        return [self.project.digest(self.plates.paths[frame]) for frame in frames]


def frame_name(shot: Shot, frame: int) -> str:
    """File name of a frame in every folder of the project."""
    return f"{shot.name}.{frame:04d}.png"


def run(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """The whole job, or the stages from ``settings.from_stage`` to ``settings.to_stage``; see ``stylize.run``."""
    use_threads(settings.threads)
    with _opened(shot, settings, project, on_progress, on_message) as (work, notes):
        shots = _plan(work)
        rendered, painted = _render(work, shots) if settings.runs("render") else ((), ())
        redone = _propagate(work, shots) if settings.runs("propagate") else ()
        finished = _finished(work) if settings.runs("propagate") or settings.runs("export") else {}
        outputs, told = _export(work, shots, finished) if settings.runs("export") else ((), ())
        return Result(
            project=work.project.root,
            frames=finished,
            shots=shots,
            rendered=rendered,
            painted=painted,
            redone=redone,
            reused=tuple(sorted(set(finished) - set(redone))),
            outputs=outputs,
            notes=(*notes, *told),
            pixels=work.shot.size[0] * work.shot.size[1],
        )


def plan(
    shot: Path, settings: Settings, project: Path | None = None, on_progress: Progress = lambda *_: None,
    on_message: Message = lambda _: None,
) -> Result:  # fmt: skip
    """Cuts and keyframes with their reasons; renders nothing."""
    return run(shot, replace(settings, from_stage="conform", to_stage="pick"), project, on_progress, on_message)


# What a pixel costs on one processor of today, in seconds: of a keyframe, and of a frame carried from one key.
KEY_COST, FRAME_COST = 9e-6, 1.5e-6


def expected_seconds(planned: Result) -> float:
    """About how long a run of this plan takes, from the number of pixels, keyframes and frames."""
    keys = sum(len(shot.keyframes) for shot in planned.shots)
    passes = sum(
        _work_in(span) for shot in planned.shots for span in spans(shot.frames, [key.frame for key in shot.keyframes])
    )
    return planned.pixels * (keys * KEY_COST + passes * FRAME_COST)


def project_of(shot: Path, project: Path | None) -> Path:
    """The project folder of a shot: beside it unless another is asked for."""
    if project is not None:
        return project
    pattern = parse_pattern(shot)
    if pattern is not None:
        return pattern.folder / f"{pattern.prefix.rstrip('._- ') or pattern.folder.resolve().name}{SUFFIX}"
    path = shot.resolve()
    return path.with_name((path.name if path.is_dir() else path.stem) + SUFFIX)


def use_threads(threads: int | None) -> None:
    """Bounds the threads of all kernels, or leaves the libraries' own choice; the result is the same."""
    if threads is None:
        return
    import cv2
    import numba

    cv2.setNumThreads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


@contextmanager
def _opened(
    path: Path, settings: Settings, folder: Path | None, progress: Progress, message: Message
) -> Iterator[tuple[_Run, tuple[str, ...]]]:
    """Opens shot and project, conforms the plates, and keeps other runs out until the end."""
    shot = open_shot(
        path, frames=settings.frames, rate=settings.rate, start_number=settings.start_number, strict=settings.strict
    )
    for loss in shot.losses:
        message(f"warning: {loss}")
    _check_ahead(settings, shot, path)
    source = _motion_source(settings, shot)
    project = Project(project_of(path, folder))
    with project.locked():
        project.check_shot(path)
        keys = _keys(shot, settings, project)
        _check_look(settings, keys)
        target = delivery.target_of(settings.output, shot, project)
        if settings.runs("export") and not settings.overwrite:
            delivery.check_free(target, shot, project)
        # A look at the cuts, or one more export, does not change what was asked for.
        if settings.runs("render") or not is_project(project.root):
            project.write_settings(path, settings, VERSION)
        keys.take_in(message)
        plates = _conform(shot, project, progress)
        motion = _motion(source, shot, project, plates)
        yield _Run(shot, settings, project, plates, keys, motion, progress, message), shot.losses


def _motion_source(settings: Settings, shot: Shot) -> Estimators | VectorFiles:
    """Where motion comes from. Says before any work is done what is missing for it."""
    if not (settings.runs("render") or settings.runs("propagate")):
        return make_estimators(Settings())  # nothing will be asked of it
    back, forward = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if back is not None and forward is not None:
        return open_vectors(back, forward, shot)
    return make_estimators(settings)


def _motion(source: Estimators | VectorFiles, shot: Shot, project: Project, plates: Plates) -> Motion:
    if isinstance(source, VectorFiles):
        return GivenMotion(source, project.digest)
    return EstimatedMotion(
        plates.colour, lambda frame: project.digest(plates.paths[frame]), source, project.folder("flow"), shot.name
    )


def _check_ahead(settings: Settings, shot: Shot, path: Path) -> None:
    """Says before any work is done what would go wrong later."""
    if settings.style is not None:
        rendering.check_reference(settings.style)
    if settings.runs("render"):
        make_renderer(settings.renderer, settings)
    if settings.output is not None:
        target = parse_target(settings.output, shot.name)
        if target.path.resolve() == path.resolve():
            raise SettingsError(f"-o {settings.output} is the shot itself; choose another place for the result")


def _keys(shot: Shot, settings: Settings, project: Project) -> Keys:
    named = plate_pattern(shot, project.folder("keys"))
    return Keys(project, named, shot.frames, shot.size, settings.keys, settings.frames is not None)


def _check_look(settings: Settings, keys: Keys) -> None:
    """Raises SettingsError when frames are to be made and nothing says what they are to look like."""
    waits = settings.runs("render") and settings.renderer == "example" and not _paints(settings)
    if waits and settings.keys is None and not keys.painted():
        raise SettingsError("what is it to look like? Give a reference with --style PICTURE, or --keys FOLDER")


def _conform(shot: Shot, project: Project, progress: Progress) -> Plates:
    total = len(shot.frames)
    if shot.kind == "sequence":
        return conform(shot, project.folder("video"), lambda frame: True, lambda frame: None)
    mark = fingerprint(ENGINES["conform"], project.digest(shot.path), shot.depth, shot.alpha, shot.size)
    made = 0
    # A number may name another frame of the file under another --start-number: its place is what counts.
    places = dict(zip(shot.frames, shot.positions, strict=True))

    def path(frame: int) -> Path:
        return project.folder("video") / frame_name(shot, frame)

    def done(frame: int) -> bool:
        return project.fresh(path(frame), fingerprint(mark, places[frame]))

    def on_frame(frame: int) -> None:
        nonlocal made
        made += 1
        project.record(path(frame), fingerprint(mark, places[frame]))
        progress("conform", made, total)

    plates = conform(shot, project.folder("video"), done, on_frame)
    progress("conform", total, total)
    return plates


# Split and pick


def _plan(work: _Run) -> tuple[ShotPlan, ...]:
    shots = split(work.shot.frames, _cuts(work))
    base = _given_numbers(work)
    strangers = [number for number in base or () if number not in set(work.shot.frames)]
    if strangers:
        picking.given(work.shot.frames, strangers)
    painted = work.keys.painted()
    return tuple(ShotPlan(tuple(frames), _keyframes(work, tuple(frames), base, painted)) for frames in shots)


def _cuts(work: _Run) -> tuple[int, ...]:
    frames = work.shot.frames
    if not work.settings.split or len(frames) < 2:
        return ()
    mark = fingerprint(ENGINES["split"], frames, work.marks(frames))
    known = work.project.recall("cuts", mark)
    if known is None:
        known = find_cuts(_shown(work, "split", frames))
        work.project.remember("cuts", mark, list(known))
    return tuple(known)


def _shown(work: _Run, stage: str, frames: tuple[int, ...]) -> Iterable[tuple[int, Any]]:
    for done, frame in enumerate(frames, 1):
        yield frame, work.plates.colour(frame)
        work.progress(stage, done, len(frames))


def _given_numbers(work: _Run) -> tuple[int, ...] | None:
    """Keyframes that the user named, or None when they are to be picked."""
    return tuple(work.settings.keyframes) if work.settings.keyframes else None


def _keyframes(
    work: _Run, frames: tuple[int, ...], base: tuple[int, ...] | None, painted: frozenset[int]
) -> tuple[Keyframe, ...]:
    """The keyframes of one shot: the user's, or the picked ones, and every painted key."""
    inside = set(frames)
    mine = sorted(painted & inside)
    if base is not None:
        chosen = picking.given(frames, [number for number in base if number in inside])
        if not chosen and not mine:
            chosen = [Keyframe(frames[0], "the shot has none of the keyframes asked for", 0.0)]
    elif not _paints(work.settings) and (painted or work.settings.keys is not None):
        chosen = []  # all is painted by hand, and nothing is there to paint more after
    else:
        chosen = _picked(work, frames, mine)
    extra = picking.given(frames, [n for n in mine if n not in {key.frame for key in chosen}], why=PAINTED)
    found = tuple(sorted([*chosen, *extra], key=lambda key: key.frame))
    if not found:
        raise PaintedKeyError(
            f"the shot of frames {frames[0]} to {frames[-1]} has no key; paint one of its frames, give --style "
            "PICTURE to have its keys rendered, or --no-split if there is no cut"
        )
    return found


def _picked(work: _Run, frames: tuple[int, ...], locked: list[int]) -> list[Keyframe]:
    """The picked keyframes. A key that is painted later changes no pick; one that is gone, and counted, does."""
    settings = work.settings
    estimate = DisFlow("fast")
    mark = fingerprint(
        ENGINES["pick"], frames, work.marks(frames), settings.coverage, settings.max_keyframes,
        sorted(work.keys.given_numbers()), estimate.fingerprint(),
    )  # fmt: skip
    name = f"keyframes {frames[0]}-{frames[-1]}"
    known = work.project.recall(name, mark)
    if known is None or not set(known["locked"]) <= set(locked):
        done = 0

        def on_frame(frame: int) -> None:
            nonlocal done
            done = min(done + 1, len(frames))
            work.progress("pick", done, len(frames))

        keys = picking.pick(
            frames, work.plates.colour, coverage=settings.coverage, most=settings.max_keyframes, locked=locked,
            estimate=estimate, on_frame=on_frame,
        )  # fmt: skip
        known = {"locked": locked, "keys": [[key.frame, key.reason, key.coverage] for key in keys]}
        work.project.remember(name, mark, known)
        work.progress("pick", len(frames), len(frames))
    return [Keyframe(int(frame), str(reason), float(coverage)) for frame, reason, coverage in known["keys"]]


# Render


def _render(work: _Run, shots: tuple[ShotPlan, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    painted = work.keys.painted()
    numbers = [key.frame for plan in shots for key in plan.keyframes]
    work.keys.drop_others([*numbers, *painted])
    settings, files = work.settings, work.keys.files()
    waiting = [number for number in numbers if number not in painted]
    reference = None
    if settings.style is not None and waiting:
        reference = rendering.read_reference(settings.style, work.project)
    renderer = _renderer(settings) if waiting else make_renderer("painted", settings)
    source = rendering.PlateSource(work.plates.colour, lambda frame: work.project.digest(work.plates.paths[frame]))
    done: list[int] = []
    rendered: list[int] = []

    def on_key(number: int, new: bool) -> None:
        done.append(number)
        work.progress("render", len(done), len(numbers))

    for plan in shots:
        keys = {key.frame: files.get(key.frame, work.file("keys", key.frame)) for key in plan.keyframes}
        added = frozenset(key.frame for key in plan.keyframes if key.reason == PAINTED)
        stage = rendering.KeyPlan(plan.frames, keys, painted, added & painted, work.shot.depth)
        rendered += rendering.render_keys(
            stage, source, renderer, reference, settings.seed, work.motion, work.project, on_key
        )
    return tuple(rendered), tuple(sorted(painted & set(numbers)))


def _paints(settings: Settings) -> bool:
    """Whether there is something to paint keys after: a reference, or a model that needs none."""
    return settings.style is not None or settings.renderer == "diffusion"


def _renderer(settings: Settings) -> Renderer:
    if not _paints(settings) and settings.renderer == "example":
        raise SettingsError(
            "there are keys to render and nothing to paint them after; give a reference with --style PICTURE, "
            "or painted keys with --keys FOLDER"
        )
    return make_renderer(settings.renderer, settings)


# Propagate


def _propagate(work: _Run, shots: tuple[ShotPlan, ...]) -> tuple[int, ...]:
    files, mattes = work.keys.files(), _mattes(work)
    missing = [key.frame for plan in shots for key in plan.keyframes if key.frame not in files]
    if missing:
        raise PaintedKeyError(f"keyframe {missing[0]} has no picture in keys/; run from the render stage")
    footage = propagation.Footage(
        work.plates.colour, work.plates.read, files.__getitem__, mattes.read if mattes is not None else None,
        _depth(work, files), work.project.save,
    )  # fmt: skip
    parts = [(plan, spans(plan.frames, [key.frame for key in plan.keyframes])) for plan in shots]
    total = sum(len(plan.keyframes) + sum(map(_work_in, between)) for plan, between in parts)
    done, redone = 0, list[int]()

    def tick(count: int) -> None:
        nonlocal done
        done += count
        work.progress("propagate", done, total)

    for plan, between in parts:
        for key in plan.keyframes:
            redone += _make_key(work, footage, key.frame, mattes)
            tick(1)
        for span in between:
            redone += _make_span(work, footage, span, mattes, tick)
    _tidy(work)
    work.project.save()
    return tuple(sorted(redone))


def _work_in(span: Span) -> int:
    """Frames that the passes of a span go through: each one twice where there is a key on both sides."""
    return len(span.frames) * (1 if span.left is None or span.right is None else 2)


def _mattes(work: _Run) -> Mattes | None:
    if work.settings.matte is None:
        return None
    return open_mattes(
        work.settings.matte, work.shot, invert=work.settings.matte_invert, folder=work.project.folder("mask")
    )


def _depth(work: _Run, keys: Mapping[int, Path]) -> type:
    """16 bit when the plates or any key have them."""
    deep = work.shot.depth == 16 or any(image_facts(path).depth == 16 for path in keys.values())
    return np.uint16 if deep else np.uint8


def _span_mark(work: _Run, footage: propagation.Footage, span: Span, mattes: Mattes | None) -> str:
    keys = [key for key in (span.left, span.right) if key is not None]
    seen = sorted([*span.frames, *keys])
    masks = [work.project.digest(mattes.paths[frame]) for frame in span.frames] if mattes is not None else []
    return fingerprint(
        ENGINES["propagate"], SynthesisSettings().fingerprint(), work.motion.fingerprint(seen), span.left,
        span.right, seen, work.marks(seen), [work.project.digest(footage.key(key)) for key in keys], masks,
        work.settings.matte_invert, np.dtype(footage.dtype).name,
    )  # fmt: skip


def _make_key(work: _Run, footage: propagation.Footage, frame: int, mattes: Mattes | None) -> list[int]:
    masks = [work.project.digest(mattes.paths[frame]), work.settings.matte_invert] if mattes is not None else []
    mark = fingerprint(
        ENGINES["propagate"], work.marks([frame]), work.project.digest(footage.key(frame)), masks,
        np.dtype(footage.dtype).name,
    )  # fmt: skip
    if work.project.fresh(work.file("out", frame), mark):
        return []
    _put(work, propagation.finish_key(footage, frame), mark)
    return [frame]


def _make_span(
    work: _Run, footage: propagation.Footage, span: Span, mattes: Mattes | None, tick: Callable[[int], None]
) -> list[int]:
    mark = _span_mark(work, footage, span, mattes)
    scratch = work.project.folder("passes") / mark

    def lacking() -> list[int]:
        return [frame for frame in span.frames if not work.project.fresh(work.file("out", frame), mark)]

    lacks = lacking()
    waiting, left = set(lacks), _work_in(span)

    def on_done() -> None:
        nonlocal left
        if left > 0:  # a span that is begun again must not count twice
            left -= 1
            tick(1)

    # A kept state is of no use when a frame that it has passed is gone: then the span is made from its start.
    for _ in range(2):
        if not waiting:
            break
        for made in propagation.propagate_span(footage, span, scratch, work.motion, SynthesisSettings(), on_done):
            on_done()
            if made.frame in waiting:
                _put(work, made, mark)
                waiting.discard(made.frame)
        if waiting:
            propagation.clear(scratch)
    if waiting:
        raise OutputError(f"frame {min(waiting)} could not be made; run again, and if it stays so report it")
    propagation.clear(scratch)
    tick(left)
    return lacks


def _put(work: _Run, made: propagation.Made, mark: str) -> None:
    errors = work.project.folder("passes") / "error"
    errors.mkdir(exist_ok=True)
    propagation.write_error(errors / frame_name(work.shot, made.frame), made.error)
    path = work.file("out", made.frame)
    write_image(path, made.picture)
    work.project.record(path, mark)


def _tidy(work: _Run) -> None:
    """Removes what runs left that were killed or that saw a longer shot: scratch, and files of frames that are gone."""
    for path in work.project.folder("passes").iterdir():
        if path.is_dir() and path.name != "error":
            propagation.clear(path)
    if work.settings.frames is not None:
        return  # the other frames are still part of the shot
    moving.tidy(work.project.folder("flow"), work.shot.frames)
    for folder in ("out", "video"):
        for path in work.project.folder(folder).glob("*.png"):
            if frame_number(path) not in work.plates.paths and work.project.ours(path):
                work.project.forget(path)
                (work.project.folder("passes") / "error" / path.name).unlink(missing_ok=True)


# Export


def _finished(work: _Run) -> dict[int, Path]:
    found = {frame: work.file("out", frame) for frame in work.shot.frames}
    delivery.check_whole(work.shot, found)
    return found


def _export(
    work: _Run, shots: tuple[ShotPlan, ...], finished: Mapping[int, Path]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    total, done = len(finished), 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done += 1
        work.progress("export", done, total)

    given = delivery.Delivery(
        work.shot, work.project, work.plates.paths, finished, work.settings.overwrite, on_frame
    )  # fmt: skip
    target = delivery.target_of(work.settings.output, work.shot, work.project)
    notes = delivery.deliver(given, target)
    sheet = work.project.root / "contact_sheet.png"
    delivery.show(given, work.keys.files(), [key.frame for plan in shots for key in plan.keyframes], sheet)
    work.progress("export", total, total)
    return (target.path, sheet), notes


def open_project(path: Path) -> tuple[Path, Settings]:
    """Shot and settings of a project folder."""
    return read_asked(path)


__all__ = ["STAGES", "Result", "ShotPlan", "is_project", "open_project", "plan", "project_of", "run"]
