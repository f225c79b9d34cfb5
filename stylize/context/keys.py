"""The keys folder of a project, which holds pictures that a person painted and pictures that we rendered.

A picture counts as painted when its contents differ from what we wrote. It takes precedence over the renderer, is never
overwritten, and may have any text before its number. Keys from ``--keys`` are copied in, and count as painted too.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from masks.composite import over
from propagate.arrays import F32, Pixels
from stylize.errors import FrameRangeError, InputError, PaintedKeyError, SequenceError
from stylize.media.images import image_size, read_image, to_float, widen, write_image
from stylize.media.sequences import PICTURE_SUFFIXES, Pattern, find_numbered, frame_number
from stylize.project import Project
from stylize.stages import cache_key

# Reason for a keyframe that was neither picked nor requested.
PAINTED = "painted"


@dataclass(frozen=True)
class Keys:
    """The keys of a shot. pattern: names of our files in the project's folder. source_folder: folder of ``--keys``.

    is_partial: only some frames of the shot are processed, so that keys of other frames are no error.
    """

    project: Project
    pattern: Pattern
    frames: tuple[int, ...]
    size: tuple[int, int]
    source_folder: Path | None
    is_partial: bool

    def import_keys(self, message: Callable[[str], None]) -> None:
        """Copy the keys of ``--keys`` into the project; one that was changed there by hand is kept.

        Raises PaintedKeyError, FrameRangeError or SequenceError for keys that do not fit the shot.
        """
        for number, path in self._imported.items():
            target = self.pattern.path(number)
            if target.exists() and not self.project.ours(target):
                message(f"{target} was changed by hand and is used instead of {path}")
                continue
            _import_key(path, target, self.project)

    def imported_numbers(self) -> frozenset[int]:
        """Return the numbers of the keys that come from ``--keys``."""
        return frozenset(self._imported)

    def files(self) -> dict[int, Path]:
        """Return the picture of every key, by frame: the painted one if it exists, else the rendered one.

        Raises SequenceError for two painted pictures of one frame, PaintedKeyError for one without a number.
        """
        found: dict[int, list[Path]] = defaultdict(list)
        for path in _pictures(self.pattern.folder):
            number = frame_number(path)
            if number is None:
                raise PaintedKeyError(f"{path} has no frame number in its name; rename it, as in key.0012.png")
            found[number].append(path)
        inside = set(self.frames)
        return {n: self._preferred(n, found[n]) for n in sorted(found) if n in inside or not self.is_partial}

    def painted(self) -> frozenset[int]:
        """Return the numbers of the painted keys. Raises FrameRangeError or PaintedKeyError if one does not fit."""
        theirs = {n: p for n, p in self.files().items() if n in self._imported or not self.project.ours(p)}
        for number, path in theirs.items():
            check_key(path, number, self.frames, self.size)
        return frozenset(theirs)

    def remove_stale(self, keyframes: Iterable[int]) -> None:
        """Remove keys that we rendered for frames that are no longer keyframes."""
        keyframe_set = set(keyframes)
        for number, path in self.files().items():
            if number not in keyframe_set and self.project.ours(path):
                self.project.forget(path)

    @cached_property
    def _imported(self) -> dict[int, Path]:
        folder = self.source_folder
        if folder is None or folder.resolve() == self.pattern.folder.resolve():
            return {}
        inside = set(self.frames)
        found = {n: p for n, p in read_key_folder(folder).items() if n in inside or not self.is_partial}
        for number, path in found.items():
            check_key(path, number, self.frames, self.size)
        return found

    def _preferred(self, number: int, paths: Sequence[Path]) -> Path:
        theirs = [path for path in paths if not self.project.ours(path)]
        if len(theirs) > 1:
            one, other = theirs[0].name, theirs[1].name
            raise SequenceError(f"{self.pattern.folder}: {one} and {other} are both frame {number}: keep one")
        return theirs[0] if theirs else paths[0]


def read_key_folder(folder: Path) -> dict[int, Path]:
    """Return the pictures in a folder of painted keys, by frame number.

    Raises PaintedKeyError when the folder does not exist or holds no picture, SequenceError for two of one number.
    """
    if not folder.is_dir():
        raise PaintedKeyError(f"--keys takes a folder of painted keys, and {folder} is none")
    if not _pictures(folder):
        raise PaintedKeyError(f"{folder} holds no painted keys; name them by frame number, as key.0012.png")
    return find_numbered(folder)


def check_key(path: Path, number: int, frames: Sequence[int], size: tuple[int, int]) -> None:
    """Raise FrameRangeError or PaintedKeyError when a painted key does not fit the shot."""
    if number not in set(frames):
        raise FrameRangeError(
            f"the painted key {path} is for frame {number}, but the shot has frames {frames[0]} to {frames[-1]}; "
            "rename it to the number of the frame it was painted on"
        )
    try:
        found = image_size(path)
    except InputError as error:
        raise PaintedKeyError(f"the painted key {path} cannot be read: {error}") from error
    if found != size:
        raise PaintedKeyError(
            f"the painted key {path} has {found[0]}x{found[1]} pixels, the shot {size[0]}x{size[1]}; "
            "paint it at the shot's size"
        )


def read_key(path: Path, plate: Pixels) -> Pixels:
    """Read a key's colour: uint8 or uint16 (H, W, 3). Transparent pixels are unpainted; the plate is visible there.

    plate: uint8 or uint16 (H, W, 3 or 4). Raises InputError when the key cannot be read.
    """
    key = read_image(path)
    if key.shape[2] == 3 or key[..., 3].min() == np.iinfo(key.dtype).max:
        return np.ascontiguousarray(key[..., :3])
    depth = 8 * max(key.dtype.itemsize, plate.dtype.itemsize)
    foreground, background = (
        np.ascontiguousarray(widen(p, depth, False)[..., :3]) for p in (key[..., :3], plate[..., :3])
    )
    return over(foreground, background, to_float(key[..., 3]).astype(F32))


def _pictures(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.iterdir()) if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith(".")]


def _import_key(source: Path, target: Path, project: Project) -> None:
    """Copy a key into the project: a PNG byte for byte, others converted."""
    key = cache_key("painted", project.digest(source))
    if project.fresh(target, key):
        return
    if source.suffix.lower() == ".png":
        project.place(target, key, partial(_copy, source))
    else:
        project.place(target, key, partial(_convert, source))


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _convert(source: Path, target: Path) -> None:
    write_image(target, read_image(source))
