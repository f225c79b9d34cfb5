"""Combine the settings of a run from several sources: studio defaults, a project, a key, a preset, and the user.

A later source overrides an earlier one. Error messages name the source of the invalid option.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stylize.errors import SettingsError
from stylize.settings.option import MAIN, Option
from stylize.settings.options import OPTIONS, Settings
from stylize.settings.validation import merge_settings

# Options whose studio default is never dropped, because that would change the look.
_DECISIVE = ("renderer", "matte", "model")
# Option that a message about a combination begins with, after the layer.
_AT_FAULT = re.compile(r"(?:--layer \S+: )?(-[\w-]+)(?: and (--[\w-]+))?")


@dataclass(frozen=True)
class Source:
    """Settings of one source, in the form that a project file keeps or as Python values.

    name: in messages; empty for what the user gives. yields: whether a value that would have no effect in combination
    with other sources is dropped; otherwise it is an error. replaces: options of earlier sources that this one removes.
    """

    name: str
    values: Mapping[str, Any]
    yields: bool = False
    replaces: frozenset[str] = frozenset()


def build_settings(sources: Sequence[Source]) -> tuple[Settings, tuple[str, ...]]:
    """Return the combined settings of all sources, and notes about values that were dropped.

    Raises SettingsError for a combination that would have no effect, TypeError for an unknown option.
    """
    notes: list[str] = []
    current = list(sources)
    while True:
        values, origins = _merge(current)
        try:
            return Settings(**values), tuple(notes)
        except SettingsError as error:
            option, source = _option_at_fault(str(error), origins)
            if option is None or source is None or not source.name:
                raise
            if not source.yields or option.name in _DECISIVE or option.group == MAIN:
                raise SettingsError(f"{source.name}: {error}") from error
            notes.append(f"{source.name}: {option.name} is ignored, because {error}")
            rest = {name: value for name, value in source.values.items() if name != option.name}
            current[current.index(source)] = Source(source.name, rest, source.yields, source.replaces)


def _merge(sources: Sequence[Source]) -> tuple[dict[str, Any], dict[str, Source]]:
    """Return the values of all sources, and the source of each value."""
    values: dict[str, Any] = {}
    origins: dict[str, Source] = {}
    for source in sources:
        values = {name: value for name, value in values.items() if name not in source.replaces}
        values = merge_settings(values, source.values)
        origins |= dict.fromkeys(source.values, source)
    return values, {name: origins[name] for name in values}


def _option_at_fault(message: str, origins: Mapping[str, Source]) -> tuple[Option | None, Source | None]:
    """Return the option that a message is about, and its source; None for both if it names no given option."""
    found = _AT_FAULT.match(message)
    for flag in found.groups() if found else ():
        for name, source in origins.items():
            if flag in OPTIONS[name].flags:
                return OPTIONS[name], source
    return None, None
