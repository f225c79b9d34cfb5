"""Session of a run: the opened shot and project, checked early for later failures, with every frame as a file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from masks.extent import Extent
from stylize.context.context import Context, Message, Progress
from stylize.context.guides import Guide, open_guides
from stylize.context.keys import Keys
from stylize.context.mattes import Mattes, mattes_from_files
from stylize.errors import StylizeError
from stylize.event_log import NO_LOG, EventLog
from stylize.ingest import unpacking
from stylize.ingest.conforming import conform_plates
from stylize.matting.requested import check_network, effective_mattes, mattes_from_plates
from stylize.media.plates import plate_pattern
from stylize.media.shot import Shot, open_shot
from stylize.motion.estimated import Estimators, make_estimators
from stylize.motion.sources import make_motion
from stylize.motion.vectors import VectorFiles, check_vectors, open_vectors
from stylize.preflight import (
    DiskEstimate,
    all_companions,
    check_disk,
    check_inputs,
    check_output,
    check_style,
    check_target,
    report_edited_frames,
)
from stylize.project import Project, is_project, project_of
from stylize.renderers import DownloadPermission
from stylize.renderers.auto import resolve_renderer
from stylize.settings import Look, Settings, looks_of
from stylize.settings.ebsynth_folder import open_ebsynth_folder
from stylize.settings.input_files import inputs_of
from stylize.spans.matte_roi import covered_by_boxes


@dataclass(frozen=True)
class Session:
    """A shot that is open for a run.

    context: the shot, and what is handed over. looks: all that is painted on it, from the lowest layer to the
    uppermost; without layers ``context`` alone. disk: what the run needs of it.
    """

    context: Context
    looks: tuple[Context, ...]
    disk: DiskEstimate

    @property
    def layered(self) -> bool:
        """Return whether there are layers."""
        return bool(self.context.settings.layers)


@contextmanager
def open_session(
    path: Path, settings: Settings, folder: Path | None, progress: Progress, message: Message,
    log: EventLog = NO_LOG,
) -> Iterator[Session]:  # fmt: skip
    """Open shot and project, conform the plates, and lock out other runs until the end.

    Raises a StylizeError for a fault of the footage, the settings or the files that they name.
    """
    root, user_path = project_of(path, folder), path
    if not settings.layers:
        settings = resolve_renderer(settings, message)
    path, settings = open_ebsynth_folder(path, settings)
    looks = [_resolve_renderer(look, message) for look in looks_of(settings)]
    shot = _open_shot(path, settings, message)
    check_output(settings, shot, path)
    for look in looks:
        with prefix_errors(look.name):
            check_inputs(look.settings, shot, DownloadPermission(_with_layer_name(look.name, message), progress))
    source = _motion_source(settings, shot)
    project = Project(root)
    with project.locked():
        project.check_shot(path)
        open_looks = [_open_look(look, shot, project) for look in looks]
        check_target(settings, shot, project, inputs_of(settings, user_path))
        disk = check_disk(shot, settings, looks, project, message)
        # A look at the cuts, or one more export, does not change what was asked for.
        if settings.runs("render") or not is_project(project.root):
            project.write_settings(path, settings, version("stylize"))
        # Inputs that do not fit are reported before the keys are painted, which takes long.
        if isinstance(source, VectorFiles):
            check_vectors(source, project, lambda done, total: progress("vectors", done, total))
        inputs = _open_inputs(open_looks, shot, project, needed=_needs_mattes(settings))
        _update_inputs(settings, open_looks, project, message)
        shot_context = replace(_shot_context(shot, settings, project, source, progress, message), log=log)
        contexts = _with_layer_motion(
            [
                _look_context(shot_context, open_look, *opened_inputs)
                for open_look, opened_inputs in zip(open_looks, inputs, strict=True)
            ]
        )
        _warn_unused_keys(shot_context)
        yield Session(shot_context if settings.layers else contexts[0], tuple(contexts), disk)


@contextmanager
def prefix_errors(layer: str) -> Iterator[None]:
    """Prefix the errors of a layer with its name."""
    try:
        yield
    except StylizeError as error:
        if not layer:
            raise
        raise type(error)(f"layer {layer}: {error}") from error


@dataclass(frozen=True)
class _OpenLook:
    """A look whose folder is open."""

    look: Look
    project: Project
    keys: Keys


_LookInputs = tuple[Mattes | None, tuple[Guide, ...]]


def _open_shot(path: Path, settings: Settings, message: Message) -> Shot:
    """Open the footage, and warn of what of it is lost."""
    shot = open_shot(
        path, frames=settings.frames, rate=settings.rate, start_number=settings.start_number, strict=settings.strict
    )
    for loss in shot.warnings:
        message(f"warning: {loss}")
    return shot


def _resolve_renderer(look: Look, message: Message) -> Look:
    with prefix_errors(look.name):
        return replace(look, settings=resolve_renderer(look.settings, _with_layer_name(look.name, message)))


def _with_layer_name(layer: str, message: Message) -> Message:
    return (lambda text: message(f"layer {layer}: {text}")) if layer else message


def _open_look(look: Look, shot: Shot, shot_project: Project) -> _OpenLook:
    with prefix_errors(look.name):
        project = shot_project.layer(look.name) if look.name else shot_project
        keys = _open_keys(shot, look.settings, project)
        check_style(look.settings, keys)
        return _OpenLook(look, project, keys)


def _motion_source(settings: Settings, shot: Shot) -> Estimators | VectorFiles:
    """Return what motion comes from. Raises FlowError before any work where something is missing for it."""
    # What refining has found is known by the motion that it was found with.
    exports_passes = settings.runs("export") and "passes" in settings.export
    if not (settings.runs("render") or settings.runs("propagate") or settings.refine or exports_passes):
        return make_estimators(Settings())  # nothing will be asked of it
    back, forward = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if back is not None and forward is not None:
        return open_vectors(back, forward, shot)
    return make_estimators(settings)


def _needs_mattes(settings: Settings) -> bool:
    """Return whether mattes and guides are needed: by a stage that runs, or by a later one, to report faults early."""
    return any(settings.runs(stage) for stage in ("pick", "render", "propagate"))


def _open_inputs(open_looks: Sequence[_OpenLook], shot: Shot, project: Project, *, needed: bool) -> list[_LookInputs]:
    """Of every look, in its order. needed: whether anybody asks for them."""
    if not needed:
        return [(None, ())] * len(open_looks)
    found: list[_LookInputs] = []
    for open_look in open_looks:
        settings = open_look.look.settings
        with prefix_errors(open_look.look.name):
            mattes = mattes_from_files(shot, settings, project)
            check_network(settings)
            found.append((mattes, open_guides(settings.guide, shot, project)))
    return found


def _update_inputs(settings: Settings, open_looks: Sequence[_OpenLook], project: Project, message: Message) -> None:
    """Remove the files of inputs that are no longer used, and import painted keys."""
    if settings.runs("render"):
        companions = all_companions(open_look.look.settings for open_look in open_looks)
        unpacking.remove_stale_frames(project, companions)
        report_edited_frames(unpacking.edited_frames(project, companions), message)
    for open_look in open_looks:
        with prefix_errors(open_look.look.name):
            open_look.keys.import_keys(message)


def _shot_context(
    shot: Shot, settings: Settings, project: Project, source: Estimators | VectorFiles, progress: Progress,
    message: Message,
) -> Context:  # fmt: skip
    """Return the context of the whole shot, with its plates as files."""
    plates = conform_plates(shot, project, progress)
    motion = make_motion(
        source, shot, plates, lambda frame: project.digest(plates.paths[frame]), project.digest, project.folder("flow"),
    )  # fmt: skip
    return Context(
        "", shot, settings, project, project, plates, _open_keys(shot, settings, project), motion, None, {}, (),
        progress, message,
    )  # fmt: skip


def _look_context(
    shot_context: Context, open_look: _OpenLook, mattes: Mattes | None, guides: tuple[Guide, ...]
) -> Context:
    """Return the context of one look, with its mattes measured if any stage uses them."""
    with prefix_errors(open_look.look.name):
        return _build_look_context(shot_context, open_look, mattes, guides)


def _build_look_context(
    shot_context: Context, open_look: _OpenLook, mattes: Mattes | None, guides: tuple[Guide, ...]
) -> Context:
    name, settings = open_look.look.name, open_look.look.settings

    def progress(stage: str, done: int, total: int) -> None:
        shot_context.progress(f"{stage} {name}" if name else stage, done, total)

    message = _with_layer_name(name, shot_context.message)
    extents: Mapping[int, Extent] = {}
    if _needs_mattes(shot_context.settings):
        mattes = mattes or mattes_from_plates(
            settings, shot_context.plates, shot_context.shot_project, progress, shared=bool(name)
        )
        mattes, extents = effective_mattes(mattes, open_look.project, message)
    return replace(
        shot_context, name=name, settings=settings, project=open_look.project, keys=open_look.keys, mattes=mattes,
        extents=extents, guides=guides, progress=progress, message=message,
    )  # fmt: skip


def _with_layer_motion(contexts: Sequence[Context]) -> list[Context]:
    """Return the layers with their motion: shared if their boxes together exceed the frame, else one for each box."""
    if not contexts[0].name:
        return list(contexts)
    covered = sum(
        1.0 if context.mattes is None else covered_by_boxes(context.extents, context.shot.size) for context in contexts
    )
    return [replace(context, motion=context.motion.of_layer(context.name, shared=covered > 1)) for context in contexts]


def _open_keys(shot: Shot, settings: Settings, project: Project) -> Keys:
    pattern = plate_pattern(shot, project.folder("keys"))
    return Keys(project, pattern, shot.frames, shot.size, settings.keys, settings.frames is not None)


def _warn_unused_keys(shot_context: Context) -> None:
    """Warn of keys in the folder of the shot, which no layer uses."""
    if shot_context.settings.layers and not all(map(shot_context.project.ours, shot_context.keys.files().values())):
        unused = shot_context.keys.pattern.folder
        shot_context.message(
            f"{unused}: keys painted here are not used with layers; each has its own, in layers/NAME/keys"
        )
