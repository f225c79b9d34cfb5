"""Values that change with the frame number, in Deforum's syntax: ``0: 0.4, 40: 0.7`` and ``0: "a", 100: "b"``."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NUMBERS = re.compile(r"\s*(-?\d+)\s*:\s*\(?\s*([-+.\w]+)\s*\)?\s*")
_TEXTS = re.compile(r'\s*(-?\d+)\s*:\s*"((?:[^"\\]|\\.)*)"\s*')
_TEXTS_BEGIN = re.compile(r'\s*\{?\s*"?-?\d+"?\s*:\s*"')


@dataclass(frozen=True)
class Schedule:
    """Number by frame. points: frame and value, frames ascending; linear between them, constant before and after."""

    points: tuple[tuple[int, float], ...]

    def at(self, frame: int) -> float:
        """Return the value at a frame."""
        before = [point for point in self.points if point[0] <= frame]
        after = [point for point in self.points if point[0] > frame]
        if not before or not after:
            return (before[-1:] or after[:1])[0][1]
        (start, low), (end, high) = before[-1], after[0]
        return low + (high - low) * (frame - start) / (end - start)

    def values(self) -> tuple[float, ...]:
        """Return the values at the points, which include the min and max over all frames."""
        return tuple(value for _, value in self.points)

    def __str__(self) -> str:
        if len(self.points) == 1:
            return f"{self.points[0][1]!r}"
        return ", ".join(f"{frame}: {value!r}" for frame, value in self.points)


def constant(value: float) -> Schedule:
    """Return a schedule with the same number at every frame."""
    return Schedule(((0, value),))


def read_schedule(value: object, low: float, high: float) -> Schedule:
    """Read a number, or a text such as ``0: 0.4, 40: 0.7``. Raises ValueError for anything else or out of range."""
    if isinstance(value, Schedule):
        points: Sequence[tuple[int, float]] = value.points
    elif isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    elif isinstance(value, str) and ":" in value:
        points = [(int(frame), float(number)) for frame, number in _matches(_NUMBERS, value)]
    else:
        points = [(0, float(value))]
    frames = [frame for frame, _ in points]
    if frames != sorted(set(frames)) or not all(math.isfinite(v) and low <= v <= high for _, v in points):
        raise ValueError
    return constant(points[0][1]) if len(points) == 1 else Schedule(tuple(points))


def text_at(text: str, frame: int) -> str:
    """Return the text at a frame: that of the last point up to it, or else the first. A plain text applies to all
    frames.

    Raises ValueError for a schedule that cannot be read.
    """
    if not is_schedule(text):
        return text
    points = _text_points(text)
    return next((words for start, words in reversed(points) if start <= frame), points[0][1])


def all_texts(text: str) -> tuple[str, ...]:
    """Return every text of a schedule, or the plain text alone. Raises ValueError as ``text_at`` does."""
    return tuple(words for _, words in _text_points(text)) if is_schedule(text) else (text,)


def text_points(text: str) -> tuple[tuple[int, str], ...]:
    """Return the points of a schedule: frames, ascending, with the text from each on. Raises as ``text_at``."""
    return tuple(_text_points(text))


def with_texts(text: str, at: Mapping[int, str]) -> str:
    """Return a schedule with other texts at single frames, and the same text as before at all others.

    text: a plain text or a schedule. Raises ValueError as ``text_at`` does.
    """
    if not at:
        return text
    own = dict(_text_points(text)) if is_schedule(text) else {}
    around = {frame: text_at(text, frame) for frame in (min(at) - 1, *(frame + 1 for frame in at))}
    points = sorted((around | own | dict(at)).items())
    escaped = ((frame, re.sub(r'(["\\])', r"\\\1", words)) for frame, words in points)
    return ", ".join(f'{frame}: "{words}"' for frame, words in escaped)


def is_schedule(text: str) -> bool:
    """Return whether a text is a schedule: it begins with a frame number, a colon and a quotation mark."""
    return _TEXTS_BEGIN.match(text) is not None


def _text_points(text: str) -> list[tuple[int, str]]:
    bare = re.sub(r'(^|,)(\s*)"(-?\d+)"(\s*:)', r"\1\2\3\4", text.strip().removeprefix("{").removesuffix("}"))
    points = [(int(frame), re.sub(r"\\(.)", r"\1", words)) for frame, words in _matches(_TEXTS, bare)]
    frames = [frame for frame, _ in points]
    if frames != sorted(set(frames)):
        raise ValueError
    return points


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    """Split a comma-separated list whose items all match ``pattern``; return the two groups of each item."""
    found, position = [], 0
    while True:
        match = pattern.match(text, position)
        if match is None:
            raise ValueError
        found.append((match[1], match[2]))
        if match.end() == len(text):
            return found
        if text[match.end()] != ",":
            raise ValueError
        position = match.end() + 1
