"""Shots in the folders of a review that have no project yet: movies, and folders of numbered pictures."""

import hashlib
import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from stylize.errors import ReviewError, StylizeError
from stylize.media.sequences import READ_SUFFIXES
from stylize.project import is_project, project_of
from stylize.real_path import real_path
from stylize.review.roots import Roots

# Suffixes of movies. Others can be given on the command line.
MOVIES = frozenset(
    {".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mxf", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".wmv", ".gif"}
)
# Max depth of folders, and max number of their entries, in the search.
_MAX_DEPTH, _MAX_ENTRIES = 3, 20_000
# Number of pictures of the same name, apart from their numbers, that make a folder a shot.
_MIN_PICTURES = 2
_NUMBERED = re.compile(r"(.*?)(\d+)")


def found_shots(roots: Roots) -> dict[str, Path]:
    """Return the shots without a project, by id, in the order of their paths. Links are not followed."""
    found = {path for root in roots.folders for path in _search(real_path(root))}
    return {_shot_id(path): path for path in sorted(found) if not _has_project(path)}


def find_shot(roots: Roots, identifier: str) -> Path:
    """Return the path of a shot. Raises ReviewError for an id that belongs to none."""
    shots = found_shots(roots)
    if identifier not in shots:
        raise ReviewError("no such shot in the folders of this review; choose one on the start page")
    return shots[identifier]


def _shot_id(path: Path) -> str:
    return hashlib.blake2b(os.fsencode(path), digest_size=8, person=b"shot").hexdigest()


def _has_project(path: Path) -> bool:
    try:
        return is_project(project_of(path, None))
    except StylizeError:
        return True  # it cannot have one


def _search(root: Path) -> Iterator[Path]:
    waiting, entries = deque([(root, 0)]), 0
    while waiting and entries < _MAX_ENTRIES:
        folder, depth = waiting.popleft()
        if is_project(folder):
            continue
        files, folders = _listed(folder)
        entries += len(files) + len(folders)
        yield from (folder / name for name in files if Path(name).suffix.lower() in MOVIES)
        if folder != root and _is_sequence(files):
            yield folder
        elif depth < _MAX_DEPTH:
            waiting.extend((folder / name, depth + 1) for name in folders if not name.startswith("."))


def _is_sequence(names: list[str]) -> bool:
    """Return whether most pictures of a folder have one name, apart from their numbers."""
    stems = [Path(name) for name in names if Path(name).suffix.lower() in READ_SUFFIXES]
    found = [match[1] for path in stems if (match := _NUMBERED.fullmatch(path.stem))]
    return len(found) >= _MIN_PICTURES and len(set(found)) == 1 and len(found) == len(stems)


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the files and of the folders in a folder, without links; none if it is unreadable."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return [], []
    files = [entry.name for entry in found if entry.is_file(follow_symlinks=False)]
    return files, [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
