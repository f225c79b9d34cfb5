"""An exclusive lock on a project, held by one run until it ends, however it ends."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stylize.errors import ProjectError


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Exclude a second run. Raises ProjectError if one is active, or nothing can be written here."""
    try:
        lock = path.open("a+")
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be written ({error.strerror}); fix its permissions, or choose another with --project FOLDER"
        ) from error
    with lock as file:
        if not _lock(file.fileno()):
            raise ProjectError(f"another run is at work in {path.parent}; wait for it to end, or stop it")
        yield


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
