"""Reference of the options as Markdown, one table per group, generated from their declarations.

``python -m stylize.settings.reference`` writes it to ``docs/reference/cli.md``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stylize.settings.comparison_options import LOOKS_OPTIONS
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.matte_options import MATTE_OPTIONS
from stylize.settings.option import GROUPS, Option
from stylize.settings.option_types import STAGES
from stylize.settings.options import OPTIONS

# Page of the documentation that the reference is written to.
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
_INTRODUCTION = """\
# Options

<!-- Generated from the declarations by: python -m stylize.settings.reference. Change those, not this file. -->

Every option of `stylize SHOT`, `stylize plan`, `stylize matte` and `stylize looks`. The first column is the name in
Python and in `project.toml`, `stylize.toml` and presets; the second is the flag. *Stages* are those that read the
option: changing the option makes these stages run again. `stylize --help OPTION` shows the help on one option, and
[Use it in a pipeline](../how-to/pipelines.md) shows how to set them in Python.

Renderers, flow estimators, exporters and segmenters from other distributions add
[options of their own](../development/extensions.md#the-registrations).
"""
_HEAD = ("Option", "Flag", "Value", "Python type", "Default", "Stages", "Meaning")


def reference(*, level: int = 2) -> str:
    """Return the reference of all options: of a run, of ``stylize matte``, and of ``stylize looks``.

    level: heading level.
    """
    parts = [
        f"{'#' * level} Options of a run", *_groups(OPTIONS, level + 1),
        f"{'#' * level} Options of stylize matte", *_groups(MATTE_OPTIONS, level + 1),
        f"{'#' * level} Options of stylize looks", *_groups(LOOKS_OPTIONS, level + 1),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def page() -> str:
    """Return the page of the documentation."""
    return f"{_INTRODUCTION}\n{reference()}"


def option_table(options: Iterable[Option]) -> str:
    """Return a table of options: name, flags, values and range, accepted types, default, stages and help."""
    rows = [_HEAD, ("---",) * len(_HEAD), *map(_row, options)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _groups(options: Mapping[str, Option], level: int) -> list[str]:
    """Return a heading and a table for each group, in the order of the help."""
    found = []
    for group in GROUPS:
        members = [option for option in options.values() if option.group == group]
        if members:
            found += [f"{'#' * level} {group}", option_table(members)]
    return found


def _row(option: Option) -> tuple[str, ...]:
    former = "".join(f" Formerly `{name}`." for name in option.formerly)
    cells = (
        f"`{option.name}`",
        ", ".join(f"`{flag}`" for flag in option.flags) if option.type is not EXTENSION_OPTIONS else "one per option",
        option.type.description,
        f"`{option.annotation}`",
        _default(option),
        _stages(option),
        option.help + former,
    )
    # Angle brackets, as in <lora:name:weight>, would be read as HTML.
    return tuple(cell.replace("|", r"\|").replace("\n", " ").replace("<", "&lt;") for cell in cells)


def _default(option: Option) -> str:
    """Return a default as it is stored; ``none`` for no value."""
    value: Any = None if option.default is None else option.type.store(option.default)
    return "none" if value is None or value in ([], (), "") else f"`{value}`"


def _stages(option: Option) -> str:
    if set(STAGES) <= set(option.stages):
        return "all"
    return ", ".join(option.stages) or "none"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
