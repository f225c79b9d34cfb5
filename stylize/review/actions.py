"""Actions that a page may start: calls of the public API, with the equivalent command lines."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import stylize
from stylize.errors import ReviewError
from stylize.reporter import Cancel, OnEvent
from stylize.review.matte_actions import (
    find_clicked,
    finding_command,
    propagate_mattes,
    propagation_command,
)
from stylize.settings import OPTIONS, Option
from stylize.settings.command_words import command_words
from stylize.settings.references import shell_word
from stylize.visible_text import visible


@dataclass(frozen=True)
class Action:
    """Action on a project.

    call: function of the API, or one that calls it. word: its command. options: those that it takes, by name. command:
    returns its command line, for an action that takes what it needs from the project.
    """

    call: Callable[..., object]
    word: str
    options: Mapping[str, Option]
    command: Callable[[Path], str] | None = None


ACTIONS: Mapping[str, Action] = {
    "run": Action(stylize.run, "", OPTIONS),
    "plan": Action(stylize.plan, "plan", OPTIONS),
    "report": Action(stylize.report, "report", {}),
    "approve": Action(stylize.approve, "approve", {}),
    "mattes": Action(propagate_mattes, "matte", {}, propagation_command),
    "clicks": Action(find_clicked, "matte", {}, finding_command),
}


# Action that only determines what a run with these options would do; it is never queued.
COST = "cost"


def perform(action: str, root: Path, options: Mapping[str, Any], on_event: OnEvent, cancel: Cancel) -> Any:
    """Perform an action on a project, and return the part of its result that the pages need.

    options: by name, as in ``read_action_options``. Raises a StylizeError.
    """
    if action == COST:
        with stylize.open(root, on_event=on_event, cancel=cancel, **options) as session:
            return asdict(session.pending)
    ACTIONS[action].call(root, on_event=on_event, cancel=cancel, **options)
    return None


def read_action_options(action: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an action in the form that a project file keeps, which JSON can represent.

    Raises ReviewError for an unknown action or option, SettingsError for a value that an option does not accept.
    """
    if action not in ACTIONS:
        raise ReviewError(f"expected one of {', '.join(ACTIONS)}, found {visible(repr(action))}; reload the page")
    known = ACTIONS[action].options
    for name in options:
        if name not in known:
            raise ReviewError(f"{action} has no option {visible(repr(name))}; reload the page")
    return {name: known[name].store(known[name].read(value)) for name, value in options.items()}


def command_of(root: Path, action: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the command line that does the same as an action."""
    if (own := ACTIONS[action].command) is not None:
        return own(root)
    given = options or {}
    line = ["stylize", ACTIONS[action].word, shell_word(str(root)), *map(shell_word, command_words(given))]
    return visible(" ".join(filter(None, line)))
