"""What is exported as text, and links the other files: timelines, and scripts for After Effects and Nuke."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from stylize.context.context import Work
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.foreground import foreground_media, foreground_target
from stylize.interchange.layout import Places
from stylize.interchange.linked_media import NAME_MOVIES, linked, linked_files
from stylize.interchange.nuke import nk_of
from stylize.interchange.passes import patterns_of
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import Cut, Fronts, Media, make_cut
from stylize.media.codecs import codec_of
from stylize.media.images import image_info
from stylize.media.sequences import Pattern, pattern_of
from stylize.media.targets import Target
from stylize.media.working_spaces import REC709
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings

SCRIPTS = ("aftereffects", "nuke")
_STRAIGHT = (".png", ".tif", ".tiff")


def is_text(kind: str) -> bool:
    """Return whether this kind of export is a timeline or a script."""
    return kind in TIMELINES or kind in SCRIPTS


def texts_of(
    work: Work, shots: Sequence[ShotPlan], layers: Sequence[str], target: Target, places: Places, matte: Pattern | None
) -> dict[Path, str]:
    """The text of every timeline and script that is asked for, by its file. layers: names, from the lowest."""
    wanted, settings = work.settings.export, work.settings
    if not any(is_text(kind) for kind in wanted):
        return {}
    shown = [(plan.frames, plan.keys) for plan in shots]
    cut = make_cut(
        work.shot, target, shown, alpha=_alpha(work, target), fps=settings.fps, handles=settings.handles, matte=matte,
        plates=pattern_of(work.plates.paths[work.shot.frames[0]].resolve()),
    )  # fmt: skip
    movies = linked(cut, linked_files(settings, work.shot, target, places.folder), work.shot)
    texts = {
        places.file(end): make(movies if kind in NAME_MOVIES else cut)
        for kind in wanted
        for end, make in TIMELINES.get(kind, {}).items()
    }
    cut = replace(cut, fronts=_fronts_of(cut, settings, places, layers, target))
    if "aftereffects" in wanted:
        texts[places.file(".jsx")] = jsx_of(cut, places.folder)
    if "nuke" in wanted:
        passes = [one for layer in layers for one in _look_passes(cut, settings, places.of(layer), layer)]
        space, plate_space = settings.working_space or REC709, image_info(work.plates.paths[work.shot.frames[0]]).space
        texts[places.file(".nk")] = nk_of(
            cut, passes, colour=work.shot.colour, space=space, plate_space=plate_space
        )  # fmt: skip
    return texts


def _alpha(work: Work, target: Target) -> str | None:
    """How what was delivered keeps the shot's alpha."""
    if not work.shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, work.settings.codec).alpha_format else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT else None


def _look_passes(cut: Cut, settings: Settings, places: Places, layer: str) -> Iterator[Media]:
    """The passes of a look that a script reads, by names that tell its layer."""
    for name, pattern in patterns_of(settings, places.folder, places.name).items():
        yield _sequence(cut, _known(layer, name), pattern)


def _fronts_of(cut: Cut, settings: Settings, places: Places, layers: Sequence[str], target: Target) -> Fronts:
    """The foregrounds and the layers' mattes, as far as they are asked for. layers: names, from the lowest; of the only
    look an empty one."""
    named = [name for name in layers if name]
    mattes = [_sequence(cut, _known(name, "matte"), places.of(name).matte) for name in named]
    if "foreground" not in settings.export:
        return Fronts(mattes=tuple(mattes) if "matte" in settings.export else ())
    fronts = [_foreground(cut, settings, places.of(name), _known(name, "foreground"), target) for name in layers]
    together = _foreground(cut, settings, places, "foreground", target) if named else None
    return Fronts(tuple(fronts), tuple(mattes) if "matte" in settings.export else (), together)


def _foreground(cut: Cut, settings: Settings, places: Places, name: str, target: Target) -> Media:
    return foreground_media(cut.result, name, foreground_target(places, target, settings.codec))


def _known(layer: str, name: str) -> str:
    return f"layer_{layer}_{name}" if layer else name


def _sequence(cut: Cut, name: str, pattern: Pattern) -> Media:
    return replace(cut.result, name=name, path=pattern.folder, pattern=pattern, alpha=None, sound=False)
