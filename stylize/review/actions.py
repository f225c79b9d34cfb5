"""Actions that a page may start: calls of the public API, with the command line that does the same."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import stylize
from stylize.errors import ReviewError
from stylize.reporter import Cancel, OnEvent
from stylize.settings import MATTE_OPTIONS, OPTIONS, Option
from stylize.settings.command_words import command_words
from stylize.settings.references import shell_word
from stylize.visible_text import visible


@dataclass(frozen=True)
class Action:
    """Action on a project. call: function of the API. word: its command. options: those that it takes, by name."""

    call: Callable[..., object]
    word: str
    options: Mapping[str, Option]


ACTIONS: Mapping[str, Action] = {
    "run": Action(stylize.run, "", OPTIONS),
    "plan": Action(stylize.plan, "plan", OPTIONS),
    "report": Action(stylize.report, "report", {}),
    "mattes": Action(stylize.make_mattes, "matte", MATTE_OPTIONS),
}


# Action that only finds what a run with these options would do; it is never in a queue.
COST = "cost"


def perform(action: str, root: Path, options: Mapping[str, Any], on_event: OnEvent, cancel: Cancel) -> Any:
    """Perform an action on a project, and return what the pages need of its result.

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
    given = options or {}
    if ACTIONS[action].options is OPTIONS:
        words = command_words(given)
    else:
        words = [word for name, value in given.items() for word in _words(ACTIONS[action].options[name], value)]
    line = ["stylize", ACTIONS[action].word, shell_word(str(root)), *map(shell_word, words)]
    return visible(" ".join(filter(None, line)))


def _words(option: Option, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [option.flags[-1]] if value is True else [word for one in values for word in (option.flags[-1], str(one))]
