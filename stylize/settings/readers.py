"""Readers of option values: each raises ValueError for a value that it does not accept."""

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.limits import FRAMES, RATE, RATE_DIGITS
from stylize.media.sequences import parse_range
from stylize.settings.schedules import Schedule, all_texts, read_schedule

# Suffix of the table of a plan, which may replace frame numbers.
TABLE_SUFFIX = ".csv"
# Maximum time of a budget, in seconds: one year.
MAX_SECONDS = 366 * 24 * 3600.0
# Smallest and largest scale of a draft.
MIN_DRAFT, MAX_DRAFT = Fraction(1, 8), Fraction(1, 2)
# Max number of characters of a scale. Longer texts may be numbers that take hours to parse, such as 1e-999999999.
MAX_SCALE_TEXT = 8
_RATE = re.compile(rf"\+?\d{{1,{RATE_DIGITS}}}(?:\.\d{{0,{RATE_DIGITS}}}|/\d{{1,{RATE_DIGITS}}})?")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
# Rates over 1001 that are often abbreviated.
NTSC_RATES = {"23.976": 24000, "23.98": 24000, "29.97": 30000, "47.952": 48000, "59.94": 60000, "119.88": 120000}


def path(value: Any) -> Path:
    """Read a path, given as text or as a path-like object."""
    return Path(path_text(value))


def path_text(value: Any) -> str:
    """Read a path as text, keeping a trailing slash, which has a meaning."""
    return text(os.fspath(value) if isinstance(value, os.PathLike) else value)


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
    return lambda value: tuple(map(read, value if is_several(value) else [value]))


def is_several(value: Any) -> bool:
    """Return whether a value is a collection of values, not one of them."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def texts(values: Any) -> list[str]:
    """Return several values in their stored form."""
    return [str(value) for value in values]


def flag(value: Any) -> bool:
    """Read yes or no."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def frame_range(value: Any) -> str:
    """Read a range of frames, such as 10-50x2."""
    parse_range(text(value))
    return str(value)


def frames(value: Any) -> tuple[int, ...]:
    """Read frames from one number or text, or from a sequence of those: a flag may be repeated."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (integer(-math.inf, math.inf)(value),)
    if isinstance(value, str):
        parts = parse_range(value).parts
        if (count := sum(map(len, parts))) > FRAMES:
            raise SettingsError(f"frames {value!r} are {count} frames, expected at most {FRAMES}; correct them")
        return tuple(sorted({number for part in parts for number in part}))
    some_of_each = (frames(one) if isinstance(one, str) else (integer(-math.inf, math.inf)(one),) for one in value)
    return tuple(sorted({number for some in some_of_each for number in some}))


def few_numbers(limit: int, low: float = -math.inf) -> Callable[[Any], tuple[int, ...]]:
    """Return a reader of at most ``limit`` numbers of ``low`` or more, in the form of ``frames``."""

    def read(value: Any) -> tuple[int, ...]:
        parts = [value] if isinstance(value, int | str) else list(value)
        # Counted as ranges, because a long one does not fit into memory.
        count = sum(len(part) for one in parts if isinstance(one, str) for part in parse_range(one).parts)
        if count > limit:
            raise SettingsError(f"expected at most {limit} numbers, found {count}; leave some out")
        found = frames(value)
        if len(found) > limit:
            raise SettingsError(f"expected at most {limit} numbers, found {len(found)}; leave some out")
        if found and found[0] < low:
            raise ValueError
        return found

    return read


def keyframes(value: Any) -> tuple[int, ...] | Path:
    """Read frames, or the path of a plan's table that names them."""
    return path(value) if is_table(value) else frames(value)


def is_table(value: Any) -> bool:
    """Return whether keyframes are given by a table, not by numbers."""
    names_a_file = isinstance(value, str) and (value.lower().endswith(TABLE_SUFFIX) or "/" in value or os.sep in value)
    return isinstance(value, os.PathLike) or names_a_file


def format_frames(value: tuple[int, ...] | Path) -> str | list[int]:
    """Return frames, or the path of their table, in stored form; no frames are an empty list, as no text means that."""
    if isinstance(value, Path):
        # A separator distinguishes a table, whatever its name, from frames.
        return str(value) if is_table(str(value)) else f".{os.sep}{value}"
    return ",".join(map(str, value)) or []


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
    if isinstance(value, bool | float):
        raise ValueError
    # Fraction would take hours for a text such as 1e1000000000.
    if isinstance(value, str) and not _RATE.fullmatch(value):
        raise ValueError
    read = Fraction(NTSC_RATES[value], 1001) if value in NTSC_RATES else Fraction(value)
    if not 0 < read <= RATE:
        raise ValueError
    return read


def draft_scale(value: Any) -> Fraction:
    """Read the scale of a draft, 1/2, 1/3 and so on to 1/8. Raises ValueError for other values."""
    if isinstance(value, bool) or (isinstance(value, str) and len(value) > MAX_SCALE_TEXT):
        raise ValueError
    read = Fraction(value)
    if read.numerator != 1 or not MIN_DRAFT <= read <= MAX_DRAFT:
        raise ValueError
    return read


def look_scale(value: Any) -> Fraction:
    """Read the scale of a comparison of looks: 1, or that of a draft. Raises ValueError for other values."""
    return Fraction(1) if value in (1, "1") and not isinstance(value, bool) else draft_scale(value)


def integer(low: float, high: float) -> Callable[[Any], int]:
    """Return a reader of a whole number from ``low`` to ``high``."""

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


def name(value: Any) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def number(low: float, high: float) -> Callable[[Any], float]:
    """Return a reader of numbers from ``low`` to ``high``."""

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
