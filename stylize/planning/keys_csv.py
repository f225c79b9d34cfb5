"""Table of a plan: one row per frame, to read, edit in any spreadsheet, and pass back.

Only the columns ``frame`` and ``key`` are read; the others may be changed or omitted. A spreadsheet may replace the
commas by semicolons or tabs, and prepend a byte order mark.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import PlanError

COLUMNS = ("shot", "frame", "timecode", "coverage", "key", "reason")
# Accepted values of the column ``key``, case-insensitive.
YES = frozenset({"1", "x", "y", "yes", "true", "key"})
NO = frozenset({"", "0", "-", "n", "no", "false"})
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Row:
    """One frame. shot: counted from 1. coverage: share that the keys cover, 0..1. reason: of a key, else None."""

    shot: int
    frame: int
    timecode: str
    coverage: float
    reason: str | None


def table(rows: Iterable[Row]) -> str:
    """Return the rows as CSV, with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        key = "" if row.reason is None else "1"
        writer.writerow([row.shot, row.frame, row.timecode, f"{row.coverage:.3f}", key, row.reason or ""])
    return text.getvalue()


def read_keys(path: Path, frames: Sequence[int], *, is_partial: bool) -> tuple[int, ...]:
    """Read the frames that are marked as keys, ascending.

    frames: those of the shot. is_partial: whether rows of other frames are allowed, and skipped.
    Raises PlanError, which names the line and the column of an invalid entry.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PlanError(
            f"{path}: expected the table of a plan, found none ({error.strerror}); check the path"
        ) from None
    except UnicodeDecodeError:
        raise PlanError(f"{path}: expected CSV in UTF-8, found other bytes; export it again as such") from None
    try:
        return parse_keys(text, frames, is_partial=is_partial)
    except PlanError as error:
        raise PlanError(f"{path}, {error}") from None


def parse_keys(text: str, frames: Sequence[int], *, is_partial: bool = False) -> tuple[int, ...]:
    """Return the frames that a table marks as keys; see ``read_keys``.

    Raises PlanError, whose message begins with the position in the table.
    """
    known, lines, found = set(frames), dict[int, int](), list[int]()
    for line, number, key in _rows(text):
        frame = _frame(line, number)
        chosen = _chosen(line, key)
        if frame in lines:
            raise PlanError(f"line {line}, column frame: {frame} is in line {lines[frame]} already; leave one of them")
        lines[frame] = line
        if frame not in known and not is_partial:
            have = f"the shot has {frames[0]} to {frames[-1]}"
            raise PlanError(f"line {line}, column frame: {frame} is not a frame to work on, {have}; correct it")
        if chosen and frame in known:
            found.append(frame)
    if not found:
        raise PlanError("column key: no frame of the shot is marked; put an x where a keyframe is to be")
    return tuple(sorted(found))


def _rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line number and the values of the columns frame and key."""
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count))
    places: tuple[int, int] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise PlanError(f"line {line}: {error}; export the table again as CSV") from None
        if cells is None:
            break
        if places is None:
            places = _place(cells, "frame"), _place(cells, "key")
        elif any(cell.strip() for cell in cells):
            if len(cells) <= max(places):
                needed = 1 + max(places)
                raise PlanError(f"line {line}: expected {needed} columns or more, found {len(cells)}; complete it")
            yield line, cells[places[0]].strip(), cells[places[1]].strip()
    if places is None:
        raise PlanError(f"line 1: expected the head {','.join(COLUMNS)}, found nothing; write the plan again")


def _place(head: Sequence[str], name: str) -> int:
    names = [cell.strip().lower() for cell in head]
    if name not in names:
        raise PlanError(
            f"line 1: expected a column {name!r} as in {','.join(COLUMNS)}, found {','.join(names)}; add it"
        )
    return names.index(name)


def _frame(line: int, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise PlanError(f"line {line}, column frame: expected the number of a frame, found {text!r}; correct it")
    return int(text)


def _chosen(line: int, text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise PlanError(f"line {line}, column key: expected x or 1 for a key, nothing otherwise, found {text!r}")
    return word in YES
