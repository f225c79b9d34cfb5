"""Removal of files that a run can regenerate: plates of movies, motion, passes, heat maps; results on request."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stylize.project.layout import LAYERS
from stylize.project.project import Project

# Folders of files that can be regenerated from the rest of the project, and folders of its results.
CACHES, RESULTS = ("video", "guides", "flow", "passes", "plan"), ("out", "export")
# Motion is recorded in the files themselves.
_FLOW_SUFFIX = ".flow"


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

    project: locked. results: remove frames and exported files too. dry_run: only count. Raises OSError for a file that
    cannot be removed.
    """
    files, sizes = dict[str, int](), dict[str, int]()
    for part in _parts(project):
        for folder in (*CACHES, *(RESULTS if results else ())):
            for path in _removable(part, folder):
                files[folder] = files.get(folder, 0) + 1
                sizes[folder] = sizes.get(folder, 0) + path.stat().st_size
                if not dry_run:
                    part.forget(path)
    return Cleaned(files, sizes)


def _parts(project: Project) -> Iterator[Project]:
    """Yield a project and the parts of it that belong to layers."""
    yield project
    layers = project.folder(LAYERS)
    for folder in sorted(layers.iterdir()) if layers.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink():
            yield project.layer(folder.name)


def _removable(project: Project, folder: str) -> list[Path]:
    """Return the files in a folder that we made and nobody changed."""
    root = project.folder(folder)
    if not root.is_dir() or root.is_symlink():
        return []
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [path for path in files if project.ours(path) or (folder == "flow" and path.suffix == _FLOW_SUFFIX)]
