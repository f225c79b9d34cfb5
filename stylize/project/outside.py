"""Records of the files that a project's runs have written outside its folder, kept in the user's own data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, ProjectError
from stylize.project.records import Record, Records
from stylize.project.user_data import make_project_data, project_data

# Name of the folder of records in the user's data about a project.
FOLDER = "outside"


class OutsideRecords(Records):
    """Records whose failure does not stop a run. Without them, the next run does not recognise its results and needs
    permission to replace them. A failure is reported once.
    """

    def __init__(self, root: Path, folder: Path | None, message: Callable[[str], None]) -> None:
        """Open the records. root: folder of the project. folder: of the records; by default in the user's data."""
        super().__init__(folder or Path())
        self._root, self._given, self._message = root, folder is not None, message
        # Whether records can be written; None before the first attempt.
        self._kept: bool | None = None

    def load(self) -> None:
        """Read the records, if any."""
        try:
            if not self._given:
                self._folder = project_data(self._root) / FOLDER
            super().load()
        except ProjectError as error:
            self._give_up(error)

    def append(self, task: str, entry: dict[str, Any]) -> None:
        """Add an entry, first on disk if possible."""
        try:
            if self._kept is None and not self._given:
                self._folder = make_project_data(self._root) / FOLDER
            if self._kept is not False:
                self._kept = True
                super().append(task, entry)
                return
        except (OutputError, ProjectError) as error:
            self._give_up(error)
        with self._lock:
            self._tasks.setdefault(task, Record()).take(entry)

    def compact(self) -> None:
        """Rewrite records that have many redundant lines, if possible."""
        if self._kept:
            try:
                super().compact()
            except OutputError as error:
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if self._kept is not False:
            self._message(f"{error}; without it, the next run needs --overwrite to replace results outside the project")
        self._kept = False
