"""Results of a project for a new version of its shot: copied with their cache keys, under the new frame numbers.

Cache keys hold contents and not where the numbers of a shot start. A run therefore uses the results whose inputs are
unchanged, and regenerates the others. Pictures that the user has changed by hand are kept, too.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stylize.ingest.copies import copy_contents, copy_new
from stylize.ingest.replaced_keys import take_draft_keys
from stylize.ingest.shot_versions import Replacement
from stylize.media.frame_numbers import number_text
from stylize.media.plates import plate_pattern
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot
from stylize.project import Project, is_edited
from stylize.project.layout import DRAFTS, STATE_FOLDER
from stylize.settings import Settings, looks_of

# Folders of results, of the shot and of a layer. Unpacked plates are taken over only if the user has changed them.
_OF_SHOT, _OF_LAYER, _EDITED_ONLY = ("flow", "mask", "out", "passes", "video"), ("out", "passes"), ("video",)
# Numbers in the name of a file, after the name of the shot: of a frame, or of the two that motion connects.
_FRAME = re.compile(r"(-?[0-9]{3,})(\.[a-z0-9]+)")
_PAIR = re.compile(r"((?:.+\.)?)(-?[0-9]{3,})-(-?[0-9]{3,})(\.flow)")


@dataclass
class _Edited:
    """Old frames changed by hand: those taken over, as new numbers, and those left, by folder."""

    taken: dict[str, set[int]] = field(default_factory=dict)
    left: dict[str, set[int]] = field(default_factory=dict)


def take_results(
    found: Replacement, settings: Settings, old: Project, new: Project, message: Callable[[str], None]
) -> None:
    """Copy the results of the shot, of its layers, and of all drafts. Raises OutputError."""
    edited = _Edited()
    for one, other, folders in _parts(settings, old, new):
        for folder in folders:
            _take_folder(found, one, other, folder, edited)
    for one, other in _drafts(old, new):
        for part, target, folders in _parts(settings, one, other):
            for folder in folders:
                _take_folder(found, part, target, folder, edited)
            take_draft_keys(found, part, target)
    for folder, frames in sorted(edited.taken.items()):
        message(f"{folder}/: frames changed by hand are kept: {format_frames(frames)}")
    for folder, frames in sorted(edited.left.items()):
        message(
            f"warning: {folder}/: frames changed by hand whose plates have changed or are gone stay in {old.root}: "
            f"{format_frames(frames)}"
        )


def record_same_pixels(found: Replacement, old: Project, new: Project) -> None:
    """Record plates that have the pixels of their old ones in another file, as after another export."""
    if not found.new.in_place:
        return  # plates are unpacked alike from equal pixels
    files, plates = dict(zip(found.new.frames, found.new.files, strict=True)), dict[str, str]()
    for number in sorted(found.same):
        before = _plate(found.old, found.frames[number], old)
        if before is not None and (one := new.digest(files[number])) != (other := old.plate_digest(before)):
            plates[one] = other
    if plates:
        new.record_same_pixels(plates)


def _plate(shot: Shot, frame: int, project: Project) -> Path | None:
    """Return the file of an old plate; None if it is gone, or if the user has changed it."""
    if shot.in_place:
        return dict(zip(shot.frames, shot.files, strict=True))[frame]
    path = plate_pattern(shot, project.folder("video")).path(frame)
    return path if project.ours(path) else None


def _parts(settings: Settings, old: Project, new: Project) -> Iterator[tuple[Project, Project, tuple[str, ...]]]:
    """Yield the project of a shot and those of its layers, in both versions, and the folders of their results."""
    yield old, new, _OF_SHOT
    for look in looks_of(settings):
        if look.name:
            yield old.layer(look.name), new.layer(look.name), _OF_LAYER


def _drafts(old: Project, new: Project) -> Iterator[tuple[Project, Project]]:
    folder = old.folder(DRAFTS)
    for draft in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not draft.is_symlink() and (draft / STATE_FOLDER).is_dir():
            yield old.draft(draft.name), new.draft(draft.name)


def _take_folder(found: Replacement, old: Project, new: Project, folder: str, edited: _Edited) -> None:
    for file in sorted(old.folder(folder).rglob("*")):
        named = _read_name(file, found.old.name)
        if named is None or not file.is_file() or file.is_symlink():
            continue
        target = named.target(found, new.root / file.parent.relative_to(old.root))
        made = old.keys_of(file)
        # Results of frames with other pixels would have other cache keys.
        if made and target is not None and folder not in _EDITED_ONLY and named.are_in(found, found.same):
            if not target.exists():
                new.place(target, made[-1], partial(copy_contents, file))
        elif not made and is_edited(old, file):
            place = file.parent.relative_to(old.main.root).as_posix()
            if target is not None and named.are_in(found, found.alike):
                copy_new(file, target)
                edited.taken.setdefault(place, set()).update(named.moved(found))
            else:
                edited.left.setdefault(place, set()).update(named.frames)


@dataclass(frozen=True)
class _Named:
    """Name of a file: frames: old numbers in it. before, after: text around them, without the name of the shot."""

    frames: tuple[int, ...]
    before: str
    after: str

    def moved(self, found: Replacement) -> list[int]:
        """Return the new numbers of the frames that the new version has."""
        return [number for frame in self.frames if (number := found.new_number(frame)) is not None]

    def are_in(self, found: Replacement, frames: Collection[int]) -> bool:
        """Return whether the new version has all frames, and they are among some of its frames."""
        moved = self.moved(found)
        return len(moved) == len(self.frames) and set(moved) <= set(frames)

    def target(self, found: Replacement, folder: Path) -> Path | None:
        """Return the path of the file in the new version, or None if that lacks a frame."""
        moved = self.moved(found)
        # Numbers in names of motion are padded with their sign.
        numbers = number_text(moved[0], 4) if len(moved) == 1 else "-".join(f"{number:04d}" for number in moved)
        name = f"{found.new.name}.{self.before}{numbers}{self.after}"
        return folder / name if len(moved) == len(self.frames) else None


def _read_name(file: Path, shot: str) -> _Named | None:
    """Read the name of a file of a shot, or return None if it is none of a frame or of motion."""
    if not file.name.startswith(f"{shot}."):
        return None
    name = file.name.removeprefix(f"{shot}.")
    if match := _FRAME.fullmatch(name):
        return _Named((int(match[1]),), "", match[2])
    if match := _PAIR.fullmatch(name):
        return _Named((int(match[2]), int(match[3])), match[1], match[4])
    return None
