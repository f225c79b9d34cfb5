"""Project folder of a shot, open for a run: atomically written files, and their records.

A file that a run writes is recognised by the digest of its contents, which is recorded before the file gets its name. A
picture that a person puts in its place has another digest and is never overwritten. Files outside the folder are
recorded in the user's own data, so that a project folder from someone else cannot claim files there.
"""

import contextlib
import copy
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import Seal, atomic_write
from stylize.project import settings_file
from stylize.project.digests import DigestCache, digest_of
from stylize.project.layout import (
    DRAFTS,
    EXPORT,
    FOLDERS,
    INPUTS,
    LAYER_FOLDERS,
    LAYERS,
    LOCK_FILE,
    SETTINGS_FILE,
    STATE_FILE,
    STATE_FOLDER,
    VERSIONS,
)
from stylize.project.links import refuse_links
from stylize.project.lock import exclusive
from stylize.project.outside import OutsideRecords
from stylize.project.records import FileEntry, Records, file_entry, file_name
from stylize.project.state_file import read_state, write_state
from stylize.project.temporary_files import remove_temporary_files
from stylize.project.upgrade import upgrade
from stylize.real_path import real_path
from stylize.settings import Settings
from stylize.stages import cache_key, inputs_half
from stylize.visible_text import is_utf8, visible

# Record of work that belongs to no task: unpacking, and checking mattes and guides.
SESSION = "session"
# Record of estimated motion, to which all processes of a run add lines.
MOTION = "motion"
# Record of files of tasks that no longer exist.
RETIRED = "retired"
# Name of the fact with plates that have the pixels of older ones.
SAME_PIXELS = "same pixels"
# Minimum interval between two saves of digests, in seconds and as a multiple of the duration of a save.
SAVE_EVERY, SAVE_SHARE = 1.0, 20.0


