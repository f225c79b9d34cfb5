"""Read the values given for the options of a dataclass."""

from collections.abc import Mapping
from typing import Any

from stylize.settings.option import Option
from stylize.settings.suggestions import hint


def read_options(owner: object, options: Mapping[str, Option], given: Mapping[str, Any]) -> None:
    """Set the attributes of a frozen dataclass to the given values, after reading them, or to the defaults.

    Raises SettingsError for a value that an option does not accept, TypeError for an unknown name.
    """
    for name in given.keys() - options.keys():
        near = hint(name, options)
        raise TypeError(f"{type(owner).__name__} has no option {name!r}{f'; {near}' if near else ''}")
    for name, option in options.items():
        object.__setattr__(owner, name, option.read(given.get(name, option.default)))
