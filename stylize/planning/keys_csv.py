"""Table of a plan (CSV) with one row per frame, which users can edit in a spreadsheet and pass to ``--keyframes``.

Only the columns ``frame`` and ``key`` are read; the others may be changed or omitted. Semicolons or tabs instead of
commas, and a byte order mark, are accepted.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import PlanError
from stylize.limits import FRAME_DIGITS
from stylize.visible_text import one_line, visible

COLUMNS = ("shot", "frame", "timecode", "coverage", "key", "reason")
# Accepted values of the column ``key``, case-insensitive.
YES = frozenset({"1", "x", "y", "yes", "true", "key"})
NO = frozenset({"", "0", "-", "n", "no", "false"})
DELIMITERS = ",;\t"
_FRAME = re.compile(rf"-?[0-9]{{1,{FRAME_DIGITS}}}")


@dataclass(frozen=True)
class Row:
    """One frame. shot: number of the shot, from 1. coverage: by the keys, 0..1. reason: for being a key, or None."""

    shot: int
    frame: int
    timecode: str
    coverage: float
    reason: str | None


def table(rows: Iterable[Row]) -> str:
    """Return the rows as CSV with a header line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        key = "" if row.reason is None else "1"
        cells = [visible(row.timecode), f"{row.coverage:.3f}", key, visible(row.reason or "")]
        writer.writerow([row.shot, row.frame, *cells])
    return text.getvalue()


def read_keys(path: Path, frames: Sequence[int], *, is_partial: bool) -> tuple[int, ...]:
    """Read a table, and return the frames that it marks as keys, ascending.

    frames: frame numbers of the shot. is_partial: ignore rows of other frames instead of rejecting them. Raises
    PlanError with the line and column of an invalid entry.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PlanError(
            f"{path}: expected the table of a plan, found no readable file ({error.strerror}); check the path"
        ) from None
    except UnicodeDecodeError:
        raise PlanError(f"{path}: expected CSV in UTF-8, found another encoding; export it again as UTF-8") from None
    try:
        return parse_keys(text, frames, is_partial=is_partial)
    except PlanError as error:
        raise PlanError(f"{path}, {error}") from None


def parse_keys(text: str, frames: Sequence[int], *, is_partial: bool = False) -> tuple[int, ...]:
    """Parse a table; see ``read_keys``. Raises PlanError, whose message begins with the position in the table."""
    known, lines, found = set(frames), dict[int, int](), list[int]()
    for line, number, key in _rows(text):
        frame = _frame(line, number)
        chosen = _chosen(line, key)
        if frame in lines:
            raise PlanError(f"line {line}, column frame: {frame} is already in line {lines[frame]}; remove one of them")
        lines[frame] = line
        if frame not in known and not is_partial:
            have = f"the shot has {frames[0]} to {frames[-1]}"
            raise PlanError(
                f"line {line}, column frame: {frame} is not one of the frames to process, {have}; correct it"
            )
        if chosen and frame in known:
            found.append(frame)
    if not found:
        raise PlanError("column key: no frame of the shot is marked; enter x for each keyframe")
    return tuple(sorted(found))


def _rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line number, frame, key) of each row, as text."""
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
        raise PlanError(f"line 1: expected the header {','.join(COLUMNS)}, found nothing; write the plan again")


def _place(head: Sequence[str], name: str) -> int:
    names = [cell.strip().lower() for cell in head]
    if name not in names:
        found = one_line(",".join(names), 120)
        raise PlanError(f"line 1: expected a column {name!r} as in {','.join(COLUMNS)}, found {found}; add it")
    return names.index(name)


def _frame(line: int, text: str) -> int:
    if not _FRAME.fullmatch(text):
        raise PlanError(f"line {line}, column frame: expected a frame number, found {one_line(text, 40)!r}; correct it")
    return int(text)


def _chosen(line: int, text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise PlanError(
            f"line {line}, column key: expected x or 1 for a key, else an empty cell, found {one_line(text, 40)!r}"
        )
    return word in YES