class Project:
    """Project folder, open for one run, or the subfolder of one layer or one draft."""

    def __init__(
        self, root: Path, home: "Project | None" = None, *, is_draft: bool = False, outside: Path | None = None,
        verify: bool = False, overwrite: bool = False, message: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Create the folder if it does not exist. home: of a layer or a draft, the project that contains it.

        is_draft: the subfolder is a draft, which has the folders of a project and layers of its own. outside: folder
        of the records of files outside the project, by default in the user's data. verify: read every file again.
        overwrite: whether results may replace files that no run wrote. message: receives warnings about files.

        Raises ProjectError for a folder that is not a project, is damaged, has a newer schema, or contains a link to
        elsewhere, OutputError when it cannot be created.
        """
        self.root = root = real_path(root)
        _check_root(root)
        if home is None:
            refuse_links(root)
        # Raises an error before anything is created.
        settings_file.check_settings_schema(root)
        read_state(root)
        for folder in (root, *(root / name for name in (LAYER_FOLDERS if home and not is_draft else FOLDERS))):
            _make_folder(folder)
        self.task = SESSION
        self.message: Callable[[str], None] = home.message if home else message
        self._home, self._is_draft, self._parts = home, is_draft, list[Project]()
        self._overwrite: bool = home._overwrite if home else overwrite
        self._records = Records(root / STATE_FOLDER)
        self._outside: OutsideRecords = home._outside if home else OutsideRecords(root, outside, message)
        self._digests: DigestCache = (
            home._digests if home else DigestCache(root / STATE_FOLDER / "digests.json", verify=verify)
        )
        self._same_pixels: dict[str, str] = {}
        self._saved, self._every = time.monotonic(), SAVE_EVERY
        if home is not None:
            upgrade(root, home.root)
        self._load()

    def folder(self, name: str) -> Path:
        """Return one of FOLDERS."""
        return self.root / name

    def layer(self, name: str) -> "Project":
        """Return the subproject of a layer of a locked project. Raises as the constructor does."""
        return self._add_part(Project(self.root / LAYERS / name, self))

    def draft(self, name: str) -> "Project":
        """Return the subproject of a draft of a locked project. Raises as the constructor does."""
        return self._add_part(Project(self.root / DRAFTS / name, self, is_draft=True))

    @property
    def main(self) -> "Project":
        """The project that contains a layer or a draft, at any depth; for others the project itself."""
        return self if self._home is None else self._home.main

    @property
    def _whole(self) -> "Project":
        """The project or the draft that contains a layer; for others the project itself."""
        return self if self._home is None or self._is_draft else self._home._whole

    def _add_part(self, part: "Project") -> "Project":
        self._parts.append(part)
        return part

    def during(self, task: str) -> "Project":
        """Return the same project, recording files to the given task."""
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
        """Return the digest of a file's contents, recomputed only when its status has changed."""
        return self._digests.digest(path)

    def plate_digest(self, path: Path) -> str:
        """Return the digest of a plate for cache keys: that of an older plate with the same pixels, if there is one."""
        digest = self.digest(path)
        return self.main._same_pixels.get(digest, digest)

    def record_same_pixels(self, plates: dict[str, str]) -> None:
        """Record plates that differ from older ones only in their headers or their compression.

        plates: digest of the older one, by digest.
        """
        self.remember(SAME_PIXELS, cache_key("read", SAME_PIXELS), plates)
        self._same_pixels = plates

    def fresh(self, path: Path, key: str) -> bool:
        """Return whether a file exists, was written by a run, and was made under a cache key."""
        return key in self.keys_of(path)

    def made_from(self, path: Path, key: str) -> bool:
        """Return whether a file was written by a run from the inputs of a cache key, by any version."""
        return inputs_half(key) in map(inputs_half, self.keys_of(path))

    def keys_of(self, path: Path) -> list[str]:
        """Return the cache keys under which the existing file was made."""
        made = [entry for entry in self._entries(path) if entry.digests]
        if not made or not path.is_file():
            return []
        digest = self.digest(path)
        return [entry.key for entry in made if entry.digests[-1] == digest]

    def ours(self, path: Path) -> bool:
        """Return whether a file is unchanged since a run wrote it."""
        made = self._entries(path)
        if not made or not path.is_file():
            return False
        digest = self.digest(path)
        return any(digest in entry.digests for entry in made)

    def is_changed(self, path: Path) -> bool:
        """Return whether a file exists that no run wrote, or that was changed since."""
        return path.is_file() and not self.ours(path)

    def has_written(self, path: Path) -> bool:
        """Return whether a run has ever written a file with this name, whatever its current contents."""
        return bool(self._entries(path))

    def was_made_under(self, path: Path, key: str) -> bool:
        """Return whether a run has written a file with this name under a cache key, whatever its current contents."""
        return any(entry.key == key for entry in self._entries(path))

    def claims_outside(self, path: Path) -> bool:
        """Return whether only the project folder itself claims a file outside it, which is not trusted."""
        records, name = self._records_of(path)
        return records is self._outside and self.main._records.has(name)

    def seal(self, key: str) -> Seal:
        """Return the seal for files made under a cache key, which records them before they get their names.

        A file of a killed run is therefore never mistaken for one of a person. The seal raises OutputError, also for a
        result that would replace a file put there during the run, unless the run may overwrite.
        """

        def sealed(target: Path, partial: Path) -> Callable[[], None]:
            self._refuse_foreign(target)
            before, digest = partial.stat(), digest_of(partial)
            self._record(target, key, digest)

            def placed() -> None:
                self._digests.placed(target, before, digest)
                if time.monotonic() - self._saved > self._every:
                    self.save()

            return placed

        return sealed

    def place(self, path: Path, key: str, write: Callable[[Path], None]) -> None:
        """Write a file atomically, and record it before it is visible.

        write: writes the file to the temporary path that it receives.
        """
        with atomic_write(path, PROJECT_OPTION, keep_suffix=True, seal=self.seal(key)) as partial:
            write(partial)

    def relabel(self, path: Path, key: str) -> None:
        """Record a file of a run under another cache key."""
        self._record(path, key, self.digest(path))

    def adopt(self, path: Path) -> None:
        """Record a complete file that other code has written for this run."""
        self._record(path, "", self.digest(path))

    def forget(self, path: Path) -> None:
        """Remove a file that a run wrote, and its record."""
        path.unlink(missing_ok=True)
        records, name = self._records_of(path)
        records.forget(name)

    # Facts

    def recall(self, name: str, key: str) -> Any:
        """Return a fact that was recorded under the same cache key, or None."""
        return self._records.fact(name, key)

    def facts_under(self, key: str) -> dict[str, Any]:
        """Return all facts that were recorded under a cache key, by name."""
        return self._records.facts_under(key)

    def remember(self, name: str, key: str, value: Any) -> None:
        """Record a fact: any value that JSON can represent."""
        self._append({"fact": name, "key": key, "value": value})

    # Tasks

    def reload(self, task: str) -> None:
        """Read the entries that another process has recorded for a task."""
        self._records.reload(task)
        self._seed()

    def retire(self, kind: str, tasks: Collection[str]) -> None:
        """Move the records of tasks of a kind that are not in ``tasks`` to RETIRED. The project must be locked."""
        gone = [task for task in self._records.tasks() if task.partition(":")[0] == kind and task not in tasks]
        self._records.retire(gone, RETIRED)

    def save(self) -> None:
        """Write the digests of files, so that the files need not be read again."""
        begun = time.monotonic()
        self._digests.save()
        self._saved = time.monotonic()
        self._every = max(SAVE_EVERY, SAVE_SHARE * (self._saved - begun))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude other runs, upgrade the folder if an earlier version made it, and remove temporary files.

        Raises ProjectError if another run is active or the folder is not writable.
        """
        with exclusive(self.root / LOCK_FILE):
            upgrade(self.root)
            remove_temporary_files(self.root)
            self._load()  # another run may have changed it in between
            try:
                yield
            finally:
                for one in self._all_parts():
                    # Without it, compaction would drop entries that only the writing process knows.
                    one.reload(MOTION)
                    one._records.compact()
                self._outside.compact()
                self.save()

    def _all_parts(self) -> Iterator["Project"]:
        """Yield the open parts, at any depth, and the project itself."""
        for part in self._parts:
            yield from part._all_parts()
        yield self

    def _load(self) -> None:
        self._records.load()
        if self._home is None:
            self._digests.load()
            self._outside.load()
            self._same_pixels = self.recall(SAME_PIXELS, cache_key("read", SAME_PIXELS)) or {}
        self._seed()

    def _seed(self) -> None:
        for name, status, digest in self._records.contents():
            self._digests.seed(self.root / name, status, digest)

    def _append(self, entry: dict[str, Any]) -> None:
        write_state(self.root)
        self._records.append(self.task, entry)

    def _refuse_foreign(self, result: Path) -> None:
        """Raise OutputError if a result would replace a file that no run wrote."""
        name = file_name(self._whole.root, result)
        if self._overwrite or not (Path(name).is_absolute() or name.startswith(f"{EXPORT}/")):
            return
        if result.is_symlink() or (result.exists() and not self.ours(result)):
            raise OutputError(
                f"{result} was not written by this project and appeared during this run; "
                "move it away to keep it, choose another -o, or replace it with --overwrite"
            )

    def _record(self, path: Path, key: str, digest: str) -> None:
        records, name = self._records_of(path)
        write_state(self.root)
        records.append(self.task, file_entry(name, key, digest))

    def _entries(self, path: Path) -> list[FileEntry]:
        records, name = self._records_of(path)
        return list(records.files(name))

    def _records_of(self, path: Path) -> tuple[Records, str]:
        """Return the records that list a file, and the name of the file in them."""
        name = file_name(self.root, path)
        if not Path(name).is_absolute():
            return self._records, name
        return self._home._records_of(path) if self._home else (self._outside, name)


def _check_root(root: Path) -> None:
    """Raise ProjectError for a folder that is not a project, or whose path is not UTF-8."""
    if not is_utf8(str(root)):
        raise ProjectError(
            f"{visible(str(root))}: expected the path of a project in UTF-8; choose another with --project FOLDER"
        )
    if root.exists() and not root.is_dir():
        raise ProjectError(f"{root} is a file, expected a project folder; choose another with --project FOLDER")
    # A run that stops early leaves folders and the lock file, but no project file.
    known = {*FOLDERS, INPUTS, LAYERS, DRAFTS, VERSIONS, LOCK_FILE, SETTINGS_FILE, STATE_FILE, STATE_FOLDER}
    entries = {entry.name for entry in root.iterdir()} if root.exists() else set()
    if not entries & {SETTINGS_FILE, STATE_FILE} and entries - known:
        raise ProjectError(f"{root} contains files but is not a project; choose another with --project FOLDER")


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ProjectError(
            f"{folder} is a file, expected a folder of the project; move it away, or choose another project with "
            "--project FOLDER"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the project folder {folder} cannot be created ({error.strerror}); choose another with --project FOLDER"
        ) from error
