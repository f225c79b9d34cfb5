"""Exports that accompany the result: timelines, scripts for After Effects and Nuke, and files of each look."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stylize.context.context import Context
from stylize.errors import SettingsError
from stylize.extensions.discovery import exporter
from stylize.interchange.depth import check_depth
from stylize.interchange.exporter import ExportJob, ExportPlan
from stylize.interchange.layout import Layout, layout_of
from stylize.interchange.linked_media import LINK_CODEC, linked_movies, movies_only, write_linked_movie
from stylize.interchange.matte_sequence import write_mattes
from stylize.interchange.passes import pattern_files
from stylize.interchange.registered import OpenedExporter, open_exporters
from stylize.interchange.timelines.timeline import check_timeline
from stylize.media.codecs import CODECS
from stylize.media.safe_write import location
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.planning.picking import ShotPlan
from stylize.project import Project
from stylize.project.protect import refuse_changed, refuse_inputs
from stylize.real_path import real_path
from stylize.settings import Settings, looks_of
from stylize.settings.input_files import inputs_of


@dataclass(frozen=True)
class PlannedLook:
    """A look, which is a layer or the composite of all layers, and its shots with their keyframes."""

    context: Context
    shots: Sequence[ShotPlan]


def check_handoff(settings: Settings, shot: Shot, target: Target, project: Project) -> None:
    """Preflight check that the exports can be written. Raises SettingsError, OutputError or ExtensionError."""
    exporters = open_exporters(settings)
    chosen = [one.registration for one in exporters]
    if any(one.is_timeline for one in chosen):
        check_timeline(shot, settings.fps, settings.handles)
    elif settings.handles and not any("handles" in one.reads for one in chosen):
        raise SettingsError("--handles applies to timelines and scripts; add --export otio, or leave it out")
    check_depth(settings, shot, project)
    matte_kinds = sorted(one.name for one in chosen if one.needs_matte)
    if matte_kinds and not _has_matte(settings):
        raise SettingsError(f"--export {matte_kinds[0]} requires a matte; give one with --matte PATH, or leave it out")
    if settings.export:
        # Any frame may become a key.
        files = _possible_files(exporters, settings, shot, target, shot.frames)
        refuse_inputs(files, inputs_of(settings), shot, project)
        if target.pattern is None and real_path(target.path) in files:
            raise SettingsError(f"-o {target.path} is also a file that --export writes; choose another name")
    if not settings.overwrite:
        refuse_changed(_possible_files(exporters, settings, shot, target, ()), project)


def handoff_notes(settings: Settings, shot: Shot, target: Target) -> tuple[str, ...]:
    """Return messages about files that are written in addition to the requested ones, with the reason."""
    files = linked_movies(settings, shot, target, layout_of(shot, target).folder)
    kinds = " and ".join(movies_only(settings))
    return tuple(
        f"{kinds} can link only movies, but the {kind} is a picture sequence: {path.name} ({CODECS[LINK_CODEC].label}) "
        "is written and linked instead"
        for kind, path in files.items()
    )


def write_handoff(whole: PlannedLook, looks: Sequence[PlannedLook], target: Target) -> tuple[Path, ...]:
    """Write the exports that `--export` requests. Return the written files and folders of sequences.

    whole: composite of all layers, or the only look. looks: all looks, from the lowest layer.
    """
    context, settings = whole.context, whole.context.settings
    if not settings.export:
        return ()
    exporters, layout = open_exporters(settings), layout_of(context.shot, target)
    look_jobs, whole_job = _look_jobs(looks, settings, target), _whole_job(whole, looks, target)
    files = _all_files(exporters, [job.plan for job in look_jobs], whole_job.plan)
    files = list(dict.fromkeys([*_shared_files(settings, layout, context.shot, target), *files]))
    refuse_inputs(files, inputs_of(settings), context.shot, context.project)
    if not settings.overwrite:
        refuse_changed(files, context.project)
    written: dict[Path, None] = {}
    if _writes_matte(settings):
        whole_job = replace(whole_job, matte=write_mattes(context, layout.matte))
        written[layout.matte.folder] = None
    of_looks = [one for one in exporters if one.registration.per_look]
    for job in look_jobs:
        for one in of_looks:
            context.reporter.check()
            written |= dict.fromkeys(one.exporter.write(job))
    written |= _write_whole(of_looks, whole_job)
    movies = linked_movies(settings, context.shot, target, layout.folder)
    pictures = {"plate": context.plates.paths, "result": {n: context.file("out", n) for n in context.shot.frames}}
    for kind, path in movies.items():
        write_linked_movie(
            context.shot, pictures[kind], path, settings, context.project,
            lambda frame: context.reporter.check(),
        )  # fmt: skip
        written[path] = None
    written |= _write_whole([one for one in exporters if not one.registration.per_look], whole_job)
    for path in files:
        if path.is_file() and not context.project.ours(location(path)):
            context.project.adopt(location(path))  # exporters of other distributions may write without a seal
    return tuple(written)


def _write_whole(exporters: Sequence[OpenedExporter], job: ExportJob) -> dict[Path, None]:
    """Run the exporters that export the composite. Return the written files and folders."""
    written: dict[Path, None] = {}
    for one in exporters:
        if one.exports(layered=bool(job.plan.settings.layers))[1]:
            job.context.reporter.check()
            written |= dict.fromkeys(one.exporter.write(job))
    return written


def _look_jobs(looks: Sequence[PlannedLook], settings: Settings, target: Target) -> list[ExportJob]:
    """Return the export job of each look. settings: settings of the run."""
    contexts = [look.context for look in looks]
    jobs = []
    for place, look in enumerate(looks):
        context = look.context
        keys = sorted(set(context.keys.files()) & set(context.shot.frames))
        layout = layout_of(context.shot, target).for_layer(context.name)
        plan = ExportPlan(settings, context.shot, target, layout, context.name, keys, context.mattes is not None)
        jobs.append(ExportJob(plan, context, look.shots, contexts, contexts[place + 1 :]))
    return jobs


def _whole_job(whole: PlannedLook, looks: Sequence[PlannedLook], target: Target) -> ExportJob:
    context = whole.context
    keys = sorted({frame for plan in whole.shots for frame in plan.keys})
    layout = layout_of(context.shot, target)
    plan = ExportPlan(context.settings, context.shot, target, layout, "", keys, context.mattes is not None)
    return ExportJob(plan, context, whole.shots, [look.context for look in looks])


def _possible_files(
    exporters: Sequence[OpenedExporter], settings: Settings, shot: Shot, target: Target, keys: Sequence[int]
) -> list[Path]:
    """Return all files that a run with these settings may write. keys: frames that may become keyframes."""
    layout = layout_of(shot, target)
    plans = [
        ExportPlan(
            settings, shot, target, layout.for_layer(look.name), look.name, keys, look.settings.matte is not None
        )
        for look in looks_of(settings)
    ]
    whole = ExportPlan(settings, shot, target, layout, "", keys, _has_matte(settings))
    return [*_shared_files(settings, layout, shot, target), *_all_files(exporters, plans, whole)]


def _all_files(exporters: Sequence[OpenedExporter], looks: Sequence[ExportPlan], whole: ExportPlan) -> list[Path]:
    """Return the files of all exporters, for each look and for the composite."""
    files: list[Path] = []
    for one in exporters:
        per_look, of_whole = one.exports(layered=bool(whole.settings.layers))
        for plan in (*(looks if per_look else ()), *([whole] if of_whole else [])):
            files += one.exporter.files(plan)
    return files


def _has_matte(settings: Settings) -> bool:
    """Return whether the shot or a layer has a matte."""
    return any(look.settings.matte is not None for look in looks_of(settings))


def _writes_matte(settings: Settings) -> bool:
    """Return whether the mattes of the composite are written.

    White mattes are also written, because readers of the folder expect them, and to replace those of earlier runs.
    """
    return _has_matte(settings) and any(exporter(name).reads_matte_sequence for name in settings.export)


def _shared_files(settings: Settings, layout: Layout, shot: Shot, target: Target) -> list[Path]:
    """Return the files that exporters share: linked movies, and the mattes of the composite."""
    files = list(linked_movies(settings, shot, target, layout.folder).values())
    return files + (pattern_files([layout.matte], shot.frames) if _writes_matte(settings) else [])
