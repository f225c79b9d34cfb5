"""The project folder: what was asked for, what has been done, and files that are placed whole or not at all.

A file that we made is known by the digest of its contents, so that a picture which a person put in its place
is told from ours and is never written over.
"""

import contextlib
import hashlib
import json
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, ProjectError
from stylize.io_errors import PROJECT, unwritable
from stylize.media.sequences import PICTURE_SUFFIXES, parse_pattern
from stylize.settings import OPTIONS, Settings, read_settings

FOLDERS = ("video", "keys", "plan", "mask", "guides", "flow", "out", "passes", "export")
# What each layer has of its own, in a folder of this name.
LAYERS = "layers"
LAYER_FOLDERS = ("keys", "plan", "out", "passes")
SUFFIX = ".stylize"
STATE_VERSION = 1
# Seconds between two writings of state.json while frames are being made, and how many times as long as one takes: of a
# long shot it is large, and written every second it would take more and more of the time.
SAVE_EVERY, SAVE_SHARE = 1.0, 20.0
# Without it nobody knows any more which pictures in keys/ a person painted.
_AGAIN = "delete it to have all made again, and with it the pictures in keys/ that are not painted by hand"


def fingerprint(*parts: Any) -> str:
    """A short text that changes whenever a part does. Parts: whatever JSON can write."""
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


