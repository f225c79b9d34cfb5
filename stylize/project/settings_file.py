"""The file project.toml: the shot and the settings that a project was last run with."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import PICTURE_SUFFIXES
from stylize.project.layout import SETTINGS_FILE, is_project
from stylize.project.schema import SCHEMA, check_schema
from stylize.settings import OPTIONS, Settings, read_settings

# Errors of parsing project.toml.
_UNREADABLE = (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError)


def write_settings(root: Path, shot: Path, settings: Settings, version: str) -> None:
    """Write shot, settings and version, with absolute paths, so that a project can be continued from any folder."""
    import tomli_w

    values = {name: OPTIONS[name].resolve(value) for name, value in settings.stored().items()}
    content = {"schema": SCHEMA, "shot": str(shot.resolve()), "version": version, "settings": values}
    with atomic_write(root / SETTINGS_FILE, PROJECT_OPTION) as partial:
        partial.write_text(tomli_w.dumps(content), encoding="utf-8")


def read_project(root: Path) -> tuple[Path, Settings]:
    """Return the shot and the settings that a project was last run with.

    Raises ProjectError when that is no project, its file is no TOML or of a newer schema, SettingsError for a setting
    that is unknown.
    """
    if not is_project(root):
        raise ProjectError(
            f"{root}: expected a project folder, as shot.stylize, found {_found(root)}; give one that a run made"
        )
    path = root / SETTINGS_FILE
    content = _content(path)
    values = content.get("settings", {})
    if not isinstance(content.get("shot"), str) or not isinstance(values, Mapping):
        raise ProjectError(f"{path} must name the shot and a table of settings; fix it, or run on the shot again")
    return Path(content["shot"]), read_settings(values, str(path))


def raw_settings(root: Path) -> dict[str, Any]:
    """Return the settings as they stand in project.toml, not checked; empty where that cannot be read."""
    values = _readable(root / SETTINGS_FILE).get("settings", {})
    return values if isinstance(values, dict) else {}


def check_settings_schema(root: Path) -> None:
    """Raise ProjectError when project.toml is of a newer schema; one that is missing or damaged is rewritten."""
    path = root / SETTINGS_FILE
    check_schema(path, _readable(path).get("schema", 1))


def check_shot(root: Path, shot: Path) -> None:
    """Raise ProjectError when a folder is the project of another shot that still exists."""
    other = _readable(root / SETTINGS_FILE).get("shot")
    if isinstance(other, str) and Path(other) != shot.resolve() and Path(other).exists():
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
    return "a picture" if path.suffix.lower() in PICTURE_SUFFIXES else "a file, such as a movie"
