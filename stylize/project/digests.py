"""Digests of files, recomputed when the status of a file has changed."""

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write

_DIGEST_BYTES = 16
# Count of numbers in the status of a file; see ``status_of``.
STATUS_SIZE = 5


def digest_of(path: Path) -> str:
    """Return the digest of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES)).hexdigest()


def status_of(status: os.stat_result) -> list[int]:
    """Return the status that identifies the state of a file: size, modification and change time, inode and device.

    Programs can set the modification time (``cp -p``, ``rsync -t``, archives); only the file system sets the change
    time.
    """
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]


def is_status(status: Any) -> bool:
    """Return whether a value has the form of ``status_of``."""
    return isinstance(status, list) and [type(one) for one in status] == [int] * STATUS_SIZE


def placed_status(path: Path, partial: os.stat_result) -> list[int]:
    """Return the status of a temporary file that has just become ``path``; empty if ``path`` is another file.

    partial: its status before that. A rename changes only the change time.
    """
    try:
        status = status_of(path.stat())
    except OSError:
        return []
    before = status_of(partial)
    return status if [status[:2], status[3:]] == [before[:2], before[3:]] else []


class DigestCache:
    """Digests by path, kept in one file. This is a cache: a missing or damaged file only costs time.

    verify: ignore digests of earlier runs; every file is read once. shared: several processes may use the file.
    Thread-safe.
    """

    def __init__(self, file: Path, *, verify: bool = False, shared: bool = False) -> None:
        self._file, self._verify, self._shared = file, verify, shared
        # Status and digest by path, and the paths whose digests this run has computed.
        self._known: dict[str, list[Any]] = {}
        self._current = set[str]()
        self._changed = False
        self._lock, self._saving = threading.Lock(), threading.Lock()

    def load(self) -> None:
        """Read the digests of earlier runs."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(found, dict):
            with self._lock:
                self._known |= {name: one for name, one in found.items() if _is_entry(one)}

    def seed(self, path: Path, status: list[int], digest: str) -> None:
        """Add the digest that a record has for a file with this status, unless a newer one is known."""
        name = str(path)
        with self._lock:
            known = self._known.get(name)
            if not self._verify and is_status(status) and (known is None or known[2] < status[2]):
                self._known[name] = [*status, digest]

    def placed(self, path: Path, partial: os.stat_result, digest: str) -> None:
        """Add the digest of a temporary file that has just become ``path``. partial: its status before that."""
        if status := placed_status(path, partial):
            self._put(path, status, digest)

    def digest(self, path: Path) -> str:
        """Return the digest of a file. Raises OSError when it cannot be read."""
        now, name = status_of(path.stat()), str(path.absolute())
        with self._lock:
            known = self._known.get(name) if not self._verify or name in self._current else None
        if known is None or known[:STATUS_SIZE] != now:
            return self._put(path, now, digest_of(path))
        return str(known[STATUS_SIZE])

    def save(self) -> None:
        """Write the file if there are new entries. Raises OutputError."""
        with self._saving:
            with self._lock:
                if not self._changed:
                    return
                text, self._changed = json.dumps(self._known), False
            with atomic_write(self._file, PROJECT_OPTION, shared=self._shared) as partial:
                partial.write_text(text, encoding="utf-8")

    def _put(self, path: Path, status: list[int], digest: str) -> str:
        with self._lock:
            self._known[str(path.absolute())] = [*status, digest]
            self._current.add(str(path.absolute()))
            self._changed = True
        return digest


def _is_entry(known: Any) -> bool:
    """Return whether a value is a status and a digest."""
    return isinstance(known, list) and is_status(known[:-1]) and isinstance(known[-1], str)
