"""Drawing and writing of labelled sheets. The same content gives the same bytes."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from propagate.arrays import Bytes, Pixels
from stylize.media.flatten import flatten
from stylize.media.images import quantise, read_image, to_float, write_image
from stylize.media.safe_write import Seal, make_folder, no_seal
from stylize.media.true_shape import true_size
from stylize.sheets.arrangement import Box, PlacedBanner, PlacedMark, PlacedPicture, PlacedText, arrange
from stylize.sheets.content import Level, Picture, Scale, Sheet, State
from stylize.sheets.design import BACKDROP, DARK, DIMMED, Colour, mix
from stylize.sheets.heat_map import heat_colours
from stylize.sheets.lettering import draw_text

# Width in pixels of outlines, in the gap around a picture.
_OUTLINE, _CHOSEN_OUTLINE = 4, 7


def write_sheet(sheet: Sheet, target: Path, seal: Seal = no_seal) -> None:
    """Write a sheet as PNG. seal: records the file.

    Raises InputError if a picture is unreadable, OutputError if there are no pictures or too many, or if the file
    cannot be written.
    """
    drawn = draw_sheet(sheet)
    make_folder(target.parent)
    write_image(target, drawn, seal=seal)


def draw_sheet(sheet: Sheet) -> Bytes:
    """Draw a sheet: RGB, uint8 (H, W, 3), at most MAX_WIDTH pixels wide and MAX_HEIGHT high. See `arrange` for errors.

    Pictures are read one at a time.
    """
    arrangement = arrange(sheet)
    canvas: Bytes = np.full((arrangement.height, arrangement.width, 3), DARK.ground, np.uint8)
    for item in arrangement.items:
        match item:
            case PlacedText(box, text, style, colour):
                draw_text(canvas, text, (box.left, box.top + style.ascent), style, colour)
            case PlacedPicture(box, picture, state, square):
                _draw_picture(canvas, box, picture, state, Fraction(1) if square else sheet.pixel_aspect)
            case PlacedBanner(box, banner):
                _area(canvas, box)[:] = banner.draw(box.width, box.height)
            case PlacedMark(box, mark):
                _draw_mark(canvas, box, mark)
    return canvas


def thumbnail(picture: Picture, box: tuple[int, int], pixel_aspect: Fraction = Fraction(1)) -> Bytes:
    """Return a picture with square pixels that fits into a box: RGB, uint8 (H, W, 3).

    It is reduced by area averaging and never enlarged, except that pixels which are not square are stretched.
    Transparent parts are grey. box: (width, height). Raises InputError if its file is unreadable.
    """
    pixels = flatten(_pixels(picture), BACKDROP)
    if pixels.dtype != np.uint8:
        pixels = quantise(to_float(pixels), np.uint8)
    width, height = true_size((pixels.shape[1], pixels.shape[0]), pixel_aspect)
    scale = min(1.0, box[0] / width, box[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _pixels(picture: Picture) -> Pixels:
    if isinstance(picture, Path):
        return read_image(picture)
    return picture() if callable(picture) else picture


def _draw_picture(canvas: Bytes, box: Box, picture: Picture | None, state: State, pixel_aspect: Fraction) -> None:
    if picture is None:
        _area(canvas, box)[:] = DARK.panel
        return
    pixels = thumbnail(picture, (box.width, box.height), pixel_aspect)
    if state is State.DIMMED:
        ground = np.array(DARK.ground, np.float32)
        pixels = (ground + (pixels - ground) * np.float32(DIMMED) + np.float32(0.5)).astype(np.uint8)
    height, width = pixels.shape[:2]
    placed = Box(box.left, box.top + (box.height - height) // 2, width, height)
    _area(canvas, placed)[:] = pixels
    if state is State.OUTLINED:
        _outline(canvas, placed, _OUTLINE, DARK.key)
    if state is State.CHOSEN:
        _outline(canvas, placed, _CHOSEN_OUTLINE, DARK.chosen)
        _tick(canvas, placed)


def _draw_mark(canvas: Bytes, box: Box, mark: State | Colour | Scale | Level) -> None:
    match mark:
        case Scale():
            places = np.arange(box.width) * len(heat_colours()) // box.width
            _area(canvas, box)[:] = heat_colours()[places]
        case Level():
            _verdict_symbol(canvas, box, mark)
        case State():
            inner = Box(box.left + 5, box.top + 5, box.width - 10, box.height - 10)
            sample: Bytes = np.full((inner.height, inner.width, 3), mix(DARK.ground, DARK.muted, 0.8), np.uint8)
            _draw_picture(canvas, inner, sample, mark, Fraction(1))
        case _:
            _area(canvas, box)[:] = mark


def _area(canvas: Bytes, box: Box) -> Bytes:
    return canvas[box.top : box.bottom, box.left : box.right]


def _outline(canvas: Bytes, box: Box, width: int, colour: Colour) -> None:
    """Draw a border around a picture, in the gap."""
    outer = Box(box.left - width, box.top - width, box.width + 2 * width, box.height + 2 * width)
    for edge in (
        Box(outer.left, outer.top, outer.width, width), Box(outer.left, box.bottom, outer.width, width),
        Box(outer.left, outer.top, width, outer.height), Box(box.right, outer.top, width, outer.height),
    ):  # fmt: skip
        _area(canvas, edge)[:] = colour


def _tick(canvas: Bytes, box: Box) -> None:
    """Draw a tick on a disc over the corner of a chosen picture, mostly in the gap, if the picture is large enough."""
    radius = 17
    if min(box.width, box.height) < 4 * radius:
        return
    corner = box.right, box.top
    _draw_smooth(canvas, corner, radius, DARK.chosen, _DISC)
    _draw_smooth(canvas, corner, radius, DARK.ground, _TICK)


# Outlines of symbols in a square from -1 to 1.
_DISC = [(float(np.cos(turn)), float(np.sin(turn))) for turn in np.linspace(0, 2 * np.pi, 64, endpoint=False)]
_TICK = [(-0.52, 0.04), (-0.36, -0.12), (-0.12, 0.12), (0.4, -0.42), (0.56, -0.26), (-0.12, 0.44)]
_TRIANGLE = [(0.0, -0.86), (0.96, 0.8), (-0.96, 0.8)]
_SQUARE = [(-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)]
_BAR = [(-0.11, -0.4), (0.11, -0.4), (0.11, 0.3), (-0.11, 0.3)]
_DOT = [(-0.11, 0.44), (0.11, 0.44), (0.11, 0.64), (-0.11, 0.64)]
_CROSS = [
    (-0.5, -0.34), (-0.34, -0.5), (0, -0.16), (0.34, -0.5), (0.5, -0.34), (0.16, 0), (0.5, 0.34), (0.34, 0.5),
    (0, 0.16), (-0.34, 0.5), (-0.5, 0.34), (-0.16, 0),
]  # fmt: skip


def _verdict_symbol(canvas: Bytes, box: Box, level: Level) -> None:
    """Draw a tick on a disc, an exclamation mark on a triangle, or a cross on a square: distinct without colour."""
    centre, radius = (box.left + box.width // 2, box.top + box.height // 2), box.height // 2
    ground, marks, colour = {
        Level.GOOD: (_DISC, [_TICK], DARK.good),
        Level.FAIR: (_TRIANGLE, [_BAR, _DOT], DARK.fair),
        Level.POOR: (_SQUARE, [_CROSS], DARK.poor),
    }[level]
    _draw_smooth(canvas, centre, radius, colour, ground)
    for mark in marks:
        _draw_smooth(canvas, centre, radius, DARK.ground, mark)


def _draw_smooth(
    canvas: Bytes, centre: tuple[int, int], radius: int, colour: Colour, points: list[tuple[float, float]]
) -> None:  # fmt: skip
    """Fill a polygon, with smooth edges. points: in units of the radius."""
    bits = 4  # fractional bits of the coordinates
    corners = np.array([[(centre[0] + x * radius), (centre[1] + y * radius)] for x, y in points])
    cv2.fillPoly(canvas, [np.round(corners * 2**bits).astype(np.int32)], colour, cv2.LINE_AA, bits)
