"""Contact sheet: one picture with the plates, keys and results of selected frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from propagate.arrays import Bytes
from stylize.errors import OutputError
from stylize.media.flatten import flatten
from stylize.media.images import image_size, quantise, read_image, to_float, write_image
from stylize.media.safe_write import Seal, make_folder, no_seal
from stylize.media.true_shape import true_size
from stylize.visible_text import visible

# Frame number, and the picture of each row: the plate, the keys (None without a key), and the result.
Column = tuple[int, Sequence[Path | None]]
Colour = tuple[int, int, int]

MAX_COLUMNS = 8

_BACKGROUND: Colour = (22, 23, 26)
_EMPTY: Colour = (31, 32, 36)
_LABEL_TEXT: Colour = (138, 141, 150)
_FRAME_TEXT: Colour = (222, 223, 226)
_KEY: Colour = (255, 184, 77)

# In pixels. A sheet fits on a screen that is 2560 pixels wide.
_MAX_WIDTH = 2520
_MARGIN = 36
_GUTTER = 14
_HEADING = 48
# Minimum width of row names, width of a letter, and maximum number of letters.
_MIN_LABEL_WIDTH = 104
_LETTER_WIDTH, _MAX_LETTERS = 17, 14
_BORDER = 4
_MAX_TILE = (560, 400)
_BACKDROP = 0.25  # background of transparent pixels: black and white are both visible on it

ROWS = ("plate", "key", "result")


def choose_columns(frames: Sequence[int], keys: Sequence[int], limit: int = MAX_COLUMNS) -> tuple[int, ...]:
    """Choose up to `limit` frames that represent a shot.

    The choice includes the first and the last frame, and up to limit / 2 keys. Other frames fill the gaps evenly.
    frames, keys: ascending. limit: 4 or more.
    """
    if len(frames) <= limit:
        return tuple(frames)
    at_keys = {frames.index(key) for key in keys}
    anchors = sorted({0, len(frames) - 1, *_spread(sorted(at_keys), limit // 2)})
    gaps = list(pairwise(anchors))
    parts = [1] * len(gaps)
    for _ in range(limit - len(anchors)):
        widest = max(range(len(gaps)), key=lambda gap: (gaps[gap][1] - gaps[gap][0]) / parts[gap])
        parts[widest] += 1
    chosen = set(anchors)
    for (left, right), count in zip(gaps, parts, strict=True):
        for part in range(1, count):
            ideal = left + round((right - left) * part / count)
            free = [index for index in range(left + 1, right) if index not in at_keys | chosen]
            chosen.update(_nearest(free, ideal))
    return tuple(frames[index] for index in sorted(chosen))


def contact_sheet(
    columns: Sequence[Column], target: Path, rows: Sequence[str] = ROWS, seal: Seal = no_seal,
    pixel_aspect: Fraction = Fraction(1),
) -> None:  # fmt: skip
    """Write a PNG with one column per frame, and rows for the plates, for the keys of each layer, and for the results.

    Pictures are reduced by area averaging and never enlarged, except that pixels which are not square are stretched.
    They are assumed to have the aspect ratio of the first plate. Columns with a key are highlighted. rows: names of the
    rows. seal: records the file. pixel_aspect: width of a pixel divided by its height. Raises InputError if a picture
    is unreadable, OutputError if there are no columns or the file cannot be written.
    """
    if not columns:
        raise OutputError(f"{target}: no frames to show; run the earlier stages first")
    plate = columns[0][1][0]
    assert plate is not None  # only keys may be missing
    names = [name if len(name) <= _MAX_LETTERS else f"{name[: _MAX_LETTERS - 2]}.." for name in rows]
    label_width = max(_MIN_LABEL_WIDTH, _LETTER_WIDTH * max(map(len, names)))
    tile = _tile_size(true_size(image_size(plate), pixel_aspect), len(columns), label_width)
    layout = _Layout(len(columns), len(rows), label_width, tile)
    sheet = layout.canvas()
    for row, name in enumerate(names):
        _write(sheet, name, (_MARGIN, layout.top(row) + 24), 0.8, _LABEL_TEXT)
    for number, (frame, pictures) in enumerate(columns):
        _draw_column(sheet, layout, number, frame, pictures)
    make_folder(target.parent)
    write_image(target, sheet, seal=seal)


@dataclass(frozen=True)
class _Layout:
    """Layout of the sheet. label_width, tile: in pixels; tile is (width, height)."""

    columns: int
    rows: int
    label_width: int
    tile: tuple[int, int]

    def left(self, column: int) -> int:
        return _MARGIN + self.label_width + column * (self.tile[0] + _GUTTER)

    def top(self, row: int) -> int:
        return _MARGIN + _HEADING + row * (self.tile[1] + _GUTTER)

    def canvas(self) -> Bytes:
        height = self.top(self.rows) - _GUTTER + _MARGIN
        width = self.left(self.columns) - _GUTTER + _MARGIN
        return np.full((height, width, 3), _BACKGROUND, np.uint8)


def _tile_size(picture: tuple[int, int], columns: int, label_width: int) -> tuple[int, int]:
    room = (_MAX_WIDTH - 2 * _MARGIN - label_width + _GUTTER) // max(columns, 1) - _GUTTER
    scale = min(1.0, min(room, _MAX_TILE[0]) / picture[0], _MAX_TILE[1] / picture[1])
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


def _draw_column(sheet: Bytes, layout: _Layout, column: int, frame: int, pictures: Sequence[Path | None]) -> None:
    left, (width, height) = layout.left(column), layout.tile
    keys = range(1, len(pictures) - 1)
    has_key = any(pictures[row] is not None for row in keys)
    _write(sheet, str(frame), (left, _MARGIN + _HEADING - 17), 0.95, _KEY if has_key else _FRAME_TEXT)
    for row, picture in enumerate(pictures):
        top = layout.top(row)
        tile = sheet[top : top + height, left : left + width]
        tile[:] = _EMPTY if picture is None else _thumbnail(picture, layout.tile)
        if picture is not None and row in keys:
            _outline(sheet, left, top, layout.tile)


def _outline(sheet: Bytes, left: int, top: int, tile: tuple[int, int]) -> None:
    """Draw a border in the gutter around a tile."""
    width, height = tile
    upper, outer = top - _BORDER, left - _BORDER
    for area in (
        sheet[upper:top, outer : left + width + _BORDER],
        sheet[top + height : top + height + _BORDER, outer : left + width + _BORDER],
        sheet[upper : top + height + _BORDER, outer:left],
        sheet[upper : top + height + _BORDER, left + width : left + width + _BORDER],
    ):
        area[:] = _KEY


def _thumbnail(path: Path, size: tuple[int, int]) -> Bytes:
    import cv2

    pixels = flatten(read_image(path), _BACKDROP)
    if pixels.dtype != np.uint8:
        pixels = quantise(to_float(pixels), np.uint8)
    smaller: Bytes = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return smaller


def _write(sheet: Bytes, text: str, position: tuple[int, int], size: float, colour: Colour) -> None:
    import cv2

    # OpenCV crashes on lone surrogates.
    cv2.putText(sheet, visible(text), position, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _nearest(items: Sequence[int], ideal: int) -> Sequence[int]:
    """Return a list with the item closest to `ideal`, or an empty list without items."""
    return sorted(items, key=lambda item: abs(item - ideal))[:1]


def _spread(items: Sequence[int], limit: int) -> list[int]:
    """Return up to `limit` of the items, evenly spaced, including the first and the last."""
    if len(items) <= limit:
        return list(items)
    return [items[round(step * (len(items) - 1) / (limit - 1))] for step in range(limit)]
