"""Alignment of two versions of a shot, both read as their runs read them."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from propagate.align_frames import align_frames, cells_of
from propagate.arrays import Bytes, Floats, Pixels
from stylize.errors import ShotError, StylizeError
from stylize.ingest.open_footage import open_footage
from stylize.ingest.scene_view import LightRange, measure_light, recorded_light, viewed
from stylize.media.images import quantise, to_float
from stylize.media.opening import is_sequence
from stylize.media.plates import plate_pattern
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot, read_frames
from stylize.project import Project
from stylize.real_path import real_path
from stylize.settings import OPTIONS, Settings

# Share of the new frames, of those that have an old one, that must agree.
_LEAST_AGREEING = 0.5
_DIGEST_BYTES = 16
# Options that do not apply to a sequence, to a sequence that replaces a movie, to a movie, and to light that is not
# linear.
_OF_MOVIES, _CONVERSIONS = ("start_number",), ("tonemap", "deinterlace", "alpha")
_OF_LIGHT = ("clip", "exposure", "ocio", "input_space", "view")
_OF_SEQUENCES = ("rate", "exr_layer", *_OF_LIGHT)


@dataclass(frozen=True)
class Versions:
    """Request to replace a shot. source: old project. path: its shot. before: its settings. new: the new version.

    target: project of the new version. after: settings of the run on it, with the frame numbers of the old version,
    except the options in ``given``, which the user has given for the new version. read_table: reads the keyframes of a
    table, of some frames. take_choices: takes over the choices for single keys of a look from one project to another;
    called with its settings, and a function that returns the new number of an old frame.
    """

    source: Path
    path: Path
    before: Settings
    new: Path
    target: Path
    after: Settings
    given: frozenset[str] = frozenset()
    read_table: Callable[[Path, Collection[int]], tuple[int, ...]] = lambda path, frames: ()
    take_choices: Callable[[Project, Project, Settings, Callable[[int], int | None]], None] = lambda *_: None


@dataclass(frozen=True)
class Replacement:
    """Two versions of a shot. shift: number of a new frame minus that of its old one.

    frames: old frame of each new frame that has one. alike: new frames that are alike up to compression. same: those
    of them whose pixels are equal. certain: no other shift fits as well. light: that of the new version, if it is in
    linear light.
    """

    old: Shot
    new: Shot
    shift: int
    frames: Mapping[int, int]
    alike: frozenset[int]
    same: frozenset[int]
    certain: bool
    light: LightRange | None = None

    @cached_property
    def _new_numbers(self) -> Mapping[int, int]:
        return {old: new for new, old in self.frames.items()}

    def new_number(self, old: int) -> int | None:
        """Return the number of an old frame in the new version, or None if that lacks the frame."""
        return self._new_numbers.get(old)

    @property
    def renumbered(self) -> bool:
        """True if any frame has another number than its old one."""
        return any(new != old for new, old in self.frames.items())

    @property
    def changed(self) -> list[int]:
        """New frames that differ from their old ones by more than compression."""
        return [frame for frame in self.frames if frame not in self.alike]

    @property
    def added(self) -> list[int]:
        """New frames without an old one."""
        return [frame for frame in self.new.frames if frame not in self.frames]

    @property
    def gone(self) -> list[int]:
        """Old frames that the new version lacks."""
        return sorted({*self.old.frames} - {*self.frames.values()})


def applicable_settings(asked: Versions, message: Callable[[str], None]) -> Settings:
    """Return the settings without options of the old version that do not apply to the new kind of footage."""
    sequence, kinds = is_sequence(asked.new), ("numbered pictures", "a movie")
    names: tuple[str, ...] = _OF_MOVIES if sequence else _OF_SEQUENCES
    if sequence and not is_sequence(asked.path):
        names += _CONVERSIONS  # of the movie
    return _without(asked, asked.after, names, f"{asked.new} is {kinds[not sequence]}", message)


def compare(project: Project, asked: Versions, message: Callable[[str], None]) -> tuple[Replacement, Settings]:
    """Align both versions; return the alignment, and the settings without options that do not apply to the new one.

    The old shot may be missing if its plates are in the project. Raises ShotError if the versions do not fit, and
    errors of reading.
    """
    settings, lights = applicable_settings(asked, message), list[LightRange]()
    new = open_footage(asked.new, settings, rate=settings.rate)
    if not new.linear:
        settings = _without(asked, settings, _OF_LIGHT, f"{asked.new} is not in linear light", message)

    def light_of_new() -> LightRange:
        lights.append(recorded_light(new, project) or measure_light(new, _silent))
        return lights[-1]

    new = viewed(new, settings, light_of_new)
    old = _old_shot(project, asked, new)
    if old.size != new.size:
        one, other = ("x".join(map(str, shot.size)) for shot in (old, new))
        raise ShotError(
            f"{new.path}: expected {one} pixels like {old.path}, because keys have the size of the shot, found "
            f"{other}; scale it, or give it as the shot, without --replace-shot"
        )
    return _align(old, new, lights[-1] if lights else None), settings


def report(found: Replacement, message: Callable[[str], None]) -> None:
    """Report the offset, and the frames that are changed, new and gone."""
    old, new = found.old, found.new
    message(
        f"{new.path} replaces {old.path}: its frames {format_frames(found.frames)} are "
        f"{format_frames(found.frames.values())} of the old version (offset {found.shift:+d})"
    )
    if not found.certain:
        message("warning: the footage hardly moves, so other offsets fit as well; the one nearest to 0 is used")
    for what, frames in (("changed", found.changed), ("new", found.added)):
        if frames:
            message(f"{what} frames: {format_frames(frames)}")
    if found.gone:
        message(f"old frames that are not in the new version: {format_frames(found.gone)}")


def _align(old: Shot, new: Shot, light: LightRange | None) -> Replacement:
    before, after = list(_contents(old)), list(_contents(new))
    found = align_frames([cells for cells, _ in before], [cells for cells, _ in after])
    places = {place: place + found.offset for place in range(len(after)) if 0 <= place + found.offset < len(before)}
    if found.agreeing < _LEAST_AGREEING * len(places):
        raise ShotError(
            f"{new.path}: expected at least half of the frames to agree with those of {old.path}, found "
            f"{found.agreeing} of {len(places)} at the best offset; give it as the shot, without --replace-shot"
        )
    frames = {new.frames[place]: old.frames[other] for place, other in places.items()}
    same = frozenset(new.frames[place] for place, other in places.items() if after[place][1] == before[other][1])
    alike = frozenset(new.frames[place] for place in found.alike)
    first = next(iter(frames))
    return Replacement(old, new, first - frames[first], frames, alike | same, same, found.certain, light)


def _contents(shot: Shot) -> Iterator[tuple[Floats, bytes]]:
    """Yield the cells of each frame, and the digest of its pixels."""
    for _, pixels in read_frames(shot):
        content = hashlib.blake2b(f"{pixels.dtype} {pixels.shape}".encode(), digest_size=_DIGEST_BYTES)
        content.update(np.ascontiguousarray(pixels).tobytes())
        yield cells_of(_colour(pixels)), content.digest()


def _colour(pixels: Pixels) -> Bytes:
    colour = pixels[..., :3]
    return quantise(to_float(colour), np.uint8) if colour.dtype == np.uint16 else colour


def _without(
    asked: Versions, settings: Settings, names: Collection[str], reason: str, message: Callable[[str], None]
) -> Settings:
    """Return settings without some options, and report those that were set. Options given again are kept."""
    set_before = {
        name: OPTIONS[name].default
        for name in names
        if name not in asked.given and getattr(settings, name) != OPTIONS[name].default
    }
    if set_before:
        flags = ", ".join(OPTIONS[name].flags[-1] for name in set_before)
        message(f"note: {reason}: {flags} of the old version {'is' if len(set_before) == 1 else 'are'} left out")
    return replace(settings, **set_before)


def _old_shot(project: Project, asked: Versions, new: Shot) -> Shot:
    """Return the old shot: from its files, or from the plates in the project, of a movie or of linear light."""
    path = asked.path
    reason = "has been replaced by the new version"
    if real_path(path) != real_path(new.path):
        try:
            shot = open_footage(path, asked.before, rate=asked.before.rate)
            return viewed(shot, asked.before, lambda: recorded_light(shot, project) or measure_light(shot, _silent))
        except StylizeError as error:
            reason = f"cannot be read ({error})"
    folder = project.folder("video")
    movie = plate_pattern(replace(new, name=path.stem), folder)
    as_stored = Settings(max_megapixels=asked.before.max_megapixels)
    try:
        try:
            return replace(open_footage(Path(str(movie)), as_stored), path=path, name=path.stem)
        except StylizeError:
            return replace(open_footage(folder, as_stored), path=path)
    except StylizeError as error:
        raise ShotError(
            f"the old shot {path} {reason}, and its plates are not in {folder}; put it back, so that both versions can "
            "be compared"
        ) from error


def _silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""
