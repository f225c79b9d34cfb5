"""Exports that accompany the result: timelines, scripts for After Effects and Nuke, and the files of each look."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.context.context import Context
from stylize.delivery.deliver import encoding_of
from stylize.errors import SettingsError
from stylize.interchange.depth import check_depth
from stylize.interchange.ebsynth import ebsynth_files, write_ebsynth
from stylize.interchange.foreground import foreground_target, write_foreground
from stylize.interchange.foreground_layers import Foreground
from stylize.interchange.layout import Layout, layout_of
from stylize.interchange.linked_media import LINK_CODEC, MOVIES_ONLY, linked_movies, write_linked_movie
from stylize.interchange.matte_sequence import write_mattes
from stylize.interchange.passes import pass_patterns, pattern_files, write_passes
from stylize.interchange.text_exports import SCRIPTS, is_text, texts_of
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import check_timeline
from stylize.media.codecs import CODECS
from stylize.media.safe_write import atomic_write
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.planning.picking import ShotPlan
from stylize.project import Project
from stylize.project.protect import refuse_foreign, refuse_inputs
from stylize.settings import Settings, looks_of
from stylize.settings.input_files import inputs_of


@dataclass(frozen=True)
class PlannedLook:
    """A look (a layer or the whole), and the shots with its keyframes."""

    context: Context
    shots: Sequence[ShotPlan]


def check_handoff(settings: Settings, shot: Shot, target: Target, project: Project) -> None:
    """Check before any work that the exports can be written. Raises SettingsError or OutputError."""
    timeline_kinds = [kind for kind in settings.export if is_text(kind)]
    if timeline_kinds:
        check_timeline(shot, settings.fps, settings.handles)
    elif settings.handles:
        raise SettingsError("--handles is for timelines and scripts; give --export otio, or leave it out")
    check_depth(settings, shot, project)
    matte_kinds = sorted({"matte", "foreground"} & set(settings.export))
    if matte_kinds and not _has_matte(settings):
        raise SettingsError(f"--export {matte_kinds[0]} needs a matte; give one with --matte PATH, or leave it out")
    if settings.export:
        # Any frame may become a key.
        files = _planned_files(settings, shot, target, shot.frames)
        refuse_inputs(files, inputs_of(settings), shot, project)
        if target.pattern is None and target.path.resolve() in files:
            raise SettingsError(f"-o {target.path} is a file that --export writes; choose another name")
    if not settings.overwrite:
        refuse_foreign(_planned_files(settings, shot, target), project.may_replace)


def _planned_files(settings: Settings, shot: Shot, target: Target, keys: Sequence[int] = ()) -> list[Path]:
    """List all files that a run with these settings may write."""
    layout, looks = layout_of(shot, target), looks_of(settings)
    files = _shared_files(settings, layout, shot, target)
    for look in looks:
        has_matte = look.settings.matte is not None
        files += _look_files(settings, layout.for_layer(look.name), shot, target, keys, has_matte)
    return files


def handoff_notes(settings: Settings, shot: Shot, target: Target) -> tuple[str, ...]:
    """Return messages about files written in addition to the requested ones, with the reason."""
    files = linked_movies(settings, shot, target, layout_of(shot, target).folder)
    kinds = " and ".join(kind for kind in settings.export if kind in MOVIES_ONLY)
    return tuple(
        f"{kinds} name movies only, and the {kind} is pictures: {path.name} ({CODECS[LINK_CODEC].label}) stands for it"
        for kind, path in files.items()
    )


def write_handoff(whole: PlannedLook, looks: Sequence[PlannedLook], target: Target) -> tuple[Path, ...]:
    """Write the exports that `--export` requests; return the written files and folders of sequences.

    looks: all painted looks, from the lowest layer; without layers only the whole.
    """
    context = whole.context
    exports, layout = context.settings.export, layout_of(context.shot, target)
    if not exports:
        return ()
    files = _shared_files(context.settings, layout, context.shot, target)
    for look in looks:
        keys = sorted(set(look.context.keys.files()) & set(context.shot.frames))
        files += _look_files(
            context.settings,
            layout.for_layer(look.context.name),
            context.shot,
            target,
            keys,
            look.context.mattes is not None,
        )
    files = list(dict.fromkeys(files))
    refuse_inputs(files, inputs_of(context.settings), context.shot, context.project)
    if not context.settings.overwrite:
        refuse_foreign(files, context.project.may_replace)
    context.project.claim(files)
    written: dict[Path, None] = {}
    matte = None
    if _writes_matte(context.settings):
        matte = write_mattes(context, layout.matte)
        written[matte.folder] = None
    folders, recorded = _export_looks(context, looks, layout, target)
    written |= dict.fromkeys(folders)
    recorded |= set(pattern_files([layout.matte], context.shot.frames))
    movies = linked_movies(context.settings, context.shot, target, layout.folder)
    pictures = {"plate": context.plates.paths, "result": {n: context.file("out", n) for n in context.shot.frames}}
    for kind, path in movies.items():
        write_linked_movie(context.shot, pictures[kind], path, context.settings, context.project)
        written[path] = None
    recorded |= set(movies.values())
    texts = texts_of(context, whole.shots, [look.context.name for look in looks], target, layout, matte)
    for path, text in texts.items():
        _write_text(path, text)
    for path in files:
        if path not in recorded:
            context.project.record(path, "")
    context.project.claim([])
    return (*written, *texts)


def _export_looks(
    context: Context, looks: Sequence[PlannedLook], layout: Layout, target: Target
) -> tuple[list[Path], set[Path]]:  # fmt: skip
    """Export the files of each look, and the combined foreground.

    Returns folders and movies, and the files that are recorded by their cache keys.
    """
    written, recorded = list[Path](), set[Path]()
    for index, look in enumerate(looks):
        layers_above = [upper.context for upper in looks[index + 1 :]]
        folders, files = _export_look(look, layers_above, layout.for_layer(look.context.name), target)
        written += folders
        recorded |= set(files)
    if _has_combined_foreground(context.settings):
        folder, files = _export_foreground(Foreground(context, [look.context for look in looks]), layout, target)
        written.append(folder)
        recorded |= set(files)
    return written, recorded


def _export_look(
    look: PlannedLook, layers_above: Sequence[Context], layout: Layout, target: Target
) -> tuple[list[Path], list[Path]]:  # fmt: skip
    """Export the files of one look. layers_above: the looks above it.

    Returns folders and movies, and the files that are recorded by their cache keys.
    """
    context, written, recorded = look.context, list[Path](), list[Path]()
    exports, frames = context.settings.export, context.shot.frames
    passes = pass_patterns(context.settings, layout.folder, layout.name)
    if passes:
        write_passes(context, look.shots, passes)
        written.append(layout.folder / f"{layout.name}_passes")
        recorded += pattern_files(passes.values(), frames)
    if "matte" in exports:
        written.append(write_mattes(context, layout.matte).folder)
        recorded += pattern_files([layout.matte], frames)
    if "foreground" in exports:
        folder, files = _export_foreground(Foreground(context, [context], layers_above), layout, target)
        written.append(folder)
        recorded += files
    if "ebsynth" in exports:
        written.append(write_ebsynth(context, look.shots, layout))
    return written, recorded


def _export_foreground(foreground: Foreground, layout: Layout, target: Target) -> tuple[Path, list[Path]]:
    """Export the foreground of one layer or of all; return its folder or movie, and its files."""
    settings = foreground.context.settings
    destination = foreground_target(layout, target, settings.codec)
    write_foreground(foreground, destination, encoding_of(settings))
    return destination.path, destination.files(foreground.context.shot.frames)


def _has_matte(settings: Settings) -> bool:
    """Return whether the shot or a layer has a matte."""
    return any(look.settings.matte is not None for look in looks_of(settings))


def _writes_matte(settings: Settings) -> bool:
    """Return whether a matte of the whole is written.

    An entirely white one is written too: readers of the folder expect it, and it replaces one of an earlier run.
    """
    return _has_matte(settings) and bool(set(settings.export) & {*SCRIPTS, "matte"})


def _has_combined_foreground(settings: Settings) -> bool:
    """Return whether there is a combined foreground in addition to those of the looks."""
    return bool(settings.layers) and "foreground" in settings.export


def _shared_files(settings: Settings, layout: Layout, shot: Shot, target: Target) -> list[Path]:
    """List the files that exist once, independent of the looks."""
    exports = settings.export
    files = [layout.file(suffix) for kind in exports if kind in TIMELINES for suffix in TIMELINES[kind]]
    files += linked_movies(settings, shot, target, layout.folder).values()
    files += [layout.file(".jsx")] if "aftereffects" in exports else []
    files += [layout.file(".nk")] if "nuke" in exports else []
    if _has_combined_foreground(settings):
        files += foreground_target(layout, target, settings.codec).files(shot.frames)
    return files + (pattern_files([layout.matte], shot.frames) if _writes_matte(settings) else [])


def _look_files(
    settings: Settings, layout: Layout, shot: Shot, target: Target, keys: Sequence[int], has_matte: bool
) -> list[Path]:
    """List the files of one look. keys: frame numbers of the keys for EbSynth. has_matte: whether it has a matte."""
    exports, files = settings.export, list[Path]()
    patterns = list(pass_patterns(settings, layout.folder, layout.name).values())
    patterns += [layout.matte] if "matte" in exports else []
    if "foreground" in exports:
        files += foreground_target(layout, target, settings.codec).files(shot.frames)
    files += ebsynth_files(layout, shot, keys, has_matte) if "ebsynth" in exports else []
    return files + pattern_files(patterns, shot.frames)


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
