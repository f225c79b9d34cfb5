"""Removal of files that a run can regenerate: plates of movies, motion, passes, heat maps; results on request."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import OutputError, ProjectError
from stylize.project.layout import LAYERS, STATE_FILE, STATE_FOLDER
from stylize.project.project import Project
from stylize.project.schema import SCHEMA
from stylize.project.state_file import read_state

# Folders of files that can be regenerated from the rest of the project, and folders of its results.
CACHES, RESULTS = ("video", "guides", "flow", "passes", "plan"), ("out", "export")
# Motion is recorded in the files themselves, which are named by both frames.
_FLOW_NAME = re.compile(r"\.\d+-\d+\.flow$")


@dataclass(frozen=True)
class Cleaned:
    """Files and bytes removed, or to be removed, by folder."""

    files: dict[str, int]
    bytes: dict[str, int]

    @property
    def total(self) -> int:
        """Number of bytes in all folders."""
        return sum(self.bytes.values())


def clean(project: Project, *, results: bool = False, dry_run: bool = False) -> Cleaned:
    """Remove files of ours that can be regenerated; never keys, mattes, settings, nor a file that a person changed.

    project: locked. results: remove frames and exported files too. dry_run: only count. Raises OutputError for a file
    that cannot be removed, ProjectError for a part that cannot be read.
    """
    folders = (*CACHES, *(RESULTS if results else ()))
    # All parts are read before anything is removed, so that one that cannot be read leaves all as it was.
    found = [
        (part, folder, path) for part in _parts(project) for folder in folders for path in _removable(part, folder)
    ]
    files, sizes = dict[str, int](), dict[str, int]()
    for part, folder, path in found:
        size = path.stat().st_size
        if not dry_run:
            _remove(part, path, sum(files.values()))
        files[folder] = files.get(folder, 0) + 1
        sizes[folder] = sizes.get(folder, 0) + size
    return Cleaned(files, sizes)


def _remove(part: Project, path: Path, removed: int) -> None:
    try:
        part.forget(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be removed ({error.strerror}); fix its permissions and clean again: {removed} files were "
            "removed before it"
        ) from error


def check_present_schema(root: Path) -> None:
    """Raise ProjectError for a project of an earlier version, which counting alone must not upgrade."""
    if (state := read_state(root)) and state["schema"] != SCHEMA:
        raise ProjectError(f"{root} was made by an earlier version; run it once, or clean it without -n, to upgrade it")


def _parts(project: Project) -> Iterator[Project]:
    """Yield a project and the parts of it that belong to layers."""
    yield project
    layers = project.folder(LAYERS)
    for folder in sorted(layers.iterdir()) if layers.is_dir() else ():
        if not folder.is_symlink() and ((folder / STATE_FOLDER).is_dir() or (folder / STATE_FILE).is_file()):
            yield project.layer(folder.name)


def _removable(project: Project, folder: str) -> list[Path]:
    """Return the files in a folder that we made and nobody changed."""
    root = project.folder(folder)
    if not root.is_dir() or root.is_symlink():
        return []
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [path for path in files if project.ours(path) or (folder == "flow" and _FLOW_NAME.search(path.name))]
