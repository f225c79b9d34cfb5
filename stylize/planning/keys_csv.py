"""Table of a plan (CSV) with one row per frame, which users can edit in a spreadsheet and pass to ``--keyframes``.

``--keyframes`` reads the columns ``frame`` and ``key``, every run ``seed``, ``prompt``, ``pick`` and ``lock``; the
others may be changed, and all but ``frame`` may be omitted. Semicolons or tabs instead of commas, and a byte order
mark, are accepted.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stylize.errors import PlanError
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.limits import FRAME_DIGITS
from stylize.settings.option_types import MAX_CANDIDATES
from stylize.visible_text import one_line, visible

CHOICES = ("seed", "prompt", "pick", "lock")
COLUMNS = ("shot", "frame", "timecode", "coverage", "key", "reason", *CHOICES)
# Accepted values of the column ``key``, case-insensitive.
YES = frozenset({"1", "x", "y", "yes", "true", "key"})
NO = frozenset({"", "0", "-", "n", "no", "false"})
DELIMITERS = ",;\t"
_NUMBER = re.compile(rf"[0-9]{{1,{FRAME_DIGITS}}}")
_FRAME = re.compile(rf"-?[0-9]{{1,{FRAME_DIGITS}}}")
BYTE_ORDER_MARK = "\ufeff"
# Largest seed, as of --seed.
MAX_SEED = 2**31 - 1
# Maximum size of a table: more than a row for each frame of a day.
MAX_BYTES = 1 << 28


@dataclass(frozen=True)
class Row:
    """One frame. shot: number of the shot, from 1. coverage: by the keys, 0..1. reason: for being a key, or None.

    choice: the person's for this key.
    """

    shot: int
    frame: int
    timecode: str
    coverage: float
    reason: str | None
    choice: KeyChoice = NO_CHOICE


def table(rows: Iterable[Row]) -> str:
    """Return the rows as CSV with a header line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        key = "" if row.reason is None else "1"
        cells = [visible(row.timecode), f"{row.coverage:.3f}", key, visible(row.reason or "")]
        writer.writerow([row.shot, row.frame, *cells, *choice_cells(row.choice).values()])
    return text.getvalue()


def choice_cells(choice: KeyChoice) -> dict[str, str]:
    """Return the cells of a choice, by column."""
    seed, pick = ("" if value is None else str(value) for value in (choice.seed, choice.pick))
    return {"seed": seed, "prompt": choice.prompt or "", "pick": pick, "lock": "1" if choice.lock else ""}


def read_keys(path: Path, frames: Sequence[int], *, is_partial: bool) -> tuple[int, ...]:
    """Read a table, and return the frames that it marks as keys, ascending.

    frames: frame numbers of the shot. is_partial: ignore rows of other frames instead of rejecting them. Raises
    PlanError with the line and column of an invalid entry.
    """
    text = read_table(path)
    try:
        return parse_keys(text, frames, is_partial=is_partial)
    except PlanError as error:
        raise PlanError(f"{path}, {error}") from None


