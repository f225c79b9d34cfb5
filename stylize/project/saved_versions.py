"""Save the settings, keys, tables and picks of a project under a name, and restore them.

Frames are saved only to compare them with others: after a version is restored, the next run regenerates them. Restoring
replaces the present state only if a version has all of it; otherwise the present state is saved first.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as version_of
from pathlib import Path

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.safe_write import atomic_write, is_partial
from stylize.media.sequences import READ_SUFFIXES, frame_number
from stylize.project.digests import digest_of
from stylize.project.layout import DRAFTS, LAYERS, REPORT_FILES, SETTINGS_FILE
from stylize.project.parts import parts_of
from stylize.project.project import Project
from stylize.project.settings_file import read_project
from stylize.project.version_names import PRESENT, check_version_name, free_name
from stylize.project.version_store import RESTORED, SavedFile, Version, VersionStore
from stylize.settings import Settings, looks_of

_TABLES = "keys*.csv"


@dataclass(frozen=True)
class Restored:
    """Result of restoring a version. saved: the version that holds the previous state; None if the version named
    ``known`` already had it. written, removed: numbers of files.
    """

    version: Version
    saved: Version | None
    known: str
    written: int
    removed: int


class _Parts:
    """The open parts of a locked project, each opened once: two writers of one record would lose entries."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.by_prefix = {_prefix(project, part): part for part in parts_of(project)}

    def of(self, name: str) -> Project:
        """Return the part that a file belongs to: a layer or draft, which is created if it no longer exists."""
        words, part, prefix = _part_of(name).split("/"), self.project, ""
        for kind, one in zip(words[::2], words[1::2], strict=False):
            prefix += f"{kind}/{one}/"
            if prefix not in self.by_prefix:
                self.by_prefix[prefix] = part.draft(one) if kind == DRAFTS else part.layer(one)
            part = self.by_prefix[prefix]
        return part


def save_version(project: Project, name: str, *, frames: bool = False) -> Version:
    """Save the present state of a locked project under a name. frames: save the finished frames with it.

    Raises SettingsError for the name, ProjectError if it is taken, OutputError if the store is full or not writable.
    """
    return _save(_Parts(project), name, frames=frames)


def restore_version(project: Project, name: str) -> Restored:
    """Restore a version in a locked project. The present state is saved first, unless a version has it.

    Raises as ``save_version``, and ProjectError, before anything has changed, if the version is damaged.
    """
    store, parts = VersionStore(project.root), _Parts(project)
    version = store.read(name)
    store.check(version)
    present, _ = _present(parts, PRESENT)
    known = next((one.name for one in store.versions() if one.contents == present.contents), "")
    saved = None if known else _save(parts, free_name(version.name, store.names()), version.name)
    with atomic_write(store.folder / RESTORED, PROJECT_OPTION) as temporary:
        temporary.write_text(json.dumps({"version": version.name, "at": _now()}), encoding="utf-8")
    removed = [file for file in present.files if file.name not in version.contents]
    written = [file for file in version.files if _differs(file, present)]
    for file in written:
        if file.name != SETTINGS_FILE:
            _write(parts, store, file)
    for file in removed:
        _remove(parts, file)
    # Written last, so that a run after an interruption never combines the settings of one version with another's keys.
    for file in written:
        if file.name == SETTINGS_FILE:
            _write(parts, store, file)
    return Restored(version, saved, known, len(written), len(removed))


def matching_version(root: Path) -> str:
    """Return the name of the version that has the present state of the project at ``root``; empty if none has."""
    contents = {name: digest_of(path) for name, path in _kept_files(root)}
    return next((one.name for one in VersionStore(root).versions() if one.contents == contents), "")


def present_state(project: Project) -> tuple[Version, dict[str, Path]]:
    """Return the present state of a locked project as a version, and its files by the names of their contents."""
    return _present(_Parts(project), PRESENT)


def _save(parts: _Parts, name: str, before: str = "", *, frames: bool = False) -> Version:
    store, folded = VersionStore(parts.project.root), check_version_name(name).casefold()
    taken = next((one for one in store.names() if one.casefold() == folded), None)
    if taken is not None:
        raise ProjectError(f"there is a version {taken!r} already; choose another name, or remove that version first")
    version, sources = _present(parts, name, before)
    if frames:
        finished = list(_finished_frames(parts))
        version = replace(version, frames=tuple(file for file, _ in finished))
        sources |= {file.object_name: path for file, path in finished}
    store.check_room(version)
    store.add(version, sources)
    return version


