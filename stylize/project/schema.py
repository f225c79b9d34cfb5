"""Schema of project folders: its number, and a check that rejects unsupported ones.

1  settings without a number, state in one file (stylize 0.1)
2  a number in project.toml and state.json, state in one record per task
"""

from pathlib import Path
from typing import Any

from stylize.errors import ProjectError

SCHEMA = 2


def check_schema(path: Path, schema: Any, advice: str = "fix it") -> int:
    """Return the schema of a project file. advice: what to do if it is not a number.

    Raises ProjectError if it is not a number, or is newer than this version supports.
    """
    if isinstance(schema, int) and not isinstance(schema, bool) and 1 <= schema <= SCHEMA:
        return schema
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        raise ProjectError(
            f"{path} has schema {schema}, but this version supports only up to {SCHEMA}; install a newer stylize, or "
            "choose another project with --project FOLDER; nothing was changed"
        )
    raise ProjectError(f"{path} has the schema {schema!r}, expected a number from 1 to {SCHEMA}; {advice}")
