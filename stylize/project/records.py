"""Records of tasks: the files that each has written, with cache keys and digests of contents, and its facts.

Every task has one file of JSON lines, to which the process that runs the task appends: several processes can work on
one project without sharing a writer. A line truncated by a killed run is ignored, and its work is done again.
"""

import json
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import Seal, atomic_write, make_folder, no_follow
from stylize.project.digests import digest_of, placed_status
from stylize.project.layout import STATE_FOLDER
from stylize.real_path import real_path

SUFFIX = ".jsonl"
# Number of earlier versions of a file that are still recognised.
_REMEMBERED = 8
# A record is rewritten when it has more lines than this multiple of its entries and more than this minimum.
_BLOAT, _FEWEST = 2, 200


@dataclass
class FileEntry:
    """File that a task has written.

    digests: digests of its contents, latest last. status: status of the file with the latest contents; see
    ``digests.status_of``; empty if unknown.
    """

    key: str
    digests: list[str] = field(default_factory=list)
    status: list[int] = field(default_factory=list)


@dataclass
class Record:
    """Record of one task. files: by name. facts: cache key and value, by name."""

    files: dict[str, FileEntry] = field(default_factory=dict)
    facts: dict[str, tuple[str, Any]] = field(default_factory=dict)
    lines: int = 0

    def take(self, entry: Any) -> None:
        """Add one entry. Raises ValueError, TypeError or KeyError for a malformed entry."""
        self.lines += 1
        if "file" in entry:
            made = self.files.setdefault(str(entry["file"]), FileEntry(""))
            made.key, made.status = str(entry["key"]), list(entry.get("status", ()))
            for digest in [str(one) for one in entry["digests"]]:
                made.digests = [*(one for one in made.digests if one != digest), digest][-_REMEMBERED:]
        else:
            self.facts[str(entry["fact"])] = (str(entry["key"]), entry["value"])

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the smallest equivalent set of entries."""
        for name, made in self.files.items():
            yield {"file": name, "key": made.key, "digests": made.digests, "status": made.status}
        for name, (key, value) in self.facts.items():
            yield {"fact": name, "key": key, "value": value}


class Recorder:
    """Writer of one task's record, for the process that runs the task."""

    def __init__(self, root: Path, task: str) -> None:
        """Open the record of a task. root: folder of the project."""
        self._root, self._folder = real_path(root), root / STATE_FOLDER
        self._file = record_file(self._folder, task)
        self._one_at_a_time = threading.Lock()
        self._records: Records | None = None

    def seal(self, key: str) -> Seal:
        """Return the seal for files made under a cache key. The seal raises OutputError."""

        def sealed(target: Path, partial: Path) -> Callable[[], None]:
            name, digest, before = file_name(self._root, target), digest_of(partial), partial.stat()
            self._append(file_entry(name, key, digest))

            def placed() -> None:
                # The main process takes the status from the record and need not read the file again.
                if status := placed_status(target, before):
                    self._append(file_entry(name, key, digest, status))

            return placed

        return sealed

    def is_changed(self, path: Path) -> bool:
        """Return whether a file exists that no task wrote, or that was changed since."""
        try:
            digest = digest_of(path)
        except FileNotFoundError:
            return False
        return not any(digest in entry.digests for entry in self._loaded().files(file_name(self._root, path)))

    def _loaded(self) -> "Records":
        """Return the records of all tasks, as read at the first check of a file."""
        with self._one_at_a_time:
            if self._records is None:
                records = Records(self._folder)
                records.load()
                self._records = records
            return self._records

    def _append(self, entry: dict[str, Any]) -> None:
        with self._one_at_a_time:
            _append(self._file, entry)


