"""File project.toml: the shot and the settings of a project's last run."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES
from stylize.project.layout import SETTINGS_FILE, is_project
from stylize.project.links import refuse_link
from stylize.project.schema import SCHEMA, check_schema
from stylize.real_path import real_path
from stylize.settings import OPTIONS, Settings, read_settings
from stylize.settings.path_resolution import FromProject, ToProject
from stylize.visible_text import is_utf8, visible

# Errors of parsing project.toml.
# A number of thousands of digits is a plain ValueError, the base class of the other two.
_UNREADABLE = (ValueError, RecursionError)


def write_settings(root: Path, shot: Path, settings: Settings, version: str) -> None:
    """Write shot, settings and version. Paths near the project are relative to it, so that it can be moved with them;
    the others are absolute.
    """
    import tomli_w

    values = written_settings(settings)
    if unsupported := next((one for one in [str(real_path(shot)), *_texts(values)] if not is_utf8(one)), None):
        raise ProjectError(
            f"{visible(unsupported)}: expected UTF-8, the encoding of {SETTINGS_FILE}; rename it and run again"
        )
    near = ToProject(real_path(root))
    moved = {name: OPTIONS[name].resolve(value, near) for name, value in values.items()}
    content = {"schema": SCHEMA, "shot": near.path(str(real_path(shot))), "version": version, "settings": moved}
    with atomic_write(root / SETTINGS_FILE, PROJECT_OPTION) as partial:
        partial.write_text(tomli_w.dumps(content), encoding="utf-8")


def written_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that ``write_settings`` writes, with absolute paths."""
    return {name: OPTIONS[name].resolve(value) for name, value in settings.stored().items()}


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a TOML value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def read_project(root: Path) -> tuple[Path, Settings]:
    """Return the shot and the settings of a project's last run, which may be untrusted; see ``trust``.

    Relative paths are made absolute, counted from the project, without access to the files.

    Raises ProjectError when it is not a project, or its file is a link, not TOML, or of a newer schema, SettingsError
    for an unknown setting.
    """
    if not is_project(root):
        raise ProjectError(
            f"{root}: expected a project folder, such as shot.stylize, found {_found(root)}; give one that a run made"
        )
    path = root / SETTINGS_FILE
    refuse_link(path, real_path(root))
    content = _content(path)
    values = content.get("settings", {})
    shot = content.get("shot")
    if not isinstance(shot, str) or "\0" in shot or not isinstance(values, Mapping):
        raise ProjectError(f"{path} must have a shot and a table of settings; fix it, or run on the shot again")
    here = FromProject(real_path(root))
    stored = read_settings(values, str(path)).stored()
    settings = read_settings({name: OPTIONS[name].resolve(value, here) for name, value in stored.items()}, str(path))
    return Path(here.path(shot)), settings


def raw_settings(root: Path) -> dict[str, Any]:
    """Return the unchecked settings in project.toml; empty if it cannot be read."""
    values = _readable(root / SETTINGS_FILE).get("settings", {})
    return values if isinstance(values, dict) else {}


def check_settings_schema(root: Path) -> None:
    """Raise ProjectError when project.toml has a newer schema. A missing or damaged file is rewritten later."""
    path = root / SETTINGS_FILE
    check_schema(path, _readable(path).get("schema", 1))


def check_shot(root: Path, shot: Path) -> None:
    """Raise ProjectError when a folder is the project of another shot that still exists."""
    stored = _readable(root / SETTINGS_FILE).get("shot")
    if not isinstance(stored, str) or "\0" in stored:
        return
    other = Path(FromProject(real_path(root)).path(stored))
    if other != real_path(shot) and other.exists():
        raise ProjectError(f"{root} is the project of {other}; choose another with --project FOLDER")


def _readable(path: Path) -> dict[str, Any]:
    """Return the contents of project.toml; empty if it is missing or damaged."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, *_UNREADABLE):
        return {}


def _content(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}); fix its permissions") from error
    except _UNREADABLE as error:
        raise ProjectError(f"{path} cannot be read as TOML ({error}); fix it, or run on the shot again") from error
    check_schema(path, content.get("schema", 1))
    return content


def _found(path: Path) -> str:
    """Return a description of the file or folder found in place of a project."""
    if path.is_dir():
        return f"a folder without {SETTINGS_FILE}"
    if not path.exists():
        return "no such folder"
    return "a picture" if path.suffix.lower() in READ_SUFFIXES else "a file, such as a movie"
