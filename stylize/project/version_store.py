"""Store of saved versions: the contents of their files, each kept once, and a table of files for each version.

    versions/objects/DIGEST.png   contents, named by their digest
    versions/NAME.json            the files of a version

The table of a version is written last, and removed first. A store whose writer was killed is therefore complete, and
has at most contents that no version uses, which the next save or removal deletes. The store may come from an untrusted
author: names of files are accepted only where a version keeps files, and contents only with their digest.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, ProjectError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import atomic_write, make_folder
from stylize.project.digests import digest_of
from stylize.project.layout import DRAFTS, LAYERS, SETTINGS_FILE, VERSIONS
from stylize.project.schema import check_schema
from stylize.project.version_names import check_version_name, is_version_name

# Limits of the store of one project.
MAX_VERSIONS, MAX_BYTES = 100, 20 * 10**9
TABLE_SCHEMA = 1
OBJECTS = "objects"
# File that is written whenever a version is restored.
RESTORED = "restored.json"
_DIGEST = re.compile(r"[0-9a-f]{32}")
_PART = rf"(?:{DRAFTS}/[A-Za-z0-9-]+/)?(?:{LAYERS}/[A-Za-z0-9_-]+/)?"
# Files that a version keeps: keys with their candidates, tables of keys, and the settings.
_KEPT = re.compile(rf"{_PART}(?:keys/.+|keys[^/]*\.csv)|{re.escape(SETTINGS_FILE)}")
# Frames that a version may contain in addition.
_FRAMES = re.compile(rf"{_PART}out/[^/]+")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class SavedFile:
    """File of a version. name: path in the project, with slashes. size: in bytes.

    keys: cache keys under which a run has made it; empty for a file made by a person. facts: recorded under its digest.
    """

    name: str
    digest: str
    size: int
    keys: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def object_name(self) -> str:
        """Name of its contents in the store."""
        suffix = Path(self.name).suffix.lower()
        return f"{self.digest}{suffix if _SUFFIX.fullmatch(suffix) else ''}"


@dataclass(frozen=True)
class Version:
    """Saved version. saved: time, ISO 8601 in UTC. look: its looks in words. program: version of stylize.

    before: name of the version that was restored next, if this one was saved for that. reports: reports of the frames
    that belong to it, by the name of the part of the project. frames: finished frames, if they were saved with it; they
    are for comparing, and are not restored.
    """

    name: str
    saved: str
    look: str
    program: str
    files: tuple[SavedFile, ...]
    reports: Mapping[str, SavedFile] = field(default_factory=dict)
    before: str = ""
    frames: tuple[SavedFile, ...] = ()

    @property
    def contents(self) -> dict[str, str]:
        """Digest of each file, by name."""
        return {file.name: file.digest for file in self.files}

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(file.size for file in self.all_files())

    def all_files(self) -> Iterator[SavedFile]:
        """Yield the files, the frames and the reports."""
        yield from self.files
        yield from self.frames
        yield from self.reports.values()


class VersionStore:
    """Store of the versions of a project. Writers must hold the lock of the project."""

    def __init__(self, root: Path) -> None:
        """Open the store of the project at ``root``, which need not exist yet."""
        self.folder = root / VERSIONS
        self._objects = self.folder / OBJECTS

    def names(self) -> list[str]:
        """Return the names of all versions, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.json") if is_version_name(path.stem))

    def versions(self) -> list[Version]:
        """Return all versions, oldest first. Raises ProjectError for one that cannot be read."""
        return sorted((self.read(name) for name in self.names()), key=lambda one: (one.saved, one.name))

    def read(self, name: str) -> Version:
        """Return a version. Raises ProjectError if it does not exist or is damaged, SettingsError for its name."""
        path = self._table(check_version_name(name))
        if path.stem not in self.names():
            known = ", ".join(self.names()) or "none"
            raise ProjectError(f"found no version {name!r} among {known}; save one, or choose another")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            check_schema(path, content["schema"])
            files = tuple(_file(one) for one in content["files"])
            frames = tuple(_file(one) for one in content.get("frames", ()))
            reports = {str(part): _file(one) for part, one in content["reports"].items()}
            texts = [content[entry] for entry in ("saved", "look", "program", "before")]
            if not all(isinstance(text, str) for text in texts):
                raise TypeError("saved, look, program and before must be texts")
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _damaged(path, f"it cannot be read ({error})") from error
        for kept, some in ((_KEPT, files), (_FRAMES, frames)):
            for file in some:
                if not kept.fullmatch(file.name) or not _is_inside(file.name):
                    raise _damaged(path, f"{file.name!r} is not the name of a file that a version keeps")
        return Version(path.stem, texts[0], texts[1], texts[2], files, reports, texts[3], frames)

    def path(self, file: SavedFile) -> Path:
        """Return the path of the contents of a file."""
        return self._objects / file.object_name

    def check(self, version: Version) -> None:
        """Raise ProjectError unless the contents of all files of a version are in the store, unchanged."""
        for file in version.all_files():
            path = self.path(file)
            if not path.is_file() or path.is_symlink() or digest_of(path) != file.digest:
                raise _damaged(self._table(version.name), f"{path}, the contents of {file.name}, is missing or changed")

    def check_room(self, version: Version) -> None:
        """Raise OutputError if a version would exceed the limits of the store."""
        names = self.names()
        advice = f"remove one with stylize version remove {self.folder.parent} NAME"
        if len(names) >= MAX_VERSIONS:
            raise OutputError(f"{self.folder} has {len(names)} versions, expected at most {MAX_VERSIONS}; {advice}")
        new = {one.object_name: one.size for one in version.all_files() if not self.path(one).is_file()}
        total = self.size() + sum(new.values())
        if total > MAX_BYTES:
            raise OutputError(
                f"{self.folder} would have {total / 1e9:.2f} GB with {version.name}, expected at most "
                f"{MAX_BYTES / 1e9:g} GB; {advice}"
            )

    def add(self, version: Version, sources: Mapping[str, Path]) -> None:
        """Copy the contents of a version into the store, then write its table.

        sources: file by object name. Raises OutputError, also if a file changes in the meantime.
        """
        self._remove_unused()
        for file in version.all_files():
            target = self.path(file)
            if not (target.is_file() and target.stat().st_size == file.size and digest_of(target) == file.digest):
                _copy(sources[file.object_name], target, file.digest)
        content = {
            "schema": TABLE_SCHEMA, "saved": version.saved, "look": version.look, "program": version.program,
            "before": version.before, "files": [asdict(file) for file in version.files],
            "reports": {part: asdict(file) for part, file in version.reports.items()},
        }  # fmt: skip
        if version.frames:
            content["frames"] = [asdict(file) for file in version.frames]
        with atomic_write(self._table(version.name), PROJECT_OPTION) as partial:
            partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def remove(self, name: str) -> None:
        """Remove a version, and the contents that no other one has. Raises as ``read``, and OutputError."""
        _unlink(self._table(self.read(name).name))
        self._remove_unused()

    def remove_all(self) -> None:
        """Remove all versions, but no file of another origin. Raises OutputError."""
        # Tables first, so that no version lacks its contents if this is interrupted.
        for path in sorted(self.files(), key=lambda path: path.parent == self._objects):
            _unlink(path)
        for folder in (self._objects, self.folder):
            with suppress(OSError):  # missing, or not empty
                folder.rmdir()

    def files(self) -> list[Path]:
        """Return all files of the store, without temporary ones and those of another origin."""
        tables = [path for path in self.folder.glob("*.json") if is_version_name(path.stem) or path.name == RESTORED]
        return [path for path in sorted([*tables, *self._contents()]) if path.is_file() and not path.is_symlink()]

    def size(self) -> int:
        """Return the size of the store in bytes."""
        return sum(path.stat().st_size for path in self.files())

    def _table(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _contents(self) -> list[Path]:
        return [path for path in self._objects.glob("*") if _DIGEST.fullmatch(path.name.partition(".")[0])]

    def _remove_unused(self) -> None:
        """Remove contents that no version has. Nothing is removed while the table of a version cannot be read."""
        used = {file.object_name for version in self.versions() for file in version.all_files()}
        for path in self._contents():
            if path.name not in used:
                _unlink(path)


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error


def _copy(source: Path, target: Path, digest: str) -> None:
    """Copy a file to its place in the store. Raises OutputError if its contents have another digest."""
    make_folder(target.parent)
    with atomic_write(target, PROJECT_OPTION) as partial:
        shutil.copyfile(source, partial)
        if digest_of(partial) != digest:
            raise OutputError(f"{source} changed while it was saved; nothing was saved, run the command again")


def _file(content: Any) -> SavedFile:
    """Return a file of a table. Raises ValueError, TypeError or KeyError for an invalid one."""
    name, digest, size = content["name"], content["digest"], content["size"]
    if not isinstance(name, str) or not isinstance(size, int) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{name!r} is not a file with its size and digest")
    return SavedFile(name, digest, size, tuple(map(str, content["keys"])), dict(content["facts"]))


def _is_inside(name: str) -> bool:
    """Return whether the name of a file is a path below the project, on any system."""
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and not any(one in name for one in "\\:\0")


def _damaged(path: Path, what: str) -> ProjectError:
    return ProjectError(f"the version {path} is damaged: {what}; nothing was changed; restore the file, or delete it")
