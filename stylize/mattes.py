"""Mattes that come with a shot: where the style goes. Read as data, never as colour."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.companions import Companion
from stylize.errors import InputError, MatteError
from stylize.images import image_facts, read_values
from stylize.shot import Shot

_MATTE = Companion("matte", MatteError)


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
        path = _MATTE.file_of(self.paths, frame)
        values = _values(path)
        _MATTE.check_size(path, (values.shape[1], values.shape[0]), self.size)
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
    if folder is not None or not _MATTE.is_movie(path):
        return _opened(path, shot, invert, folder or path)
    temporary = Path(tempfile.mkdtemp(prefix="stylize-mattes-"))
    try:
        mattes = _opened(path, shot, invert, temporary)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    weakref.finalize(mattes, shutil.rmtree, temporary, ignore_errors=True)
    return mattes


def _opened(path: Path, shot: Shot, invert: bool, folder: Path) -> Mattes:
    files = _MATTE.files(path, shot, folder)
    return Mattes(files, shot.size, _by_alpha(files), invert)


def _by_alpha(files: Mapping[int, Path]) -> bool:
    """Whether the alpha tells anything: many programs write an opaque one beside a grey picture."""
    with_alpha = (file for file in dict.fromkeys(files.values()) if image_facts(file).alpha)
    return any((_values(file)[..., 3] < 1).any() for file in with_alpha)


def _values(path: Path) -> Floats:
    try:
        return read_values(path)
    except InputError as error:
        raise MatteError(f"matte {error}") from error
