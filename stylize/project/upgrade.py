"""Upgrade projects made by an earlier version, keeping everything that a user painted, rendered or set.

Files are recorded under cache keys that never match, so that they are regenerated. Rendered keys are reused if the
inputs recorded here are unchanged (`stylize.keys.upgraded`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.project.layout import STATE_FILE, STATE_FOLDER
from stylize.project.records import Records
from stylize.project.schema import SCHEMA
from stylize.project.settings_file import raw_settings
from stylize.project.state_file import read_state, write_state

# Record of the files of an earlier version, and its fact with the settings and contents of that time.
TASK, FACT = "upgrade", "made from"
# Cache keys of the first schema, which this version cannot compute.
FIRST_SCHEMA = "schema1"
# Cache key of rendered keys taken over for a new version of a shot. Like keys of an earlier version of stylize, they
# are kept while settings are unchanged.
REPLACED_SHOT = f"{FIRST_SCHEMA}-replaced-shot"


def upgrade(root: Path, home: Path | None = None) -> None:
    """Upgrade a locked project, or a layer of one, to the current schema. home: of a layer, the project.

    A run that is killed during the upgrade leaves the old state, which is upgraded again. Raises ProjectError,
    OutputError.
    """
    state = read_state(root)
    if not state or state["schema"] == SCHEMA:
        return
    files, digests = _tables(root, state)
    record = root / STATE_FOLDER / f"{TASK}.jsonl"
    record.unlink(missing_ok=True)
    records = Records(root / STATE_FOLDER)
    for name, made in files.items():
        records.append(TASK, {"file": name, "key": f"{FIRST_SCHEMA}-{made['mark']}", "digests": made["digests"]})
    if home is None:
        contents = {name: known[2] for name, known in digests.items()}
        records.append(
            TASK, {"fact": FACT, "key": FIRST_SCHEMA, "value": {"settings": raw_settings(root), "contents": contents}}
        )
    write_state(root, replace=True)


def _tables(root: Path, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return files and digests of the first schema. Raises ProjectError if they are malformed."""
    files, digests = state.get("files", {}), state.get("digests", {})
    if not isinstance(files, dict) or not isinstance(digests, dict):
        raise ProjectError(f"{root / STATE_FILE} has no tables of files and digests; restore it")
    made = {
        name: one
        for name, one in files.items()
        if isinstance(one, dict) and isinstance(one.get("mark"), str) and isinstance(one.get("digests"), list)
    }
    known = {name: one for name, one in digests.items() if isinstance(one, list) and len(one) == 3}
    return made, known
