"""Exports of text files that link media: timelines, and scripts for After Effects and Nuke."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylize.context.context import Context
from stylize.delivery.scene_linear import result_space
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.exporter import ExporterSetup, ExportJob, ExportPlan
from stylize.interchange.foreground import foreground_media, foreground_target
from stylize.interchange.layout import Layout
from stylize.interchange.linked_media import linked_movies, movies_only, with_linked_movies
from stylize.interchange.nuke import nk_of
from stylize.interchange.passes import pass_patterns
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import ForegroundLayers, Media, Timeline, make_timeline
from stylize.interchange.timelines.xmeml import pixel_shape
from stylize.media.codecs import codec_of
from stylize.media.images import image_info
from stylize.media.safe_write import Seal, atomic_write
from stylize.media.sequences import Pattern, pattern_of
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.project import read_notes
from stylize.real_path import real_path
from stylize.settings import Settings

_STRAIGHT_SUFFIXES = (".png", ".tif", ".tiff")
_SCRIPT_SUFFIXES = {"aftereffects": ".jsx", "nuke": ".nk"}


class TimelineExporter:
    """Exporter of a timeline, in one or more files; see Exporter."""

    def __init__(self, setup: ExporterSetup[Any]) -> None:
        """Accept a setup whose name is the format of the timeline."""
        self._name = setup.name

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return the files of the timeline."""
        return [plan.layout.file(suffix) for suffix in TIMELINES[self._name]]

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write the timeline. It links movies if the format cannot link pictures."""
        plan, timeline = job.plan, _timeline(job)
        if self._name in movies_only(plan.settings):
            movies = linked_movies(plan.settings, plan.shot, plan.target, plan.layout.folder)
            timeline = with_linked_movies(timeline, movies, plan.shot)
        if ".xml" in TIMELINES[self._name] and pixel_shape(timeline) is None:
            job.context.message(
                f"{plan.layout.file('.xml')}: the format has no name for a pixel aspect ratio of "
                f"{float(timeline.pixel_aspect):g}; set it in the program if it ignores that of the movies"
            )
        texts = {plan.layout.file(suffix): make(timeline) for suffix, make in TIMELINES[self._name].items()}
        for path, text in texts.items():
            write_text(path, text, job.seal)
        return list(texts)


class ScriptExporter:
    """Exporter of a script that builds a composition; see Exporter."""

    def __init__(self, setup: ExporterSetup[Any]) -> None:
        """Accept a setup whose name is that of the program."""
        self._name = setup.name

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return the file of the script."""
        return [plan.layout.file(_SCRIPT_SUFFIXES[self._name])]

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write the script."""
        plan = job.plan
        layers = [look.name for look in job.looks]
        timeline = _timeline(job)
        foregrounds = _foreground_layers(timeline, plan.settings, plan.layout, layers, plan.target)
        timeline = replace(timeline, foregrounds=foregrounds)
        path = plan.layout.file(_SCRIPT_SUFFIXES[self._name])
        text = jsx_of(timeline, plan.layout.folder) if self._name == "aftereffects" else _nuke(job, timeline, layers)
        write_text(path, text, job.seal)
        return [path]


def write_text(path: Path, text: str, seal: Seal) -> None:
    """Write text as UTF-8 with Unix line endings, atomically. seal: records the file. Raises OutputError."""
    with atomic_write(path, seal=seal) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def _timeline(job: ExportJob) -> Timeline:
    context, settings = job.context, job.plan.settings
    keyed = [(plan.frames, plan.keys) for plan in job.cuts]
    frames = context.shot.frames
    return make_timeline(
        context.shot, job.plan.target, keyed, alpha=result_alpha(context.shot, settings, job.plan.target),
        fps=settings.fps, handles=settings.handles, matte=job.matte,
        plates=pattern_of([real_path(file) for file in _plate_files(context)], frames),
        notes=read_notes(context.project.main.root),
    )  # fmt: skip


def _nuke(job: ExportJob, timeline: Timeline, layers: Sequence[str]) -> str:
    context, settings, layout = job.context, job.plan.settings, job.plan.layout
    passes = [media for layer in layers for media in _look_passes(timeline, settings, layout.for_layer(layer), layer)]
    plate_space = image_info(_plate_files(context)[0], context.shot.layer).space
    space = result_space(context.shot, settings.working_space)
    return nk_of(timeline, passes, colour=context.shot.colour, space=space, plate_space=plate_space)


def _plate_files(context: Context) -> Sequence[Path]:
    """Return the files of the plates: of a sequence, the originals, and not their view; in a draft, scaled ones."""
    if context.shot.kind == "sequence" and not context.shot.converted and context.draft is None:
        return context.shot.files
    return [context.plates.paths[frame] for frame in context.shot.frames]


def result_alpha(shot: Shot, settings: Settings, target: Target) -> str | None:
    """Return the alpha mode of the delivered result, or None if it has no alpha."""
    if not shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, settings.codec).alpha_format else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT_SUFFIXES else None


def _look_passes(timeline: Timeline, settings: Settings, layout: Layout, layer: str) -> Iterator[Media]:
    """Yield the passes of a look as media for a script. Their names include the layer."""
    for name, pattern in pass_patterns(settings, layout).items():
        yield _sequence(timeline, _qualified(layer, name), pattern)


def _foreground_layers(
    timeline: Timeline, settings: Settings, layout: Layout, layers: Sequence[str], target: Target
) -> ForegroundLayers:
    """Return the requested foregrounds and layer mattes as media.

    layers: names of the layers, from the lowest; a single empty name if there is only one look.
    """
    layer_names = [name for name in layers if name]
    mattes = [_sequence(timeline, _qualified(name, "matte"), layout.for_layer(name).matte) for name in layer_names]
    if "foreground" not in settings.export:
        return ForegroundLayers(mattes=tuple(mattes) if "matte" in settings.export else ())
    foregrounds = [
        _foreground(timeline, settings, layout.for_layer(name), _qualified(name, "foreground"), target)
        for name in layers
    ]
    combined = _foreground(timeline, settings, layout, "foreground", target) if layer_names else None
    return ForegroundLayers(tuple(foregrounds), tuple(mattes) if "matte" in settings.export else (), combined)


def _foreground(timeline: Timeline, settings: Settings, layout: Layout, name: str, target: Target) -> Media:
    return foreground_media(timeline.result, name, foreground_target(layout, target, settings.codec))


def _qualified(layer: str, name: str) -> str:
    return f"layer_{layer}_{name}" if layer else name


def _sequence(timeline: Timeline, name: str, pattern: Pattern) -> Media:
    return replace(timeline.result, name=name, path=pattern.folder, pattern=pattern, alpha=None, sound=())