def _present(parts: _Parts, name: str, before: str = "") -> tuple[Version, dict[str, Path]]:
    root, files, reports, sources = parts.project.root, list[SavedFile](), dict[str, SavedFile](), dict[str, Path]()
    for file_name, path in _kept_files(root):
        part = parts.by_prefix.get(_part_of(file_name), parts.project)
        digest = part.digest(path)
        keys = tuple(dict.fromkeys(part.keys_of(path)))
        files.append(SavedFile(file_name, digest, path.stat().st_size, keys, part.facts_under(digest)))
        sources[files[-1].object_name] = path
    for prefix, part in parts.by_prefix.items():
        path = part.root / REPORT_FILES[1]
        if path.is_file() and not path.is_symlink() and _is_current(path, root, part):
            report = SavedFile(f"{prefix}{path.name}", digest_of(path), path.stat().st_size)
            reports[prefix.rstrip("/")] = report
            sources[report.object_name] = path
    look = look_in_words(read_project(root)[1])
    return Version(name, _now(), look, version_of("stylize"), tuple(files), reports, before), sources


def _finished_frames(parts: _Parts) -> Iterator[tuple[SavedFile, Path]]:
    """Yield the finished frames of a project, its layers and drafts, with their files."""
    for prefix, part in parts.by_prefix.items():
        for path in sorted((part.root / "out").glob("*")):
            if (
                path.is_file()
                and not path.is_symlink()
                and not is_partial(path.name)
                and frame_number(path) is not None
            ):
                yield SavedFile(f"{prefix}out/{path.name}", part.digest(path), path.stat().st_size), path


def look_in_words(settings: Settings) -> str:
    """Return the looks of settings in words: the renderer, the references and the seed of each."""
    found = []
    for look in looks_of(settings):
        references = [path.name for path in look.settings.references]
        words = ", ".join([look.settings.renderer, *references, f"seed {look.settings.seed}"])
        found.append(f"{look.name}: {words}" if look.name else words)
    return "; ".join(found)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _kept_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file that a version keeps, sorted."""
    folders = [root, *_subfolders(root / LAYERS)]
    for draft in _subfolders(root / DRAFTS):
        folders += [draft, *_subfolders(draft / LAYERS)]
    found = [root / SETTINGS_FILE]
    for folder in folders:
        found += [*folder.glob(_TABLES), *(folder / "keys").rglob("*")]
    for path in sorted(found):
        is_hidden = path.name.startswith(".") and path.suffix.lower() not in READ_SUFFIXES
        if path.is_file() and not is_hidden and not is_partial(path.name):
            yield path.relative_to(root).as_posix(), path


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []


def _part_of(name: str) -> str:
    """Return the prefix of a file's name that identifies a layer or draft: empty, or ending in a slash."""
    parts, prefix = name.split("/"), list[str]()
    while len(parts) > 2 and parts[0] in (DRAFTS, LAYERS):
        prefix += parts[:2]
        parts = parts[2:]
    return "".join(f"{part}/" for part in prefix)


def _prefix(project: Project, part: Project) -> str:
    name = part.root.relative_to(project.root).as_posix()
    return "" if name == "." else f"{name}/"


def _is_current(report: Path, root: Path, part: Project) -> bool:
    """Return whether a report is newer than the keys and frames of its part, and than the last restoration."""
    pictures = [path for name in ("keys", "out") for path in (part.root / name).rglob("*") if path.is_file()]
    made = report.stat().st_mtime_ns
    marks = [*pictures, VersionStore(root).folder / RESTORED]
    return all(path.stat().st_mtime_ns <= made for path in marks if path.exists())


def _differs(file: SavedFile, present: Version) -> bool:
    """Return whether a file of a version is missing in the present state, or has other contents or records."""
    return file not in present.files


def _write(parts: _Parts, store: VersionStore, file: SavedFile) -> None:
    """Restore a file of a version, with the record that it had when it was saved."""
    part, path, source = parts.of(file.name), parts.project.root / file.name, store.path(file)
    if not file.keys:
        with atomic_write(path, PROJECT_OPTION, keep_suffix=True) as temporary:
            shutil.copyfile(source, temporary)
        return
    part.place(path, file.keys[0], partial(_copy, source))
    for number, key in enumerate(file.keys[1:], 1):
        # A task has one entry for each file.
        part.during(f"version:{number}").relabel(path, key)
    for name, value in file.facts.items():
        part.remember(name, file.digest, value)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _remove(parts: _Parts, file: SavedFile) -> None:
    """Remove a file that the restored version does not have. Another version keeps it."""
    path = parts.project.root / file.name
    try:
        if file.keys:
            parts.of(file.name).forget(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(error, path, PROJECT_OPTION) from error
