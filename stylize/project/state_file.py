"""File state.json: the schema of a project's records."""

import json
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.project.layout import STATE_FILE
from stylize.project.schema import SCHEMA, check_schema

# Without records, pictures made by hand cannot be distinguished.
_ADVICE = (
    "restore it, or delete it and the folders state/, video/, out/ and passes/ next to it to regenerate them; "
    "pictures in keys/ then count as painted"
)

# The first records of a project may come from several threads.
_writing = threading.Lock()


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
        raise ProjectError(f"{path} cannot be read ({error}); {_ADVICE}") from error
    if not isinstance(state, dict):
        raise ProjectError(f"{path} is not a table; {_ADVICE}")
    # In the first schema, the entry was named version.
    return state | {"schema": check_schema(path, state.get("schema", state.get("version")), _ADVICE)}


def write_state(root: Path, *, replace: bool = False) -> None:
    """Write state.json if it is missing, or ``replace`` it. Raises OutputError.

    Threads and processes may call this at the same time.
    """
    path = root / STATE_FILE
    with _writing:
        if path.exists() and not replace:
            return
        with atomic_write(path, PROJECT_OPTION, shared=True) as partial:
            partial.write_text(json.dumps({"schema": SCHEMA, "stylize": version("stylize")}), encoding="utf-8")
