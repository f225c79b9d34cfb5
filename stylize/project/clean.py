"""Remove files that a run can regenerate: plates of movies, motion, passes and heat maps; results on request."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import OutputError, ProjectError
from stylize.project.layout import DRAFTS, LAYERS, STATE_FILE, STATE_FOLDER
from stylize.project.project import Project
from stylize.project.schema import SCHEMA
from stylize.project.state_file import read_state

# Folders of files that can be regenerated from the rest of the project, and folders of results.
CACHES, RESULTS = ("video", "guides", "flow", "passes", "plan"), ("out", "export")


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
    """Remove files that a run can regenerate; never keys, mattes, settings or files changed by hand.

    project: must be locked. results: also remove frames and exported files. dry_run: only count. Raises OutputError for
    a file that cannot be removed, ProjectError for a layer that cannot be read.
    """
    folders = (*CACHES, *(RESULTS if results else ()))
    # All layers are read before anything is removed, so that an unreadable one leaves everything unchanged.
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
            f"{path} cannot be removed ({error.strerror}); fix its permissions and clean again; {removed} files were "
            "already removed"
        ) from error


def check_present_schema(root: Path) -> None:
    """Raise ProjectError for a project of an earlier version, which a dry run must not upgrade."""
    if (state := read_state(root)) and state["schema"] != SCHEMA:
        raise ProjectError(f"{root} was made by an earlier version; run it once, or clean it without -n, to upgrade it")


def _parts(project: Project) -> Iterator[Project]:
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


def _removable(project: Project, folder: str) -> list[Path]:
    """Return the files in a folder that runs wrote and that have not been changed since."""
    root = project.folder(folder)
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [path for path in files if project.ours(path)]
