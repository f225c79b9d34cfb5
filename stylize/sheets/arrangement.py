"""Arrangement of a labelled sheet: the place of every text, picture and mark on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stylize.errors import OutputError
from stylize.media.images import image_size
from stylize.media.true_shape import true_size
from stylize.sheets.content import Banner, Cell, Column, LegendItem, Level, Picture, Reference, Row, Scale, Sheet, State
from stylize.sheets.design import (
    BODY,
    DARK,
    HEADING,
    LARGE,
    MARGIN,
    MEDIUM,
    NOTE,
    SMALL,
    TINY,
    TITLE,
    WIDE,
    Colour,
)
from stylize.sheets.lettering import Face, Style, fit, text_width, wrap

# Limits in pixels. A sheet fits on a screen that is 2560 pixels wide.
MAX_WIDTH, MAX_HEIGHT = 2520, 10_000
_MIN_CONTENT = 1280  # so that the header has room above few or narrow pictures
_MAX_TILE = (760, 520)
_MIN_TILE_WIDTH = 190  # of the place of a picture, for its labels; the picture is not enlarged
_MIN_TILE_HEIGHT = 40
_MAX_LABEL = 250
_ROW_PICTURE = (220, 140)
_REFERENCE = (240, 170)
_SCALE_BAR, _SWATCH = 220, 34
# Max numbers of pictures side by side in a row, and of references in the header, which counts further ones in words.
MAX_COLUMNS, MAX_REFERENCES = 8, 5

TITLE_STYLE = Style(TITLE, Face.BOLD)
SUBTITLE_STYLE = Style(BODY)
HEADING_STYLE = Style(HEADING, Face.BOLD)
ROW_STYLE = Style(BODY, Face.BOLD)
CAPTION_STYLE = Style(BODY)
NOTE_STYLE = Style(NOTE)
COMMAND_STYLE = Style(NOTE, Face.MONO)

_COLOURS = {State.OUTLINED: DARK.key, State.CHOSEN: DARK.chosen}
_LEVELS = {Level.GOOD: DARK.good, Level.FAIR: DARK.fair, Level.POOR: DARK.poor}


@dataclass(frozen=True)
class Box:
    """Area of the sheet in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


@dataclass(frozen=True)
class PlacedText:
    """A line of text that fits into its box."""

    box: Box
    text: str
    style: Style
    colour: Colour


@dataclass(frozen=True)
class PlacedPicture:
    """A picture in the middle of its box. square: its pixels are square, even if those of the sheet's rows are not."""

    box: Box
    picture: Picture | None
    state: State
    square: bool


@dataclass(frozen=True)
class PlacedMark:
    """A swatch of a legend, a bar of the heat map's colours, the symbol of a verdict, or a rule, a plain colour."""

    box: Box
    mark: State | Colour | Scale | Level


@dataclass(frozen=True)
class PlacedBanner:
    """The drawing above the rows."""

    box: Box
    banner: Banner


Placed = PlacedText | PlacedPicture | PlacedMark | PlacedBanner


@dataclass(frozen=True)
class Arrangement:
    """Size of a sheet in pixels, and the items on it."""

    width: int
    height: int
    items: tuple[Placed, ...]


def arrange(sheet: Sheet) -> Arrangement:
    """Place everything on a sheet of at most MAX_WIDTH times MAX_HEIGHT pixels.

    Raises OutputError if the sheet has no pictures or too many, InputError if a picture is unreadable.
    """
    cells = [cell for row in sheet.rows for cell in row.cells]
    if not cells and sheet.banner is None:
        raise OutputError("no pictures to show on a sheet; run the earlier stages first")
    widest = max((len(row.cells) for row in sheet.rows), default=1)
    if sheet.columns and len(sheet.columns) < widest:
        raise ValueError("a sheet with headings of columns needs one for each picture of a row")
    columns = max(1, len(sheet.columns), min(MAX_COLUMNS, widest))
    picture = next((cell.picture for cell in cells if cell.picture is not None), None)
    shape = (160, 90) if picture is None else true_size(size_of(picture), sheet.pixel_aspect)
    labels = _label_width(sheet.rows)
    room = (MAX_WIDTH - 2 * MARGIN - labels + MEDIUM) // columns - MEDIUM
    scale = min(1.0, min(room, _MAX_TILE[0]) / shape[0], _MAX_TILE[1] / shape[1])
    min_content = _MIN_CONTENT if sheet.banner is None else MAX_WIDTH - 2 * MARGIN
    while True:
        tile = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
        arrangement = _arranged(
            sheet, _Grid(columns, labels, tile, min(room, max(_MIN_TILE_WIDTH, tile[0])), min_content)
        )
        if arrangement.height <= MAX_HEIGHT:
            return arrangement
        if tile[1] <= _MIN_TILE_HEIGHT:
            raise OutputError(f"{len(cells)} pictures do not fit on one sheet; show fewer")
        scale *= 0.85


