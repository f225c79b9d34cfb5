"""Parts of a project: the project itself, its drafts, and the layers of both."""

from collections.abc import Iterator
from pathlib import Path

from stylize.project.layout import DRAFTS, LAYERS, STATE_FILE, STATE_FOLDER
from stylize.project.project import Project


def parts_of(project: Project) -> Iterator[Project]:
    """Yield a project, its drafts, and the subprojects of their layers."""
    yield from _with_layers(project)
    for folder in _part_folders(project.folder(DRAFTS)):
        yield from _with_layers(project.draft(folder.name))


def _with_layers(project: Project) -> Iterator[Project]:
    yield project
    for folder in _part_folders(project.folder(LAYERS)):
        yield project.layer(folder.name)


def _part_folders(parent: Path) -> list[Path]:
    """Return the subfolders that contain records of a run."""
    folders = sorted(parent.iterdir()) if parent.is_dir() else []
    return [
        folder for folder in folders
        if not folder.is_symlink() and ((folder / STATE_FOLDER).is_dir() or (folder / STATE_FILE).is_file())
    ]  # fmt: skip
