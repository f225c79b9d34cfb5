"""Defaults of a studio: a file ``stylize.toml``, named by the environment or found above the shot.

They apply when a new project is created; an existing project keeps its own settings.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.settings.former_names import former_names
from stylize.settings.options import OPTIONS, STORED_OPTIONS, unknown_setting
from stylize.settings.settings_file import read_content, read_table

# Name of the file, and the environment variable that can name another one.
STUDIO_FILE, STUDIO_VARIABLE = "stylize.toml", "STYLIZE_CONFIG"


@dataclass(frozen=True)
class StudioDefaults:
    """Defaults of a studio. values: in the form that a project file keeps, with absolute paths.

    chosen: whether the user's environment names the file; one that is merely above a shot may be untrusted.
    """

    path: Path
    values: Mapping[str, Any]
    chosen: bool


def find_studio_defaults(shot: Path) -> StudioDefaults | None:
    """Return the defaults for a shot, from the file that the environment names, or else the nearest one above the shot.

    Raises SettingsError that names the file if it cannot be read or is invalid.
    """
    named = os.environ.get(STUDIO_VARIABLE)
    if named:
        try:
            return _read(Path(named).expanduser(), chosen=True)
        except SettingsError as error:
            raise SettingsError(f"{STUDIO_VARIABLE}: {error}") from error
    folder = shot.absolute()
    found = next((one / STUDIO_FILE for one in (folder, *folder.parents) if _is_file(one / STUDIO_FILE)), None)
    return None if found is None else _read(found, chosen=False)


def _is_file(path: Path) -> bool:
    """Return whether a file exists; errors in the path of the shot are reported when it is opened."""
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path, *, chosen: bool) -> StudioDefaults:
    table = read_content(path, ()).get("settings", {})
    former = former_names(OPTIONS)
    for name in table:
        if name not in STORED_OPTIONS and name not in former:
            raise SettingsError(f"{path}: {unknown_setting(name)}")
    return StudioDefaults(path, read_table(path, table, STORED_OPTIONS), chosen)
