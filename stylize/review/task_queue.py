"""Tasks that pages have requested, stored in the project so that they survive the end of the server."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stylize.errors import StylizeError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write, make_folder
from stylize.project.layout import STATE_FOLDER
from stylize.review.actions import read_action_options

FILE, _VERSION = "queue.json", 1
# Tasks that have ended and are still listed.
MAX_ENDED = 12
WAITING, RUNNING, PAUSED, DONE, FAILED, CANCELLED = STATES = (
    "waiting", "running", "paused", "done", "failed", "cancelled",
)  # fmt: skip
# States of a task that is still to be done.
OPEN = frozenset({WAITING, RUNNING, PAUSED})


@dataclass(frozen=True)
class QueuedTask:
    """Task of the queue. id: unique in its project. options: in the form that a project file keeps.

    outcome: one line about how it ended. is_live: started by a change of a key in live mode.
    """

    id: int
    action: str
    options: Mapping[str, Any] = field(default_factory=dict)
    state: str = WAITING
    outcome: str = ""
    is_live: bool = False

    def does_the_same(self, action: str, options: Mapping[str, Any]) -> bool:
        """Return whether it performs an action with these options."""
        return (self.action, dict(self.options)) == (action, dict(options))


def read_queue(root: Path) -> list[QueuedTask]:
    """Return the tasks of a project, in order; none if the file is missing or malformed.

    One that was running when the server ended is paused, and so are those that waited: nothing starts by itself.
    """
    try:
        content = json.loads((root / STATE_FOLDER / FILE).read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            return []
        return [_task(one) for one in content["tasks"]]
    except (OSError, ValueError, TypeError, KeyError, RecursionError, StylizeError):
        return []


def write_queue(root: Path, tasks: Sequence[QueuedTask]) -> None:
    """Store the tasks of a project, but only the latest of those that have ended. Raises OutputError."""
    content = {"version": _VERSION, "tasks": [asdict(one) for one in without_old(tasks)]}
    make_folder(root / STATE_FOLDER)
    with atomic_write(root / STATE_FOLDER / FILE, PROJECT_OPTION) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")


def without_old(tasks: Sequence[QueuedTask]) -> list[QueuedTask]:
    """Return the tasks without those that ended long ago."""
    ended = [one.id for one in tasks if one.state not in OPEN]
    old = set(ended[: max(0, len(ended) - MAX_ENDED)])
    return [one for one in tasks if one.id not in old]


def _task(content: Mapping[str, Any]) -> QueuedTask:
    """Return a task in the content of the file. Raises one of several errors for unexpected content."""
    action, state = str(content["action"]), str(content["state"])
    if state not in STATES:
        raise ValueError(f"unknown state {state!r}")
    options = read_action_options(action, content["options"])
    return QueuedTask(
        int(content["id"]), action, options, PAUSED if state in OPEN else state, str(content["outcome"]),
        bool(content["is_live"]),
    )  # fmt: skip
