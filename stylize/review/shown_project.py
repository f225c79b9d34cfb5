"""Project as the page shows it, read from its folder without locking or changing it, even while a run writes to it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stylize.context.context import frame_name
from stylize.errors import ReviewError
from stylize.ingest.open_footage import open_footage
from stylize.media.key_numbers import number_keys
from stylize.media.plates import plate_pattern
from stylize.media.sequences import READ_SUFFIXES, pattern_of
from stylize.media.shot import Shot
from stylize.media.true_shape import true_size
from stylize.project import LAYERS, trusted_settings
from stylize.project.layout import DRAFTS
from stylize.project.links import refuse_links
from stylize.project.records import file_name
from stylize.real_path import real_path
from stylize.reporter import OnMessage
from stylize.review.known_digests import known_digest
from stylize.review.known_records import known_records
from stylize.settings import Look, Settings, looks_of


@dataclass(frozen=True)
class Part:
    """Part of a project with frames of its own: the whole shot, a layer, or a draft.

    name: path below the project; empty for the whole shot at full size. label: for display. root: its folder. base:
    folder of its plates, which is that of the draft or of the project. look: its settings.
    """

    name: str
    label: str
    root: Path
    base: Path
    look: Look


@dataclass(frozen=True)
class Key:
    """Picture of a keyframe. is_painted: by a person."""

    frame: int
    path: Path
    is_painted: bool


@dataclass(frozen=True)
class ShownProject:
    """A project: its shot, the settings of its last run, and the files of its parts."""

    root: Path
    shot: Shot
    settings: Settings

    @property
    def parts(self) -> Mapping[str, Part]:
        """Parts by name: the whole shot, its layers, and the drafts that exist."""
        found = dict(self._parts_of("", "Full size", self.root))
        for scale in _folders_in(self.root / DRAFTS):
            label = f"Draft {scale.replace('-', '/')}"
            found |= self._parts_of(f"{DRAFTS}/{scale}", label, self.root / DRAFTS / scale)
        return found

    def part(self, name: str) -> Part:
        """Return a part. Raises ReviewError if there is none of that name."""
        if name not in self.parts:
            raise ReviewError("expected a part of this project, found none of that name; reload the page")
        return self.parts[name]

    def full_part(self, part: Part) -> Part:
        """Return the part of the same look at full size."""
        return next(one for one in self.parts.values() if one.base == self.root and one.look.name == part.look.name)

    @property
    def display_size(self) -> tuple[int, int]:
        """(width, height) of the shot with square pixels."""
        return true_size(self.shot.size, self.shot.pixel_aspect)

    def has_frame(self, frame: int) -> bool:
        """Return whether the shot has a frame of this number."""
        return frame in self._places

    def plate(self, part: Part, frame: int) -> Path | None:
        """Return the file of a plate; None while it is not unpacked."""
        stored = plate_pattern(self.shot, part.base / "video").path(frame)
        if stored.is_file():
            return stored
        return self.shot.files[self._places[frame]] if self.shot.in_place else None

    def unpacked(self, part: Part) -> frozenset[int]:
        """Return the frames whose plate is a file."""
        return frozenset(self.shot.frames) if self.shot.in_place else self.existing(part.base / "video")

    def file(self, folder: Path, frame: int) -> Path | None:
        """Return the file of a frame in a folder; None if it does not exist."""
        path = folder / frame_name(self.shot, frame)
        return path if path.is_file() else None

    def file_name(self, frame: int) -> str:
        """Return the file name of a frame, which is the same in every folder."""
        return frame_name(self.shot, frame)

    def existing(self, folder: Path) -> frozenset[int]:
        """Return the frames that have a file in a folder."""
        pattern = plate_pattern(self.shot, folder)
        numbers = map(pattern.match, _names_in(folder))
        return frozenset(number for number in numbers if number is not None and number in self._places)

    def keys(self, part: Part) -> dict[int, Key]:
        """Return the keys of a part that have a picture, by frame: the painted one, else the rendered one.

        Raises PaintedKeyError for a key without a frame number.
        """
        folder = part.root / "keys"
        names = sorted(name for name in _names_in(folder) if Path(name).suffix.lower() in READ_SUFFIXES)
        pictures = [folder / name for name in names if not name.startswith(".") or self.shot.name.startswith(".")]
        own = plate_pattern(self.shot, folder)
        patterns = (own, pattern_of(self.shot.files, self.shot.frames)) if self.shot.files else (own,)
        written, found = _Written(part.root), dict[int, Key]()
        for path, frame in number_keys(pictures, patterns, self.shot.frames).items():
            key = Key(frame, path, not written.wrote(path))
            if frame in self._places and (frame not in found or key.is_painted):
                found[frame] = key
        return {frame: found[frame] for frame in sorted(found)}

    def holds(self, path: Path) -> bool:
        """Return whether a file is in the project or is a picture of the shot, also after links are followed."""
        return real_path(path).is_relative_to(self.root) or path in self._footage

    @cached_property
    def _places(self) -> dict[int, int]:
        return {frame: place for place, frame in enumerate(self.shot.frames)}

    @cached_property
    def _footage(self) -> frozenset[Path]:
        return frozenset(self.shot.files)

    def _parts_of(self, name: str, label: str, base: Path) -> Iterator[tuple[str, Part]]:
        yield name, Part(name, label, base, base, Look("", self.settings))
        for look in looks_of(self.settings) if self.settings.layers else ():
            path = f"{name}/{LAYERS}/{look.name}".lstrip("/")
            yield path, Part(path, f"{label}, layer {look.name}", base / LAYERS / look.name, base, look)


class _Written:
    """Files that runs have written, from the records of a part."""

    def __init__(self, root: Path) -> None:
        self._root, self._records = root, known_records(root)

    def wrote(self, path: Path) -> bool:
        """Return whether a run wrote the current contents of a file."""
        entries = list(self._records.files(file_name(self._root, path)))
        return bool(entries) and any(known_digest(path) in entry.digests for entry in entries)


def show_project(root: Path, message: OnMessage) -> ShownProject:
    """Open a project that the user trusts. message: receives notes.

    Raises ProjectError for a folder that is not a project, is not trusted or has links that leave it, and the errors of
    opening its shot.
    """
    root = real_path(root)
    shot, settings = trusted_settings(root, {}, message)
    refuse_links(root)
    return ShownProject(root, open_footage(shot, settings, frames=settings.frames, rate=settings.rate), settings)


def _names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder; none if it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except OSError:
        return []


def _folders_in(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, without links."""
    return sorted(name for name in _names_in(folder) if (folder / name).is_dir() and not (folder / name).is_symlink())
