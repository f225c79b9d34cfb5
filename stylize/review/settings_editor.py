"""Settings of a project for the page, from the declarations of the options, and changes to them."""

import re
from collections.abc import Mapping
from typing import Any

import stylize
from stylize.errors import ReviewError
from stylize.review.actions import command_of
from stylize.review.reach import NOT_FROM_PAGES, check_reach
from stylize.review.roots import Roots
from stylize.review.shown_project import ShownProject
from stylize.settings import FLAG, GROUPS, OPTIONS, Option, Settings, looks_of
from stylize.settings.completion import completions
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.layers import LAYER_TYPE
from stylize.settings.option_types import WORDS
from stylize.visible_text import visible

# Ranges in the descriptions of types: "a number from 0 to 1", "a whole number of 1 or more".
_RANGE = re.compile(r"a (whole )?number(?: of [a-z]+)? from (-?[\d.]+) to ([\d.]+)(,.*)?")
_AT_LEAST = re.compile(r"a whole number of (\d+) or more")
# Kinds of controls.
SWITCH, CHOICE, CHOICES, NUMBER, LINE, LINES = "switch", "choice", "choices", "number", "line", "lines"


def editable_options(settings: Settings) -> dict[str, Option]:
    """Return the options that a page can edit: those that a project keeps, and that have a text form."""
    return {
        name: option
        for name, option in OPTIONS.items()
        if option.stored and name not in NOT_FROM_PAGES and option.type not in (EXTENSION_OPTIONS, LAYER_TYPE)
    }


def editor_state(project: ShownProject) -> dict[str, Any]:
    """Return the options in their groups, with their control, range, help and values."""
    options = editable_options(project.settings)
    groups = [
        {
            "name": group,
            "options": [
                _described(option, getattr(project.settings, name))
                for name, option in options.items()
                if option.group == group
            ],
        }
        for group in GROUPS
    ]
    return {
        "groups": [group for group in groups if group["options"]],
        "layers": [visible(look.name) for look in looks_of(project.settings) if look.name],
    }


def change_settings(project: ShownProject, roots: Roots, texts: Mapping[str, Any]) -> str:
    """Store options in a project for its next run, and return the command line that does the same.

    texts: by name, in the form of ``editor_state``; None for the default. Raises ReviewError for an option that a page
    cannot edit, and a path outside the project and the roots, and SettingsError for a value that a run would refuse.
    """
    options = editable_options(project.settings)
    for name in texts:
        if name not in options:
            raise ReviewError(f"expected a setting, found {visible(repr(name))}; reload the page")
    values = {name: _value(options[name], text) for name, text in texts.items()}
    stored = {name: None if value is None else options[name].store(value) for name, value in values.items()}
    check_reach(roots, project.root, stored)
    stylize.configure(project.root, **values)
    given = {
        name: value for name, value in stored.items() if value is not None and values[name] != options[name].default
    }
    return command_of(project.root, "run", given)


def _described(option: Option, value: Any) -> dict[str, Any]:
    text = _text(option, value)
    default = _text(option, option.default)
    return {
        "name": option.name, "flag": option.flags[-1], "help": option.help, "expected": option.type.expected(),
        "value": text, "default": default, "is_changed": text != default, "is_essential": option.essential,
        **_control(option),
    }  # fmt: skip


def _control(option: Option) -> dict[str, Any]:
    """Return the kind of the control of an option, and its words or range."""
    kind, description = option.type, option.type.expected()
    if kind is FLAG:
        return {"kind": SWITCH}
    words, path = completions(kind)
    if description.startswith("one of ") and words and not path:
        return {"kind": CHOICE, "words": list(words), "is_optional": option.default is None}
    if description.startswith("some of ") and words:
        return {"kind": CHOICES, "words": list(words)}
    found = _RANGE.fullmatch(description)
    if found and found[4] is None:
        step = "1" if found[1] else "any"
        return {"kind": NUMBER, "min": found[2], "max": found[3], "step": step}
    if least := _AT_LEAST.fullmatch(description):
        return {"kind": NUMBER, "min": least[1], "max": "", "step": "1"}
    return {"kind": LINES if kind.multiple or kind is WORDS or "schedule" in description else LINE}


def _text(option: Option, value: Any) -> str | bool:
    """Return a value as text, one line for each of several; a switch as a bool."""
    if option.type is FLAG:
        return bool(value)
    if value is None:
        return ""
    stored = option.store(value)
    if not isinstance(stored, list):
        return str(stored)
    return ("\n" if option.type.multiple else ",").join(map(str, stored))


def _value(option: Option, text: Any) -> Any:
    """Return the value that a text stands for. Raises SettingsError for one that the option does not accept."""
    if text is None or (text == "" and option.type is not FLAG):
        return option.default
    if option.type is FLAG:
        return option.read(text)
    if not isinstance(text, str):
        raise ReviewError(f"{option.flags[-1]}: expected a text; reload the page")
    if option.type.multiple:
        return option.read([line.strip() for line in text.splitlines() if line.strip()])
    return option.read(text.strip())
