r"""Lettering of sheets: fonts, widths, line breaks and drawing of text on arrays.

Fonts are those that OpenImageIO's package carries: Droid Sans, and Droid Sans Mono, which adds further Latin letters,
Greek and Cyrillic. Where that package has no fonts, the font that is part of Pillow is used. Characters that no font
has, as in Chinese or Arabic names, become a small box with their code point in hexadecimal digits. Different names
therefore stay different, and a sheet does not depend on the fonts of a machine. Pages show such names in full.
"""

import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import Bytes
from stylize.errors import OutputError
from stylize.sheets.design import Colour
from stylize.visible_text import visible

# Distance of baselines, and heights of letters above and below the baseline, in sizes of the text.
_LINE, _ABOVE, _BELOW = 1.32, 0.98, 0.26
# Size of the digits in a box for a character that no font has, and its padding, in sizes of the text.
_DIGIT, _PADDING = 0.4, 0.1
# Size at which characters are looked up.
_PROBE = 32
_ELLIPSIS = "..."
# Characters after which a name may be broken.
_SEPARATORS = "_-./\\,=:"
# Noncharacter, which no font has.
_MISSING = "\uffff"


class Face(Enum):
    """Typefaces; the value is the name of the font's file."""

    REGULAR = "DroidSans.ttf"
    BOLD = "DroidSans-Bold.ttf"
    MONO = "DroidSansMono.ttf"


@dataclass(frozen=True)
class Style:
    """Style of a text. size: nominal height in pixels."""

    size: int
    face: Face = Face.REGULAR

    @property
    def line_height(self) -> int:
        """Distance of baselines in pixels."""
        return round(self.size * _LINE)

    @property
    def ascent(self) -> int:
        """Pixels from the top of a line to its baseline."""
        return round(self.size * (_ABOVE + (_LINE - _ABOVE - _BELOW) / 2))


def text_width(text: str, style: Style) -> int:
    """Return the width of a line of text in pixels."""
    return sum(width for _, _, width in _runs(legible(text), style))


def legible(text: str) -> str:
    """Return text on one line, with composed letters, escapes for invisible characters, and without format marks."""
    composed = unicodedata.normalize("NFC", visible(text))
    return "".join(character for character in composed if unicodedata.category(character) != "Cf")


def fit(text: str, width: int, style: Style) -> str:
    """Return text shortened in its middle to at most ``width`` pixels; both ends of a file's name identify it."""
    text = legible(text)
    if text_width(text, style) <= width:
        return text
    fits, fails = 0, len(text)
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if text_width(_cut(text, middle), style) <= width:
            fits = middle
        else:
            fails = middle
    return _cut(text, fits)


def wrap(text: str, width: int, style: Style, max_lines: int) -> list[str]:
    """Break text into up to ``max_lines`` lines of at most ``width`` pixels; the last one is shortened if text is left.

    Words that are wider than a line are broken. Return no lines for an empty text.
    """
    lines: list[str] = []
    for word in legible(text).split():
        if lines and text_width(f"{lines[-1]} {word}", style) <= width:
            lines[-1] += f" {word}"
        else:
            lines += _pieces(word, width, style)
    if len(lines) > max_lines:
        lines[max_lines - 1 :] = [_end_cut(lines[max_lines - 1], width, style)]
    return lines


def draw_text(canvas: Bytes, text: str, place: tuple[int, int], style: Style, colour: Colour) -> None:
    """Draw a line of text. canvas: RGB, uint8 (H, W, 3), changed. place: left end of the baseline, (x, y)."""
    x, baseline = place
    for part, face, width in _runs(legible(text), style):
        if face is None:
            _draw_box(canvas, part, (x, baseline), width, style, colour)
        else:
            _blend(canvas, _ink(part, Style(style.size, face), width), (x, baseline - _above(style)), colour)
        x += width


def _cut(text: str, kept: int) -> str:
    """Return text with ``kept`` characters and an ellipsis in between."""
    head = (kept + 1) // 2
    return f"{text[:head].rstrip()}{_ELLIPSIS}{text[len(text) - (kept - head) :].lstrip()}" if kept else ""


def _end_cut(text: str, width: int, style: Style) -> str:
    while text and text_width(f"{text}{_ELLIPSIS}", style) > width:
        text = text[:-1].rstrip()
    return f"{text}{_ELLIPSIS}"


