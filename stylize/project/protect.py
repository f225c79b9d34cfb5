"""Refusal of results that would replace an input, a file of somebody else or one that a project keeps."""

import errno
import os
from collections.abc import Callable, Collection
from pathlib import Path

from stylize.errors import OutputError
from stylize.io_errors import output_error
from stylize.media.sequences import PICTURE_SUFFIXES, find_sequence
from stylize.media.shot import Shot
from stylize.project.layout import FOLDERS, LAYERS, keeps_files
from stylize.project.project import Project
from stylize.settings.input_files import Inputs

_EXPORT = "export"


def refuse_inputs(targets: Collection[Path], inputs: Inputs, shot: Shot, project: Project) -> None:
    """Raise OutputError, even with permission to overwrite, if a target is an input or would be read as one.

    Pictures in an input folder would be read as inputs, as would any file among those that the project keeps.
    """
    refuse_sources(targets, shot, inputs.files)
    pictures = [target for target in targets if target.suffix.lower() in PICTURE_SUFFIXES]
    refuse_folders(pictures, inputs.folders, "what lies there is read by this run")
    kept = [project.folder(name) for name in (*FOLDERS, LAYERS) if name != _EXPORT]
    refuse_folders(targets, [project.root], "the project keeps its own files there")
    refuse_folders(targets, kept, "the project keeps its own files there", below=True)


def refuse_other_projects(targets: Collection[Path], project: Project) -> None:
    """Raise OutputError if a target would be in the folder of another project, at any depth."""
    for parent in {target.resolve().parent for target in targets}:
        nearest = next((one for one in (parent, *parent.parents) if one == project.root or keeps_files(one)), None)
        if nearest not in (None, project.root):
            raise OutputError(
                f"{nearest} is another project, expected a folder of this shot's own; choose another place, or write "
                "there with --overwrite"
            )


def check_overwrite(targets: Collection[Path], project: Project) -> None:
    """Raise OutputError when a file that we did not write, or another project, is in the way."""
    refuse_other_projects(targets, project)
    refuse_foreign(targets, project.may_replace)


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
    """Return what is the same for every name of a file (links, `..`, other case); None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folder_identity(folder: Path) -> tuple[int, int] | Path:
    """Return the identity of a folder, or its path without links where it does not exist yet."""
    return _identity(folder) or folder.resolve()
