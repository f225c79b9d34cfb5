"""Matte of a frame that a look uses, for display: from a file, a movie, alpha, Cryptomatte or a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Floats
from stylize.context.mattes import read_matte
from stylize.errors import InputError
from stylize.ingest.unpacking import frames_folder
from stylize.matting.crypto_mattes import CryptoMatte, crypto_files, find_crypto_matte, read_crypto_matte
from stylize.matting.requested import network_folder
from stylize.media.images import image_info, read_values
from stylize.media.opening import is_sequence
from stylize.media.sequences import find_sequence
from stylize.project.digests import status_of
from stylize.review.known_digests import known_digest
from stylize.review.shown_project import Part, ShownProject
from stylize.settings.crypto_matte import is_crypto_matte
from stylize.settings.network_matte import is_network_matte
from stylize.settings.option_types import ALPHA


@dataclass(frozen=True)
class ShownMatte:
    """Matte of a frame. path: file that it is read from. names: part of that file, for cache keys.

    read: returns it before it is inverted, grown or feathered, float32 (H, W) in [0, 1], or raises InputError.
    """

    path: Path
    read: Callable[[], Floats]
    names: list[object] = field(default_factory=list)


def shown_matte(project: ShownProject, part: Part, frame: int) -> ShownMatte | None:
    """Return the matte of a frame; None without one. Drafts show the full-size mattes that theirs are made from. None
    also for mattes that a network has not found yet, and for unreadable ones.
    """
    settings = part.look.settings
    matte = settings.matte
    if matte is None:
        return None
    try:
        if matte == ALPHA:
            return _alpha(project.plate(part, frame))
        if is_crypto_matte(matte):
            return _crypto(project, part, matte, frame)
        if is_network_matte(matte):
            folder = network_folder(settings, shared=bool(part.look.name))
            return _picture(project, project.file(project.root / "mask" / folder, frame))
        return _picture(project, _file(project, Path(matte), frame))
    except (InputError, OSError):
        return None


def _picture(project: ShownProject, path: Path | None) -> ShownMatte | None:
    return None if path is None else ShownMatte(path, lambda: read_matte(path, project.shot.size))


def _alpha(plate: Path | None) -> ShownMatte | None:
    return None if plate is None else ShownMatte(plate, lambda: _read_alpha(plate), [ALPHA])


def _read_alpha(plate: Path) -> Floats:
    values = read_values(plate)
    has_alpha = image_info(plate).alpha
    return np.ascontiguousarray(values[..., -1]) if has_alpha else np.ones(values.shape[:2], F32)


def _crypto(project: ShownProject, part: Part, text: str, frame: int) -> ShownMatte | None:
    settings, shot = part.look.settings, project.shot
    files = crypto_files(shot, settings)
    if frame not in files:
        return None
    first = next(iter(files.values()))
    source = settings.cryptomatte or shot.path
    # The names are looked up in the first file that has them, as in a run.
    matte = _ids(tuple(files.items()), text, source, tuple(status_of(first.stat())))
    return ShownMatte(files[frame], lambda: _read_crypto(project, files[frame], matte), [matte.layer, *matte.ids])


@lru_cache(8)
def _ids(files: tuple[tuple[int, Path], ...], text: str, source: Path, status: tuple[int, ...]) -> CryptoMatte:
    return find_crypto_matte(dict(files), text, source)


def _read_crypto(project: ShownProject, file: Path, matte: CryptoMatte) -> Floats:
    return np.asarray(read_crypto_matte(file, matte, project.shot).astype(F32) / F32(65535))


def _file(project: ShownProject, path: Path, frame: int) -> Path | None:
    """Return the picture of a frame's matte: in a sequence, a still, or what a run has unpacked of a movie."""
    if path.is_file() and is_sequence(path):
        return path
    if path.is_file():
        path = frames_folder(project.root / "mask", path.stem, known_digest(path))
    return _sequence(path, *status_of((path if path.is_dir() else path.parent).stat())).get(frame)


@lru_cache(16)
def _sequence(path: Path, *status: int) -> Mapping[int, Path]:
    return find_sequence(path)
