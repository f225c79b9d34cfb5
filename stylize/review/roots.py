"""Folders that the page may show, and the projects in them.

The browser names a project by an id that the server has made, never by a path. Projects are looked up in the folders
given at the start, without following links that leave them.
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stylize.errors import ReviewError
from stylize.project import is_project
from stylize.real_path import real_path

# Max depth of folders, and max number of their entries, in the search for projects.
_MAX_DEPTH, _MAX_ENTRIES = 4, 20_000
_ID_BYTES = 8


@dataclass(frozen=True)
class Roots:
    """Folders given at the start. shown: projects that are shown wherever they are, because the user gave them.

    deliveries: further folders that results may be written to.
    """

    folders: tuple[Path, ...]
    shown: tuple[Path, ...] = ()
    deliveries: tuple[Path, ...] = ()
    _known: dict[str, Path] = field(default_factory=dict)

    def projects(self) -> dict[str, Path]:
        """Return the projects, by id, the one of the latest run first."""
        found = {real_path(path) for path in self.shown} | set(self._search())
        return {project_id(path): path for path in sorted(found, key=_last_run, reverse=True)}

    def find(self, identifier: str) -> Path:
        """Return the folder of a project. Raises ReviewError for an id that belongs to none."""
        if identifier not in self._known or not is_project(self._known[identifier]):
            found = self.projects().get(identifier)
            if found is None:
                raise ReviewError("no such project in the folders of this review; choose one on the start page")
            self._known[identifier] = found
        return self._known[identifier]

    def _search(self) -> Iterator[Path]:
        """Yield the projects in the folders, nearest first."""
        waiting = deque((real_path(folder), 0) for folder in self.folders)
        entries = 0
        while waiting and entries < _MAX_ENTRIES:
            folder, depth = waiting.popleft()
            if is_project(folder):
                yield folder
                continue
            for name in _folders_in(folder):
                entries += 1
                if depth < _MAX_DEPTH and not name.startswith("."):
                    waiting.append((folder / name, depth + 1))


def project_id(root: Path) -> str:
    """Return the id of a project, which stays the same for its path."""
    return hashlib.blake2b(os.fsencode(root), digest_size=_ID_BYTES).hexdigest()


def open_roots(folders: Sequence[Path], shown: Sequence[Path], deliveries: Sequence[Path] = ()) -> Roots:
    """Return the roots. Raises ReviewError for one that is not a folder."""
    for flag, some in (("--root", folders), ("--deliver", deliveries)):
        for folder in some:
            if not folder.is_dir():
                raise ReviewError(f"{flag} {folder}: expected a folder, found none; check the path")
    return Roots(tuple(map(real_path, folders)), tuple(shown), tuple(map(real_path, deliveries)))


def _folders_in(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, without links; none if it is unreadable."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _last_run(root: Path) -> tuple[int, str]:
    """Return the time of the last change of a project's settings, and its path to break ties."""
    try:
        return (root / "project.toml").stat().st_mtime_ns, str(root)
    except OSError:
        return 0, str(root)
