"""The keys folder of a project, which holds painted and rendered keys.

A key counts as painted if its contents differ from the file that stylize wrote. A painted key takes precedence over a
rendered one, is never overwritten, and may have any text before its frame number. Keys from ``--keys`` are copied into
the folder and also count as painted. A key that was painted there before is then moved into the folder REPLACED.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from pathlib import Path

import numpy as np

from masks.composite import over
from propagate.arrays import F32, Pixels
from stylize.errors import FrameRangeError, InputError, PaintedKeyError, SequenceError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.colour import BT709, Colour
from stylize.media.colour_report import colour_report
from stylize.media.images import (
    image_info,
    image_size,
    make_folder,
    read_image,
    read_scene_frame,
    to_float,
    widen,
    write_image,
)
from stylize.media.key_numbers import by_number, number_keys, refuse_other_kinds
from stylize.media.safe_write import is_partial
from stylize.media.scaling import scale_picture
from stylize.media.sequences import READ_SUFFIXES, Pattern, name_range, pattern_of
from stylize.media.views import View, view_pixels
from stylize.project import Project, is_damaged
from stylize.project.edits import problem_of
from stylize.real_path import real_path
from stylize.stages import cache_key

# Reason for a keyframe that was neither chosen by the plan nor requested.
PAINTED = "painted"
# Folder in the keys folder for painted keys that those of --keys have replaced.
REPLACED = "replaced"


@dataclass(frozen=True)
class Keys:
    """The keys of a shot.

    pattern: file names of rendered keys in the project. frames: frame numbers of the shot, ascending. size: (width,
    height) in pixels. source_folder: folder of ``--keys``. is_partial: the run processes only some frames of the shot,
    so keys of other frames are ignored instead of rejected. full: in a draft, the keys at full size, of which the
    painted ones are scaled into the folder of the draft; None at full size. colour: colour of the plates, to which keys
    that declare another one are converted. plates: files of the plates of a sequence, whose names keys may have. view:
    view of plates in linear light, to which keys in linear light are converted.
    """

    project: Project
    pattern: Pattern
    frames: tuple[int, ...]
    size: tuple[int, int]
    source_folder: Path | None
    is_partial: bool
    full: "Keys | None" = None
    colour: Colour = BT709
    plates: tuple[Path, ...] = ()
    view: View | None = None

    def import_keys(self, message: Callable[[str], None]) -> None:
        """Copy the keys of ``--keys`` into the project; in a draft, scale the painted keys of the full size into it.

        A key that was painted in the project before is moved into the folder REPLACED. One painted there since the
        same picture was imported is kept, and used instead.

        Raises PaintedKeyError, FrameRangeError or SequenceError for keys that do not fit the shot.
        """
        painted = self._painted_in_folder()
        for number, path in self._imported.items():
            target, older = self.pattern.path(number), painted.get(number)
            if older is not None and self._is_newer(number):
                message(f"{older} was changed by hand and is used instead of {path}")
                continue
            if older is not None:
                kept = set_aside(older)
                message(
                    f"{path} takes precedence over the older key {older}, which is kept as {kept}; to use that one "
                    f"again, move it back to {older}"
                )
            _import_key(path, target, self, self._imported_size)
        self._report_colours(message)

    def _report_colours(self, message: Callable[[str], None]) -> None:
        """Report painted keys whose colours are converted, or whose colour profile is ignored."""
        painted = [path for path in self.files().values() if not self.project.ours(path)] if self.full is None else []
        for path in [*self._imported.values(), *painted]:
            with suppress(InputError):  # reported when the key is used
                if note := colour_report(path, self.colour):
                    message(note)

    def imported_numbers(self) -> frozenset[int]:
        """Return the frame numbers of the keys in the ``--keys`` folder."""
        return frozenset(self._imported) if self.full is None else self.full.imported_numbers()

    def files(self) -> dict[int, Path]:
        """Return the file of each key, by frame: the painted one if it exists, else the rendered one.

        Raises SequenceError for two painted keys of one frame, PaintedKeyError for a key without a frame number.
        """
        found: dict[int, list[Path]] = defaultdict(list)
        pictures = _pictures(self.pattern.folder, self.pattern.prefix)
        refuse_other_kinds(self.pattern.folder, pictures)
        for path, number in number_keys(pictures, self._patterns, self.frames).items():
            found[number].append(path)
        processed = set(self.frames)
        return {n: self._preferred(n, found[n]) for n in sorted(found) if n in processed or not self.is_partial}

    def painted(self) -> frozenset[int]:
        """Return the frame numbers of the painted keys. Raises FrameRangeError or PaintedKeyError."""
        painted = {n: p for n, p in self.files().items() if n in self._imported or not self.project.ours(p)}
        self._check(painted)
        return frozenset(painted)

    def painted_files(self) -> dict[int, Path]:
        """Return the files of the painted keys, including keys of ``--keys`` that are not yet copied.

        Raises FrameRangeError or PaintedKeyError.
        """
        painted = self._painted_in_folder()
        self._check(painted)
        newer = {n: p for n, p in painted.items() if n not in self._imported or self._is_newer(n)}
        return self._imported | newer

    def _check(self, painted: Mapping[int, Path]) -> None:
        """Raise FrameRangeError or PaintedKeyError if a painted key does not fit the shot."""
        for number, path in painted.items():
            if self.project.has_written(path) and is_damaged(self.project, path):
                raise PaintedKeyError(
                    f"{path} differs from the key that a run wrote and cannot be read ({problem_of(path)}); delete it "
                    "to regenerate it, or save it again"
                )
            check_key(path, number, self.frames, self.size)
            if self.view is not None and image_info(path).linear:
                raise PaintedKeyError(
                    f"{path}: a key in linear light is converted to the view of the shot when it is given with --keys; "
                    "move it into a folder of its own and give that"
                )

    def remove_stale(self, keyframes: Iterable[int]) -> None:
        """Remove rendered keys of frames that are no longer keyframes."""
        keyframe_set = set(keyframes)
        for number, path in self.files().items():
            if number not in keyframe_set and self.project.ours(path):
                self.project.forget(path)

    def _painted_in_folder(self) -> dict[int, Path]:
        """Return the files in the keys folder that no run wrote, by frame."""
        return {n: p for n, p in self.files().items() if not self.project.ours(p)}

    def _is_newer(self, number: int) -> bool:
        """Return whether a key in the folder was painted after the one of --keys had been imported."""
        key = _import_cache_key(self._imported[number], self, self._imported_size)
        return self.project.was_made_under(self.pattern.path(number), key)

    @property
    def _imported_size(self) -> tuple[int, int] | None:
        """Size (width, height) that imported keys are scaled to; None keeps their size."""
        return None if self.full is None else self.size

    @cached_property
    def _patterns(self) -> tuple[Pattern, ...]:
        """Names of keys, and of the plates of a sequence."""
        if not self.plates:
            return (self.pattern,)
        return self.pattern, pattern_of(self.plates, self.frames)

    @cached_property
    def _imported(self) -> dict[int, Path]:
        if self.full is not None:
            return self.full.painted_files()
        folder = self.source_folder
        if folder is None or real_path(folder) == real_path(self.pattern.folder):
            return {}
        processed = set(self.frames)
        keys = read_key_folder(folder, self._patterns, self.frames)
        found = {n: p for n, p in keys.items() if n in processed or not self.is_partial}
        for number, path in found.items():
            check_key(path, number, self.frames, self.size)
        return found

    def _preferred(self, number: int, paths: Sequence[Path]) -> Path:
        painted = [path for path in paths if not self.project.ours(path)]
        if len(painted) > 1:
            one, other = painted[0].name, painted[1].name
            raise SequenceError(f"{self.pattern.folder}: {one} and {other} are both frame {number}; keep one")
        return painted[0] if painted else paths[0]


def read_key_folder(folder: Path, patterns: Iterable[Pattern] = (), frames: Collection[int] = ()) -> dict[int, Path]:
    """Return the pictures in a folder of painted keys, by frame number. For the arguments, see ``number_keys``.

    Raises PaintedKeyError if the folder does not exist, holds no picture, or holds one that is not read or has no clear
    frame number, SequenceError if two pictures have the same frame number.
    """
    if not folder.is_dir():
        raise PaintedKeyError(f"--keys must be a folder of painted keys, but {folder} is not a folder")
    pictures = _pictures(folder)
    refuse_other_kinds(folder, pictures)
    if not pictures:
        raise PaintedKeyError(f"{folder} contains no painted keys; name them by frame number, for example key.0012.png")
    return by_number(number_keys(pictures, patterns, frames))


def check_key(path: Path, number: int, frames: Sequence[int], size: tuple[int, int]) -> None:
    """Raise FrameRangeError or PaintedKeyError if a painted key does not fit the shot. size: (width, height)."""
    if number not in set(frames):
        raise FrameRangeError(
            f"the painted key {path} is for frame {number}, but the shot has {name_range(frames)}; "
            "rename it with the number of the frame that it was painted for"
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


def read_key(path: Path, plate: Pixels, colour: Colour) -> Pixels:
    """Read a key composited over its plate: RGB, uint8 or uint16 (H, W, 3), with the primaries of `colour`.

    Transparent pixels are unpainted and show the plate. plate: RGB or RGBA, uint8 or uint16 (H, W, 3 or 4). colour:
    colour of the plate, and of a key that declares none. Raises InputError if the key is unreadable.
    """
    key = read_image(path, colour, untagged=colour)
    if key.shape[2] == 3 or key[..., 3].min() == np.iinfo(key.dtype).max:
        return np.ascontiguousarray(key[..., :3])
    depth = 8 * max(key.dtype.itemsize, plate.dtype.itemsize)
    foreground, background = (
        np.ascontiguousarray(widen(p, depth, False)[..., :3]) for p in (key[..., :3], plate[..., :3])
    )
    return over(foreground, background, to_float(key[..., 3]).astype(F32))


def _pictures(folder: Path, prefix: str = "") -> list[Path]:
    """Return the pictures in a folder. Hidden files are skipped unless their names begin with the prefix.

    prefix: prefix of the shot's keys. It begins with a dot if the shot is a hidden file (``.shot.mp4``).
    """
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in READ_SUFFIXES and path.is_file()]
    own = prefix if prefix.startswith(".") else None
    return [
        path
        for path in found
        if not path.name.startswith(".") or (own and path.name.startswith(own) and not is_partial(path.name))
    ]


def set_aside(painted: Path) -> Path:
    """Move a painted key into the folder REPLACED under a free name, and return its new path."""
    folder = painted.parent / REPLACED
    make_folder(folder)
    names = (f"{painted.stem}{f'.{copy}' if copy else ''}{painted.suffix}" for copy in count())
    kept = next(path for path in map(folder.joinpath, names) if not path.exists())
    try:
        painted.rename(kept)
    except OSError as error:
        raise output_error(error, kept, PROJECT_OPTION) from error
    return kept


def _import_cache_key(source: Path, keys: Keys, size: tuple[int, int] | None) -> str:
    scaled = [] if size is None else [size]
    view = _view_of(source, keys)
    light = [] if view is None else [repr(view)]
    return cache_key("painted", keys.project.digest(source), *scaled, *_colour_inputs(keys.colour), *light)


def _view_of(source: Path, keys: Keys) -> View | None:
    """Return the view that a key in linear light is converted to; None for other keys, and plates without a view."""
    return keys.view if keys.view is not None and image_info(source).linear else None


def _import_key(source: Path, target: Path, keys: Keys, size: tuple[int, int] | None) -> None:
    """Copy a key into the project. A PNG is copied byte for byte; other formats are converted, to the shot's colour.

    size: (width, height) to scale the key to; None keeps its size.
    """
    project, colour = keys.project, keys.colour
    view, key = _view_of(source, keys), _import_cache_key(source, keys, size)
    if project.fresh(target, key):
        return
    if source.suffix.lower() == ".png" and size is None:
        project.place(target, key, partial(_copy, source))
        return

    def write(partial_file: Path) -> None:
        if view is None:
            picture = read_image(source, colour, untagged=colour)
        else:
            picture = view_pixels(read_scene_frame(source), view)
        write_image(partial_file, picture if size is None else scale_picture(picture, size))

    project.place(target, key, write)


def _colour_inputs(colour: Colour) -> list[int]:
    return [] if colour.has_rec709_primaries else [colour.primaries]


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