def digest_of(path: Path) -> str:
    """Digest of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def is_project(path: Path) -> bool:
    """Whether the folder is a project of ours."""
    return (path / "project.toml").is_file()


def keeps_files(path: Path) -> bool:
    """Whether the folder is one of ours that a run has worked in: one that made mattes alone leaves no settings."""
    return (path / "state.json").is_file() and ((path / "project.lock").is_file() or is_project(path))


def project_of(shot: Path, project: Path | None) -> Path:
    """The project folder of a shot: beside it unless another is asked for."""
    if project is not None:
        return project
    pattern = parse_pattern(shot)
    if pattern is not None:
        return pattern.folder / f"{pattern.prefix.rstrip('._- ') or pattern.folder.resolve().name}{SUFFIX}"
    path = shot.resolve()
    return path.with_name((path.name if path.is_dir() else path.stem) + SUFFIX)


class Project:
    """One project folder, open for one run; or the part of it that one layer has for itself."""

    def __init__(self, root: Path, home: "Project | None" = None) -> None:
        """Makes the folder if it is not there. home: of a layer, the project that it is a part of.

        Raises ProjectError for a folder that is somebody else's or damaged, OutputError when it cannot be made.
        """
        self.root = root = root.resolve()
        if root.exists() and not root.is_dir():
            raise ProjectError(
                f"{root} is to be the project folder but is a file; choose another with --project FOLDER"
            )
        # A run that was stopped early leaves folders and the lock before it leaves a project file.
        known = {*FOLDERS, LAYERS, "project.lock", "project.toml", "state.json"}
        entries = {entry.name for entry in root.iterdir()} if root.exists() else set()
        if not entries & {"project.toml", "state.json"} and entries - known:
            raise ProjectError(f"{root} holds files but is no project of ours; choose another with --project FOLDER")
        for folder in (root, *(root / name for name in (LAYER_FOLDERS if home else FOLDERS))):
            _make_folder(folder)
        self._home, self._layers = home, list[Project]()
        self._state = self._read_state()
        self._saved, self._every = time.monotonic(), SAVE_EVERY

    def folder(self, name: str) -> Path:
        """One of FOLDERS."""
        return self.root / name

    def layer(self, name: str) -> "Project":
        """What a layer has for itself; for a project that is locked. Raises as the constructor does."""
        self._layers.append(Project(self.root / LAYERS / name, self))
        return self._layers[-1]

    # What was asked for

    def write_settings(self, shot: Path, settings: Settings, version: str) -> None:
        """Keeps shot, settings and version in project.toml, with whole paths: a project goes on from anywhere."""
        import tomli_w

        values = {name: OPTIONS[name].resolve(value) for name, value in settings.stored().items()}
        text = tomli_w.dumps({"shot": str(shot.resolve()), "version": version, "settings": values})
        self._place_text(self.root / "project.toml", text)

    def check_shot(self, shot: Path) -> None:
        """Raises ProjectError when the folder is the project of another shot that still exists."""
        try:
            other = tomllib.loads((self.root / "project.toml").read_text()).get("shot")
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            return  # none yet, or damaged: it is about to be written
        if isinstance(other, str) and Path(other) != shot.resolve() and Path(other).exists():
            raise ProjectError(f"{self.root} is the project of {other}; choose another with --project FOLDER")

    # What has been done

    def digest(self, path: Path) -> str:
        """Digest of any file's contents, read again only when its size or time has changed."""
        if self._home is not None:
            return self._home.digest(path)  # what layers share is read once
        name = str(path.absolute())
        known = self._state["digests"].get(name)
        stat = path.stat()
        now = [stat.st_size, stat.st_mtime_ns]
        if known is None or known[:2] != now:
            known = [*now, digest_of(path)]
            self._state["digests"][name] = known
        return str(known[2])

    def fresh(self, path: Path, mark: str) -> bool:
        """Whether ``path`` is there, is ours, and was made under the fingerprint ``mark``."""
        made = self._state["files"].get(self._name(path))
        return made is not None and made["mark"] == mark and path.is_file() and self.digest(path) == made["digests"][-1]

    def ours(self, path: Path) -> bool:
        """Whether the file at ``path`` is one that we made, whatever for."""
        made = self._state["files"].get(self._name(path))
        return made is not None and path.is_file() and self.digest(path) in made["digests"]

    def claim(self, paths: Iterable[Path]) -> None:
        """Notes that these files, which nobody else has, are about to be written: a run that is killed in the
        middle finds them ours. Holds until the next claim."""
        self._state["claims"] = [self._name(path) for path in paths]
        self.save()

    def may_replace(self, path: Path) -> bool:
        """Whether the file at ``path`` is ours, or was claimed by us before it was there."""
        return self.ours(path) or self._name(path) in self._state.get("claims", [])

    def place(self, path: Path, mark: str, write: Callable[[Path], None]) -> None:
        """Makes a file whole or not at all, and ours before anyone can see it.

        write: makes the file at the temporary path it is given. The digest is on disk before the file gets its
        name, so that a run killed between the two never takes its own file for a person's.
        """
        partial = path.with_name(f".part-{path.name}")
        write(partial)
        made = self._state["files"].setdefault(self._name(path), {"mark": "", "digests": []})
        digest = digest_of(partial)
        made["digests"] = [*(d for d in made["digests"] if d != digest), digest][-8:]
        made["mark"] = mark
        self.save()
        partial.replace(path)

    def record(self, path: Path, mark: str) -> None:
        """Notes that ``path`` was made under ``mark``; for files that no person is expected to replace."""
        made = self._state["files"].setdefault(self._name(path), {"mark": "", "digests": []})
        made["mark"], made["digests"] = mark, [self.digest(path)]
        if time.monotonic() - self._saved > self._every:
            self.save()

    def forget(self, path: Path) -> None:
        """Removes a file of ours."""
        path.unlink(missing_ok=True)
        self._state["files"].pop(self._name(path), None)

    def recall(self, name: str, mark: str) -> Any:
        """A fact remembered under the same fingerprint, or None."""
        fact = self._state["facts"].get(name)
        return fact["value"] if fact is not None and fact["mark"] == mark else None

    def remember(self, name: str, mark: str, value: Any) -> None:
        """Keeps a fact: whatever JSON can write."""
        self._state["facts"][name] = {"mark": mark, "value": value}
        self.save()

    def save(self) -> None:
        """Writes state.json."""
        begun = time.monotonic()
        # On one line: indented, it takes ten times as long.
        self._place_text(self.root / "state.json", json.dumps(self._state))
        self._saved = time.monotonic()
        self._every = max(SAVE_EVERY, SAVE_SHARE * (self._saved - begun))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second run out. Raises ProjectError when one is at work, or nothing can be written here."""
        path = self.root / "project.lock"
        try:
            lock = path.open("a+")
        except OSError as error:
            raise ProjectError(
                f"{path} cannot be written ({error.strerror}); mend its rights, or choose another with --project FOLDER"
            ) from error
        with lock as file:
            if not _lock(file.fileno()):
                raise ProjectError(f"another run is at work in {self.root}; wait for it to end, or stop it")
            self._state = self._read_state()  # a run that ended in between may have written it
            try:
                yield
            finally:
                for one in (*self._layers, self):
                    one.save()

    def _name(self, path: Path) -> str:
        path = path.absolute()
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def _read_state(self) -> dict[str, Any]:
        path = self.root / "state.json"
        if not path.exists():
            return {"version": STATE_VERSION, "files": {}, "facts": {}, "digests": {}}
        try:
            state = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise ProjectError(f"{path} cannot be read ({error}); {_AGAIN}") from error
        if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
            raise ProjectError(f"{path} is not of version {STATE_VERSION}; {_AGAIN}")
        return state

    def _place_text(self, path: Path, text: str) -> None:
        partial = path.with_name(f".part-{path.name}")
        try:
            partial.write_text(text)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise unwritable(error, path, PROJECT) from error


def read_asked(root: Path) -> tuple[Path, Settings]:
    """The shot and the settings that a project was last run with, as they stand in project.toml.

    Raises ProjectError when that is no project or its file is no TOML, SettingsError for a setting that is unknown.
    """
    if not is_project(root):
        raise ProjectError(
            f"{root}: expected a project folder, as shot.stylize, found {_found(root)}; give one that a run made"
        )
    path = root / "project.toml"
    try:
        asked = tomllib.loads(path.read_text())
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}); mend its rights") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read as TOML ({error}); mend it, or run on the shot again") from error
    values = asked.get("settings", {})
    if not isinstance(asked.get("shot"), str) or not isinstance(values, Mapping):
        raise ProjectError(f"{path} must name the shot and a table of settings; mend it, or run on the shot again")
    return Path(asked["shot"]), read_settings(values, str(path))


def _found(path: Path) -> str:
    """What lies where a project was expected, in words."""
    if path.is_dir():
        return "a folder without project.toml"
    if not path.exists():
        return "no such folder"
    return "a picture" if path.suffix.lower() in PICTURE_SUFFIXES else "a file, such as a movie"


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


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
