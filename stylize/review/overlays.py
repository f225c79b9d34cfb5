"""Overlays of the page: maps of a frame in colours, with the legends that explain them.

The colours differ in lightness or on the blue-yellow axis, so that they stay apart for colour-blind people.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bytes, Floats

# Error at the top of the scale: root mean squared difference, on a range of 1.
ERROR_TOP = 0.25
# Colours of the left and of the right key, and of what is outside the matte.
LEFT, RIGHT, OUTSIDE = (68, 138, 255), (255, 176, 32), (16, 16, 16)
# Colour of new content.
NEW = (255, 176, 32)
# Speed at the top of the scale, in shares of the width per frame.
TOP_SPEED = 0.02
# Cells of the grid of arrows along the width, and how many times longer than the motion the arrows are.
_CELLS, _ARROW_SCALE = 26, 3
# Width in pixels for which an arrow is one pixel thick, and the shortest arrow, in cells.
_THIN_WIDTH, _SHORTEST = 640, 0.1
# Opacity of the veil over what is still.
_STILL_ALPHA = 0.3
_SCALE = cv2.cvtColor(cv2.applyColorMap(np.arange(256, dtype=U8)[None], cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)[0]
_STOPS = 9


@dataclass(frozen=True)
class Legend:
    """Explanation of an overlay. colours: evenly spaced from low to high. low, high: labels of both ends."""

    title: str
    colours: tuple[str, ...]
    low: str
    high: str


def error_picture(error: Floats) -> Bytes:
    """Return an error map in colours: uint8 (H, W, 4). error: float32 (H, W), root mean squared difference."""
    level = np.clip(error / F32(ERROR_TOP), 0, 1)
    indices = np.floor(level * 255 + 0.5).astype(U8)
    return np.dstack([_SCALE[indices], np.full(error.shape, 255, U8)])


def source_picture(share: Floats) -> Bytes:
    """Return the key that each pixel comes from in colours: uint8 (H, W, 4).

    share: float32 (H, W) in [0, 1], share of the right key.
    """
    mixed = np.array(LEFT, F32) + share[..., None] * (np.array(RIGHT, F32) - np.array(LEFT, F32))
    return np.dstack([np.floor(mixed + 0.5).astype(U8), np.full(share.shape, 255, U8)])


def matte_picture(matte: Floats) -> Bytes:
    """Return a dark veil over everything outside a matte: uint8 (H, W, 4). matte: float32 (H, W) in [0, 1]."""
    veil = np.empty((*matte.shape, 4), U8)
    veil[..., :3] = OUTSIDE
    veil[..., 3] = np.floor((1 - np.clip(matte, 0, 1)) * 255 + 0.5)
    return veil


def new_picture(uncovered: Floats, size: tuple[int, int]) -> Bytes:
    """Return new content as a glow, transparent where nothing is new: uint8 (H, W, 4).

    uncovered: float32 (h, w) in [0, 1]. size: (width, height) of the picture.
    """
    found = np.empty((size[1], size[0], 4), U8)
    found[..., :3] = NEW
    found[..., 3] = np.floor(np.clip(cv2.resize(uncovered, size, interpolation=cv2.INTER_CUBIC), 0, 1) * 255 + 0.5)
    return found


def motion_picture(flow: Floats, size: tuple[int, int]) -> Bytes:
    """Return motion as arrows over its speed: uint8 (H, W, 4). An arrow ends where its pixel is in this frame.

    flow: to the previous frame, in shares of the width, float32 (h, w, 2). size: (width, height) of the picture.
    """
    width, height = size
    small = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR if flow.shape[1] < width else cv2.INTER_AREA)
    level = np.clip(np.hypot(small[..., 0], small[..., 1]) / F32(TOP_SPEED), 0, 1)
    # What is still stays visible.
    veil = np.floor((_STILL_ALPHA + (1 - _STILL_ALPHA) * np.sqrt(level)) * 255 + 0.5).astype(U8)
    found = np.dstack([_SCALE[np.floor(level * 255 + 0.5).astype(U8)], veil])
    cell = width / _CELLS
    thickness = max(1, round(width / _THIN_WIDTH))
    for y in np.arange(cell / 2, height, cell):
        for x in np.arange(cell / 2, width, cell):
            moved = -small[int(y), int(x)] * (_ARROW_SCALE * width)
            if np.hypot(*moved) < _SHORTEST * cell:
                continue
            ends = (round(x - float(moved[0])), round(y - float(moved[1]))), (round(x), round(y))
            tip = min(0.5, 0.3 * cell / float(np.hypot(*moved)))
            for colour, wide in (((0, 0, 0, 255), thickness + 2), ((255, 255, 255, 255), thickness)):
                cv2.arrowedLine(found, *ends, colour, wide, cv2.LINE_AA, tipLength=tip)
    return found


def legends() -> dict[str, Legend]:
    """Return the legends of the overlays, by name."""
    steps = [_hex(*_SCALE[round(255 * step / (_STOPS - 1))]) for step in range(_STOPS)]
    return {
        "new": Legend("New content", ("transparent", _hex(*NEW)), "in the keys around", "in none of them"),
        "motion": Legend("Motion since the previous frame", tuple(steps), "still", f"{TOP_SPEED:.0%} of the width"),
        "error": Legend("Error", tuple(steps), "0", f"{ERROR_TOP:g} or more"),
        "source": Legend("Key that a pixel comes from", (_hex(*LEFT), _hex(*RIGHT)), "key before", "key after"),
        "matte": Legend("Matte", (_hex(*OUTSIDE), "transparent"), "outside: plate", "inside: styled"),
    }


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{int(red):02x}{int(green):02x}{int(blue):02x}"
