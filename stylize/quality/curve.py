"""Curve of a measure over the frames of a shot, as an SVG drawing with its range and a description."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stylize.delivery.result_verdict import percentage

_WIDTH, _HEIGHT, _INSET = 860, 96, 6


@dataclass(frozen=True)
class Measure:
    """A measure of a frame.

    name: in the data. title, meaning: in words. min_top: minimum for the top of the scale, which keeps a curve of tiny
    values flat.
    """

    name: str
    title: str
    meaning: str
    min_top: float


MEASURES = (
    Measure("error", "Error", "difference between the result and its warped keys; add a key where it is high", 0.02),
    Measure("flicker", "Flicker", "change along the motion beyond that of the plates; visible above 0", 0.01),
    Measure("sharpness", "Sharpness", "finest detail relative to that of the keys; 100 % is equally sharp", 1.0),
    Measure("drift", "Colour drift", "distance of the mean colour from that of the keys", 0.02),
    Measure("agreement", "Agreement", "similarity of the surrounding keys, warped to the frame", 1.0),
    Measure("ghosting", "Ghosting", "share of the keys' detail that is visible twice; highest for a cross-fade", 0.1),
)


def curve(shot: Mapping[str, Any], measure: Measure) -> str:
    """Return the HTML of a figure; empty if no frame has the measure. shot: figures of a shot."""
    values = {entry["frame"]: entry[measure.name] for entry in shot["frames"] if entry[measure.name] is not None}
    if not values:
        return ""
    first, last = shot["frames"][0]["frame"], shot["frames"][-1]["frame"]
    low, high = min(0.0, *values.values()), max(measure.min_top, *values.values())
    highest = max(values, key=lambda frame: (values[frame], -frame))

    def x(frame: float) -> str:
        return f"{_INSET + (frame - first) / max(1, last - first) * (_WIDTH - 2 * _INSET):.1f}"

    def y(value: float) -> str:
        return f"{_HEIGHT - _INSET - (value - low) / (high - low) * (_HEIGHT - 2 * _INSET):.1f}"

    keys = "".join(
        f'<line class="key" x1="{x(key["frame"])}" x2="{x(key["frame"])}" y1="0" y2="{_HEIGHT}"/>'
        for key in shot["keys"]
    )
    line = " ".join(f"{x(frame)},{y(value)}" for frame, value in values.items())
    spread = f"{percentage(min(values.values()))} to {percentage(values[highest])}"
    described = f"{measure.title} of frames {first} to {last}: {spread}, highest at frame {highest}"
    dot = f'<circle cx="{x(highest)}" cy="{y(values[highest])}" r="4"/>'
    return (
        f"<figure><figcaption><b>{measure.title}</b> <span>{html.escape(measure.meaning)}</span> "
        f"<i>{spread}, highest at {highest}</i></figcaption>"
        f'<div class="plot"><span class="scale"><span>{percentage(high)}</span><span>{percentage(low)}</span></span>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{described}">{keys}'
        f'<line class="zero" x1="0" x2="{_WIDTH}" y1="{y(0)}" y2="{y(0)}"/><polyline points="{line}"/>{dot}</svg></div>'
        f'<div class="axis"><span>{first}</span><span>{last if last != first else ""}</span></div></figure>'
    )