def size_of(picture: Picture) -> tuple[int, int]:
    """Return the stored (width, height) of a picture. Raises InputError if its file is unreadable."""
    if isinstance(picture, Path):
        return image_size(picture)
    pixels = picture() if callable(picture) else picture
    return pixels.shape[1], pixels.shape[0]


@dataclass(frozen=True)
class _Grid:
    """Pictures in columns.

    labels: width of the labels of rows. tile: size of a picture. width: that of its place. min_content: min width
    between the margins.
    """

    columns: int
    labels: int
    tile: tuple[int, int]
    width: int
    min_content: int

    @property
    def content(self) -> int:
        """Width between the margins."""
        return max(self.min_content, self.labels + self.columns * (self.width + MEDIUM) - MEDIUM)

    def left(self, column: int) -> int:
        return MARGIN + self.labels + column * (self.width + MEDIUM)


class _Flow:
    """Items placed from top to bottom. y: next free pixel."""

    def __init__(self, top: int) -> None:
        self.items: list[Placed] = []
        self.y = top

    def text(self, lines: Sequence[str], left: int, style: Style, colour: Colour) -> None:
        self.items += text_lines(lines, (left, self.y), style, colour)
        self.y += len(lines) * style.line_height


def text_lines(lines: Iterable[str], corner: tuple[int, int], style: Style, colour: Colour) -> list[Placed]:
    """Return lines of text below each other. corner: (x, y) of the upper left one."""
    height = style.line_height
    return [
        PlacedText(Box(corner[0], corner[1] + row * height, text_width(line, style), height), line, style, colour)
        for row, line in enumerate(lines)
    ]


def _arranged(sheet: Sheet, grid: _Grid) -> Arrangement:
    flow = _Flow(MARGIN)
    _header(flow, sheet, grid.content)
    if sheet.banner is not None:
        flow.items.append(PlacedBanner(Box(MARGIN, flow.y, grid.content, sheet.banner.height), sheet.banner))
        flow.y += sheet.banner.height + (LARGE if sheet.rows else 0)
    _column_headings(flow, sheet.columns, grid)
    for number, row in enumerate(sheet.rows):
        flow.y += LARGE if number else 0
        _row(flow, row, grid)
    _legend(flow, sheet.legend, grid.content)
    if sheet.footer:
        flow.y += LARGE
        for line in sheet.footer:
            flow.text(wrap(line, grid.content, COMMAND_STYLE, 100), MARGIN, COMMAND_STYLE, DARK.muted)
    return Arrangement(grid.content + 2 * MARGIN, flow.y + MARGIN, tuple(flow.items))


# The header


def _header(flow: _Flow, sheet: Sheet, content: int) -> None:
    shown, hidden = sheet.references[:MAX_REFERENCES], len(sheet.references) - MAX_REFERENCES
    places = [_reference_size(reference.picture) for reference in shown]
    taken = sum(width + MEDIUM for width, _ in places) - MEDIUM if places else 0
    top = flow.y
    if taken > content // 2:  # narrow sheets have references below the title
        _titles(flow, sheet, content)
        flow.y += MEDIUM
        bottom = _references(flow, shown, places, hidden, (MARGIN, flow.y))
    else:
        bottom = _references(flow, shown, places, hidden, (MARGIN + content - taken, top))
        _titles(flow, sheet, content - taken - (WIDE if shown else 0))
    flow.y = max(flow.y, bottom)
    flow.y += LARGE
    flow.items.append(PlacedMark(Box(MARGIN, flow.y, content, 2), DARK.rule))
    flow.y += 2 + LARGE


