"""What is handed over of each look, of a layer or of all there is: passes, its matte, its foreground, for EbSynth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stylize.export import Target
from stylize.export.cut import Cut, Media
from stylize.export.delivery import form_of
from stylize.export.ebsynth_files import ebsynth_files, write_ebsynth
from stylize.export.foreground import alpha_of, foreground_pattern, write_foreground
from stylize.export.mattes import write_mattes
from stylize.export.pass_files import files_of, patterns_of, write_passes
from stylize.export.places import Places
from stylize.export.sequence import stamps_of
from stylize.footage.sequences import Pattern
from stylize.footage.shot import Shot
from stylize.opening import Work
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
    patterns += [foreground_pattern(places.folder, places.name, target)] if "foreground" in wanted else []
    files += ebsynth_files(places, shot, keys, matted) if "ebsynth" in wanted else []
    return files + files_of(patterns, shot.frames)


def hand_over_look(one: Painted, places: Places, target: Target) -> tuple[list[Path], list[Path]]:
    """What is handed over of each look; returns folders, and the files that are known by what they are made from."""
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
        pattern = foreground_pattern(places.folder, places.name, target)
        write_foreground(work, pattern, form_of(work.settings), stamps_of(work.shot, work.settings.fps))
        written.append(pattern.folder)
        told += files_of([pattern], frames)
    if "ebsynth" in wanted:
        written.append(write_ebsynth(work, one.shots, places))
    return written, told


def look_media(cut: Cut, settings: Settings, places: Places, layer: str, target: Target) -> Iterator[Media]:
    """The sequences of a look that a script reads, by names that tell its layer."""
    found: list[tuple[str, Pattern, str | None]] = [
        (name, pattern, None) for name, pattern in patterns_of(settings, places.folder, places.name).items()
    ]
    if "foreground" in settings.export:
        pattern = foreground_pattern(places.folder, places.name, target)
        found.append(("foreground", pattern, alpha_of(pattern)))
    for name, pattern, alpha in found:
        known = f"layer_{layer}_{name}" if layer else name
        yield replace(cut.result, name=known, path=pattern.folder, pattern=pattern, alpha=alpha, sound=False)
