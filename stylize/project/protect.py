"""Refuse results that would replace an input, a file that no run wrote, or a file that a project keeps."""

import errno
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from stylize.errors import OutputError
from stylize.io_errors import output_error
from stylize.media.safe_write import location
from stylize.media.sequences import PICTURE_SUFFIXES, find_sequence
from stylize.media.shot import Shot
from stylize.project.layout import DRAFTS, EXPORT, FOLDERS, LAYERS, VERSIONS, keeps_files
from stylize.project.project import Project
from stylize.real_path import real_path
from stylize.settings.input_files import Inputs


def refuse_inputs(targets: Collection[Path], inputs: Inputs, shot: Shot, project: Project) -> None:
    """Raise OutputError, even if overwriting is permitted, if a target is an input or would be read as one.

    Pictures in an input folder would be read as inputs, as would any file in a folder of the project.
    """
    refuse_sources(targets, shot, inputs.files)
    pictures = [target for target in targets if target.suffix.lower() in PICTURE_SUFFIXES]
    refuse_folders(pictures, inputs.folders, "this run reads the files there")
    kept = [project.folder(name) for name in (*FOLDERS, LAYERS, DRAFTS, VERSIONS) if name != EXPORT]
    if project.main is not project:  # a draft, which is below DRAFTS
        kept += [project.main.folder(name) for name in (*FOLDERS, LAYERS) if name != EXPORT]
    refuse_folders(targets, [project.root, project.main.root], "the project keeps its own files there")
    refuse_folders(targets, kept, "the project keeps its own files there", below=True)


def refuse_other_projects(targets: Collection[Path], project: Project) -> None:
    """Raise OutputError if a target is in the folder of another project, at any depth."""
    own = (project.root, project.main.root)
    for parent in {real_path(target.parent) for target in targets}:
        nearest = next((one for one in (parent, *parent.parents) if one in own or keeps_files(one)), None)
        if nearest is not None and nearest not in own:
            raise OutputError(
                f"{nearest} is another project, which results must not go to; choose another folder, or write "
                "there with --overwrite"
            )


def check_overwrite(targets: Collection[Path], project: Project) -> None:
    """Raise OutputError when a target is a file that no run wrote, or is in another project."""
    refuse_other_projects(targets, project)
    refuse_changed(targets, project)


def refuse_sources(targets: Collection[Path], shot: Shot | None, protected: Collection[Path] = ()) -> None:
    """Raise OutputError when a target is a file of the shot, or one of `protected`, under any name or link.

    A shot given as a folder must not receive results: other frames in it would be read as part of the shot.
    """
    own = {_identity(path) for path in (*_files_of(shot), *protected)} - {None}
    for target in targets:
        if _identity(target) in own:
            raise OutputError(f"{target} is one of the input files; choose another -o")
    folders = {_identity(folder) for folder in {target.parent for target in targets}}
    if shot is not None and shot.path.is_dir() and _identity(shot.path) in folders:
        raise OutputError(f"{shot.path} is the folder of the shot; choose another folder with -o")


def refuse_folders(targets: Collection[Path], folders: Collection[Path], why: str, *, below: bool = False) -> None:
    """Raise OutputError when a target is in one of `folders`, under any name or link.

    below: also in a subfolder, at any depth. why: the reason in the message.
    """
    reserved = {_folder_identity(folder): folder for folder in folders}
    for parent in {real_path(target.parent) for target in targets}:
        for folder in (parent, *(parent.parents if below else ())):
            identity = _folder_identity(folder)
            if identity in reserved:
                raise OutputError(f"{reserved[identity]} must not receive results: {why}; choose another -o")


def refuse_changed(targets: Collection[Path], project: Project) -> None:
    """Raise OutputError, naming the files, when targets exist that no run of this project wrote."""
    foreign = [
        one for one in dict.fromkeys(targets) if one.is_symlink() or (one.exists() and not project.ours(location(one)))
    ]
    written = [target for target in foreign if project.has_written(location(target))]
    if written:
        raise OutputError(
            f"{_and_more(written)} no longer what an earlier run wrote there, but changed, replaced or damaged; "
            "move it away to keep it, choose another -o, or replace with --overwrite"
        )
    if any(project.claims_outside(location(target)) for target in foreign):
        raise OutputError(
            f"{_already_exist(foreign)}, and only the project folder itself claims that a run wrote it, as an earlier "
            "version trusted; choose another -o, or replace it once with --overwrite"
        )
    refuse_foreign(targets, lambda target: target not in foreign)


def refuse_foreign(targets: Collection[Path], ours: Callable[[Path], bool]) -> None:
    """Raise OutputError when a target exists that no earlier run wrote. ours: returns whether one did.

    A link is never considered written by a run, whatever its target: a result would replace it.
    """
    foreign = [target for target in targets if target.is_symlink() or (target.exists() and not ours(target))]
    if foreign:
        raise OutputError(f"{_already_exist(foreign)}; choose another -o, or replace with --overwrite")


def refuse_unwritable(targets: Collection[Path]) -> None:
    """Raise OutputError when a new target cannot be written into its folder.

    A preflight check, because the write itself would fail only after the work.
    """
    missing = {target.parent: target for target in targets if _identity(target) is None}
    for folder, target in missing.items():
        existing = next(one for one in (folder, *folder.absolute().parents) if _identity(one) is not None)
        if not existing.is_dir():
            raise output_error(OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), target)
        if not os.access(existing, os.W_OK | os.X_OK):
            raise output_error(OSError(errno.EACCES, os.strerror(errno.EACCES)), existing / target.name)


def never_ours(path: Path) -> bool:
    """Return False: for callers that do not record their files, no existing file is known to be theirs."""
    return False


def ignore_progress(frame: int) -> None:
    """Do nothing, for callers that show no progress."""


def _already_exist(files: Sequence[Path]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{more} already {'exist' if more else 'exists'}"


def _and_more(files: Sequence[Path]) -> str:
    return f"{files[0]} and {len(files) - 1} more are" if len(files) > 1 else f"{files[0]} is"


def _files_of(shot: Shot | None) -> Collection[Path]:
    if shot is None:
        return ()
    return (shot.path,) if shot.kind == "movie" else find_sequence(shot.path).values()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the identity of a file, equal for all its names (links, `..`, other case); None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folder_identity(folder: Path) -> tuple[int, int] | Path:
    """Return the identity of a folder, or its path without links if it does not exist yet."""
    return _identity(folder) or real_path(folder)