class Records:
    """The records of a project, in one folder; see the module docstring."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tasks: dict[str, Record] = {}
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read the records of all tasks. Raises ProjectError for one that cannot be read."""
        self._tasks = {}
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            self.reload(_task_of(path))

    def reload(self, task: str) -> None:
        """Read the record of one task again, which another process may have written."""
        record = Record()
        path = self._file(task)
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        except OSError as error:
            raise ProjectError(f"{path} cannot be read ({error.strerror}); fix its permissions") from error
        for line in lines:
            try:
                record.take(json.loads(line))
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
        self._tasks[task] = record

    def append(self, task: str, entry: dict[str, Any]) -> None:
        """Add an entry to the record of a task, first on disk. Raises OutputError."""
        with self._lock:
            _append(self._file(task), entry)
            self._tasks.setdefault(task, Record()).take(entry)

    def files(self, name: str) -> Iterator[FileEntry]:
        """Yield the tasks' entries of a file."""
        for record in list(self._tasks.values()):
            if name in record.files:
                yield record.files[name]

    def contents(self) -> Iterator[tuple[str, list[int], str]]:
        """Yield name, status and digest of every file that was recorded with a status."""
        for record in list(self._tasks.values()):
            for name, made in record.files.items():
                if made.status and made.digests:
                    yield name, made.status, made.digests[-1]

    def has(self, name: str) -> bool:
        """Return whether a task has an entry of a file."""
        return any(name in record.files for record in list(self._tasks.values()))

    def forget(self, name: str) -> None:
        """Remove a file that no longer exists. Records on disk drop it at their next rewrite."""
        for record in self._tasks.values():
            record.files.pop(name, None)

    def fact(self, name: str, key: str) -> Any:
        """Return a fact that was recorded under a cache key, or None."""
        for record in self._tasks.values():
            if name in record.facts and record.facts[name][0] == key:
                return record.facts[name][1]
        return None

    def latest_fact(self, name: str) -> Any:
        """Return a fact whatever its cache key, for display; None if there is none."""
        return next((record.facts[name][1] for record in self._tasks.values() if name in record.facts), None)

    def facts_under(self, key: str) -> dict[str, Any]:
        """Return the facts that were recorded under a cache key, by name."""
        facts = [one for record in list(self._tasks.values()) for one in list(record.facts.items())]
        return {name: value for name, (found, value) in facts if found == key}

    def tasks(self) -> list[str]:
        """Return the names of the tasks that have a record."""
        return sorted(self._tasks)

    def retire(self, tasks: Collection[str], into: str) -> None:
        """Move the files of tasks that no longer exist to another record. Raises OutputError."""
        for task in tasks:
            record = self._tasks.pop(task, None)
            for entry in record.entries() if record else ():
                if "file" in entry:
                    self._tasks.setdefault(into, Record()).take(entry)
        if tasks:
            self._rewrite(into)
            for task in tasks:
                self._file(task).unlink(missing_ok=True)

    def compact(self) -> None:
        """Rewrite records that have many redundant lines. Raises OutputError."""
        for task, record in self._tasks.items():
            if record.lines > max(_FEWEST, _BLOAT * sum(1 for _ in record.entries())):
                self._rewrite(task)

    def _rewrite(self, task: str) -> None:
        record = self._tasks.get(task, Record())
        with atomic_write(self._file(task), PROJECT_OPTION) as partial:
            partial.write_text("".join(f"{json.dumps(entry)}\n" for entry in record.entries()), encoding="utf-8")
        record.lines = sum(1 for _ in record.entries())

    def _file(self, task: str) -> Path:
        return record_file(self._folder, task)


def record_file(folder: Path, task: str) -> Path:
    """Return the file of a task's record. folder: folder of all records."""
    return folder / f"{task.replace(':', '.')}{SUFFIX}"


def file_name(root: Path, path: Path) -> str:
    """Return the name of a file in records: its path in the project, or its absolute path without links.

    A link inside the project is not followed.
    """
    path = path.absolute()
    if ".." in path.parts or not path.is_relative_to(root):
        path = real_path(path.parent) / path.name
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def file_entry(name: str, key: str, digest: str, status: Sequence[int] = ()) -> dict[str, Any]:
    """Return the entry of a file. status: status of the file, so that it is not read again until that changes."""
    return {"file": name, "key": key, "digests": [digest], "status": list(status)}


def _append(path: Path, entry: dict[str, Any]) -> None:
    try:
        make_folder(path.parent)
        with open(path, "a", encoding="utf-8", opener=no_follow) as file:
            # Starts a new line even after a truncated one.
            file.write(f"\n{json.dumps(entry)}\n" if file.tell() else f"{json.dumps(entry)}\n")
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error


def _task_of(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).replace(".", ":")