def _titles(flow: _Flow, sheet: Sheet, width: int) -> None:
    flow.text(wrap(sheet.title, width, TITLE_STYLE, 2), MARGIN, TITLE_STYLE, DARK.text)
    if sheet.subtitle:
        flow.text(wrap(sheet.subtitle, width, SUBTITLE_STYLE, 3), MARGIN, SUBTITLE_STYLE, DARK.muted)
    _facts(flow, sheet, width)
    if sheet.verdict is not None:
        flow.y += MEDIUM
        indent = _SWATCH + SMALL
        height = HEADING_STYLE.line_height
        symbol = Box(MARGIN, flow.y + (height - _SWATCH) // 2, _SWATCH, _SWATCH)
        flow.items.append(PlacedMark(symbol, sheet.verdict.level))
        lines = wrap(sheet.verdict.text, width - indent, HEADING_STYLE, 3)
        flow.text(lines, MARGIN + indent, HEADING_STYLE, _LEVELS[sheet.verdict.level])
        for sentence in sheet.verdict.advice:
            flow.text(wrap(sentence, width - indent, CAPTION_STYLE, 3), MARGIN + indent, CAPTION_STYLE, DARK.text)


def _facts(flow: _Flow, sheet: Sheet, width: int) -> None:
    """Place the facts side by side, each label above its value, on as many lines as needed."""
    if not sheet.facts:
        return
    flow.y += MEDIUM
    left, height = MARGIN, 0
    for fact in sheet.facts:
        value = wrap(fact.value, width, CAPTION_STYLE, 3)
        label = fit(fact.label, width, NOTE_STYLE)
        taken = max([text_width(label, NOTE_STYLE), *(text_width(line, CAPTION_STYLE) for line in value)])
        if left > MARGIN and left + taken > MARGIN + width:
            flow.y += height + SMALL
            left, height = MARGIN, 0
        flow.items += text_lines([label], (left, flow.y), NOTE_STYLE, DARK.muted)
        flow.items += text_lines(value, (left, flow.y + NOTE_STYLE.line_height), CAPTION_STYLE, DARK.text)
        height = max(height, NOTE_STYLE.line_height + len(value) * CAPTION_STYLE.line_height)
        left += taken + WIDE
    flow.y += height


def _reference_size(picture: Picture) -> tuple[int, int]:
    """Return the size of a reference's place: that of the picture, reduced to fit, and wide enough for its caption."""
    width, height = size_of(picture)
    scale = min(1.0, _REFERENCE[0] / width, _REFERENCE[1] / height)
    return max(_MIN_TILE_WIDTH, round(width * scale)), max(1, round(height * scale))


def _references(
    flow: _Flow, references: Sequence[Reference], places: Sequence[tuple[int, int]], hidden: int,
    corner: tuple[int, int],
) -> int:  # fmt: skip
    """Place the references side by side, their captions on one line, and return the y coordinate below them.

    places: size of each. hidden: number of references that are not placed, if above 0. corner: (x, y) of the first.
    """
    x, top = corner
    below = top + max((height for _, height in places), default=0) + TINY
    bottom = top
    for place, (reference, (width, height)) in enumerate(zip(references, places, strict=True)):
        box = Box(x, below - TINY - height, width, height)
        flow.items.append(PlacedPicture(box, reference.picture, State.NORMAL, True))
        lines = [fit(reference.caption, width, NOTE_STYLE)]
        if hidden > 0 and place == len(references) - 1:
            lines.append(f"and {hidden} more")
        flow.items += text_lines(lines, (x, below), NOTE_STYLE, DARK.muted)
        bottom = max(bottom, below + len(lines) * NOTE_STYLE.line_height)
        x += width + MEDIUM
    return bottom


# The rows


def _label_width(rows: Sequence[Row]) -> int:
    """Return the width of the labels of rows, with the gap to the pictures; 0 without labels."""
    widths = [
        *(min(_MAX_LABEL, text_width(row.heading, ROW_STYLE)) for row in rows if row.heading),
        *(min(_MAX_LABEL, text_width(row.note, NOTE_STYLE)) for row in rows if row.note),
        *(_ROW_PICTURE[0] for row in rows if row.picture is not None),
    ]
    return max(widths) + LARGE if widths else 0


def _column_headings(flow: _Flow, columns: Sequence[Column], grid: _Grid) -> None:
    notes = [wrap(column.note, grid.width, NOTE_STYLE, 2) for column in columns]
    for place, (column, note) in enumerate(zip(columns, notes, strict=True)):
        heading = [fit(column.heading, grid.width, HEADING_STYLE)]
        colour = _COLOURS.get(column.state, DARK.text)
        flow.items += text_lines(heading, (grid.left(place), flow.y), HEADING_STYLE, colour)
        below = flow.y + HEADING_STYLE.line_height
        flow.items += text_lines(note, (grid.left(place), below), NOTE_STYLE, DARK.muted)
    if columns:
        flow.y += HEADING_STYLE.line_height + max(map(len, notes)) * NOTE_STYLE.line_height + SMALL


def _row(flow: _Flow, row: Row, grid: _Grid) -> None:
    labels = _row_labels(row, grid, flow.y)
    flow.items += labels
    bottom = max((item.box.bottom for item in labels), default=flow.y)
    for start in range(0, len(row.cells), grid.columns):
        flow.y += MEDIUM if start else 0
        for place, cell in enumerate(row.cells[start : start + grid.columns]):
            flow.items += _cell(cell, grid, (grid.left(place), flow.y))
        captions = [_caption_lines(cell, grid.width) for cell in row.cells[start : start + grid.columns]]
        flow.y += grid.tile[1] + max(map(_caption_height, captions))
    flow.y = max(flow.y, bottom)


def _row_labels(row: Row, grid: _Grid, top: int) -> list[Placed]:
    if not grid.labels:
        return []
    width = grid.labels - LARGE
    heading, note = wrap(row.heading, width, ROW_STYLE, 3), wrap(row.note, width, NOTE_STYLE, 4)
    items = text_lines(heading, (MARGIN, top), ROW_STYLE, DARK.text)
    top += len(heading) * ROW_STYLE.line_height
    items += text_lines(note, (MARGIN, top), NOTE_STYLE, DARK.muted)
    top += len(note) * NOTE_STYLE.line_height
    if row.picture is not None:
        box = Box(MARGIN, top + (TINY if heading or note else 0), min(width, _ROW_PICTURE[0]), _ROW_PICTURE[1])
        items.append(PlacedPicture(box, row.picture, State.NORMAL, True))
    return items


_Captions = tuple[list[str], list[str]]


def _caption_lines(cell: Cell, width: int) -> _Captions:
    return [fit(cell.caption, width, CAPTION_STYLE)] if cell.caption else [], wrap(cell.note, width, NOTE_STYLE, 3)


def _caption_height(captions: _Captions) -> int:
    caption, note = captions
    height = len(caption) * CAPTION_STYLE.line_height + len(note) * NOTE_STYLE.line_height
    return height + (TINY if height else 0)


def _cell(cell: Cell, grid: _Grid, corner: tuple[int, int]) -> list[Placed]:
    left, top = corner
    caption, note = _caption_lines(cell, grid.width)
    width = grid.tile[0] if cell.picture is None else grid.width
    items: list[Placed] = [PlacedPicture(Box(left, top, width, grid.tile[1]), cell.picture, cell.state, False)]
    top += grid.tile[1] + TINY
    colour = DARK.muted if cell.state is State.DIMMED else _COLOURS.get(cell.state, DARK.text)
    items += text_lines(caption, (left, top), CAPTION_STYLE, colour)
    top += len(caption) * CAPTION_STYLE.line_height
    return items + text_lines(note, (left, top), NOTE_STYLE, DARK.muted)


# The legend


def _legend(flow: _Flow, legend: Sequence[LegendItem], content: int) -> None:
    """Place the items of a legend side by side, on as many lines as needed."""
    if not legend:
        return
    flow.y += LARGE
    flow.items.append(PlacedMark(Box(MARGIN, flow.y, content, 2), DARK.rule))
    flow.y += 2 + MEDIUM
    left, height = MARGIN, max(_SWATCH, CAPTION_STYLE.line_height)
    for item in legend:
        placed, width = _legend_item(item, content)
        if left > MARGIN and left + width > MARGIN + content:
            flow.y += height + SMALL
            left = MARGIN
        flow.items += [_moved(one, left, flow.y) for one in placed]
        left += width + WIDE
    flow.y += height


def _legend_item(item: LegendItem, content: int) -> tuple[list[Placed], int]:
    """Return an item as if placed at (0, 0), and its width."""
    height = max(_SWATCH, CAPTION_STYLE.line_height)
    top = (height - _SWATCH) // 2
    placed: list[Placed] = []
    x = 0

    def write(text: str) -> None:
        nonlocal x
        lines = text_lines([text], (x, (height - CAPTION_STYLE.line_height) // 2), CAPTION_STYLE, DARK.muted)
        placed.extend(lines)
        x = lines[0].box.right

    if isinstance(item.mark, Scale):
        write(item.mark.low)
        placed.append(PlacedMark(Box(x + SMALL, top + 5, _SCALE_BAR, _SWATCH - 10), item.mark))
        x += _SCALE_BAR + 2 * SMALL
        write(item.mark.high)
        x += SMALL
    else:
        placed.append(PlacedMark(Box(0, top, round(_SWATCH * 1.5), _SWATCH), item.mark))
        x = round(_SWATCH * 1.5) + SMALL
    write(fit(item.meaning, max(1, content - x), CAPTION_STYLE))
    return placed, x


def _moved(item: Placed, x: int, y: int) -> Placed:
    return replace(item, box=replace(item.box, left=item.box.left + x, top=item.box.top + y))
