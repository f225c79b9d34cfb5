"""Refuse symbolic links in a project: a run writes, reads and removes files there, and must not do so elsewhere."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.project.layout import (
    DRAFTS,
    FOLDERS,
    LAYERS,
    LOCK_FILE,
    SETTINGS_FILE,
    STATE_FILE,
    STATE_FOLDER,
    VERSIONS,
)
from stylize.real_path import real_path

_FILES = (SETTINGS_FILE, STATE_FILE, LOCK_FILE)


def refuse_links(root: Path) -> None:
    """Raise ProjectError for a link in a project's folders, at any depth, or in place of one of its files.

    A link to a file of the same project is allowed, such as one picture for two keys. root: folder of the project,
    without links in its path.
    """
    for name in (*_FILES, *FOLDERS, LAYERS, DRAFTS, VERSIONS, STATE_FOLDER):
        refuse_link(root / name, root)
        for link in _links_below(root / name):
            refuse_link(link, root)


def refuse_links_below(folder: Path) -> None:
    """Raise ProjectError for a link in a folder, at any depth, except to a file in that folder."""
    root = real_path(folder)
    for link in _links_below(folder):
        refuse_link(link, root)


def refuse_link(path: Path, root: Path) -> None:
    """Raise ProjectError if a path is a link to anything except a file of the project `root`."""
    if not path.is_symlink():
        return
    target = _target(path)
    if path.is_dir():
        raise ProjectError(
            f"{path} is a symbolic link to {target}, expected a folder that no other project "
            f"uses; replace it by a folder, or choose another {PROJECT_OPTION}"
        )
    if not path.is_file() or not target.is_relative_to(root):
        raise ProjectError(
            f"{path} is a symbolic link to {target}, expected a file in the project; replace it by a copy of the file, "
            f"or choose another {PROJECT_OPTION}"
        )


def _target(link: Path) -> Path:
    try:
        return real_path(link)
    except (OSError, RuntimeError):  # a cycle of links
        return link.parent / link.readlink()


def _links_below(folder: Path) -> Iterator[Path]:
    """Yield the links in a folder and its subfolders; nothing if it is not a folder or unreadable."""
    folders = [str(folder)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                # Neither call accesses the file system again: a project may contain a hundred thousand files.
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
