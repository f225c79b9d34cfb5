"""Drawing of a plan's timeline: the coverage of every frame, the keyframes, and the cuts.

A pixel column shows the minimum coverage of its frames, so that a single poor frame of a long shot is visible.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats
from stylize.sheets.design import BODY, DARK, NOTE, SMALL, Colour, mix
from stylize.sheets.lettering import Face, Style, draw_text, text_width

# Shades of the area under the curve, and of the shortfall from the target.
AREA, SHORTFALL = mix(DARK.panel, DARK.curve, 0.4), mix(DARK.panel, DARK.poor, 0.55)

# In pixels: heights of the numbers of keyframes above the chart, of the axis below it and of the names of shots, and
# width of the labels of the vertical axis.
_ABOVE, _AXIS, _SHOT_NAMES, _LABELS = 44, 46, 46, 100
_DASH, _DASH_PERIOD, _DIAMOND = 9, 16, 10
_KEY_STYLE, _LABEL_STYLE, _SHOT_STYLE = Style(BODY, Face.BOLD), Style(NOTE), Style(BODY)


@dataclass(frozen=True)
class CoverageTimeline:
    """Content of a timeline.

    frames: frame numbers, ascending. coverage: of each frame, 0..1. target: target coverage, 0..1. cuts: first frame of
    each shot. keys: keyframes, ascending.
    """

    frames: Sequence[int]
    coverage: Sequence[float]
    target: float
    cuts: Sequence[int]
    keys: Sequence[int]

    def __call__(self, width: int, height: int) -> Bytes:
        """Draw the timeline: RGB, uint8 (height, width, 3)."""
        canvas: Bytes = np.full((height, width, 3), DARK.ground, np.uint8)
        # The axis starts at one half if all values are above it.
        lowest = 0.5 if min([self.target, *self.coverage]) >= 0.5 else 0.0
        base = height - _AXIS - (_SHOT_NAMES if len(self.cuts) > 1 else 0)
        plot = _Plot(canvas, _LABELS, width, _ABOVE, base, lowest, self.frames)
        canvas[plot.top : plot.base, plot.left : plot.right] = DARK.panel
        _draw_grid(plot, self.target)
        _draw_curve(plot, self.coverage, self.target)
        _draw_cuts(plot, self.cuts)
        for frame in ticks(self.frames):
            x = plot.x_of(frame)
            canvas[plot.base : plot.base + 8, x : x + 2] = DARK.muted
            _write(canvas, str(frame), (x, plot.base + 34), _LABEL_STYLE, DARK.muted, "middle")
        _draw_keys(plot, self.keys)
        return canvas


@dataclass(frozen=True)
class _Plot:
    """Area of the chart on a canvas, and its scales. lowest: coverage at its base, 0..1."""

    canvas: Bytes
    left: int
    right: int
    top: int
    base: int
    lowest: float
    frames: Sequence[int]

    def x_of(self, frame: int) -> int:
        """Return the x coordinate of the centre of a frame."""
        place = bisect_left(self.frames, frame)
        return round(self.left + (place + 0.5) * (self.right - self.left) / len(self.frames))

    def y_of(self, share: float) -> int:
        """Return the y coordinate of a coverage."""
        return round(self.base - max(0.0, share - self.lowest) / (1 - self.lowest) * (self.base - self.top))

    def steps(self) -> list[float]:
        """Return the coverages of the grid lines."""
        return [self.lowest + step * (1 - self.lowest) / 5 for step in range(6)]


def lowest_per_column(coverage: Sequence[float], columns: int) -> Floats:
    """Return the minimum coverage of the frames in each pixel column: float32 (columns,)."""
    values = np.asarray(coverage, F32)
    firsts = np.arange(columns) * len(values) // columns
    ends = np.maximum(firsts + 1, np.arange(1, columns + 1) * len(values) // columns)
    return np.array([values[first:end].min() for first, end in zip(firsts, ends, strict=True)], F32)


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


def _draw_grid(plot: _Plot, target: float) -> None:
    for share in plot.steps():
        y = min(plot.y_of(share), plot.base - 1)
        plot.canvas[y, plot.left : plot.right] = DARK.rule
        if abs(plot.y_of(share) - plot.y_of(target)) > _LABEL_STYLE.line_height:
            _write(plot.canvas, f"{100 * share:.0f} %", (plot.left - SMALL, y + 8), _LABEL_STYLE, DARK.muted, "right")
    place = plot.left - SMALL, plot.y_of(target) + 8
    _write(plot.canvas, f"{100 * target:g} %", place, _LABEL_STYLE, DARK.text, "right")


def _draw_curve(plot: _Plot, coverage: Sequence[float], target: float) -> None:
    """Draw the area under the coverage curve, the shortfall from the target, and the target as a dashed line."""
    limit = plot.y_of(target)
    heights = [plot.y_of(float(value)) for value in lowest_per_column(coverage, plot.right - plot.left)]
    for x, y in enumerate(heights, plot.left):
        plot.canvas[y : plot.base, x] = AREA
        if y > limit:
            plot.canvas[limit:y, x] = SHORTFALL
    for x, (before, after) in enumerate(pairwise([heights[0], *heights]), plot.left):
        low, high = min(before, after), max(before, after)
        plot.canvas[max(plot.top, low - 1) : high + 2, x] = DARK.curve if after <= limit else DARK.poor
    for x in range(plot.left, plot.right, _DASH_PERIOD):
        plot.canvas[limit - 1 : limit + 1, x : min(x + _DASH, plot.right)] = DARK.text


def _draw_cuts(plot: _Plot, cuts: Sequence[int]) -> None:
    """Draw a line at each cut, and the names of shots that are wide enough."""
    width = (plot.right - plot.left) / len(plot.frames)
    places = [bisect_left(plot.frames, frame) for frame in cuts]
    for number, (first, end) in enumerate(pairwise([*places, len(plot.frames)]), 1):
        x, last = round(plot.left + first * width), round(plot.left + end * width)
        if first:
            plot.canvas[plot.top - 10 : plot.base + 46, x - 1 : x + 2] = DARK.text
        name = f"shot {number}"
        if len(cuts) > 1 and last - x > text_width(name, _SHOT_STYLE) + 16:
            _write(plot.canvas, name, ((x + last) // 2, plot.base + 74), _SHOT_STYLE, DARK.text, "middle")


def _draw_keys(plot: _Plot, keys: Sequence[int]) -> None:
    """Draw a line and a diamond for each keyframe, and its number unless it would overlap the previous one."""
    free = 0
    for frame in keys:
        x = plot.x_of(frame)
        plot.canvas[plot.top : plot.base, x - 1 : x + 1] = DARK.key
        size = _DIAMOND
        corners = np.array([(x, plot.top - size), (x + size, plot.top), (x, plot.top + size), (x - size, plot.top)])
        cv2.fillPoly(plot.canvas, [corners.astype(np.int32)], DARK.key, cv2.LINE_AA)
        width = text_width(str(frame), _KEY_STYLE)
        left = min(x - width // 2, plot.right - width)
        if left >= free:
            free = left + width + SMALL
            draw_text(plot.canvas, str(frame), (left, plot.top - size - 8), _KEY_STYLE, DARK.key)


def _write(canvas: Bytes, text: str, place: tuple[int, int], style: Style, colour: Colour, anchor: str) -> None:
    """Write text on one line, within the canvas. place: (x, y) of the anchor on the baseline, "middle" or "right"."""
    width = text_width(text, style)
    x = place[0] - (width if anchor == "right" else width // 2)
    draw_text(canvas, text, (max(0, min(x, canvas.shape[1] - width)), place[1]), style, colour)
