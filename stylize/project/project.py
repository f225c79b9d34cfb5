"""The project folder of a shot, open for work: files that appear whole or not at all, and their records.

A file that we made is known by the digest of its contents, so that a picture which a person put in its place differs
from ours and is never overwritten.
"""

import contextlib
import copy
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.project import settings_file
from stylize.project.digests import DigestCache, digest_of
from stylize.project.layout import (
    FOLDERS,
    LAYER_FOLDERS,
    LAYERS,
    LOCK_FILE,
    SETTINGS_FILE,
    STATE_FILE,
    STATE_FOLDER,
)
from stylize.project.lock import exclusive
from stylize.project.records import Records, file_entry, file_name
from stylize.project.state_file import read_state, write_state
from stylize.project.upgrade import upgrade
from stylize.settings import Settings
from stylize.stages import inputs_half

# Record of work outside of any task: unpacking, and checking mattes and guides.
SESSION = "session"
# Record of files of tasks that no longer exist.
RETIRED = "retired"
# Minimum interval between two saves of digests: in seconds, and as a multiple of the duration of a save.
SAVE_EVERY, SAVE_SHARE = 1.0, 20.0


class Project:
    """One project folder, open for one run, or the part of it that belongs to one layer."""

    def __init__(self, root: Path, home: "Project | None" = None) -> None:
        """Create the folder if it does not exist. home: of a layer, the project that it is a part of.

        Raises ProjectError for a folder that is somebody else's, damaged or of a newer schema, OutputError when it
        cannot be created.
        """
        self.root = root = root.resolve()
        _check_root(root)
        # Raises before anything is created.
        settings_file.check_settings_schema(root)
        read_state(root)
        for folder in (root, *(root / name for name in (LAYER_FOLDERS if home else FOLDERS))):
            _make_folder(folder)
        self.task = SESSION
        self._home, self._layers = home, list[Project]()
        self._records = Records(root / STATE_FOLDER)
        self._digests: DigestCache = home._digests if home else DigestCache(root / STATE_FOLDER / "digests.json")
        self._saved, self._every = time.monotonic(), SAVE_EVERY
        if home is not None:
            upgrade(root, home.root)
        self._load()

    def folder(self, name: str) -> Path:
        """Return one of FOLDERS."""
        return self.root / name

    def layer(self, name: str) -> "Project":
        """Return the part of a locked project that belongs to a layer. Raises as the constructor does."""
        self._layers.append(Project(self.root / LAYERS / name, self))
        return self._layers[-1]

    def during(self, task: str) -> "Project":
        """Return the same project, recording to a task."""
        other = copy.copy(self)
        other.task = task
        return other

    # Settings

    def write_settings(self, shot: Path, settings: Settings, version: str) -> None:
        """See ``settings_file.write_settings``."""
        settings_file.write_settings(self.root, shot, settings, version)

    def check_shot(self, shot: Path) -> None:
        """See ``settings_file.check_shot``."""
        settings_file.check_shot(self.root, shot)

    # Contents

    def digest(self, path: Path) -> str:
        """Return the digest of any file's contents, read again only when its size or time has changed."""
        return self._digests.digest(path)

    def fresh(self, path: Path, key: str) -> bool:
        """Return whether a file exists, is ours, and was made under a cache key."""
        return key in self.keys_of(path)

    def made_from(self, path: Path, key: str) -> bool:
        """Return whether a file is ours and was made from the inputs of a cache key, by any versions."""
        return inputs_half(key) in map(inputs_half, self.keys_of(path))

    def keys_of(self, path: Path) -> list[str]:
        """Return the cache keys under which the existing file was made."""
        made = [entry for entry in self._records.files(self._name(path)) if entry.digests]
        if not made or not path.is_file():
            return []
        digest = self.digest(path)
        return [entry.key for entry in made if entry.digests[-1] == digest]

    def ours(self, path: Path) -> bool:
        """Return whether a file is one that we made, for any purpose."""
        made = list(self._records.files(self._name(path)))
        if not made or not path.is_file():
            return False
        digest = self.digest(path)
        return any(digest in entry.digests for entry in made)

    def claim(self, paths: Iterable[Path]) -> None:
        """Record that these files are about to be written, so that they count as ours even if the run is killed.

        They must not be files of anybody else. A claim holds until the next claim of the task.
        """
        self._append({"claims": [self._name(path) for path in paths]})

    def may_replace(self, path: Path) -> bool:
        """Return whether a file is ours, or was claimed by us before it existed."""
        return self.ours(path) or self._records.claimed(self._name(path))

    def place(self, path: Path, key: str, write: Callable[[Path], None]) -> None:
        """Make a file whole or not at all, and ours before anyone can see it.

        write: makes the file at the temporary path that it is given. The digest is on disk before the file gets its
        name, so that a run killed between the two never treats its own file as a person's.
        """
        with atomic_write(path, PROJECT_OPTION, keep_suffix=True) as partial:
            write(partial)
            self._append(file_entry(self._name(path), key, digest_of(partial), partial.stat()))

    def record(self, path: Path, key: str) -> None:
        """Record that a file was made under a cache key; for files that no person is expected to replace."""
        self._append(file_entry(self._name(path), key, self.digest(path), path.stat()))
        if time.monotonic() - self._saved > self._every:
            self.save()

    def forget(self, path: Path) -> None:
        """Remove a file of ours."""
        path.unlink(missing_ok=True)
        self._records.forget(self._name(path))

    # Facts

    def recall(self, name: str, key: str) -> Any:
        """Return a fact that was remembered under the same cache key, or None."""
        return self._records.fact(name, key)

    def remember(self, name: str, key: str, value: Any) -> None:
        """Record a fact: any value that JSON can represent."""
        self._append({"fact": name, "key": key, "value": value})

    # Tasks

    def reload(self, task: str) -> None:
        """Read the entries that another process has recorded for a task."""
        self._records.reload(task)
        self._seed()

    def retire(self, kind: str, tasks: Collection[str]) -> None:
        """Move the records of a kind's tasks that are not in ``tasks`` to RETIRED. For a project that is locked."""
        gone = [task for task in self._records.tasks() if task.partition(":")[0] == kind and task not in tasks]
        self._records.retire(gone, RETIRED)

    def save(self) -> None:
        """Write the digests of files, so that these need not be read again."""
        begun = time.monotonic()
        self._digests.save()
        self._saved = time.monotonic()
        self._every = max(SAVE_EVERY, SAVE_SHARE * (self._saved - begun))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude a second run, and upgrade the folder if an earlier version made it.

        Raises ProjectError if another run is active, or nothing can be written here.
        """
        with exclusive(self.root / LOCK_FILE):
            upgrade(self.root)
            self._load()  # a run that ended in between may have written it
            try:
                yield
            finally:
                for one in (*self._layers, self):
                    one._records.compact()
                self.save()

    def _load(self) -> None:
        self._records.load()
        if self._home is None:
            self._digests.load()
        self._seed()

    def _seed(self) -> None:
        for name, known in self._records.contents():
            self._digests.seed(self.root / name, known)

    def _append(self, entry: dict[str, Any]) -> None:
        write_state(self.root)
        self._records.append(self.task, entry)

    def _name(self, path: Path) -> str:
        return file_name(self.root, path)


def _check_root(root: Path) -> None:
    """Raise ProjectError for a folder that is somebody else's."""
    if root.exists() and not root.is_dir():
        raise ProjectError(f"{root} is to be the project folder but is a file; choose another with --project FOLDER")
    # A run that is stopped early leaves folders and the lock, but no project file.
    known = {*FOLDERS, LAYERS, LOCK_FILE, SETTINGS_FILE, STATE_FILE, STATE_FOLDER}
    entries = {entry.name for entry in root.iterdir()} if root.exists() else set()
    if not entries & {SETTINGS_FILE, STATE_FILE} and entries - known:
        raise ProjectError(f"{root} holds files but is no project of ours; choose another with --project FOLDER")


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ProjectError(
            f"{folder} is to be a folder of the project but is a file; move it away, or choose another project with "
            "--project FOLDER"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the project folder {folder} cannot be made ({error.strerror}); choose another with --project FOLDER"
        ) from error