def read_table(path: Path) -> str:
    """Read the text of a table, without a byte order mark. Raises PlanError if it is missing or not UTF-8."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PlanError(f"{path}: expected a table of at most {MAX_BYTES >> 20} MiB; give that of the plan")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PlanError(
            f"{path}: expected the table of a plan, found no readable file ({error.strerror}); check the path"
        ) from None
    except UnicodeDecodeError:
        raise PlanError(f"{path}: expected CSV in UTF-8, found another encoding; export it again as UTF-8") from None


def read_choices(
    path: Path, frames: Collection[int] | None = None, *, is_partial: bool = False
) -> dict[int, KeyChoice]:
    """Read the choices for single keys from a table, by frame. A table without their columns has none.

    frames, is_partial: see ``read_keys``; None accepts every frame. Raises PlanError with the line and column of an
    invalid entry.
    """
    text = read_table(path)
    try:
        found = parse_choices(text, frames, is_partial=is_partial)
    except PlanError as error:
        raise PlanError(f"{path}, {error}") from None
    return {frame: replace(choice, origin=f"{path}, {choice.origin}") for frame, choice in found.items()}


def parse_choices(
    text: str, frames: Collection[int] | None = None, *, is_partial: bool = False
) -> dict[int, KeyChoice]:
    """Parse the choices in a table; see ``read_choices``. Raises PlanError, whose message begins with the position."""
    found: dict[int, KeyChoice] = {}
    for line, cells in _rows(text, ("frame",)):
        if not any(cells.get(name) for name in CHOICES):
            continue
        frame = _frame(line, cells["frame"])
        choice = KeyChoice(
            _number(line, "seed", cells.get("seed", ""), 0, MAX_SEED), cells.get("prompt") or None,
            _number(line, "pick", cells.get("pick", ""), 1, MAX_CANDIDATES),
            _chosen(line, cells.get("lock", ""), "lock"), f"line {line}",
        )  # fmt: skip
        if choice == replace(NO_CHOICE, origin=choice.origin):
            continue
        if frame in found:
            raise PlanError(f"line {line}, column frame: {frame} is already in {found[frame].origin}; remove one")
        if frames is None or frame in frames:
            found[frame] = choice
        elif not is_partial:
            raise PlanError(f"line {line}, column frame: {frame} is not one of the frames of the shot; correct it")
    return found


def with_cells(text: str, changes: Mapping[int, Mapping[str, str]]) -> str:
    """Return a table with some cells replaced, keeping everything else that a person wrote.

    text: the table, without a byte order mark; may be empty. changes: cells by frame and column. Missing columns and
    rows are added. Raises PlanError as ``parse_keys`` does.
    """
    if not text.strip():
        text = f"frame,key,{','.join(CHOICES)}\n"
    for _ in _rows(text, ("frame",)):
        pass  # the same checks as for a run
    delimiter, end = _delimiter(text), "\r\n" if "\r\n" in text else "\n"
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    head = [*lines[0]]
    names = [cell.strip().lower() for cell in head]
    for column in dict.fromkeys(column for cells in changes.values() for column in cells):
        if column not in names:
            head.append(column)
            names.append(column)
    body = [row + [""] * (len(head) - len(row)) if any(row) else row for row in lines[1:]]
    place = names.index("frame")
    rows = {int(row[place]): row for row in body if any(row) and row[place].strip().isdigit()}
    for frame in sorted(set(changes) - set(rows)):
        rows[frame] = [str(frame) if name == "frame" else "1" if name == "key" else "" for name in names]
        body.append(rows[frame])
    for frame, values in changes.items():
        for column, value in values.items():
            rows[frame][names.index(column)] = value
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator=end).writerows([head, *body])
    return written.getvalue()


def parse_keys(text: str, frames: Sequence[int], *, is_partial: bool = False) -> tuple[int, ...]:
    """Parse a table; see ``read_keys``. Raises PlanError, whose message begins with the position in the table."""
    known, lines, found = set(frames), dict[int, int](), list[int]()
    for line, cells in _rows(text, ("frame", "key")):
        frame = _frame(line, cells["frame"])
        chosen = _chosen(line, cells["key"])
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


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(DELIMITERS, key=head.count)


def _rows(text: str, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number of each row, and its cells by column. needed: columns that the table must have."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    names: list[str] | None = None
    places: list[int] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise PlanError(f"line {line}: {error}; export the table again as CSV") from None
        if cells is None:
            break
        if names is None:
            names = [cell.strip().lower() for cell in cells]
            places = [_place(names, name) for name in needed]
        elif any(cell.strip() for cell in cells):
            if len(cells) <= max(places):
                raise PlanError(
                    f"line {line}: expected {1 + max(places)} columns or more, found {len(cells)}; complete it"
                )
            # Of columns with the same name, the first counts.
            yield line, {name: cell.strip() for name, cell in reversed(list(zip(names, cells, strict=False)))}
    if names is None:
        raise PlanError(f"line 1: expected the header {','.join(COLUMNS)}, found nothing; write the plan again")


def _place(names: Sequence[str], name: str) -> int:
    if name not in names:
        found = one_line(",".join(names), 120)
        raise PlanError(f"line 1: expected a column {name!r} as in {','.join(COLUMNS)}, found {found}; add it")
    return names.index(name)


def _frame(line: int, text: str) -> int:
    if not _FRAME.fullmatch(text):
        raise PlanError(f"line {line}, column frame: expected a frame number, found {one_line(text, 40)!r}; correct it")
    return int(text)


def _chosen(line: int, text: str, column: str = "key") -> bool:
    word = text.lower()
    if word not in YES | NO:
        what = "a key" if column == "key" else "a locked key"
        raise PlanError(
            f"line {line}, column {column}: expected x or 1 for {what}, else an empty cell, found "
            f"{one_line(text, 40)!r}"
        )
    return word in YES


def _number(line: int, column: str, text: str, low: int, high: int) -> int | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        raise PlanError(
            f"line {line}, column {column}: expected a whole number from {low} to {high}, or an empty cell, found "
            f"{one_line(text, 40)!r}; correct it"
        )
    return int(text)
