"""Options as words of a command line: the inverse of reading them from one."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stylize.extensions.discovery import find
from stylize.extensions.options import store_options
from stylize.settings.extension_options import TABLES, own_options
from stylize.settings.option import Option
from stylize.settings.option_types import FLAG
from stylize.settings.options import OPTIONS

# The option that selects an extension, and the group of the extension, by the table of its options.
_SELECTORS = {table: (group, selector) for group, (table, selector) in TABLES.items() if table != "export_options"}


def command_words(values: Mapping[str, Any]) -> list[str]:
    """Return the flags that give options of a run these values, with absolute paths.

    values: as given to ``Settings``, by name; without ``layers`` and ``export_options``, which have no flag of their
    own. Options with the value None are left out. Raises SettingsError for a value that an option does not accept.
    """
    words = list[str]()
    for name, value in values.items():
        option = OPTIONS[name]
        if name in _SELECTORS:
            words += _extension_words(name, value, values)
        elif value is not None:
            words += _words(option, option.read(value))
    return words


def shell_command(words: Iterable[str]) -> str:
    """Return words as one line for a POSIX shell."""
    return shlex.join(words)


def _words(option: Option, value: Any) -> Iterator[str]:
    flag = option.flags[-1]
    if option.type is FLAG:
        # Flags turn an option on, except those of options that are on by default.
        if value != option.default:
            yield flag
        return
    stored = option.resolve(option.store(value))
    for text in stored if isinstance(stored, list) else [stored]:
        yield from _flag_words(flag, str(text))


def _flag_words(flag: str, text: str) -> list[str]:
    """Return a flag and its value; as one word if the value would look like a flag, or is empty."""
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _extension_words(table: str, given: Any, values: Mapping[str, Any]) -> Iterator[str]:
    group, selector = _SELECTORS[table]
    selected = values.get(selector, OPTIONS[selector].default)
    if given is None or selected is None:
        return
    registration = find(group, selected)
    stored = store_options(own_options(registration, given))
    for name, value in stored.items():
        option = registration.declared[name]
        if option.is_flag:
            yield option.flag
        else:
            yield from _flag_words(option.flag, str(value))
