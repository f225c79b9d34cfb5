"""Picture of a plan: a timeline with the coverage by the keyframes, and a card with the heat map of each keyframe.

The size does not depend on the length of the footage. A pixel column shows the minimum coverage of its frames. If there
are many keyframes, only those with the highest gain have a card.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Bytes, Floats
from stylize.media.flatten import flatten
from stylize.media.images import image_size, quantise, read_image, to_float
from stylize.media.true_shape import true_size
from stylize.visible_text import visible

Colour = tuple[int, int, int]

# Max rows and columns of cards, and min columns.
MAX_ROWS, MAX_COLUMNS, MIN_COLUMNS = 4, 6, 3
MAX_CARDS = MAX_ROWS * MAX_COLUMNS

_BACKGROUND: Colour = (22, 23, 26)
_PANEL: Colour = (31, 32, 36)
_GRID: Colour = (52, 54, 60)
_MUTED: Colour = (138, 141, 150)
_TEXT: Colour = (222, 223, 226)
_KEY: Colour = (255, 184, 77)
_CURVE: Colour = (96, 170, 214)
_SHORTFALL: Colour = (232, 92, 92)

# Values of the heat map, and the red, green and blue of the overlay at each value.
_HEAT = (0.0, 0.35, 0.7, 1.0), (90, 190, 250, 255), (20, 40, 110, 190), (110, 90, 50, 70)

# In pixels.
_WIDTH = 2400
_MARGIN = 60
_HEADING = 92
_AXIS_LABELS = 84  # width of the labels of the vertical axis
_CHART = 300
_AXIS = 92  # height of frame numbers and shot names
_LINK_HEIGHT = 56  # height of the lines from the timeline to the cards
_GAP, _ROW_GAP = 26, 44
_LINE_HEIGHT = 30
_MAX_TILE, _MAX_TILE_ONE_ROW = 300, 430  # height of pictures, with several rows of cards and with one
_MAX_REASON_LINES = 3
_BACKDROP = 0.25  # background of transparent pixels
_FONT = 0.66
# Text is drawn larger by this factor and downscaled, for antialiasing.
_SUPERSAMPLING = 4


@dataclass(frozen=True)
class Card:
    """One keyframe.

    gained: increase of its shot's mean coverage, 0..1. plate: picture file of the frame. heat: file of its heat map,
    grey, of any size.
    """

    frame: int
    timecode: str
    reason: str
    gained: float
    plate: Path
    heat: Path


@dataclass(frozen=True)
class Chart:
    """Content of the picture of a plan.

    frames: frame numbers, ascending. coverage: coverage of each frame, 0..1. target: target coverage, 0..1. shots:
    first frame of each shot. cards: all keyframes, ascending. pixel_aspect: width of a pixel divided by its height.
    """

    title: str
    frames: Sequence[int]
    coverage: Sequence[float]
    target: float
    shots: Sequence[int]
    cards: Sequence[Card] = field(default_factory=tuple)
    pixel_aspect: Fraction = Fraction(1)


def plan_picture(chart: Chart) -> Bytes:
    """Draw the picture: RGB, uint8 (H, 2400, 3). Raises InputError if a card's picture is unreadable."""
    selected = select_cards(chart.cards)
    tile = _tile(selected, chart.pixel_aspect)
    lines = max((len(_wrap(card.reason, tile[0])) for card in selected), default=0)
    # The axis starts at one half if all values are above it.
    min_coverage = 0.5 if min([chart.target, *chart.coverage]) >= 0.5 else 0.0
    layout = _Layout(len(selected), tile, lines, min_coverage)
    canvas: Bytes = np.full((layout.height(), _WIDTH, 3), _BACKGROUND, np.uint8)
    _write(canvas, chart.title, (_MARGIN, _MARGIN + 26), _TEXT, 1.0)
    subtitle = f"coverage, with the target of {100 * chart.target:g} % (dashed)"
    if len(selected) < len(chart.cards):
        subtitle += f"; below, the {len(selected)} of {len(chart.cards)} keyframes with the highest gain"
    _write(canvas, subtitle, (_WIDTH - _MARGIN, _MARGIN + 26), _MUTED, anchor="right")
    _draw_timeline(canvas, layout, chart)
    if len(selected) <= layout.columns:
        for place, card in enumerate(selected):
            _link(canvas, layout, place, layout.x_of(chart.frames.index(card.frame), len(chart.frames)))
    _draw_keys(canvas, layout, chart)
    for place, card in enumerate(selected):
        _draw_card(canvas, layout, place, card)
    return canvas


