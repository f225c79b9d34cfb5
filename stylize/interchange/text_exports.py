"""Text exports that link the other files: timelines, and scripts for After Effects and Nuke."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from stylize.context.context import Context
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.foreground import foreground_media, foreground_target
from stylize.interchange.layout import Layout
from stylize.interchange.linked_media import MOVIES_ONLY, linked_movies, with_linked_movies
from stylize.interchange.nuke import nk_of
from stylize.interchange.passes import pass_patterns
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import ForegroundLayers, Media, Timeline, make_timeline
from stylize.media.codecs import codec_of
from stylize.media.images import image_info
from stylize.media.sequences import Pattern, pattern_of
from stylize.media.targets import Target
from stylize.media.working_spaces import REC709
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings

SCRIPTS = ("aftereffects", "nuke")
_STRAIGHT_SUFFIXES = (".png", ".tif", ".tiff")


def is_text(kind: str) -> bool:
    """Return whether this kind of export is a timeline or a script."""
    return kind in TIMELINES or kind in SCRIPTS


def texts_of(
    context: Context,
    shots: Sequence[ShotPlan],
    layers: Sequence[str],
    target: Target,
    layout: Layout,
    matte: Pattern | None,
) -> dict[Path, str]:
    """Return the text of every requested timeline and script by file. layers: names, from the lowest."""
    exports, settings = context.settings.export, context.settings
    if not any(is_text(kind) for kind in exports):
        return {}
    keyed = [(plan.frames, plan.keys) for plan in shots]
    timeline = make_timeline(
        context.shot, target, keyed, alpha=_alpha(context, target), fps=settings.fps, handles=settings.handles,
        matte=matte, plates=pattern_of(context.plates.paths[context.shot.frames[0]].resolve()),
    )  # fmt: skip
    movies = with_linked_movies(timeline, linked_movies(settings, context.shot, target, layout.folder), context.shot)
    texts = {
        layout.file(suffix): make(movies if kind in MOVIES_ONLY else timeline)
        for kind in exports
        for suffix, make in TIMELINES.get(kind, {}).items()
    }
    timeline = replace(timeline, foregrounds=_foreground_layers(timeline, settings, layout, layers, target))
    if "aftereffects" in exports:
        texts[layout.file(".jsx")] = jsx_of(timeline, layout.folder)
    if "nuke" in exports:
        passes = [
            media for layer in layers for media in _look_passes(timeline, settings, layout.for_layer(layer), layer)
        ]
        space, plate_space = (
            settings.working_space or REC709,
            image_info(context.plates.paths[context.shot.frames[0]]).space,
        )
        texts[layout.file(".nk")] = nk_of(
            timeline, passes, colour=context.shot.colour, space=space, plate_space=plate_space
        )  # fmt: skip
    return texts


def _alpha(context: Context, target: Target) -> str | None:
    """Return the alpha mode of the delivered result; None if it keeps no alpha."""
    if not context.shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, context.settings.codec).alpha_format else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT_SUFFIXES else None


def _look_passes(timeline: Timeline, settings: Settings, layout: Layout, layer: str) -> Iterator[Media]:
    """Yield the passes of a look that a script reads; their names include the layer."""
    for name, pattern in pass_patterns(settings, layout.folder, layout.name).items():
        yield _sequence(timeline, _qualified(layer, name), pattern)


def _foreground_layers(
    timeline: Timeline, settings: Settings, layout: Layout, layers: Sequence[str], target: Target
) -> ForegroundLayers:
    """Return the requested foregrounds and layer mattes.

    layers: names, from the lowest; one empty name if there is only one look.
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
    return replace(timeline.result, name=name, path=pattern.folder, pattern=pattern, alpha=None, sound=False)
