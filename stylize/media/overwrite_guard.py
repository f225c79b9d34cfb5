"""Refuse targets that are inputs, are among inputs, belong to somebody else, or cannot be written."""

import errno
import os
from collections.abc import Callable, Collection
from pathlib import Path

from stylize.errors import OutputError
from stylize.io_errors import output_error
from stylize.media.sequences import find_sequence
from stylize.media.shot import Shot


def refuse_sources(targets: Collection[Path], shot: Shot | None, protected: Collection[Path] = ()) -> None:
    """Raise OutputError when a target is a file of the shot, or one of `protected`, under whatever name or link.

    A shot given as a folder keeps that folder to itself: other frames in it would be read as part of the shot.
    """
    own = {_identity(path) for path in (*_files_of(shot), *protected)} - {None}
    for target in targets:
        if _identity(target) in own:
            raise OutputError(f"{target} is one of the files that this result is made from; choose another -o")
    folders = {_identity(folder) for folder in {target.parent for target in targets}}
    if shot is not None and shot.path.is_dir() and _identity(shot.path) in folders:
        raise OutputError(f"{shot.path} is the folder of the shot itself; choose another folder with -o")


def refuse_folders(targets: Collection[Path], folders: Collection[Path], why: str, *, below: bool = False) -> None:
    """Raise OutputError when a target would lie in one of `folders`, under whatever name or link.

    below: or in a folder below one of them, at any depth. why: the reason in the message.
    """
    reserved = {_folder_identity(folder): folder for folder in folders}
    for parent in {target.resolve().parent for target in targets}:
        for folder in (parent, *(parent.parents if below else ())):
            identity = _folder_identity(folder)
            if identity in reserved:
                raise OutputError(f"{reserved[identity]} cannot take the result: {why}; choose another -o")


def refuse_foreign(targets: Collection[Path], ours: Callable[[Path], bool]) -> None:
    """Raise OutputError when a target exists that an earlier run did not write. ours: whether one did."""
    foreign = [target for target in targets if target.exists() and not ours(target)]
    if not foreign:
        return
    more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
    verb = "exist" if more else "exists"
    raise OutputError(f"{foreign[0]}{more} already {verb}; choose another -o, or replace with --overwrite")


def refuse_unwritable(targets: Collection[Path]) -> None:
    """Raise OutputError when a target that does not exist yet could not be written into its folder.

    A preflight check: the write itself would fail only after the work.
    """
    missing = {target.parent: target for target in targets if _identity(target) is None}
    for folder, target in missing.items():
        existing = next(one for one in (folder, *folder.absolute().parents) if _identity(one) is not None)
        if not existing.is_dir():
            raise output_error(OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), target)
        if not os.access(existing, os.W_OK | os.X_OK):
            raise output_error(OSError(errno.EACCES, os.strerror(errno.EACCES)), existing / target.name)


def never_ours(path: Path) -> bool:
    """Return False: for callers that keep no record of their files, every existing file is somebody else's."""
    return False


def ignore_progress(frame: int) -> None:
    """Do nothing: for callers that show no progress."""


def _files_of(shot: Shot | None) -> Collection[Path]:
    if shot is None:
        return ()
    return (shot.path,) if shot.kind == "movie" else find_sequence(shot.path).values()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return an identity shared by all names of a file (links, `..`, other case); None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folder_identity(folder: Path) -> tuple[int, int] | Path:
    """Return the identity of a folder, or its path without links where it does not exist yet."""
    return _identity(folder) or folder.resolve()
