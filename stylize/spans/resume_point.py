"""Arrays kept on disk for going on: a file begins with a digest of itself, so that a spoilt one is never taken."""

import hashlib
from collections.abc import Mapping
from io import BufferedRandom, BufferedReader
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.io_errors import PROJECT, unwritable

# What reading a kept file raises when it is not there or not as it was written. Its digest is checked before anything
# looks inside, so that an error of another kind is a mistake of ours and is not hidden.
SPOILT = (OSError, ValueError)
# Bytes of the digest that a kept file begins with.
DIGEST = 16


def keep(path: Path, arrays: Mapping[str, Pixels]) -> None:
    """Writes arrays of any shapes whole or not at all. Raises OutputError when they cannot be written."""
    unfinished = path.with_name(f".part-{path.name}")
    try:
        with unfinished.open("w+b") as file:
            file.write(bytes(DIGEST))
            np.savez(file, **arrays)  # type: ignore[arg-type, unused-ignore]
            digest = _digest(file)
            file.seek(0)
            file.write(digest)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise unwritable(error, path, PROJECT) from error


def whole(file: Path) -> bool:
    """Whether a file is there, and as it was written."""
    try:
        return bool(kept(file))
    except SPOILT:
        return False


def kept(path: Path) -> dict[str, Pixels]:
    """The arrays of a file.

    Raises OSError for a file that cannot be read, ValueError for one that is not as it was written.
    """
    with path.open("rb") as file:
        if file.read(DIGEST) != _digest(file):
            raise ValueError(f"{path} is not as it was written")
        file.seek(DIGEST)
        with np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}


def _digest(file: BufferedReader | BufferedRandom) -> bytes:
    """Of all that follows the place of the digest."""
    file.seek(DIGEST)
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST)).digest()
