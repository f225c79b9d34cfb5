"""Array files that begin with a digest of their own content, so that a damaged file is never used."""

import hashlib
from collections.abc import Mapping
from io import BufferedRandom, BufferedReader
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write

# Errors of reading a missing or damaged file. The digest is checked before the content is parsed, so that any other
# error is a bug and is not hidden.
UNREADABLE = (OSError, ValueError)
# Length in bytes of the digest that a file begins with.
DIGEST_SIZE = 16


def save_arrays(path: Path, arrays: Mapping[str, Pixels]) -> None:
    """Write arrays of any shape atomically. Raises OutputError when they cannot be written."""
    with atomic_write(path, PROJECT_OPTION) as partial, partial.open("w+b") as file:
        file.write(bytes(DIGEST_SIZE))
        np.savez(file, **arrays)  # type: ignore[arg-type, unused-ignore]
        digest = _digest(file)
        file.seek(0)
        file.write(digest)


def load_arrays(path: Path) -> dict[str, Pixels]:
    """Read the arrays of a file. Raises OSError when it cannot be read, ValueError when it is damaged."""
    with path.open("rb") as file:
        if file.read(DIGEST_SIZE) != _digest(file):
            raise ValueError(f"{path} does not match its digest")
        file.seek(DIGEST_SIZE)
        with np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}


def is_intact(path: Path) -> bool:
    """Return whether a file exists and is undamaged."""
    try:
        return bool(load_arrays(path))
    except UNREADABLE:
        return False


def _digest(file: BufferedReader | BufferedRandom) -> bytes:
    """Return the digest of everything after the stored digest."""
    file.seek(DIGEST_SIZE)
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_SIZE)).digest()
