"""Upgrade of projects that an earlier version made: nothing that a user painted, rendered or set is lost.

Files are recorded as ours under cache keys that never match, so that they are regenerated; rendered keys are reused if
the inputs recorded here are unchanged (`stylize.keys.upgraded`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.project.digests import DigestCache
from stylize.project.layout import STATE_FILE, STATE_FOLDER
from stylize.project.records import Records
from stylize.project.schema import SCHEMA
from stylize.project.settings_file import raw_settings
from stylize.project.state_file import read_state, write_state

# Record of the files of an earlier version, and its fact that holds the settings and contents of that time.
TASK, FACT = "upgrade", "made from"
# Cache keys of the first schema, which this version cannot make.
FIRST_SCHEMA = "schema1"


def upgrade(root: Path, home: Path | None = None) -> None:
    """Upgrade a project that is locked, or a layer of one, to the present schema. home: of a layer, the project.

    A run that is killed in the middle leaves the old state, which is upgraded again. Raises ProjectError, OutputError.
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
        cache = DigestCache(root / STATE_FOLDER / "digests.json")
        cache.add(digests)
        cache.save()
    claims = state.get("claims", [])
    records.append(TASK, {"claims": claims if isinstance(claims, list) else []})
    write_state(root, replace=True)


def _tables(root: Path, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return files and digests of the first schema. Raises ProjectError if they are malformed."""
    files, digests = state.get("files", {}), state.get("digests", {})
    if not isinstance(files, dict) or not isinstance(digests, dict):
        raise ProjectError(f"{root / STATE_FILE} holds no tables of files and digests; restore it")
    made = {
        name: one
        for name, one in files.items()
        if isinstance(one, dict) and isinstance(one.get("mark"), str) and isinstance(one.get("digests"), list)
    }
    known = {name: one for name, one in digests.items() if isinstance(one, list) and len(one) == 3}
    return made, known
