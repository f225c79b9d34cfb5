"""How the words of an option become a value: each reader raises ValueError for what it does not take."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize.media.sequences import parse_range
from stylize.settings.schedules import Schedule, all_texts, read_schedule

# How the table of a plan ends, where frames may be named as well.
TABLE_SUFFIX = ".csv"
# Longest time that a budget may be, in seconds: a year.
MAX_SECONDS = 366 * 24 * 3600.0
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
# Rates that people write short, over 1001.
NTSC_RATES = {"23.976": 24000, "23.98": 24000, "29.97": 30000, "47.952": 48000, "59.94": 60000, "119.88": 120000}


def path(value: Any) -> Path:
    """A path, as text or as such."""
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError
    return Path(value)


def text(value: Any) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def words(value: Any) -> str:
    """A text that may be empty."""
    if not isinstance(value, str):
        raise ValueError
    return value


def scheduled_words(value: Any) -> str:
    """A text, or a schedule of texts by frame."""
    all_texts(words(value))
    return str(value)


def scheduled(low: float, high: float) -> Callable[[Any], Schedule]:
    """A number between the two, or a schedule of such by frame."""
    return lambda value: read_schedule(value, low, high)


def each(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads each of several values, or one alone."""
    return lambda value: tuple(map(read, value if isinstance(value, list | tuple) else [value]))


def texts(values: Any) -> list[str]:
    """Several values, as they are stored."""
    return [str(value) for value in values]


def flag(value: Any) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def frame_range(value: Any) -> str:
    """A range of frames, as 10-50x2."""
    parse_range(text(value))
    return str(value)


def frames(value: Any) -> tuple[int, ...]:
    """Frames as one text, or texts and numbers one after the other: a flag may be repeated."""
    if isinstance(value, str):
        return tuple(sorted({n for part in parse_range(value).parts for n in part}))
    some_of_each = (frames(one) if isinstance(one, str) else (integer(0, math.inf)(one),) for one in value)
    return tuple(sorted({number for some in some_of_each for number in some}))


def keyframes(value: Any) -> tuple[int, ...] | Path:
    """Frames, or the table of a plan that names them."""
    return Path(value) if is_table(value) else frames(value)


def is_table(value: Any) -> bool:
    """Whether keyframes are asked for by a table, not by numbers."""
    return isinstance(value, Path) or (isinstance(value, str) and value.lower().endswith(TABLE_SUFFIX))


def format_frames(value: tuple[int, ...] | Path) -> str:
    """Frames, or the table that names them, as they are stored."""
    return str(value) if isinstance(value, Path) else ",".join(map(str, value))


def duration(value: Any) -> float:
    """Seconds. Text has units, and numbers are seconds."""
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value)
        if parts is None or not any(parts.groups()):
            raise ValueError
        return duration(sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True)))
    return number(1, MAX_SECONDS)(value)


def rate(value: Any) -> Fraction:
    """Frames per second, exactly."""
    read = Fraction(NTSC_RATES[value], 1001) if value in NTSC_RATES else Fraction(value)
    if read <= 0 or isinstance(value, bool | float):
        raise ValueError
    return read


def integer(low: float, high: float) -> Callable[[Any], int]:
    """A whole number between the two."""

    def read(value: Any) -> int:
        if isinstance(value, bool | float) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return read


def bits(value: Any) -> int:
    """8 or 16."""
    if isinstance(value, bool | float) or int(value) not in (8, 16):
        raise ValueError
    return int(value)


def number(low: float, high: float) -> Callable[[Any], float]:
    """A number between the two."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not low <= float(value) <= high:
            raise ValueError
        return float(value)

    return read


def one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    """One of these words."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return read
