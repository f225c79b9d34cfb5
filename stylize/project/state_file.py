"""The file state.json: the schema of a project's records."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.project.layout import STATE_FILE
from stylize.project.schema import SCHEMA, check_schema

# Without records it is unknown which pictures in keys/ a person painted.
_WAY_OUT = (
    "restore it, or delete it and the folder state/ beside it to have everything made again; pictures in keys/ then "
    "count as painted"
)


def read_state(root: Path) -> dict[str, Any]:
    """Return the contents of state.json, including its schema; empty if there is none.

    Raises ProjectError for a file that cannot be read, is damaged, or is of a newer schema.
    """
    path = root / STATE_FILE
    if not path.exists():
        return {}
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{path} cannot be read ({error}); {_WAY_OUT}") from error
    if not isinstance(state, dict):
        raise ProjectError(f"{path} holds no table; {_WAY_OUT}")
    # The first schema called its number a version.
    return state | {"schema": check_schema(path, state.get("schema", state.get("version")), _WAY_OUT)}


def write_state(root: Path, *, replace: bool = False) -> None:
    """Write state.json where it is missing, or ``replace`` it. Raises OutputError."""
    path = root / STATE_FILE
    if replace or not path.exists():
        with atomic_write(path, PROJECT_OPTION) as partial:
            partial.write_text(json.dumps({"schema": SCHEMA, "stylize": version("stylize")}), encoding="utf-8")
