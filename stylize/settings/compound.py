"""Values with several parts in one text: guides with a weight, painted mattes with a frame, two levels."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.settings import readers
from stylize.settings.number_text import format_short
from stylize.settings.path_resolution import Base, resolve_path

# Default weight of a guide, equal to that of the plate's colours, and the maximum, which outweighs everything else.
GUIDE_WEIGHT, LARGEST_WEIGHT = 12.0, 1000.0
# Screens whose colour is estimated.
SCREENS = ("green", "blue")


@dataclass(frozen=True)
class GuideSpec:
    """Requested guide and its weight; as text and in a project file, ``path:weight``."""

    path: Path
    weight: float

    def __str__(self) -> str:
        return f"{self.path}:{self.weight!r}"


def read_guides(value: Any) -> tuple[GuideSpec, ...]:
    """Read one guide or several. Raises SettingsError as ``read_guide`` does."""
    return readers.each(read_guide)(value)


def read_guide(value: Any) -> GuideSpec:
    """Read a guide. A number after the last colon is the weight: ``C:\\depth`` and ``10:20/depth`` have none.

    Raises SettingsError for a weight out of range, and for a missing path.
    """
    if isinstance(value, GuideSpec):
        return value
    path, _, last = readers.path_text(value).rpartition(":")
    try:
        weight = float(last)
    except ValueError:
        path, weight = readers.path_text(value), GUIDE_WEIGHT
    if not path or not 0 < weight <= LARGEST_WEIGHT or path.endswith(":"):
        raise SettingsError(
            f"expected PATH or PATH:WEIGHT, with a weight above 0 and up to {LARGEST_WEIGHT:g}, found {str(value)!r}; "
            f"the default weight is {GUIDE_WEIGHT:g}"
        )
    return GuideSpec(Path(path), weight)


def resolve_guide(stored: str, base: Base) -> str:
    """Return a stored guide with its path resolved."""
    spec = read_guide(stored)
    return str(GuideSpec(Path(resolve_path(str(spec.path), base)), spec.weight))


@dataclass(frozen=True)
class MatteKey:
    """Painted matte and the frame that it belongs to; as text, ``frame:path``."""

    frame: int
    path: Path

    def __str__(self) -> str:
        return f"{self.frame}:{self.path}"


def read_matte_keys(value: Any) -> tuple[MatteKey, ...]:
    """Read one painted matte or several. Raises ValueError as ``read_matte_key`` does."""
    return readers.each(read_matte_key)(value)


def read_matte_key(value: Any) -> MatteKey:
    """Read ``frame:path``. Raises ValueError for anything else."""
    if isinstance(value, MatteKey):
        return value
    frame, _, path = readers.text(value).partition(":")
    if not frame.isascii() or not frame.removeprefix("-").isdigit() or not path:
        raise ValueError
    return MatteKey(int(frame), Path(path))


@dataclass(frozen=True)
class Levels:
    """Two levels, 0..1; as text, ``low:high``."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{format_short(self.low)}:{format_short(self.high)}"


def read_levels(value: Any) -> Levels:
    """Read ``low:high``, not equal. Raises ValueError for anything else."""
    if isinstance(value, Levels):
        value = f"{value.low!r}:{value.high!r}"
    low, high = map(readers.number(0, 1), readers.text(value).split(":"))
    if low == high:
        raise ValueError
    return Levels(low, high)


def read_screen(value: Any) -> str:
    """Read a screen by its name, or a colour such as #14b43c. Raises ValueError for anything else."""
    text = readers.text(value).lower()
    if text not in SCREENS and not re.fullmatch("#[0-9a-f]{6}", text):
        raise ValueError
    return text
