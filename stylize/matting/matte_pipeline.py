"""``stylize matte``: mattes of all frames of a shot, propagated from a few painted ones, keyed, or segmented.

A span, which lies between two painted mattes of one shot, depends only on these and on its plates. A new painted matte
thus regenerates only the adjacent spans. Mattes are not propagated across cuts.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from masks.foreground import foreground
from masks.keyframe_suggestions import suggested_keyframes
from propagate.arrays import Floats
from propagate.flow_dis import DisFlow
from propagate.split_at_keys import Span, split_at_keys
from stylize.context.matte_confidence import CONFIDENCE, format_confidence
from stylize.context.mattes import check_prompts, read_matte
from stylize.errors import FrameRangeError, SettingsError
from stylize.ingest.conforming import conform_plates
from stylize.ingest.open_footage import open_footage, report_footage
from stylize.ingest.scene_view import with_view
from stylize.matting.keying import Keyer, open_keyer
from stylize.matting.networks import open_segmentation
from stylize.matting.refine_edges import Refine, open_refiner
from stylize.matting.scribbles import complete_strokes, read_strokes
from stylize.matting.segmenting import segment_shot
from stylize.matting.track_span import track_span
from stylize.media.images import quantise, to_float, write_image
from stylize.media.plates import Plates
from stylize.media.safe_write import atomic_write, location, make_folder
from stylize.media.sequences import format_frames, name_range
from stylize.media.shot import Shot
from stylize.media.stale_outputs import stale_warning
from stylize.media.targets import Target, parse_target
from stylize.planning.cut_edits import CutEdits, read_cut_edits
from stylize.planning.cuts import split
from stylize.planning.picking import recall_cuts
from stylize.project import Project, project_of
from stylize.project.protect import check_overwrite, refuse_inputs, refuse_unwritable
from stylize.real_path import real_path
from stylize.reporter import SILENT, OnMessage, Reporter
from stylize.settings import MatteKey, MatteSettings
from stylize.settings.input_files import inputs_of
from stylize.stages import cache_key
from stylize.threads import use_threads

SUFFIXES = (".png", ".tif", ".tiff")


@dataclass(frozen=True)
class MatteResult:
    """Mattes of a shot.

    folders: written folders. frames: matte of each frame. confidence: by frame, 0..1, 1 for painted mattes; empty if no
    matte was painted. suggested_keyframes: frames where another painted matte would help most. redone: frames whose
    mattes were made in this run.
    """

    folders: tuple[Path, ...]
    frames: Mapping[int, Path]
    confidence: Mapping[int, float]
    suggested_keyframes: tuple[int, ...]
    redone: tuple[int, ...]


@dataclass(frozen=True)
class _Job:
    shot: Shot
    project: Project
    plates: Plates
    target: Target
    foreground_target: Target | None
    keys: Mapping[int, Path]
    scribbles: Mapping[int, Path]
    refine: Refine
    refine_inputs: list[int]
    cut_edits: CutEdits
    on_frame: Callable[[], None]
    on_message: OnMessage

    @property
    def refine_stage(self) -> tuple[str, ...]:
        return ("refine_edges",) if self.refine_inputs else ()

    def file(self, frame: int) -> Path:
        assert self.target.pattern is not None
        return location(self.target.pattern.path(frame))

    def foreground_file(self, frame: int) -> Path:
        assert self.foreground_target is not None
        assert self.foreground_target.pattern is not None
        return location(self.foreground_target.pattern.path(frame))

    def refined(self, frame: int, matte: Floats) -> Floats:
        return self.refine(self.plates.read(frame), matte) if self.refine_inputs else matte

    def painted(self, frame: int) -> Floats:
        return read_matte(self.keys[frame], self.shot.size)


def make_mattes(path: Path, settings: MatteSettings, reporter: Reporter = SILENT) -> MatteResult:
    """Make the mattes of a shot and write them as 16-bit pictures, with the foreground if requested.

    Painted mattes are propagated through the shot, and ``confidence.csv`` is written alongside the mattes. Raises
    StylizeError if inputs do not fit the shot, or if a target is a file that stylize did not write.
    """
    use_threads(settings.threads)
    reporter.check()
    shot = open_footage(path, settings, frames=settings.frames)
    report_footage(shot, reporter.message)
    cut_edits = read_cut_edits(settings, shot.frames, is_partial=settings.frames is not None)
    keys, scribbles = _keys(shot, settings.key, "--key"), _keys(shot, settings.scribble, "--scribble")
    for file in keys.values():
        read_matte(file, shot.size)  # reports errors early
    for file in scribbles.values():
        read_strokes(file, shot.size)
    painted = bool(keys or scribbles)
    refine, refine_inputs = open_refiner(settings.refine)
    segmentation = None
    if settings.matte_model is not None or settings.segmenter is not None:
        request = settings.network_matte()
        check_prompts(request.prompts, shot)
        segmentation = open_segmentation(settings.matte_model, request, settings.segmenter, settings.segmenter_options)
    target = _target("-o", "mattes", settings.output or "", shot)
    foreground_target = None
    if settings.foreground is not None:
        foreground_target = _target("--foreground", "foregrounds", settings.foreground, shot)
    project = Project(project_of(path, settings.project), overwrite=settings.overwrite, message=reporter.message)
    with project.locked():
        project.check_shot(path)
        shot = with_view(shot, settings, project, reporter.progress)
        files = _files(target, shot)
        foreground_files = _files(foreground_target, shot)
        _check_distinct(files, foreground_files)
        written = [*files, *foreground_files, *([real_path(target.path) / CONFIDENCE] if painted else [])]
        refuse_inputs(written, inputs_of(settings, path), shot, project)
        refuse_unwritable(written)
        if not settings.overwrite:
            check_overwrite(written, project)
        plates = conform_plates(shot, project, reporter.progress)
        done = 0

        def on_frame() -> None:
            nonlocal done
            done += 1
            reporter.progress("matte", min(done, len(shot.frames)), len(shot.frames))

        for one in (target, foreground_target):
            if one is not None:
                make_folder(one.path)
        job = _Job(
            shot, project, plates, target, foreground_target, keys, scribbles, refine, refine_inputs, cut_edits,
            on_frame, reporter.message,
        )  # fmt: skip
        keyer = open_keyer(settings, shot, plates, project) if segmentation is None and not painted else None
        if segmentation is not None:
            redone = segment_shot(
                shot, project, plates, segmentation, job.file, reporter.progress, refine, refine_inputs,
                cut_edits=cut_edits,
            )  # fmt: skip
            made = _result(job, files, {}, [], redone)
        else:
            made = _propagate(job, files) if keyer is None else _key_plates(job, keyer, files)
        if foreground_target is not None:
            _write_foreground(job, keyer, reporter)
        for destination in (target, foreground_target):
            warning = None if destination is None else stale_warning(destination, shot.frames)
            if warning is not None:
                reporter.message(warning)
        return made


def _keys(shot: Shot, keys: Sequence[MatteKey], flag: str) -> dict[int, Path]:
    """Return pictures by frame, ascending. Raises FrameRangeError for a frame that the shot does not have."""
    for key in keys:
        if key.frame not in shot.frames:
            available = f"the frames are {format_frames(shot.frames)}"
            raise FrameRangeError(f"{flag} {key}: the shot has no frame {key.frame}, {available}; choose one of them")
    return {key.frame: key.path for key in sorted(keys, key=lambda key: key.frame)}


def _target(flag: str, subject: str, text: str, shot: Shot) -> Target:
    """Return the target of `flag`. subject: noun in the error message."""
    target = parse_target(text, shot.name, flag, padding=shot.padding)
    if target.pattern is None or target.pattern.path(0).suffix.lower() not in SUFFIXES:
        numbered = Path(text).with_name(f"{shot.name}.####.png")
        raise SettingsError(
            f"{flag} {text}: {subject} are written as pictures, {', '.join(SUFFIXES)}; write {numbered}"
        )
    return target


def _files(target: Target | None, shot: Shot) -> list[Path]:
    return [] if target is None else [location(file) for file in target.files(shot.frames)]


def _check_distinct(files: Collection[Path], foreground_files: Collection[Path]) -> None:
    if set(files) & set(foreground_files):
        raise SettingsError("-o and --foreground are the same files; give each its own folder or pattern")


def _propagate(job: _Job, files: list[Path]) -> MatteResult:
    redone: list[int] = []
    shots = _shots(job)
    confidence = dict.fromkeys(job.keys, 1.0)
    if job.scribbles:
        completed, overlaps = complete_strokes(job.scribbles, job.keys, shots, job.plates, job.project)
        job, confidence = replace(job, keys={**job.keys, **completed}), {**confidence, **overlaps}
    for frame in job.keys:
        matte_key = cache_key("matte_write", "painted", job.project.digest(job.keys[frame]))
        if not job.project.fresh(job.file(frame), matte_key):
            _write_matte(job, frame, job.painted(frame), matte_key)
            redone.append(frame)
        job.on_frame()
    for frames in shots:
        keys = sorted(frame for frame in job.keys if frame in set(frames))
        for span in split_at_keys(frames, keys) if keys else ():
            known, made = _make_span(job, span)
            confidence.update(known)
            redone += made
        if not keys:
            confidence.update(dict.fromkeys(frames, 0.0))
            redone += _write_black(job, frames)
    _write_confidence(job, confidence)
    return _result(job, files, confidence, suggested_keyframes(confidence, shots, job.keys), redone)


def _shots(job: _Job) -> list[tuple[int, ...]]:
    """Return the frames of each shot. Mattes are not propagated across cuts."""
    frames = job.shot.frames
    digests = [job.project.digest(job.plates.paths[frame]) for frame in frames]
    pictures = ((frame, job.plates.colour(frame)) for frame in frames)
    return split(frames, job.cut_edits.apply(recall_cuts(job.project, frames, digests, pictures)))


def _write_black(job: _Job, frames: Sequence[int]) -> list[int]:
    """Write black mattes for a shot without painted ones. Return the frames that were written."""
    job.on_message(
        f"{name_range(frames)}: a separate shot without a painted matte, so its mattes are black; "
        f"paint one of them (--key {frames[0]}:PICTURE)"
    )
    matte_key, made = cache_key("matte_write", "unpainted"), []
    for frame in frames:
        if not job.project.fresh(job.file(frame), matte_key):
            _write_matte(job, frame, np.zeros(job.shot.size[::-1], np.float32), matte_key)
            made.append(frame)
        job.on_frame()
    return made


def _result(
    job: _Job, files: list[Path], confidence: Mapping[int, float], suggested: list[int], redone: list[int]
) -> MatteResult:
    return MatteResult(
        tuple(one.path for one in (job.target, job.foreground_target) if one is not None),
        dict(zip(job.shot.frames, files, strict=True)), dict(sorted(confidence.items())), tuple(suggested),
        tuple(sorted(redone)),
    )  # fmt: skip


def _key_plates(job: _Job, keyer: Keyer, files: list[Path]) -> MatteResult:
    redone = []
    for frame in job.shot.frames:
        matte_key = cache_key(
            "matte_key", keyer.cache_inputs(frame), job.project.digest(job.plates.paths[frame]), *job.refine_inputs,
            uses=job.refine_stage,
        )  # fmt: skip
        if not job.project.fresh(job.file(frame), matte_key):
            _write_matte(job, frame, job.refined(frame, keyer.key(frame).matte), matte_key)
            redone.append(frame)
        job.on_frame()
    return _result(job, files, {}, [], redone)


def _write_foreground(job: _Job, keyer: Keyer | None, reporter: Reporter) -> None:
    """Write the foreground with its matte as straight alpha, at the bit depth of the plates."""
    for frame in job.shot.frames:
        reporter.check()
        digests = [job.project.digest(path) for path in (job.plates.paths[frame], job.file(frame))]
        own = [] if job.shot.colour.has_rec709_primaries else [job.shot.colour.primaries]
        matte_key = cache_key("matte_write", "front", digests, keyer.cache_inputs(frame) if keyer else None, *own)
        if job.project.fresh(job.foreground_file(frame), matte_key):
            continue
        plate = np.ascontiguousarray(job.plates.read(frame)[..., :3])
        matte = read_matte(job.file(frame), job.shot.size)
        colour = keyer.key(frame).foreground if keyer else None
        if colour is None:
            colour = foreground(to_float(plate), matte)
        layers = [quantise(colour, plate.dtype), quantise(matte, plate.dtype)]
        write_image(
            job.foreground_file(frame), np.dstack(layers), colour=job.shot.colour, seal=job.project.seal(matte_key)
        )


def _make_span(job: _Job, span: Span) -> tuple[dict[int, float], list[int]]:
    """Make the mattes of a span. Return the confidence of its frames, and the frames that were made."""
    sides = [key for key in (span.left, span.right) if key is not None]
    plate_digests = [job.project.digest(job.plates.paths[frame]) for frame in sorted([*span.frames, *sides])]
    flow = [DisFlow().cache_key(), DisFlow("fine").cache_key()]
    painted = [job.project.digest(job.keys[key]) for key in sides]
    matte_key = cache_key(
        "matte_track",
        flow,
        span.left,
        span.right,
        span.frames,
        plate_digests,
        painted,
        *job.refine_inputs,
        uses=job.refine_stage,
    )
    name = f"matte confidence {job.file(span.frames[0])}"
    known = job.project.recall(name, matte_key)
    if known is not None and all(job.project.fresh(job.file(frame), matte_key) for frame in span.frames):
        for _ in span.frames:
            job.on_frame()
        return {int(frame): float(value) for frame, value in known}, []
    found = {}
    for one in track_span(span, job.plates, job.project, job.painted):
        _write_matte(job, one.frame, job.refined(one.frame, one.matte), matte_key)
        found[one.frame] = one.confidence
        job.on_frame()
    job.project.remember(name, matte_key, sorted(found.items()))
    return found, sorted(found)


def _write_matte(job: _Job, frame: int, matte: Floats, matte_key: str) -> None:
    write_image(job.file(frame), quantise(matte, np.uint16), seal=job.project.seal(matte_key))


def _write_confidence(job: _Job, confidence: Mapping[int, float]) -> None:
    text = format_confidence(confidence)
    file = real_path(job.target.path) / CONFIDENCE
    with atomic_write(file, seal=job.project.seal(cache_key("matte_write", text))) as partial:
        partial.write_text(text, encoding="utf-8")
