"""The sheet of a comparison of looks: the plate, the references, and the painted frames, numbered as their commands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import groupby
from pathlib import Path

from stylize.look_comparison.painted_look import PaintedLook
from stylize.media.images import image_size
from stylize.media.safe_write import Seal
from stylize.sheets.content import Cell, Fact, Reference, Row, Sheet
from stylize.sheets.labelled_sheet import write_sheet

# Max number of looks whose commands are on the sheet; more would fill it, and are only in the text file.
MAX_COMMANDS = 12
# Max number of pictures side by side: more would be too small to judge brush marks.
MAX_PICTURES = 4


def look_sheet(name: str, looks: Sequence[PaintedLook], pixel_aspect: Fraction) -> Callable[[Path, Seal], None]:
    """Return a function that writes the sheet to a path. name: of the shot."""
    return partial(_write, _content(name, looks, pixel_aspect))


def _write(sheet: Sheet, target: Path, seal: Seal) -> None:
    write_sheet(sheet, target, seal)


def _content(name: str, looks: Sequence[PaintedLook], pixel_aspect: Fraction) -> Sheet:
    in_rows = len({(look.frame, look.preset, look.style) for look in looks}) < len(looks)
    commands = [f"{look.number}  {look.command}" for look in looks]
    return Sheet(
        f"{name}: {len(looks)} looks",
        tuple(row for frame in _frames(looks) for row in _rows(looks, frame, in_rows=in_rows)),
        facts=_facts(looks),
        references=() if in_rows else _references(looks),
        footer=commands if len(looks) <= MAX_COMMANDS else ("the command of each look is in looks.txt",),
        pixel_aspect=pixel_aspect,
    )


def _frames(looks: Sequence[PaintedLook]) -> list[int]:
    return list(dict.fromkeys(look.frame for look in looks))


def _facts(looks: Sequence[PaintedLook]) -> tuple[Fact, ...]:
    frames, (width, height) = _frames(looks), image_size(looks[0].plate)
    return (
        Fact("frame" if len(frames) == 1 else "frames", ", ".join(map(str, frames))),
        Fact("size", f"{width}x{height}"),
        Fact("references", str(len({path for look in looks for path in look.style}))),
        Fact("seeds", ", ".join(map(str, sorted({look.seed for look in looks})))),
    )


def _references(looks: Sequence[PaintedLook]) -> tuple[Reference, ...]:
    paths = dict.fromkeys(path for look in looks for path in look.style)
    return tuple(Reference(path, path.stem) for path in paths)


def _rows(looks: Sequence[PaintedLook], frame: int, *, in_rows: bool) -> Iterator[Row]:
    """Yield the rows of a frame: its plate, and its looks, with one row for each reference and preset if in_rows."""
    own = [look for look in looks if look.frame == frame]
    plate = Cell(own[0].plate, f"plate, frame {frame}")
    if not in_rows:
        several = len({look.seed for look in looks}) > 1
        cells = [
            Cell(look.picture, f"{look.number}  {_name(look)}", note=_seed(look) if several else "") for look in own
        ]
        yield from _lines(Row((plate, *cells), f"frame {frame}"))
        return
    yield Row((plate,), f"frame {frame}")
    for (preset, style), some in groupby(own, key=lambda look: (look.preset, look.style)):
        cells = [Cell(look.picture, f"{look.number}  {_seed(look)}") for look in some]
        heading = ", ".join(path.stem for path in style) or (preset.stem if preset else "without a reference")
        note = f"preset {preset.stem}" if preset is not None and style else ""
        yield from _lines(Row(cells, heading, note, style[0] if style else None))


def _lines(row: Row) -> Iterator[Row]:
    """Yield a row in lines that are short enough for large pictures; only the first has the labels."""
    yield replace(row, cells=row.cells[:MAX_PICTURES])
    for start in range(MAX_PICTURES, len(row.cells), MAX_PICTURES):
        yield Row(row.cells[start : start + MAX_PICTURES])


def _name(look: PaintedLook) -> str:
    preset = [look.preset.stem] if look.preset is not None else []
    return ", ".join([*preset, *(path.stem for path in look.style)]) or _seed(look)


def _seed(look: PaintedLook) -> str:
    return f"seed {look.seed}"
