"""Session of a run: the opened shot and project, checked early for errors, with every frame as a file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from masks.extent import Extent
from stylize.context.context import Context, draft_label
from stylize.context.guides import Guide, open_guides
from stylize.context.keys import Keys
from stylize.context.mattes import Mattes, mattes_from_files
from stylize.context.model_store import ModelStore
from stylize.drafting import draft_looks, draft_project, draft_scale, draft_shot
from stylize.errors import CancelledError, StylizeError
from stylize.extensions.discovery import exporter
from stylize.ingest import unpacking
from stylize.ingest.conforming import conform_plates
from stylize.ingest.open_footage import open_footage, report_footage
from stylize.ingest.scene_view import with_view
from stylize.ingest.source_frames import write_source_frames
from stylize.matting.requested import check_request, effective_mattes, mattes_from_plates
from stylize.media.plates import Plates, plate_pattern
from stylize.media.shot import Shot, assumption
from stylize.motion.estimated import Estimators, make_estimators
from stylize.motion.sources import make_motion
from stylize.motion.vectors import VectorFiles, check_vectors, open_vectors
from stylize.preflight import (
    DiskEstimate,
    all_companions,
    check_disk,
    check_inputs,
    check_names,
    check_output,
    check_style,
    check_target,
    report_edited_frames,
)
from stylize.project import Project, is_project, project_of, record_settings
from stylize.renderers import DownloadPermission
from stylize.renderers.auto import resolve_renderer
from stylize.reporter import OnMessage, Reporter
from stylize.run_clock import ExpectedStage
from stylize.run_order import stages_of
from stylize.settings import Look, Settings, is_matte_keyword, looks_of
from stylize.settings.ebsynth_folder import open_ebsynth_folder
from stylize.settings.input_files import inputs_of
from stylize.spans.matte_roi import covered_by_boxes


@dataclass(frozen=True)
class Session:
    """Shot that is open for a run.

    context: context of the whole shot. looks: contexts of all layers, lowest first; without layers, only ``context``.
    disk: estimate of the space that the run needs.
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
    path: Path, settings: Settings, folder: Path | None, reporter: Reporter, models: ModelStore | None = None
) -> Iterator[Session]:
    """Open shot and project, conform the plates, and exclude other runs until the end.

    models: models that other sessions share; without it, those of this session are released at its end.
    Raises a StylizeError for invalid footage, settings or files that the settings name.
    """
    reporter.check()
    root, user_path, message = project_of(path, folder), path, reporter.message
    if not settings.layers:
        settings = resolve_renderer(settings, message)
    path, settings = open_ebsynth_folder(path, settings)
    looks = [_resolve_renderer(look, reporter.of_layer(look.name).message) for look in looks_of(settings)]
    shot = open_footage(path, settings, frames=settings.frames, rate=settings.rate)
    report_footage(shot, message)
    unpacks = shot.kind == "movie" or shot.converted or draft_scale(settings, shot.size) is not None
    reporter.expect([ExpectedStage(*stage) for stage in stages_of(settings, unpacks=unpacks)])
    check_names(shot, looks, root)
    check_output(settings, shot, path)
    for look in looks:
        with prefix_errors(look.name):
            layer_reporter = reporter.of_layer(look.name)
            check_inputs(look.settings, shot, DownloadPermission(layer_reporter.message, reporter.progress))
    source, scale = _motion_source(settings, shot), draft_scale(settings, shot.size)
    project = Project(root, verify=settings.verify, overwrite=settings.overwrite, message=message)
    with project.locked(), nullcontext(models) if models is not None else ModelStore() as store:
        project.check_shot(path)
        shot = with_view(shot, settings, project, reporter.progress)
        open_looks = [_open_look(look, shot, project) for look in looks]
        result_project, result_shot = draft_project(project, scale), draft_shot(shot, scale)
        label = "" if scale is None else draft_label(scale)
        check_target(settings, result_shot, result_project, inputs_of(settings, user_path), label)
        disk = check_disk(result_shot, settings, looks, result_project, message)
        # A plan or another export does not change the stored request.
        if settings.runs("render") or not is_project(project.root):
            record_settings(project.root, path, settings, message)
            project.write_settings(path, settings, version("stylize"))
        write_source_frames(result_shot, result_project, message)
        # Unsuitable inputs are reported before the keys are painted, which takes long.
        if isinstance(source, VectorFiles):
            check_vectors(source, project, lambda done, total: reporter.progress("vectors", done, total))
        inputs = _open_inputs(open_looks, shot, project, needed=_needs_mattes(settings, shot))
        if scale is None:  # a draft does not change files of the full size
            _update_inputs(settings, open_looks, project, message)
        shot_context = _shot_context(
            shot, settings, project, source, reporter, store, plates_needed=_plates_needed(looks, scale)
        )
        contexts = [
            _look_context(shot_context, open_look, *opened_inputs)
            for open_look, opened_inputs in zip(open_looks, inputs, strict=True)
        ]
        _warn_unused_keys(shot_context)
        if scale is not None:
            shot_context, contexts = draft_looks(contexts, shot_context, source, result_project, scale)
        contexts = _with_layer_motion(contexts)
        if assumed := assumption(shot):  # only now, so that an error is the only line
            message(f"note: {assumed}")
        yield Session(shot_context if settings.layers else contexts[0], tuple(contexts), disk)


@contextmanager
def prefix_errors(layer: str) -> Iterator[None]:
    """Prefix the errors of a layer with its name."""
    try:
        yield
    except StylizeError as error:
        if not layer or isinstance(error, CancelledError):
            raise
        raise type(error)(f"layer {layer}: {error}") from error


