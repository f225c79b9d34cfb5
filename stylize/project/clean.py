"""Remove files that a run can regenerate: plates of movies, motion, passes and heat maps; results on request."""

import re
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import OutputError, ProjectError
from stylize.project.layout import KEPT_PASSES, VERSIONS
from stylize.project.parts import parts_of
from stylize.project.project import Project
from stylize.project.schema import SCHEMA
from stylize.project.state_file import read_state
from stylize.project.version_store import VersionStore

# Files in the folders of kept passes, which have no record.
_KEPT_FILE = re.compile(r"(forward|backward)\.(\d+|state)\.npz")
# Folders of files that can be regenerated from the rest of the project, and folders of results.
CACHES, RESULTS = ("video", "guides", "flow", "passes", "plan"), ("out", "export")


@dataclass(frozen=True)
class Cleaned:
    """Files and bytes removed, or to be removed, by folder.

    versions: number of saved versions that are kept. version_bytes: their size in bytes.
    """

    files: dict[str, int]
    bytes: dict[str, int]
    versions: int = 0
    version_bytes: int = 0

    @property
    def total(self) -> int:
        """Number of bytes in all folders."""
        return sum(self.bytes.values())


def clean(project: Project, *, results: bool = False, versions: bool = False, dry_run: bool = False) -> Cleaned:
    """Remove files that a run can regenerate; never keys, mattes, settings or files changed by hand.

    project: must be locked. results: also remove frames and exported files. versions: also remove all saved versions,
    which no run can regenerate. dry_run: only count. Raises OutputError for
    a file that cannot be removed, ProjectError for a layer that cannot be read.
    """
    folders = (*CACHES, *(RESULTS if results else ()))
    # All layers are read before anything is removed, so that an unreadable one leaves everything unchanged.
    found = [
        (part, folder, path) for part in parts_of(project) for folder in folders for path in _removable(part, folder)
    ]
    files, sizes = dict[str, int](), dict[str, int]()
    for part, folder, path in found:
        size = path.stat().st_size
        if not dry_run:
            _remove(part, path, sum(files.values()))
        files[folder] = files.get(folder, 0) + 1
        sizes[folder] = sizes.get(folder, 0) + size
    store = VersionStore(project.root)
    kept, count = store.size(), len(store.names())
    if not versions:
        return Cleaned(files, sizes, count, kept)
    found_files = store.files()
    if found_files:
        files[VERSIONS], sizes[VERSIONS] = len(found_files), kept
    if not dry_run:
        store.remove_all()
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


def _removable(project: Project, folder: str) -> list[Path]:
    """Return the files in a folder that runs wrote and that have not been changed since."""
    root = project.folder(folder)
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    kept = root / KEPT_PASSES
    return [
        path for path in files
        if project.ours(path) or (path.parent.parent == kept and _KEPT_FILE.fullmatch(path.name))
    ]  # fmt: skip
