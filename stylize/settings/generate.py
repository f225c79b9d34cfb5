"""Generate ``signatures.py``, which holds the options as typed dictionaries for type checkers.

Run ``python -m stylize.settings.generate`` after changing an option; a test compares the file with the declarations.
"""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from stylize.settings.comparison_options import LOOKS_OPTIONS
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.matte_options import MATTE_OPTIONS
from stylize.settings.option import Option
from stylize.settings.options import OPTIONS

SIGNATURES = Path(__file__).with_name("signatures.py")
_WIDTH = 120
_HEAD = '''"""Options as keyword arguments, with the values that each accepts.

Generated from their declarations by ``python -m stylize.settings.generate``; change those, not this file.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypedDict

from masks.prompts import Box, Point
from stylize.extensions.options import ExtensionOptions
from stylize.settings.compound import GuideSpec, Levels, MatteKey
from stylize.settings.conditions import ControlModelSpec, ControlSpec, WeightsSpec
from stylize.settings.layers import LayerSpec
from stylize.settings.schedules import Schedule

# fmt: off
'''


def signatures() -> str:
    """Return the source of ``signatures.py``."""
    run_options = {name: option for name, option in OPTIONS.items() if name not in LOOK_OPTIONS}
    classes = (
        _typed_dict("LookDict", "TypedDict", "Options of one look.", _fields(LOOK_OPTIONS)),
        _typed_dict("LayerDict", "LookDict", "Options of a layer, and its name.", ["    name: str"]),
        _typed_dict("SettingsDict", "LookDict", "Options of a run; see ``Settings``.", _fields(run_options)),
        _typed_dict(
            "MatteSettingsDict", "TypedDict", "Options of ``stylize matte``; see ``MatteSettings``.",
            _fields(MATTE_OPTIONS),
        ),
        _typed_dict(
            "LooksSettingsDict", "TypedDict", "Options of ``stylize looks``; see ``LooksSettings``.",
            _fields(LOOKS_OPTIONS),
        ),
    )  # fmt: skip
    return "\n\n".join((_HEAD, *classes))


def _typed_dict(name: str, base: str, docstring: str, lines: Iterable[str]) -> str:
    return "\n".join((f"class {name}({base}, total=False):", f'    """{docstring}"""', "", *lines)) + "\n"


def _fields(options: Mapping[str, Option]) -> list[str]:
    """Return a line for each option; only lists of words are long enough to wrap, inside their brackets."""
    lines = (f"    {name}: {option.annotation}" for name, option in options.items())
    return ["\n".join(textwrap.wrap(line, _WIDTH, subsequent_indent=" " * 8)) for line in lines]


if __name__ == "__main__":
    SIGNATURES.write_text(signatures(), encoding="utf-8")
