"""Records of tasks: the files that each has made, under which cache key and with which contents, and its facts.

Every task has one file of JSON lines, to which the process that runs the task appends: several processes can work on
one project without sharing a writer. A line that a killed run has cut off is ignored, and its work is done again.
"""

import json
import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import atomic_write, make_folder
from stylize.project.digests import digest_of
from stylize.project.layout import STATE_FOLDER

SUFFIX = ".jsonl"
# Earlier contents of a file that still count as ours.
_REMEMBERED = 8
# A record is rewritten when it has more lines than this multiple of its entries, and than this minimum.
_BLOAT, _FEWEST = 2, 200


@dataclass
class FileEntry:
    """A file that a task has made. digests: of its contents, latest last. status: size and time of the latest."""

    key: str
    digests: list[str] = field(default_factory=list)
    status: list[int] = field(default_factory=list)


@dataclass
class Record:
    """Work of one task. files: by name. facts: cache key and value, by name. claims: files about to be written."""

    files: dict[str, FileEntry] = field(default_factory=dict)
    facts: dict[str, tuple[str, Any]] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    lines: int = 0

    def take(self, entry: Any) -> None:
        """Add one entry. Raises ValueError, TypeError or KeyError for a malformed one."""
        self.lines += 1
        if "file" in entry:
            made = self.files.setdefault(str(entry["file"]), FileEntry(""))
            made.key, made.status = str(entry["key"]), list(entry.get("status", ()))
            for digest in [str(one) for one in entry["digests"]]:
                made.digests = [*(one for one in made.digests if one != digest), digest][-_REMEMBERED:]
        elif "fact" in entry:
            self.facts[str(entry["fact"])] = (str(entry["key"]), entry["value"])
        else:
            self.claims = [str(name) for name in entry["claims"]]

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the smallest equivalent set of entries."""
        for name, made in self.files.items():
            yield {"file": name, "key": made.key, "digests": made.digests, "status": made.status}
        for name, (key, value) in self.facts.items():
            yield {"fact": name, "key": key, "value": value}
        if self.claims:
            yield {"claims": self.claims}


class Recorder:
    """Writer of one task's record, for the process that runs the task."""

    def __init__(self, root: Path, task: str) -> None:
        """Open the record of a task. root: of the project."""
        self._root, self._file = root.resolve(), record_file(root / STATE_FOLDER, task)
        self._one_at_a_time = threading.Lock()

    def record(self, path: Path, key: str) -> None:
        """Record a file that exists under a cache key. Raises OutputError."""
        entry = file_entry(file_name(self._root, path), key, digest_of(path), path.stat())
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
        """Add an entry to the record of a task, on disk first. Raises OutputError."""
        with self._lock:
            _append(self._file(task), entry)
            self._tasks.setdefault(task, Record()).take(entry)

    def files(self, name: str) -> Iterator[FileEntry]:
        """Yield the tasks' entries of a file."""
        for record in list(self._tasks.values()):
            if name in record.files:
                yield record.files[name]

    def contents(self) -> Iterator[tuple[str, list[Any]]]:
        """Yield name, and size, time and digest, of every file that was recorded with them."""
        for record in list(self._tasks.values()):
            for name, made in record.files.items():
                if len(made.status) == 2 and made.digests:
                    yield name, [*made.status, made.digests[-1]]

    def forget(self, name: str) -> None:
        """Drop a file that no longer exists. Records on disk lose it when they are next rewritten."""
        for record in self._tasks.values():
            record.files.pop(name, None)

    def fact(self, name: str, key: str) -> Any:
        """Return a fact that was recorded under a cache key, or None."""
        for record in self._tasks.values():
            if name in record.facts and record.facts[name][0] == key:
                return record.facts[name][1]
        return None

    def claimed(self, name: str) -> bool:
        """Return whether a task has claimed a file."""
        return any(name in record.claims for record in self._tasks.values())

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
        """Rewrite the records with many redundant lines. Raises OutputError."""
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
    """Return the file of a task's record. folder: of all records."""
    return folder / f"{task.replace(':', '.')}{SUFFIX}"


def file_name(root: Path, path: Path) -> str:
    """Return the name of a file in records: its path in the project, or its absolute path."""
    path = path.absolute()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def file_entry(name: str, key: str, digest: str, status: os.stat_result) -> dict[str, Any]:
    """Return the entry of a file. status: of the file, so that it need not be read again while that is unchanged."""
    return {"file": name, "key": key, "digests": [digest], "status": [status.st_size, status.st_mtime_ns]}


def _append(path: Path, entry: dict[str, Any]) -> None:
    try:
        make_folder(path.parent)
        with path.open("a", encoding="utf-8") as file:
            # A line of its own even after one that was cut off.
            file.write(f"\n{json.dumps(entry)}\n" if file.tell() else f"{json.dumps(entry)}\n")
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error


def _task_of(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).replace(".", ":")
