"""Notes on frames of a project, stored in its file ``notes.json``.

A run neither reads nor changes them, so that notes can be written while one is active. Numbers are never used twice,
so that a note keeps its number when others are removed.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from stylize.errors import NoteError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.project.layout import NOTES_FILE, NOTES_LOCK
from stylize.project.links import refuse_link
from stylize.project.lock import exclusive
from stylize.real_path import real_path
from stylize.visible_text import visible

SCHEMA = 1
# Max number of characters of a note, and of notes of a project.
MAX_TEXT, MAX_NOTES = 1000, 10_000
# Max size of the file, of which a person may be the author.
_MAX_BYTES = 1 << 26
# Digits of the sides of a box: less than a pixel of any picture.
_DIGITS = 6
_WRITING = threading.Lock()


@dataclass(frozen=True)
class Note:
    """Note on a frame.

    number: from 1, in the order of writing. box: (left, top, width, height) of the area that it is about, as shares of
    the picture; None for the whole frame. written: time, ISO 8601 in UTC.
    """

    number: int
    frame: int
    text: str
    box: tuple[float, float, float, float] | None = None
    written: str = ""

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """Return the box in pixels: left, top, width, height, at least one pixel. size: (width, height)."""
        if self.box is None:
            return None
        left, top = (min(round(share * length), length - 1) for share, length in zip(self.box[:2], size, strict=True))
        right, bottom = (
            round((start + share) * length)
            for start, share, length in zip(self.box[:2], self.box[2:], size, strict=True)
        )
        return left, top, max(1, right - left), max(1, bottom - top)


def read_notes(root: Path) -> tuple[Note, ...]:
    """Return the notes of a project, by frame, then number; none if it has no file of them.

    Raises NoteError for a file that is not one of notes, ProjectError for a link that leaves the project.
    """
    return tuple(sorted(_read(root)[0], key=lambda note: (note.frame, note.number)))


def add_note(root: Path, frame: int, text: str, box: Sequence[float] | None = None) -> Note:
    """Add a note to a project, and return it. The frame must be one of the shot.

    Raises NoteError for a text that is empty or too long, a box that extends beyond the picture, or too many notes.
    """
    checked = _text(text), _box(box)

    def add(notes: list[Note], number: int) -> tuple[list[Note], Note]:
        if len(notes) >= MAX_NOTES:
            raise NoteError(f"expected at most {MAX_NOTES} notes in a project; remove some")
        note = Note(number, frame, *checked, datetime.now(UTC).isoformat(timespec="seconds"))
        return [*notes, note], note

    return _change(root, add)


def edit_note(root: Path, number: int, text: str) -> Note:
    """Replace the text of a note, and return it. Raises NoteError for an unknown number, and as ``add_note``."""
    checked = _text(text)

    def edit(notes: list[Note], _: int) -> tuple[list[Note], Note]:
        note = replace(_find(notes, number), text=checked)
        return [note if one.number == number else one for one in notes], note

    return _change(root, edit)


def remove_note(root: Path, number: int) -> Note:
    """Remove a note, and return it. Raises NoteError for an unknown number."""

    def remove(notes: list[Note], _: int) -> tuple[list[Note], Note]:
        return [one for one in notes if one.number != number], _find(notes, number)

    return _change(root, remove)


def _find(notes: Sequence[Note], number: int) -> Note:
    found = next((one for one in notes if one.number == number), None)
    if found is None:
        known = ", ".join(str(one.number) for one in notes[:20]) or "none"
        raise NoteError(f"expected one of the notes {known}, found {number}; choose one of them")
    return found


_Change = Callable[[list[Note], int], tuple[list[Note], Note]]


def _change(root: Path, change: _Change) -> Note:
    """Change the notes of a project. change: takes the notes and the next number.

    Threads of this process wait for each other. Raises ProjectError while another process writes notes.
    """
    with _WRITING, exclusive(root / NOTES_LOCK):
        notes, following = _read(root)
        changed, note = change(list(notes), following)
        content = {
            "schema": SCHEMA,
            "next": max(following, note.number + 1),
            "notes": [asdict(one) for one in changed],
        }
        with atomic_write(root / NOTES_FILE, PROJECT_OPTION) as partial:
            partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return note


def _read(root: Path) -> tuple[tuple[Note, ...], int]:
    """Return the notes in the order of writing, and the number of the next one."""
    path = root / NOTES_FILE
    refuse_link(path, real_path(root))
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"its schema is {content['schema']!r}, expected {SCHEMA}")
        notes = tuple(_note(one) for one in content["notes"])
        if len({note.number for note in notes}) < len(notes):
            raise ValueError("two notes have the same number")
        return notes, max([_whole(content["next"]), *(note.number + 1 for note in notes)])
    except FileNotFoundError:
        return (), 1
    except (OSError, ValueError, TypeError, KeyError, RecursionError, NoteError) as error:
        reason = visible(str(error))
        raise NoteError(f"{path} cannot be read as notes ({reason}); correct it, or move it away") from error


def _note(content: Any) -> Note:
    written = content["written"]
    if not isinstance(written, str):
        raise TypeError("the time of a note is not a text")
    return Note(
        _whole(content["number"]), _whole(content["frame"]), _text(content["text"]), _box(content["box"]), written
    )


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {value!r}")
    return value


def _text(value: Any) -> str:
    """Return the text of a note. Raises NoteError if it is empty or too long."""
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= MAX_TEXT:
        raise NoteError(f"expected a note of 1 to {MAX_TEXT} characters, found {len(text)}; change its text")
    return text


def _box(value: Sequence[float] | None) -> tuple[float, float, float, float] | None:
    """Return a checked box. Raises NoteError for one that is not inside the picture."""
    if value is None:
        return None
    numbers = list(value) if isinstance(value, list | tuple) else []
    if len(numbers) != 4 or not all(_is_number(one) for one in numbers):
        raise NoteError(f"expected a box as LEFT,TOP,WIDTH,HEIGHT, found {visible(repr(value))}; correct it")
    left, top, width, height = (round(float(one), _DIGITS) for one in numbers)
    # Rounding may move an edge that is on the border of the picture.
    limit = 1 + 2 * 10**-_DIGITS
    if min(left, top) < 0 or min(width, height) <= 0 or left + width > limit or top + height > limit:
        raise NoteError(
            f"expected a box inside the picture, as fractions of it, found {visible(repr(value))}; correct it"
        )
    return left, top, width, height


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
