"""Opens shot and project for a run, says early what would go wrong later, and makes every frame a file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from masks.extent import Extent
from stylize.context.context import Message, Progress, Work
from stylize.context.guides import Guide, open_guides
from stylize.context.keys import Keys
from stylize.context.mattes import Mattes
from stylize.delivery import deliver
from stylize.disk_estimate import estimate_disk
from stylize.errors import StylizeError
from stylize.event_log import NO_LOG, EventLog
from stylize.ingest import unpacking
from stylize.ingest.conforming import conform_plates
from stylize.ingest.ebsynth_shot import open_ebsynth_folder
from stylize.matting.requested import effective_mattes, mattes_from_files, mattes_from_plates
from stylize.media.plates import plate_pattern
from stylize.media.shot import Shot, open_shot
from stylize.media.targets import check_encoding
from stylize.motion.estimated import Estimators
from stylize.motion.sources import make_motion, motion_source
from stylize.motion.vectors import VectorFiles, check_vectors
from stylize.preflight import all_companions, check_look, check_named, check_output, tell_repaired
from stylize.project import Project, is_project, project_of
from stylize.renderers import DownloadPermission
from stylize.renderers.auto import resolve_renderer
from stylize.settings import Look, Settings, looks_of
from stylize.settings.input_files import inputs_of
from stylize.spans.matte_roi import covered_by_boxes


@dataclass(frozen=True)
class Opened:
    """A shot that is open for a run.

    whole: the shot, and what is handed over. looks: all that is painted on it, from the lowest layer to the uppermost;
    without layers ``whole`` alone.
    """

    whole: Work
    looks: tuple[Work, ...]

    @property
    def layered(self) -> bool:
        """Whether there are layers."""
        return bool(self.whole.settings.layers)


@contextmanager
def opened(
    path: Path, settings: Settings, folder: Path | None, progress: Progress, message: Message,
    log: EventLog = NO_LOG,
) -> Iterator[Opened]:  # fmt: skip
    """Opens shot and project, conforms the plates, and keeps other runs out until the end.

    Raises a StylizeError for what is wrong with the footage, the settings or what they name.
    """
    root, asked = project_of(path, folder), path
    if not settings.layers:
        settings = resolve_renderer(settings, message)
    path, settings = open_ebsynth_folder(path, settings)
    looks = [_settled(look, message) for look in looks_of(settings)]
    shot = _shot(path, settings, message)
    check_output(settings, shot, path)
    for look in looks:
        with told_of(look.name):
            check_named(look.settings, shot, DownloadPermission(_naming(look.name, message), progress))
    source = motion_source(settings, shot)
    project = Project(root)
    with project.locked():
        project.check_shot(path)
        begun = [_begun(look, shot, project) for look in looks]
        _check_target(settings, shot, project, asked)
        _report_disk(shot, settings, looks, project, message, log)
        # A look at the cuts, or one more export, does not change what was asked for.
        if settings.runs("render") or not is_project(project.root):
            project.write_settings(path, settings, version("stylize"))
        # Before the keys are painted, which takes long: what does not fit is told now.
        if isinstance(source, VectorFiles):
            check_vectors(source, project, lambda done, total: progress("vectors", done, total))
        given = _given(begun, shot, project, wanted=_looks_inside(settings))
        _take_in(settings, begun, project, message)
        whole = replace(_whole(shot, settings, project, source, progress, message), log=log)
        works = _with_motion([_work(whole, one, *both) for one, both in zip(begun, given, strict=True)])
        _tell_unused(whole)
        yield Opened(whole if settings.layers else works[0], tuple(works))


@contextmanager
def told_of(layer: str) -> Iterator[None]:
    """Lets what goes wrong with a layer begin with its name."""
    try:
        yield
    except StylizeError as error:
        if not layer:
            raise
        raise type(error)(f"layer {layer}: {error}") from error


@dataclass(frozen=True)
class _Begun:
    """A look whose folder is open."""

    look: Look
    project: Project
    keys: Keys


_Given = tuple[Mattes | None, tuple[Guide, ...]]


def _shot(path: Path, settings: Settings, message: Message) -> Shot:
    """The footage, with a word on what of it is lost."""
    shot = open_shot(
        path, frames=settings.frames, rate=settings.rate, start_number=settings.start_number, strict=settings.strict
    )
    for loss in shot.warnings:
        message(f"warning: {loss}")
    return shot


def _check_target(settings: Settings, shot: Shot, project: Project, asked: Path) -> None:
    """Raises where the result could not be written as asked. asked: the shot, as it was named."""
    target = deliver.target_of(settings.output, shot, project)
    check_encoding(deliver.encoding_of(settings), target, shot.size, fps_used_elsewhere=bool(settings.export))
    if settings.runs("export"):
        deliver.check_target(target, shot, project, inputs_of(settings, asked))
    if settings.runs("export") and not settings.overwrite:
        deliver.check_overwrite(target, shot, project)


def _report_disk(
    shot: Shot, settings: Settings, looks: Sequence[Look], project: Project, message: Message, log: EventLog
) -> None:
    """Log the disk that the run needs, and warn where there is too little."""
    estimate = estimate_disk(shot, settings, tuple(looks), project.root)
    log.write("disk", needed=estimate.needed, free=estimate.free)
    if not estimate.fits:
        message(f"warning: this run needs {estimate} in {project.root}; free some space, or choose another --project")


def _settled(look: Look, message: Message) -> Look:
    with told_of(look.name):
        return replace(look, settings=resolve_renderer(look.settings, _naming(look.name, message)))


def _naming(layer: str, message: Message) -> Message:
    return (lambda text: message(f"layer {layer}: {text}")) if layer else message


def _begun(look: Look, shot: Shot, home: Project) -> _Begun:
    with told_of(look.name):
        project = home.layer(look.name) if look.name else home
        keys = _keys(shot, look.settings, project)
        check_look(look.settings, keys)
        return _Begun(look, project, keys)


def _looks_inside(settings: Settings) -> bool:
    """Whether a stage runs that has to do with mattes and guides, or comes before: what does not fit is told early."""
    return any(settings.runs(stage) for stage in ("pick", "render", "propagate"))


def _given(begun: Sequence[_Begun], shot: Shot, project: Project, *, wanted: bool) -> list[_Given]:
    """Of every look, in its order. wanted: whether anybody asks for them."""
    found = []
    for one in begun:
        with told_of(one.look.name):
            mattes = mattes_from_files(shot, one.look.settings, project) if wanted else None
            found.append((mattes, open_guides(one.look.settings.guide, shot, project) if wanted else ()))
    return found


def _take_in(settings: Settings, begun: Sequence[_Begun], project: Project, message: Message) -> None:
    """What is not asked for any more goes, and keys that were painted come in."""
    if settings.runs("render"):
        companions = all_companions(one.look.settings for one in begun)
        unpacking.remove_stale_frames(project, companions)
        tell_repaired(unpacking.edited_frames(project, companions), message)
    for one in begun:
        with told_of(one.look.name):
            one.keys.take_in(message)


def _whole(
    shot: Shot, settings: Settings, project: Project, source: Estimators | VectorFiles, progress: Progress,
    message: Message,
) -> Work:  # fmt: skip
    """What there is once for a shot, its plates as files."""
    plates = conform_plates(shot, project, progress)
    motion = make_motion(
        source, shot, plates, lambda frame: project.digest(plates.paths[frame]), project.digest, project.folder("flow"),
    )  # fmt: skip
    return Work(
        "", shot, settings, project, project, plates, _keys(shot, settings, project), motion, None, {}, (), progress,
        message,
    )  # fmt: skip


def _work(whole: Work, begun: _Begun, mattes: Mattes | None, guides: tuple[Guide, ...]) -> Work:
    """One look, with its mattes looked through, if anybody asks for them."""
    with told_of(begun.look.name):
        return _looked_through(whole, begun, mattes, guides)


def _looked_through(whole: Work, begun: _Begun, mattes: Mattes | None, guides: tuple[Guide, ...]) -> Work:
    name, settings = begun.look.name, begun.look.settings

    def progress(stage: str, done: int, total: int) -> None:
        whole.progress(f"{stage} {name}" if name else stage, done, total)

    message = _naming(name, whole.message)
    extents: Mapping[int, Extent] = {}
    if _looks_inside(whole.settings):
        mattes = mattes or mattes_from_plates(settings, whole.plates, whole.home, progress, shared=bool(name))
        mattes, extents = effective_mattes(mattes, begun.project, message)
    return replace(
        whole, name=name, settings=settings, project=begun.project, keys=begun.keys, mattes=mattes, extents=extents,
        guides=guides, progress=progress, message=message,
    )  # fmt: skip


def _with_motion(works: Sequence[Work]) -> list[Work]:
    """Layers that cover more than the frame together share its motion; others find that of their part by themselves."""
    if not works[0].name:
        return list(works)
    covered = sum(1.0 if work.mattes is None else covered_by_boxes(work.extents, work.shot.size) for work in works)
    return [replace(work, motion=work.motion.of_layer(work.name, shared=covered > 1)) for work in works]


def _keys(shot: Shot, settings: Settings, project: Project) -> Keys:
    named = plate_pattern(shot, project.folder("keys"))
    return Keys(project, named, shot.frames, shot.size, settings.keys, settings.frames is not None)


def _tell_unused(whole: Work) -> None:
    """Keys beside those of the layers are nobody's."""
    if whole.settings.layers and not all(map(whole.project.ours, whole.keys.files().values())):
        unused = whole.keys.named.folder
        whole.message(f"{unused}: keys painted here are not used with layers; each has its own, in layers/NAME/keys")