def select_cards(cards: Sequence[Card], max_cards: int = MAX_CARDS) -> list[Card]:
    """Return up to ``max_cards`` cards in order: the first, and those with the highest gain, earlier ones on ties."""
    ranked = sorted(range(1, len(cards)), key=lambda place: (-cards[place].gained, place))
    return [cards[place] for place in sorted([0, *ranked[: max_cards - 1]])] if cards else []


def lowest_per_column(coverage: Sequence[float], columns: int) -> Floats:
    """Return the minimum coverage of the frames in each pixel column: float32 (columns,)."""
    values = np.asarray(coverage, F32)
    firsts = np.arange(columns) * len(values) // columns
    ends = np.maximum(firsts + 1, np.arange(1, columns + 1) * len(values) // columns)
    return np.array([values[first:end].min() for first, end in zip(firsts, ends, strict=True)], F32)


@dataclass(frozen=True)
class _Layout:
    """Positions in pixels.

    cards: number of cards. tile: (width, height) of a picture on a card. lines: number of lines of the longest reason.
    min_coverage: coverage at the bottom of the timeline, 0..1.
    """

    cards: int
    tile: tuple[int, int]
    lines: int
    min_coverage: float

    @property
    def columns(self) -> int:
        return _columns(self.cards)

    @property
    def left(self) -> int:
        return _MARGIN + _AXIS_LABELS

    @property
    def right(self) -> int:
        return _WIDTH - _MARGIN

    @property
    def top(self) -> int:
        return _MARGIN + _HEADING

    @property
    def base(self) -> int:
        return self.top + _CHART

    def x_of(self, place: int, frames: int) -> int:
        """Return the x coordinate of a frame's centre on the timeline. place: position of the frame, from 0."""
        return round(self.left + (place + 0.5) * (self.right - self.left) / frames)

    def y_of(self, share: float) -> int:
        """Return the y coordinate of a coverage on the timeline."""
        return round(self.base - max(0.0, share - self.min_coverage) / (1 - self.min_coverage) * _CHART)

    def card(self, place: int) -> tuple[int, int]:
        """Return the upper left corner of a card."""
        row, column = divmod(place, self.columns)
        width = (_WIDTH - 2 * _MARGIN + _GAP) // self.columns
        return _MARGIN + column * width, self.base + _AXIS + _LINK_HEIGHT + row * (self.card_height() + _ROW_GAP)

    def card_height(self) -> int:
        return _LINE_HEIGHT + 14 + 2 * self.tile[1] + 6 + 14 + self.lines * _LINE_HEIGHT

    def height(self) -> int:
        rows = -(-self.cards // self.columns)
        cards = _LINK_HEIGHT + rows * (self.card_height() + _ROW_GAP) - _ROW_GAP if rows else 0
        return self.base + _AXIS + cards + _MARGIN


def _columns(cards: int) -> int:
    """Return the number of columns that makes the rows as even as possible."""
    rows = max(1, -(-cards // MAX_COLUMNS))
    return max(MIN_COLUMNS, min(MAX_COLUMNS, -(-cards // rows)))


def _tile(cards: Sequence[Card], pixel_aspect: Fraction) -> tuple[int, int]:
    if not cards:
        return 1, 1
    width, height = true_size(image_size(cards[0].plate), pixel_aspect)
    room = (_WIDTH - 2 * _MARGIN + _GAP) // _columns(len(cards)) - _GAP
    tallest = _MAX_TILE if len(cards) > MAX_COLUMNS else _MAX_TILE_ONE_ROW
    scale = min(room / width, tallest / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


# The timeline


def _draw_timeline(canvas: Bytes, layout: _Layout, chart: Chart) -> None:
    left, right, top, base = layout.left, layout.right, layout.top, layout.base
    canvas[top:base, left:right] = _PANEL
    for share in _steps(layout):
        canvas[layout.y_of(share), left:right] = _GRID
        _write(canvas, f"{100 * share:.0f} %", (left - 14, layout.y_of(share) + 8), _MUTED, anchor="right")
    _draw_curve(canvas, layout, chart)
    _draw_cuts(canvas, layout, chart)
    for frame in ticks(chart.frames):
        x = layout.x_of(chart.frames.index(frame), len(chart.frames))
        canvas[base : base + 8, x : x + 2] = _MUTED
        _write(canvas, str(frame), (x, base + 34), _MUTED, anchor="middle")


def _steps(layout: _Layout) -> list[float]:
    """Return the coverages of the grid lines."""
    return [layout.min_coverage + step * (1 - layout.min_coverage) / 5 for step in range(6)]


def _draw_curve(canvas: Bytes, layout: _Layout, chart: Chart) -> None:
    """Draw the area under the coverage curve, and the shortfall from the target in red."""
    values = lowest_per_column(chart.coverage, layout.right - layout.left)
    target = layout.y_of(chart.target)
    heights = [layout.y_of(float(value)) for value in values]
    for x, y in enumerate(heights, layout.left):
        canvas[y : layout.base, x] = _mix(_PANEL, _CURVE, 0.42)
        if y > target:
            canvas[target:y, x] = _mix(_PANEL, _SHORTFALL, 0.55)
    for x, (before, after) in enumerate(pairwise([heights[0], *heights]), layout.left):
        low, high = min(before, after), max(before, after)
        canvas[low - 1 : high + 2, x] = _CURVE if after <= target else _SHORTFALL
    for x in range(layout.left, layout.right, 16):
        canvas[target - 1 : target + 1, x : min(x + 9, layout.right)] = _TEXT
    if min(abs(target - layout.y_of(share)) for share in _steps(layout)) > 22:
        _write(canvas, f"{100 * chart.target:g} %", (layout.left - 14, target + 8), _TEXT, anchor="right")


def _draw_cuts(canvas: Bytes, layout: _Layout, chart: Chart) -> None:
    """Draw a line at each cut, and the names of shots that are wide enough."""
    width = (layout.right - layout.left) / len(chart.frames)
    places = [chart.frames.index(frame) for frame in chart.shots]
    for number, (first, end) in enumerate(pairwise([*places, len(chart.frames)]), 1):
        x, last = round(layout.left + first * width), round(layout.left + end * width)
        if first:
            canvas[layout.top - 10 : layout.base + 46, x - 1 : x + 2] = _TEXT
        name = f"shot {number}"
        if len(chart.shots) > 1 and last - x > _text_width(name, _FONT) + 16:
            _write(canvas, name, ((x + last) // 2, layout.base + 68), _TEXT, anchor="middle")


def _draw_keys(canvas: Bytes, layout: _Layout, chart: Chart) -> None:
    """Draw a line and a diamond for each keyframe, and its number unless it would overlap the previous one."""
    import cv2

    free = 0
    for card in chart.cards:
        x = layout.x_of(chart.frames.index(card.frame), len(chart.frames))
        canvas[layout.top : layout.base, x - 1 : x + 1] = _KEY
        corners = np.array([(x, layout.top - 9), (x + 9, layout.top), (x, layout.top + 9), (x - 9, layout.top)])
        cv2.fillPoly(canvas, [corners.astype(np.int32)], _KEY, cv2.LINE_AA)
        half = _text_width(str(card.frame), _FONT) // 2
        if x - half >= free:
            free = x + half + 12
            _write(canvas, str(card.frame), (x, layout.top - 20), _KEY, anchor="middle")


def ticks(frames: Sequence[int]) -> list[int]:
    """Return about ten frames to label: the first one, and those at or just after round numbers."""
    rough = max(1, (frames[-1] - frames[0] + 1) / 12)
    power = 10 ** int(np.floor(np.log10(rough)))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    marks = range(frames[0] + -frames[0] % step, frames[-1] + 1, step)
    labelled = {frames[0], *(frames[bisect_left(frames, mark)] for mark in marks)}
    if frames[0] % step and {frame for frame in labelled if 0 < frame - frames[0] < 0.6 * step}:
        labelled -= {frame for frame in labelled if 0 < frame - frames[0] < 0.6 * step}
    return sorted(labelled)


# The cards


def _link(canvas: Bytes, layout: _Layout, place: int, x: int) -> None:
    """Draw a line from a keyframe on the timeline to its card."""
    import cv2

    left, top = layout.card(place)
    bend = layout.base + _AXIS
    points = np.array(
        [(x, layout.base), (x, layout.base + 44), (left + 4, bend + _LINK_HEIGHT - 26), (left + 4, top - 6)]
    )
    cv2.polylines(canvas, [points.astype(np.int32)], False, _mix(_BACKGROUND, _KEY, 0.45), 1, cv2.LINE_AA)


def _draw_card(canvas: Bytes, layout: _Layout, place: int, card: Card) -> None:
    left, top = layout.card(place)
    width, height = layout.tile
    after = _write(canvas, str(card.frame), (left, top + 22), _KEY, 0.95)
    after = _write(canvas, card.timecode, (left + after + 18, top + 22), _MUTED) + left + after + 18
    gain = f"+{100 * card.gained:.1f} %"
    _write(canvas, gain, (left + width, top + 22), _TEXT, anchor="right")
    top += _LINE_HEIGHT + 14
    plate = _thumbnail(card.plate, layout.tile)
    canvas[top : top + height, left : left + width] = plate
    top += height + 6
    canvas[top : top + height, left : left + width] = _with_heat(plate, _read_heat(card.heat, layout.tile))
    top += height + 14
    for line, words in enumerate(_wrap(card.reason, width)):
        _write(canvas, words, (left, top + 22 + line * _LINE_HEIGHT), _TEXT)


def _with_heat(plate: Bytes, heat: Floats) -> Bytes:
    """Blend the heat map, in colour, over the darkened grey plate: RGB, uint8 (H, W, 3)."""
    import cv2

    light = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(F32)[..., None] / F32(255)
    glow = np.dstack([np.interp(heat, _HEAT[0], shades) for shades in _HEAT[1:]]).astype(F32)
    # The luminance of the plate modulates the overlay, so that the plate stays visible.
    share = np.clip(heat * F32(2), 0, 1)[..., None] * F32(0.85)
    mixed = 110 * light * (1 - share) + glow * (F32(0.35) + F32(0.75) * light) * share
    return np.asarray(np.clip(mixed + F32(0.5), 0, 255), np.uint8)


def _read_heat(path: Path, size: tuple[int, int]) -> Floats:
    import cv2

    grey = np.ascontiguousarray(to_float(read_image(path))[..., 0])
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), F32)


def _thumbnail(path: Path, size: tuple[int, int]) -> Bytes:
    import cv2

    pixels = flatten(read_image(path), _BACKDROP)
    if pixels.dtype != np.uint8:
        pixels = quantise(to_float(pixels), np.uint8)
    larger = size[0] > pixels.shape[1]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA), np.uint8)


# Text


def _wrap(text: str, width: int) -> list[str]:
    """Wrap text into at most _MAX_REASON_LINES lines. Longer text is truncated. width: in pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _text_width(longer, _FONT) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) <= _MAX_REASON_LINES:
        return lines
    return [*lines[: _MAX_REASON_LINES - 1], f"{lines[_MAX_REASON_LINES - 1]} ..."]


def _text_width(text: str, size: float) -> int:
    import cv2

    # OpenCV crashes on lone surrogates and does not support line breaks.
    (width, _), _ = cv2.getTextSize(visible(text), cv2.FONT_HERSHEY_SIMPLEX, size * _SUPERSAMPLING, _SUPERSAMPLING)
    return int(-(-width // _SUPERSAMPLING))


def _write(
    canvas: Bytes, text: str, place: tuple[int, int], colour: Colour, size: float = _FONT, anchor: str = "left"
) -> int:
    """Write a line of text, and return its width in pixels.

    place: (x, y) of the anchor on the baseline. anchor: "left", "middle" or "right".
    """
    import cv2

    text = visible(text)
    width, above, below = _text_width(text, size), round(34 * size), round(14 * size)
    x = place[0] - (width if anchor == "right" else width // 2 if anchor == "middle" else 0)
    ink: Bytes = np.zeros(((above + below) * _SUPERSAMPLING, (width + 4) * _SUPERSAMPLING), np.uint8)
    cv2.putText(
        ink, text, (2 * _SUPERSAMPLING, above * _SUPERSAMPLING), cv2.FONT_HERSHEY_SIMPLEX, size * _SUPERSAMPLING, 255,
        max(1, round(1.3 * size**0.5 * _SUPERSAMPLING)), cv2.LINE_AA,
    )  # fmt: skip
    ink = np.asarray(
        cv2.resize(ink, None, fx=1 / _SUPERSAMPLING, fy=1 / _SUPERSAMPLING, interpolation=cv2.INTER_AREA), np.uint8
    )
    rows = slice(max(0, place[1] - above), min(canvas.shape[0], place[1] + below))
    cols = slice(max(0, x - 2), min(canvas.shape[1], x + width + 2))
    ink = ink[rows.start - place[1] + above :, cols.start - x + 2 :][: rows.stop - rows.start, : cols.stop - cols.start]
    share = ink[..., None].astype(F32) / F32(255)
    under = canvas[rows, cols].astype(F32)
    canvas[rows, cols] = (under * (1 - share) + np.array(colour, F32) * share + F32(0.5)).astype(np.uint8)
    return width


def _mix(under: Colour, over: Colour, share: float) -> Colour:
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(under, over, strict=True))
    return red, green, blue
