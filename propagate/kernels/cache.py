"""Cache of compiled kernels, one for all installations of a user.

A file holds one kernel for one signature and one processor, and its name is a hash of all that determines its machine
code (see ``content_key``). Another environment, clone or container with the same code and versions finds it, and files
never become stale. numba's own cache has one index for several signatures, which two processes can mix up when they
write it at the same time, and a place that depends on the path of the source.

Processes that need the same kernel at once compile it once: the others wait for its lock.
"""

import hashlib
import os
import pickle
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from propagate.kernels.cache_folder import MODE, cache_folder
from propagate.kernels.content_key import content_key

_DIGEST, _DAY = 32, 86400.0
# Days after which a kernel that no process has loaded is removed.
MAX_AGE = 90
# Max seconds to wait for a process that compiles a kernel, which may be suspended, and seconds between two checks.
PATIENCE, _LOOK = 60.0, 0.02


class KernelCache:
    """Cache of one kernel, as numba's dispatchers use it: ``load_overload``, then ``save_overload`` if it had none."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._lock: _Lock | None = None

    @cached_property
    def _name(self) -> str:
        # On first use, because the kernels that this one calls are defined by then.
        return f"{self._function.__name__.strip('_')}-{content_key(self._function)}"

    @property
    def cache_path(self) -> str | None:
        """Folder of the files, or None without one."""
        folder = kernels_folder()
        return None if folder is None else str(folder)

    def entry(self, signature: object, codegen: Any) -> Path | None:
        """Return the path of the file for a signature and a processor, or None without a folder."""
        folder = kernels_folder()
        if folder is None:
            return None
        described = repr((signature, codegen.magic_tuple())).encode()
        return folder / f"{self._name}-{hashlib.blake2b(described, digest_size=8).hexdigest()}.kernel"

    def is_stored(self) -> bool:
        """Return whether there is a file for any signature and processor."""
        folder = kernels_folder()
        return folder is not None and any(folder.glob(f"{self._name}-*.kernel"))

    def load_overload(self, signature: object, target_context: Any) -> Any:
        """Load a kernel; None if this process must compile it, which no other process does before ``save_overload``."""
        target_context.refresh()
        entry = self.entry(signature, target_context.codegen())
        if entry is None:
            return None
        found = _load(entry, target_context)
        if found is None:
            self._lock = _Lock(entry)
            found = _load(entry, target_context)
            if found is not None:
                self._unlock()
        return found

    def save_overload(self, signature: object, result: Any) -> None:
        """Store a compiled kernel, unless the folder is not writable."""
        entry = self.entry(signature, result.codegen)
        try:
            if entry is not None:
                with suppress(OSError):
                    _store(entry, dumps(result._reduce()))
                    _prune(entry.parent)
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def enable(self) -> None:
        """Part of numba's protocol; the cache is always enabled."""

    def disable(self) -> None:
        """Part of numba's protocol; the cache is always enabled."""

    def flush(self) -> None:
        """Part of numba's protocol; files never become stale."""


def kernels_folder() -> Path | None:
    """Return the folder of compiled kernels, created if missing, or None where there is no safe one."""
    folder = cache_folder()
    if folder is None:
        return None
    kernels = folder / "kernels"
    with suppress(OSError):
        kernels.mkdir(mode=MODE, exist_ok=True)
    return kernels if kernels.is_dir() else None


def _load(entry: Path, target_context: Any) -> Any:
    """Load a kernel, or return None if its file is missing, incomplete or damaged, or refers to a missing module."""
    try:
        content = entry.read_bytes()
        digest, data = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(data).digest() != digest:
            return None
        if time.time() - entry.stat().st_mtime > _DAY:
            with suppress(OSError):
                os.utime(entry)
        return CompileResult._rebuild(target_context, *pickle.loads(data))
    except (OSError, ImportError):
        return None


def _store(entry: Path, data: bytes) -> None:
    """Write a kernel under a temporary name, and rename it. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=f"{entry.name}.", suffix=".tmp", dir=entry.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        Path(name).chmod(MODE & 0o666)
        Path(name).replace(entry)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _prune(folder: Path) -> None:
    """Remove kernels that have not been loaded for ``MAX_AGE`` days, and stale files of killed processes."""
    now = time.time()
    for path in folder.iterdir():
        limit = MAX_AGE if path.suffix == ".kernel" else 1
        with suppress(OSError):
            if path.suffix in (".kernel", ".tmp", ".lock") and now - path.stat().st_mtime > limit * _DAY:
                path.unlink()


class _Lock:
    """Lock on an entry, released when the process ends. Without locks, several processes may compile it."""

    def __init__(self, entry: Path) -> None:
        self._path = entry.with_suffix(".lock")
        self._descriptor: int | None = None
        with suppress(OSError, ImportError):
            self._acquire()

    def _acquire(self) -> None:
        import fcntl

        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_LOOK)

    def release(self) -> None:
        """Release the lock, and remove its file."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._descriptor)
            self._descriptor = None
