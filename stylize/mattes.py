"""Mattes that come with a shot: where the style goes. Read as data, never as colour."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.errors import InputError, MatteError
from stylize.images import image_facts, image_size, make_folder, read_values, write_image
from stylize.sequences import PICTURE_SUFFIXES, Pattern, find_sequence, parse_pattern, spell_frames
from stylize.shot import Shot, open_shot, read_frames


@dataclass(frozen=True)
class Mattes:
    """One matte for every frame of a shot; the files in `paths` hold all that `read` depends on, but `invert`.

    `by_alpha`: the matte is the files' alpha, else their grey value.
    """

    paths: Mapping[int, Path]
    size: tuple[int, int]
    by_alpha: bool = False
    invert: bool = False

    def read(self, frame: int) -> Floats:
        """float32 (H, W) in [0, 1], 1 where the style goes; MatteError if there is none or it cannot be used."""
        if frame not in self.paths:
            raise MatteError(f"frame {frame} has no matte, there are mattes for {spell_frames(self.paths)}: add it")
        path = self.paths[frame]
        values = _values(path)
        if values.shape[1::-1] != self.size:
            raise _other_size(path, (values.shape[1], values.shape[0]), self.size)
        # The mean, not luminance: of three equal values it is that value to the last bit.
        matte = values[..., 3] if self.by_alpha and values.shape[2] == 4 else values[..., :3].mean(axis=2)
        return np.ascontiguousarray(1 - matte if self.invert else matte, np.float32)


def open_mattes(path: str | Path, shot: Shot, *, invert: bool = False, folder: Path | None = None) -> Mattes:
    """Find the mattes of a shot: numbered like its frames, a movie of as many frames, or one still for all of them.

    A file's alpha is the matte if any of it is not opaque, else its grey value; EXR values are taken as they are.
    `invert` turns them round. A movie's frames are unpacked into `folder`, or a temporary one that goes with the
    object. MatteError: missing, wrong size or number of frames, unreadable.
    """
    path = Path(path)
    try:
        if path.is_file() and path.suffix.lower() not in PICTURE_SUFFIXES:
            return _from_movie(path, shot, invert, folder)
        files = _files(path, shot)
        _check_sizes(files, shot)
        return Mattes(files, shot.size, _by_alpha(files), invert)
    except MatteError:
        raise
    except InputError as error:
        raise MatteError(f"matte {error}") from error


def _files(path: Path, shot: Shot) -> dict[int, Path]:
    if path.is_file():
        return dict.fromkeys(shot.frames, path)
    if not path.is_dir() and parse_pattern(path) is None:
        raise MatteError(f"matte {path}: no such file, expected pictures, a movie or one picture: check the path")
    files = find_sequence(path)
    missing = [number for number in shot.frames if number not in files]
    if missing:
        expected = f"expected one for every frame of {spell_frames(shot.frames)}"
        raise MatteError(f"matte {path}: {expected}, missing {spell_frames(missing)}: add them")
    return {number: files[number] for number in shot.frames}


def _check_sizes(files: Mapping[int, Path], shot: Shot) -> None:
    for file in dict.fromkeys(files.values()):
        if image_size(file) != shot.size:
            raise _other_size(file, image_size(file), shot.size)


def _other_size(file: Path, found: tuple[int, int], expected: tuple[int, int]) -> MatteError:
    sizes = f"expected {expected[0]}x{expected[1]} like the shot, found {found[0]}x{found[1]}"
    return MatteError(f"matte {file}: {sizes}: make it the size of the plates")


def _by_alpha(files: Mapping[int, Path]) -> bool:
    """Whether the alpha tells anything: many programs write an opaque one beside a grey picture."""
    with_alpha = (file for file in dict.fromkeys(files.values()) if image_facts(file).alpha)
    return any((_values(file)[..., 3] < 1).any() for file in with_alpha)


def _values(path: Path) -> Floats:
    try:
        return read_values(path)
    except InputError as error:
        raise MatteError(f"matte {error}") from error


def _from_movie(path: Path, shot: Shot, invert: bool, folder: Path | None) -> Mattes:
    movie = open_shot(path)
    if movie.size != shot.size:
        raise _other_size(path, movie.size, shot.size)
    wanted = replace(movie, frames=shot.frames, positions=_places(movie, shot))
    if folder is not None:
        return _unpacked(wanted, folder, invert)
    temporary = Path(tempfile.mkdtemp(prefix="stylize-mattes-"))
    try:
        mattes = _unpacked(wanted, temporary, invert)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    weakref.finalize(mattes, shutil.rmtree, temporary, ignore_errors=True)
    return mattes


def _unpacked(movie: Shot, folder: Path, invert: bool) -> Mattes:
    make_folder(folder)
    pattern = Pattern(folder, f"{movie.name}.", 4, ".png")
    for number, pixels in read_frames(movie):
        write_image(pattern.path(number), pixels)
    paths = {number: pattern.path(number) for number in movie.frames}
    return Mattes(paths, movie.size, _by_alpha(paths), invert)


def _places(movie: Shot, shot: Shot) -> tuple[int, ...]:
    """Which frame of a matte movie belongs to each frame of the shot: it matches the whole source, or the part."""
    if len(movie.frames) == shot.source_frames:
        return shot.positions
    if len(movie.frames) == len(shot.frames):
        return tuple(range(len(shot.frames)))
    counts = " or ".join(map(str, dict.fromkeys((shot.source_frames, len(shot.frames)))))
    raise MatteError(f"matte {movie.path}: expected {counts} frames like the shot, found {len(movie.frames)}: trim it")