@dataclass(frozen=True)
class _OpenLook:
    """Look whose folder is open."""

    look: Look
    project: Project
    keys: Keys


_LookInputs = tuple[Mattes | None, tuple[Guide, ...]]


def _resolve_renderer(look: Look, message: OnMessage) -> Look:
    with prefix_errors(look.name):
        return replace(look, settings=resolve_renderer(look.settings, message))


def _open_look(look: Look, shot: Shot, shot_project: Project) -> _OpenLook:
    with prefix_errors(look.name):
        project = shot_project.layer(look.name) if look.name else shot_project
        keys = _open_keys(shot, look.settings, project)
        check_style(look.settings, keys)
        return _OpenLook(look, project, keys)


def _motion_source(settings: Settings, shot: Shot) -> Estimators | VectorFiles:
    """Return the source of motion. Raises FlowError before any work if something is missing."""
    # Refinement rounds are stored under the cache key of their motion.
    exports_motion = settings.runs("export") and any(exporter(name).reads_motion for name in settings.export)
    if not (settings.runs("render") or settings.runs("propagate") or settings.refine or exports_motion):
        return make_estimators(Settings())  # never called
    back, forward = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if back is not None and forward is not None:
        return open_vectors(back, forward, shot)
    return make_estimators(settings)


def _needs_mattes(settings: Settings, shot: Shot) -> bool:
    """Return whether mattes and guides are needed by a stage that runs, or by a later one, to report errors early."""
    # Such plates are delivered with values of their own outside the matte.
    if (shot.linear or shot.associated) and settings.runs("export"):
        return True
    return any(settings.runs(stage) for stage in ("pick", "render", "propagate"))


def _open_inputs(open_looks: Sequence[_OpenLook], shot: Shot, project: Project, *, needed: bool) -> list[_LookInputs]:
    """Open the inputs of every look, in order. needed: whether any stage uses them."""
    if not needed:
        return [(None, ())] * len(open_looks)
    found: list[_LookInputs] = []
    for open_look in open_looks:
        settings = open_look.look.settings
        with prefix_errors(open_look.look.name):
            mattes = mattes_from_files(shot, settings, project)
            check_request(settings, shot)
            found.append((mattes, open_guides(settings.guide, shot, project)))
    return found


def _update_inputs(settings: Settings, open_looks: Sequence[_OpenLook], project: Project, message: OnMessage) -> None:
    """Remove the files of inputs that are no longer used, and import painted keys."""
    if settings.runs("render"):
        companions = all_companions(open_look.look.settings for open_look in open_looks)
        unpacking.remove_stale_frames(project, companions)
        report_edited_frames(unpacking.edited_frames(project, companions), message)
    for open_look in open_looks:
        with prefix_errors(open_look.look.name):
            open_look.keys.import_keys(message)


def _plates_needed(looks: Sequence[Look], scale: Fraction | None) -> bool:
    """Return whether full-size plates are needed: in a full run, and in a draft whose mattes are made from them."""
    return scale is None or any(look.settings.matte and is_matte_keyword(look.settings.matte) for look in looks)


def _shot_context(
    shot: Shot, settings: Settings, project: Project, source: Estimators | VectorFiles, reporter: Reporter,
    models: ModelStore, *, plates_needed: bool,
) -> Context:  # fmt: skip
    """Return the context of the whole shot. plates_needed: whether its plates are stored as files."""
    if plates_needed or shot.in_place:
        plates = conform_plates(shot, project, reporter.progress)
    else:
        pattern = plate_pattern(shot, project.folder("video"))
        plates = Plates({frame: pattern.path(frame) for frame in shot.frames}, shot)
    motion = make_motion(
        source, shot, plates, lambda frame: project.plate_digest(plates.paths[frame]), project.digest,
        project.folder("flow"),
    )  # fmt: skip
    return Context(
        "", shot, settings, project, project, plates, _open_keys(shot, settings, project), motion, None, {}, (),
        reporter, models=models,
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
    reporter = shot_context.reporter.of_layer(name)
    extents: Mapping[int, Extent] = {}
    if _needs_mattes(shot_context.settings, shot_context.shot):
        mattes = mattes or mattes_from_plates(
            settings, shot_context.plates, shot_context.shot_project, reporter.progress, shared=bool(name)
        )
        mattes, extents = effective_mattes(mattes, open_look.project, reporter.message)
    return replace(
        shot_context, name=name, settings=settings, project=open_look.project, keys=open_look.keys, mattes=mattes,
        extents=extents, guides=guides, reporter=reporter,
    )  # fmt: skip


def _with_layer_motion(contexts: Sequence[Context]) -> list[Context]:
    """Return the layers with their motion: shared if their boxes together exceed the frame, else one per box."""
    if not contexts[0].name:
        return list(contexts)
    covered = sum(
        1.0 if context.mattes is None else covered_by_boxes(context.extents, context.shot.size) for context in contexts
    )
    return [replace(context, motion=context.motion.of_layer(context.name, shared=covered > 1)) for context in contexts]


def _open_keys(shot: Shot, settings: Settings, project: Project) -> Keys:
    pattern = plate_pattern(shot, project.folder("keys"))
    return Keys(
        project, pattern, shot.frames, shot.size, settings.keys, settings.frames is not None, colour=shot.colour,
        plates=shot.files, view=shot.view,
    )  # fmt: skip


def _warn_unused_keys(shot_context: Context) -> None:
    """Warn about keys in the folder of the shot, which no layer uses."""
    if shot_context.settings.layers and not all(map(shot_context.project.ours, shot_context.keys.files().values())):
        unused = shot_context.keys.pattern.folder
        shot_context.message(f"{unused}: painted keys here are not used with layers; put them into layers/NAME/keys")
