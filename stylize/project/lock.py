"""Exclusive lock on a project, held by one run until it ends for any reason."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import no_follow

# Error numbers raised when another process holds the lock.
_HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Exclude a second run. Raises ProjectError if one is active or the file system has no locks, OutputError if
    nothing can be written."""
    try:
        lock = os.fdopen(no_follow(str(path), os.O_RDWR | os.O_CREAT), "r+")
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error
    with lock as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise _lock_error(error, path) from error
        yield


def _lock(descriptor: int) -> None:
    """Lock an open file. Raises OSError."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_error(error: OSError, path: Path) -> ProjectError:
    if error.errno in _HELD:
        return ProjectError(f"another run is using {path.parent}; wait for it to end, or stop it")
    return ProjectError(
        f"{path} cannot be locked ({error.strerror}): the file system of {path.parent} has no locks, or its lock "
        "service does not answer, so that a second run could not be excluded; mount it with locks, or choose a folder "
        "on another disk with --project FOLDER"
    )
