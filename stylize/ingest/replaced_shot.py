"""Take over the keys, mattes and results of a project for a new version of its shot, such as shot_v002.mov.

The new version gets a project of its own, and the old one stays as it is. Frames of both versions are aligned by their
contents. Painted keys are always kept, rendered keys only if their frames are equal up to compression. Results are
copied with their records, so a run regenerates only what depends on changes.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from propagate.align_frames import align_frames, cells_of
from propagate.arrays import Bytes, Pixels
from stylize.errors import ProjectError, ShotError, StylizeError
from stylize.media.frame_numbers import number_text
from stylize.media.images import make_folder, quantise, to_float
from stylize.media.key_numbers import number_keys
from stylize.media.plates import plate_pattern
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES, Pattern, find_sequence, format_frames
from stylize.media.shot import Shot, open_shot, read_frames
from stylize.project import Project
from stylize.project.upgrade import FACT, FIRST_SCHEMA, TASK
from stylize.settings import Settings, is_matte_keyword, looks_of
from stylize.settings.shifted_frames import map_looks, shifted_settings

# Share of the new frames, of those that have an old one, that must agree.
_LEAST_AGREEING = 0.5
# Folders of results that depend only on the contents of frames (in the project), and of those that depend on their
# numbers too (in each look).
_BY_CONTENTS, _BY_NUMBERS = ("flow",), ("out", "passes")
# Cache key of the rendered keys taken over. Like keys of an earlier version of stylize, they are kept while settings
# are unchanged.
_KEPT = f"{FIRST_SCHEMA}-replaced-shot"
_NUMBERS = re.compile(r"(?<=[.-])[0-9]{4,}(?=[.-])")
# Folder of mattes with new numbers, in the folder of mattes.
_RENUMBERED = "replaced"


@dataclass(frozen=True)
class Replacement:
    """Two versions of a shot. shift: number of a new frame minus that of its old one.

    frames: old frame of each new frame that has one. alike: new frames that are equal up to compression. certain: no
    other shift fits equally well.
    """

    old: Shot
    new: Shot
    shift: int
    frames: Mapping[int, int]
    alike: frozenset[int]
    certain: bool

    def new_number(self, old: int) -> int | None:
        """Return the number of an old frame in the new version, or None if that lacks the frame."""
        return old + self.shift if old + self.shift in self.frames else None


@dataclass(frozen=True)
class Versions:
    """Request to replace a shot. source: old project. path: its shot. before: its settings. new: the new version.

    target: project of the new version. after: settings of the run on it, with the frame numbers of the old version.
    """

    source: Path
    path: Path
    before: Settings
    new: Path
    target: Path
    after: Settings


def replace_shot(asked: Versions, message: Callable[[str], None]) -> Settings:
    """Create the project of a new version of a shot, and return its settings.

    The old shot may be missing if its plates are in the project. Raises ShotError if the versions do not fit,
    ProjectError for the projects, and errors of reading and writing.
    """
    if asked.target.resolve() == asked.source.resolve():
        raise ProjectError(
            f"{asked.target} is the project of the old version, which stays as it is; choose another for the new one "
            "with --project FOLDER"
        )
    old_project = Project(asked.source)
    with old_project.locked():
        found = _compare(old_project, asked)
        _report(found, message)
        settings, notes = shifted_settings(asked.after, found.shift, found.new.frames)
        for note in notes:
            message(f"note: {note}")
        new_project = Project(asked.target, message=message)
        with new_project.locked():
            settings = _take_mattes(found, settings, new_project, message)
            settings, rendered = _take_keys(found, old_project, new_project, settings, message)
            if rendered and not settings.keyframes and not settings.layers:
                settings = replace(settings, add_key=tuple(sorted({*settings.add_key, *rendered})))
            new_project.remember(FACT, FIRST_SCHEMA, {"settings": settings.stored(), "contents": {}})
            _take_results(found, old_project, new_project, settings)
    return settings


# Alignment


def _compare(project: Project, asked: Versions) -> Replacement:
    new = _open(asked.new, asked.after)
    old = _old_shot(project, asked, new)
    if old.size != new.size:
        one, other = ("x".join(map(str, shot.size)) for shot in (old, new))
        raise ShotError(
            f"{new.path}: expected {one} pixels like {old.path}, because keys have the size of the shot, found "
            f"{other}; scale it, or give it as the shot, without --replace-shot"
        )
    before, after = ([cells_of(_colour(pixels)) for _, pixels in read_frames(shot)] for shot in (old, new))
    found = align_frames(before, after)
    frames = {
        number: old.frames[place + found.offset]
        for place, number in enumerate(new.frames)
        if 0 <= place + found.offset < len(old.frames)
    }
    if found.agreeing < _LEAST_AGREEING * len(frames):
        raise ShotError(
            f"{new.path}: expected at least half of the frames to agree with those of {old.path}, found "
            f"{found.agreeing} of {len(frames)} at the best offset; give it as the shot, without --replace-shot"
        )
    first = next(iter(frames))
    alike = frozenset(new.frames[place] for place in found.alike)
    return Replacement(old, new, first - frames[first], frames, alike, found.certain)


def _open(path: Path, settings: Settings) -> Shot:
    return open_shot(
        path, rate=settings.rate, start_number=settings.start_number, strict=settings.strict, tonemap=settings.tonemap,
        deinterlace=settings.deinterlace, alpha=settings.alpha,
    )  # fmt: skip


def _old_shot(project: Project, asked: Versions, new: Shot) -> Shot:
    """Return the old shot: from its file, or from the plates of a movie in the project."""
    path = asked.path
    reason = "has been replaced by the new version"
    if path.resolve() != new.path.resolve():
        try:
            return _open(path, asked.before)
        except StylizeError as error:
            reason = f"cannot be read ({error})"
    plates = plate_pattern(replace(new, name=path.stem), project.folder("video"))
    try:
        return replace(_open(Path(str(plates)), Settings()), path=path, name=path.stem)
    except StylizeError as error:
        raise ShotError(
            f"the old shot {path} {reason}, and its plates are not in {plates.folder}; put it back, so that both "
            "versions can be compared"
        ) from error


def _colour(pixels: Pixels) -> Bytes:
    colour = pixels[..., :3]
    return quantise(to_float(colour), np.uint8) if colour.dtype == np.uint16 else colour


def _report(found: Replacement, message: Callable[[str], None]) -> None:
    old, new = found.old, found.new
    numbers = format_frames(found.frames)
    message(
        f"{new.path} replaces {old.path}: its frames {numbers} are {format_frames(found.frames.values())} of the old "
        f"version (offset {found.shift:+d})"
    )
    if not found.certain:
        message("warning: the footage hardly moves, so other offsets fit equally well; the one nearest to 0 is used")
    for what, frames in (
        ("changed", [frame for frame in found.frames if frame not in found.alike]),
        ("new", [frame for frame in new.frames if frame not in found.frames]),
    ):
        if frames:
            message(f"{what} frames: {format_frames(frames)}")
    gone = sorted({*old.frames} - {*found.frames.values()})
    if gone:
        message(f"old frames that are not in the new version: {format_frames(gone)}")


# Mattes, keys and results


def _take_mattes(found: Replacement, settings: Settings, project: Project, message: Callable[[str], None]) -> Settings:
    """Return the settings with mattes under the new numbers, copied into the new project if the numbers differ."""
    if not found.shift:
        return settings
    taken: dict[str, str] = {}

    def renumbered(name: str, value: Any) -> Any:
        if name in ("guide", "control", "clean") and value:
            message(f"warning: --{name} has the old frame numbers; give one with those of {found.new.path}")
        if name != "matte" or not isinstance(value, str) or is_matte_keyword(value) or Path(value).is_file():
            return value
        if value not in taken:
            taken[value] = str(
                _renumber(found, Path(value), project.folder("mask") / _RENUMBERED / str(len(taken) + 1))
            )
        return taken[value]

    return map_looks(settings, renumbered)


def _renumber(found: Replacement, path: Path, folder: Path) -> Pattern:
    make_folder(folder)
    files = find_sequence(path)
    suffix = next(iter(files.values())).suffix
    pattern = Pattern(folder, "matte.", 4, suffix)
    for old, file in files.items():
        if (number := found.new_number(old)) is not None:
            _copy_new(file, pattern.path(number))
    return pattern


def _take_keys(
    found: Replacement, old_project: Project, new_project: Project, settings: Settings, message: Callable[[str], None]
) -> tuple[Settings, list[int]]:
    """Copy the keys of all looks. Return the settings, and the frames of the rendered keys that are kept.

    If frame numbers are unchanged, the folder of --keys is used again; otherwise its keys are taken from the project.
    """
    rendered, elsewhere, doubtful = list[int](), list[int](), list[int]()
    for look in looks_of(settings):
        old, new = (one.layer(look.name) if look.name else one for one in (old_project, new_project))
        names, patterns = plate_pattern(found.new, new.folder("keys")), plate_pattern(found.old, old.folder("keys"))
        given = set() if look.settings.keys is None else set(_numbered(look.settings.keys, patterns, found).values())
        for file, number in _numbered(old.folder("keys"), patterns, found).items():
            moved = found.new_number(number)
            if moved is None:
                elsewhere.append(number)
            elif number in given or not old.ours(file):
                doubtful += [moved] if moved not in found.alike else []
                if found.shift or number not in given:
                    _copy_new(file, names.folder / f"{names.prefix}{number_text(moved, 4)}{file.suffix}")
            elif moved in found.alike and not new.is_changed(names.path(moved)):
                # If no plate differs at all, the key's own cache key is still valid.
                new.place(names.path(moved), old.keys_of(file)[-1], partial(_copy, file))
                new.during(TASK).relabel(names.path(moved), _KEPT)
                rendered.append(moved)
    if elsewhere:
        message(
            f"keys of old frames that are not in the new version stay in {old_project.root}: {format_frames(elsewhere)}"
        )
    if doubtful:
        message(f"painted keys of changed frames are kept: {format_frames(doubtful)}; check them")
    keep = not found.shift
    return map_looks(settings, lambda name, value: value if name != "keys" or keep else None), rendered


def _numbered(folder: Path, pattern: Pattern, found: Replacement) -> dict[Path, int]:
    files = [
        file
        for file in sorted(folder.iterdir() if folder.is_dir() else ())
        if file.suffix.lower() in READ_SUFFIXES and not file.name.startswith(".") and file.is_file()
    ]
    return number_keys(files, (pattern,), found.old.frames)


def _take_results(found: Replacement, old_project: Project, new_project: Project, settings: Settings) -> None:
    """Copy results with their records. Those whose inputs differ have other cache keys, and are regenerated."""
    for folder in _BY_CONTENTS:
        _take_folder(found, old_project, new_project, folder)
    if found.shift:
        return
    for look in looks_of(settings):
        old, new = (one.layer(look.name) if look.name else one for one in (old_project, new_project))
        for folder in _BY_NUMBERS:
            _take_folder(found, old, new, folder)


def _take_folder(found: Replacement, old: Project, new: Project, folder: str) -> None:
    prefix = f"{found.old.name}."
    for file in sorted(old.folder(folder).rglob("*")):
        made = old.keys_of(file) if file.name.startswith(prefix) and file.is_file() else []
        name = _NUMBERS.sub(lambda match: number_text(int(match[0]) + found.shift, 4), file.name.removeprefix(prefix))
        target = new.root / file.parent.relative_to(old.root) / f"{found.new.name}.{name}"
        if made and "--" not in name and not name.startswith("-") and not target.exists():
            new.place(target, made[-1], partial(_copy, file))


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _copy_new(source: Path, target: Path) -> None:
    """Copy a file unless its target already exists, as it may after a run was killed."""
    if target.exists():
        return
    make_folder(target.parent)
    with atomic_write(target, "--project") as partial_file:
        shutil.copyfile(source, partial_file)
