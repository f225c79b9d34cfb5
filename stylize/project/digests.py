"""Digests of files, read again only when size or time of a file has changed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write

_DIGEST_BYTES = 16


def digest_of(path: Path) -> str:
    """Return the digest of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES)).hexdigest()


class DigestCache:
    """Digests by path, kept in one file. It is a cache: a file that is missing or damaged only costs time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[Any]] = {}
        self._changed = False

    def load(self) -> None:
        """Read the digests of earlier runs."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(found, dict):
            self.add(found)

    def add(self, known: dict[str, Any]) -> None:
        """Add entries ``path: [size, time, digest]``; others are ignored."""
        self._known |= {name: one for name, one in known.items() if _is_entry(one)}

    def seed(self, path: Path, known: list[Any]) -> None:
        """Add size, time and digest of a file, unless later ones are known. A wrong time costs one reading."""
        name = str(path)
        if _is_entry(known) and (name not in self._known or self._known[name][1] < known[1]):
            self._known[name] = known

    def digest(self, path: Path) -> str:
        """Return the digest of a file. Raises OSError when it cannot be read."""
        name = str(path.absolute())
        status = path.stat()
        now = [status.st_size, status.st_mtime_ns]
        known = self._known.get(name)
        if known is None or known[:2] != now:
            known = [*now, digest_of(path)]
            self._known[name] = known
            self._changed = True
        return str(known[2])

    def save(self) -> None:
        """Write the file if there is anything new. Raises OutputError."""
        if self._changed:
            with atomic_write(self._file, PROJECT_OPTION) as partial:
                partial.write_text(json.dumps(self._known), encoding="utf-8")
            self._changed = False


def _is_entry(known: Any) -> bool:
    """Return whether a value has the form [size, time, digest]."""
    return isinstance(known, list) and [type(one) for one in known] == [int, int, str]
