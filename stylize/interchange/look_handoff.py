"""What is handed over of each look, of a layer or of all there is: passes, its matte, its foreground, for EbSynth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stylize.context.context import Work
from stylize.delivery.deliver import form_of
from stylize.interchange.cut import Cut, Fronts, Media
from stylize.interchange.ebsynth import ebsynth_files, write_ebsynth
from stylize.interchange.foreground import files_of_target, foreground_media, foreground_target, write_foreground
from stylize.interchange.foreground_layers import Front
from stylize.interchange.layout import Places
from stylize.interchange.matte_sequence import write_mattes
from stylize.interchange.passes import files_of, patterns_of, write_passes
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings


@dataclass(frozen=True)
class Painted:
    """A look, a layer or the whole, and the shots with its keyframes."""

    work: Work
    shots: Sequence[ShotPlan]


def look_files(
    settings: Settings, places: Places, shot: Shot, target: Target, keys: Sequence[int], matted: bool
) -> list[Path]:
    """The files of each look. keys: numbers of those that EbSynth gets. matted: it has a matte."""
    wanted, files = settings.export, list[Path]()
    patterns = list(patterns_of(settings, places.folder, places.name).values())
    patterns += [places.matte] if "matte" in wanted else []
    if "foreground" in wanted:
        files += files_of_target(foreground_target(places, target, settings.codec), shot.frames)
    files += ebsynth_files(places, shot, keys, matted) if "ebsynth" in wanted else []
    return files + files_of(patterns, shot.frames)


def hand_over_look(
    one: Painted, above: Sequence[Work], places: Places, target: Target
) -> tuple[list[Path], list[Path]]:  # fmt: skip
    """What is handed over of each look; returns folders and movies, and the files that are known by what they are made
    from. above: the layers that lie over it."""
    work, written, told = one.work, list[Path](), list[Path]()
    wanted, frames = work.settings.export, work.shot.frames
    passes = patterns_of(work.settings, places.folder, places.name)
    if passes:
        write_passes(work, one.shots, passes)
        written.append(places.folder / f"{places.name}_passes")
        told += files_of(passes.values(), frames)
    if "matte" in wanted:
        written.append(write_mattes(work, places.matte).folder)
        told += files_of([places.matte], frames)
    if "foreground" in wanted:
        place, files = hand_over_front(Front(work, [work], above), places, target)
        written.append(place)
        told += files
    if "ebsynth" in wanted:
        written.append(write_ebsynth(work, one.shots, places))
    return written, told


def hand_over_front(front: Front, places: Places, target: Target) -> tuple[Path, list[Path]]:
    """The foreground of a layer, or of all; returns its folder or movie, and its files."""
    settings = front.work.settings
    place = foreground_target(places, target, settings.codec)
    write_foreground(front, place, form_of(settings))
    return place.path, files_of_target(place, front.work.shot.frames)


def look_passes(cut: Cut, settings: Settings, places: Places, layer: str) -> Iterator[Media]:
    """The passes of a look that a script reads, by names that tell its layer."""
    for name, pattern in patterns_of(settings, places.folder, places.name).items():
        yield _sequence(cut, _known(layer, name), pattern)


def fronts_of(cut: Cut, settings: Settings, places: Places, layers: Sequence[str], target: Target) -> Fronts:
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
