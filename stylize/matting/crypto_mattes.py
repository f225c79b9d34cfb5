"""Mattes from the Cryptomatte of the plates, or of files beside them, unpacked to pictures in the project."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from masks.cryptomatte import coverage, float_bits, murmur3
from stylize.context.mattes import Mattes, shaping_of
from stylize.errors import InputError, MatteError
from stylize.media.companions import Companion
from stylize.media.images import make_folder, quantise, write_image
from stylize.media.images.cryptomatte import CryptoLayer, crypto_layers, read_ranks
from stylize.media.plates import plate_pattern
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot
from stylize.project import Project, is_edited
from stylize.settings import Settings
from stylize.settings.crypto_matte import crypto_names
from stylize.stages import cache_key, stable_hash

# Folder in mask/ of the project.
_FOLDER = "crypto"
_CRYPTOMATTE = Companion("Cryptomatte", MatteError)
_LISTED = 8


@dataclass(frozen=True)
class CryptoMatte:
    """Ids to add up. layer: name of the Cryptomatte. ids: bits of their floats."""

    layer: str
    ids: tuple[int, ...]


def check_crypto_matte(shot: Shot, settings: Settings) -> None:
    """Raise MatteError unless the files hold the Cryptomatte that ``--matte crypto:NAME`` names."""
    assert settings.matte is not None
    find_crypto_matte(crypto_files(shot, settings), settings.matte, settings.cryptomatte or shot.path)


def find_crypto_matte(files: Mapping[int, Path], text: str, source: Path) -> CryptoMatte:
    """Return the ids that ``crypto:NAME`` stands for.

    files: those that hold the Cryptomatte, by frame. source: their path, for messages. NAME is a name in the manifest,
    or several with commas between them, with the name of a Cryptomatte and a colon before it if several have the name.
    A file without a manifest is searched for the hash of the name. Raises MatteError if the files have no such name.
    """
    wanted = crypto_names(text)
    for file in dict.fromkeys(files.values()):
        layers = _layers(file)
        layers, rest = _named_layers(layers, wanted)
        found = [(layer, ids) for layer in layers if (ids := _ids(layer, rest)) is not None]
        if len(found) > 1:
            names = " and ".join(layer.name for layer, _ in found)
            raise MatteError(f"--matte {text}: {rest} is in {names}; write crypto:{found[0][0].name}:{rest}")
        if found:
            return CryptoMatte(found[0][0].name, found[0][1])
    raise _unknown(next(iter(files.values()), None), source, text, wanted)


def crypto_mattes(
    shot: Shot, settings: Settings, project: Project, progress: Callable[[str, int, int], None]
) -> Mattes:
    """Return the mattes of ``crypto:NAME``, which are written to mask/ of the project. Raises MatteError."""
    assert settings.matte is not None
    files = crypto_files(shot, settings)
    matte = find_crypto_matte(files, settings.matte, settings.cryptomatte or shot.path)
    folder = f"{_FOLDER}-{stable_hash(matte.layer, matte.ids)[:12]}"
    pattern = plate_pattern(shot, project.folder("mask") / folder)
    make_folder(pattern.folder)
    edited = [frame for frame in shot.frames if is_edited(project, pattern.path(frame))]
    if edited:
        project.message(
            f"{format_frames(edited)} in {pattern.folder}: changed by hand and used unchanged; delete them to "
            "regenerate them"
        )
    for done, (frame, file) in enumerate(files.items(), 1):
        path, key = pattern.path(frame), cache_key("matte_crypto", project.digest(file), matte.layer, matte.ids)
        if frame not in edited and not project.fresh(path, key):
            write_image(path, read_crypto_matte(file, matte, shot), seal=project.seal(key))
        progress("matte", done, len(shot.frames))
    return Mattes({frame: pattern.path(frame) for frame in shot.frames}, shot.size, shaping=shaping_of(settings))


def crypto_files(shot: Shot, settings: Settings) -> Mapping[int, Path]:
    """Return the files that hold the Cryptomatte, by frame: those of ``--cryptomatte``, or the plates.

    Raises MatteError if one is missing or has another size than the shot.
    """
    if settings.cryptomatte is None:
        return dict(zip(shot.frames, shot.files, strict=True)) if shot.files else {}
    return _CRYPTOMATTE.files(settings.cryptomatte, shot, _refuse_movie)


def _refuse_movie(movie: Shot) -> dict[int, Path]:
    raise MatteError(f"--cryptomatte {movie.path}: expected EXR files, found a movie; give name.####.exr")


def read_crypto_matte(file: Path, matte: CryptoMatte, shot: Shot) -> np.ndarray:
    """Return the matte of one file: uint16 (H, W). Raises MatteError if the file has none, or one of another size."""
    layer = next((layer for layer in _layers(file) if layer.name == matte.layer), None)
    if layer is None:
        raise MatteError(f"{file}: expected the Cryptomatte {matte.layer} as in other frames, found none; render it")
    try:
        found = coverage(read_ranks(file, layer), matte.ids)
    except InputError as error:
        raise MatteError(f"matte {error}") from error
    if found.shape != shot.size[::-1]:
        raise MatteError(f"{file}: the Cryptomatte differs in size from the picture; render both at the same size")
    return quantise(found, np.uint16)


def _layers(file: Path) -> tuple[CryptoLayer, ...]:
    if file.suffix.lower() != ".exr":
        return ()
    try:
        return crypto_layers(file)
    except InputError as error:
        raise MatteError(f"matte {error}") from error


def _named_layers(layers: tuple[CryptoLayer, ...], wanted: str) -> tuple[tuple[CryptoLayer, ...], str]:
    """Return the Cryptomatte that the text names before a colon, or all of them, and the rest of the text."""
    before, _, after = wanted.partition(":")
    named = tuple(layer for layer in layers if layer.name == before)
    return (named, after) if named and after else (layers, wanted)


def _ids(layer: CryptoLayer, wanted: str) -> tuple[int, ...] | None:
    """Return the ids of a name or of several; None if one of them is unknown."""
    if not layer.manifest:
        return tuple(float_bits(murmur3(name)) for name in _split(wanted))
    names = [wanted] if wanted in layer.manifest else _split(wanted)
    if not all(name in layer.manifest for name in names):
        return None
    return tuple(float_bits(layer.manifest[name]) for name in names)


def _split(wanted: str) -> list[str]:
    return [name.strip() for name in wanted.split(",") if name.strip()]


def _unknown(first: Path | None, source: Path, text: str, wanted: str) -> MatteError:
    """Return the error about a name that was not found. first: of the files of ``source``; None if there are none."""
    layers = () if first is None else _layers(first)
    if not layers:
        return MatteError(
            f"--matte {text}: {source} has no Cryptomatte; expected EXR files that hold one: give those with "
            "--cryptomatte PATH, or another matte with --matte PATH"
        )
    layers, rest = _named_layers(layers, wanted)
    known = list(dict.fromkeys(name for layer in layers for name in layer.manifest))
    missing = [name for name in _split(rest) if name not in known] or [rest]
    near = get_close_matches(missing[0], known, _LISTED, 0.4) or sorted(known)[:_LISTED]
    return MatteError(
        f"--matte {text}: no object is named {missing[0]}, expected one of {len(known)} names such as {', '.join(near)}"
    )
