"""Readers of option values: each raises ValueError for a value that it does not accept."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize.media.sequences import parse_range
from stylize.settings.schedules import Schedule, all_texts, read_schedule

# Suffix of the table of a plan, which may stand in place of frame numbers.
TABLE_SUFFIX = ".csv"
# Max time of a budget, in seconds: a year.
MAX_SECONDS = 366 * 24 * 3600.0
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
# Rates over 1001 that people abbreviate.
NTSC_RATES = {"23.976": 24000, "23.98": 24000, "29.97": 30000, "47.952": 48000, "59.94": 60000, "119.88": 120000}


def path(value: Any) -> Path:
    """Read a path, given as text or as Path."""
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError
    return Path(value)


def text(value: Any) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def words(value: Any) -> str:
    """Read a text that may be empty."""
    if not isinstance(value, str):
        raise ValueError
    return value


def scheduled_words(value: Any) -> str:
    """Read a text, or a schedule of texts by frame."""
    all_texts(words(value))
    return str(value)


def scheduled(low: float, high: float) -> Callable[[Any], Schedule]:
    """Return a reader of a number between the two, or of a schedule of such numbers by frame."""
    return lambda value: read_schedule(value, low, high)


def each(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a reader of several values, or of one alone."""
    return lambda value: tuple(map(read, value if isinstance(value, list | tuple) else [value]))


def texts(values: Any) -> list[str]:
    """Return several values as they are stored."""
    return [str(value) for value in values]


def flag(value: Any) -> bool:
    """Read yes or no."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def frame_range(value: Any) -> str:
    """Read a range of frames, as 10-50x2."""
    parse_range(text(value))
    return str(value)


def frames(value: Any) -> tuple[int, ...]:
    """Read frames from one text, or from a sequence of texts and numbers: a flag may be repeated."""
    if isinstance(value, str):
        return tuple(sorted({n for part in parse_range(value).parts for n in part}))
    some_of_each = (frames(one) if isinstance(one, str) else (integer(0, math.inf)(one),) for one in value)
    return tuple(sorted({number for some in some_of_each for number in some}))


def keyframes(value: Any) -> tuple[int, ...] | Path:
    """Read frames, or the path of a plan's table that names them."""
    return Path(value) if is_table(value) else frames(value)


def is_table(value: Any) -> bool:
    """Return whether keyframes are given by a table, not by numbers."""
    return isinstance(value, Path) or (isinstance(value, str) and value.lower().endswith(TABLE_SUFFIX))


def format_frames(value: tuple[int, ...] | Path) -> str:
    """Return frames, or the table that names them, as they are stored."""
    return str(value) if isinstance(value, Path) else ",".join(map(str, value))


def duration(value: Any) -> float:
    """Read a duration in seconds. Text has units, and numbers are seconds."""
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value)
        if parts is None or not any(parts.groups()):
            raise ValueError
        return duration(sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True)))
    return number(1, MAX_SECONDS)(value)


def rate(value: Any) -> Fraction:
    """Read frames per second, exactly."""
    read = Fraction(NTSC_RATES[value], 1001) if value in NTSC_RATES else Fraction(value)
    if read <= 0 or isinstance(value, bool | float):
        raise ValueError
    return read


def integer(low: float, high: float) -> Callable[[Any], int]:
    """Return a reader of a whole number between the two."""

    def read(value: Any) -> int:
        if isinstance(value, bool | float) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return read


def bits(value: Any) -> int:
    """Read 8 or 16."""
    if isinstance(value, bool | float) or int(value) not in (8, 16):
        raise ValueError
    return int(value)


def number(low: float, high: float) -> Callable[[Any], float]:
    """Return a reader of a number between the two."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not low <= float(value) <= high:
            raise ValueError
        return float(value)

    return read


def one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    """Return a reader of one of these words."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return read