def _pieces(word: str, width: int, style: Style) -> list[str]:
    """Return the word in parts of at most ``width`` pixels, but of at least one character.

    Parts end after a separator of names where their second half has one.
    """
    pieces = []
    while text_width(word, style) > width:
        kept = next((end for end in range(len(word) - 1, 1, -1) if text_width(word[:end], style) <= width), 1)
        kept = next((end for end in range(kept, kept // 2, -1) if word[end - 1] in _SEPARATORS), kept)
        pieces.append(word[:kept])
        word = word[kept:]
    return [*pieces, word]


@lru_cache(4096)
def _runs(text: str, style: Style) -> tuple[tuple[str, Face | None, int], ...]:
    """Return the parts of a text with the face and the width of each; None for one character that no font has."""
    fallbacks = (style.face, Face.MONO)
    whole = next((face for face in fallbacks if all(_has(face, character) for character in text)), None)
    faces = [
        whole or next((face for face in fallbacks if _has(face, character)), None) for character in text
    ]  # fmt: skip
    runs: list[tuple[str, Face | None, int]] = []
    for face, group in groupby(zip(text, faces, strict=True), lambda pair: pair[1]):
        part = "".join(character for character, _ in group)
        if face is None:
            runs += [(character, None, _box_width(character, style)) for character in part]
        else:
            runs.append((part, face, -int(-_font(face, style.size).getlength(part) // 1)))
    return tuple(runs)


def _box_rows(character: str) -> tuple[str, str]:
    code = f"{ord(character):04X}"
    code = code if len(code) % 2 == 0 else f"0{code}"
    return code[: len(code) // 2], code[len(code) // 2 :]


def _box_width(character: str, style: Style) -> int:
    digits = _digits(style)
    widest = max(_run_width(row, digits) for row in _box_rows(character))
    return widest + 2 * _padding(style) + 4


def _run_width(text: str, style: Style) -> int:
    return -int(-_font(style.face, style.size).getlength(text) // 1)


def _digits(style: Style) -> Style:
    return Style(max(6, round(style.size * _DIGIT)), Face.MONO)


def _padding(style: Style) -> int:
    return max(1, round(style.size * _PADDING))


def _draw_box(
    canvas: Bytes, character: str, place: tuple[int, int], width: int, style: Style, colour: Colour
) -> None:  # fmt: skip
    """Draw a box with the code point of a character, half of its digits in each of two rows."""
    x, baseline = place
    digits, height = _digits(style), round(style.size * 0.92)
    ink: Bytes = np.zeros((height, width), np.uint8)
    for edge in (ink[0, 1:-1], ink[-1, 1:-1], ink[:, 1], ink[:, -2]):
        edge[:] = 150
    for row, text in enumerate(_box_rows(character)):
        part = _ink(text, digits, _run_width(text, digits))
        # The capital digits of the upper row stand in the middle of their half.
        top = round(height * (0.25 + 0.5 * row) + digits.size * 0.36) - _above(digits)
        left = (width - part.shape[1]) // 2
        rows = slice(max(0, top), min(height, top + part.shape[0]))
        area = ink[rows, left : left + part.shape[1]]
        np.maximum(area, part[rows.start - top : rows.stop - top, : area.shape[1]], out=area)
    _blend(canvas, ink, (x, baseline - round(style.size * 0.82)), colour)


def _above(style: Style) -> int:
    return round(style.size * _ABOVE)


def _ink(text: str, style: Style, width: int) -> Bytes:
    """Return the coverage of a text, uint8 (H, W); its baseline is ``_above(style)`` below the top."""
    from PIL import Image, ImageDraw

    height = _above(style) + round(style.size * _BELOW)
    image = Image.new("L", (max(1, width), height))
    ImageDraw.Draw(image).text((0, _above(style)), text, fill=255, font=_font(style.face, style.size), anchor="ls")
    return np.asarray(image, np.uint8)


def _blend(canvas: Bytes, ink: Bytes, corner: tuple[int, int], colour: Colour) -> None:
    """Blend a colour into the canvas where there is ink; parts outside of the canvas are left out."""
    x, y = corner
    rows = slice(max(0, y), min(canvas.shape[0], y + ink.shape[0]))
    cols = slice(max(0, x), min(canvas.shape[1], x + ink.shape[1]))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return
    share = ink[rows.start - y : rows.stop - y, cols.start - x : cols.stop - x, None].astype(np.int32)
    area = canvas[rows, cols]
    area[:] = (area * (255 - share) + np.array(colour, np.int32) * share + 127) // 255


@lru_cache(8192)
def _has(face: Face, character: str) -> bool:
    return character == " " or _shape(face, character) != _shape(face, _MISSING)


def _shape(face: Face, character: str) -> bytes:
    mask = _font(face, _PROBE).getmask(character)
    return bytes(f"{mask.size}", "ascii") + bytes(mask)


@lru_cache(64)
def _font(face: Face, size: int) -> Any:
    from PIL import ImageFont, features

    if not features.check("freetype2"):
        raise OutputError("Pillow was built without FreeType, which draws the text of sheets; reinstall pillow by pip")
    data = _font_data(face)
    if data is None:
        return ImageFont.load_default(size)
    # The basic layout is the same whatever shaping libraries a machine has.
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(3)
def _font_data(face: Face) -> bytes | None:
    """Return the contents of a font's file; None where OpenImageIO has no fonts."""
    import OpenImageIO

    files = [Path(name) for name in OpenImageIO.get_string_attribute("font_file_list").split(";")]
    found = next((file for file in files if file.name == face.value and file.is_file()), None)
    return None if found is None else found.read_bytes()
