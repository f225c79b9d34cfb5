"""Working size of a plate, and resizing to it and back without a shift.

Pixels are treated as areas: a resized picture keeps its corners in place, so that positions are exact after resizing to
the model's size and back, whatever the size of the plate.
"""

import math
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from propagate.arrays import F32, Floats

# Working sides are multiples of this, because the autoencoder encodes 8x8 pixels as one latent pixel.
MULTIPLE = 8
# Side of the square that a model was trained on, by family, and of the largest square painted by default.
NATIVE = MappingProxyType({"sd15": 512, "sdxl": 1024})
LARGEST = MappingProxyType({"sd15": 768, "sdxl": 1216})
# Margin around a matte's box, as a share of its longer side, and its minimum in pixels.
MARGIN, MIN_MARGIN = 0.125, 32
# Maximum factor by which a small box is enlarged.
MAX_ENLARGEMENT = 4.0

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Working:
    """Working size of a plate. plate: its (width, height). box: the part to paint: left, top, right, bottom.

    size: working (width, height), multiples of 8. scaled: the part is resized; otherwise it is padded.
    """

    plate: tuple[int, int]
    box: Box
    size: tuple[int, int]
    scaled: bool


def plan_size(
    plate: tuple[int, int], family: str, side: int | None = None, box: Box | None = None, *, scale: float = 1.0,
    native: int | None = None,
) -> Working:  # fmt: skip
    """Return the working size of a plate of (width, height).

    side: side of a square with as many pixels as the working size; None keeps the plate's own size as far as the model
    supports it. box: around the matte; if given, only the box is painted, enlarged to the model's own size if smaller.
    scale: size of the plate over that of the shot, below 1 in a draft. The working size of the shot is scaled by it,
    but not below a square with the side ``native`` (by default the model's own): far below it, a model paints other
    pictures.
    """
    part = (0, 0, *plate) if box is None else _with_margin(box, plate, scale)
    wide, high = part[2] - part[0], part[3] - part[1]
    by = _scale(wide * high, family, side, boxed=box is not None)
    if scale < 1:
        full = _full_pixels(wide * high, family, side, scale, boxed=box is not None)
        by = math.sqrt(_draft_pixels(full, native or NATIVE[family], scale) / (wide * high))
    if math.isclose(by, 1):
        return Working(plate, part, (_round_up(wide), _round_up(high)), False)
    return Working(plate, part, (_round_nearest(wide * by), _round_nearest(high * by)), True)


def full_work(working: Working, family: str, side: int | None, scale: float, *, boxed: bool) -> float:
    """Return the number of pixels painted at the size of the shot over that of ``working``, the size of a draft."""
    left, top, right, bottom = working.box
    pixels = (right - left) * (bottom - top)
    return _full_pixels(pixels, family, side, scale, boxed=boxed) / (working.size[0] * working.size[1])


def smaller(working: Working, by: float) -> Working:
    """Return the same part at ``by`` (below 1) times the working size."""
    wide, high = working.size
    return Working(working.plate, working.box, (_round_nearest(wide * by), _round_nearest(high * by)), True)


def larger(working: Working, by: float) -> Working | None:
    """Return the same part at ``by`` (above 1) times the working size, at most the plate's own; None if already there.

    At the plate's own size it is padded, not scaled.
    """
    left, top, right, bottom = working.box
    wide, high = right - left, bottom - top
    if not working.scaled or working.size[0] * working.size[1] >= wide * high:
        return None
    size = _round_nearest(working.size[0] * by), _round_nearest(working.size[1] * by)
    if size[0] * size[1] >= wide * high:
        return Working(working.plate, working.box, (_round_up(wide), _round_up(high)), False)
    return Working(working.plate, working.box, size, True)


def tile_side(working: Working, family: str) -> int:
    """Return the side of a tile in pixels: the model's training size, or the key's longer side if that is smaller."""
    return min(NATIVE[family], max(working.size))


def crop_resize(picture: Floats, working: Working) -> Floats:
    """Crop and resize ``picture``, float32 (H, W, 3) or (H, W) of the plate's size, to the working size."""
    left, top, right, bottom = working.box
    part = picture[top:bottom, left:right]
    wide, high = working.size
    if not working.scaled:
        # A side of a single pixel cannot be mirrored, so its edge is repeated.
        widths = ((0, high - part.shape[0]), (0, wide - part.shape[1]), (0, 0))[: part.ndim]
        return np.ascontiguousarray(np.pad(part, widths, mode="reflect" if min(part.shape[:2]) > 1 else "edge"))
    return np.clip(resize(part, (wide, high)), 0, 1)


def paste_back(painted: Floats, plate: Floats, working: Working) -> Floats:
    """Return ``plate`` (H, W, 3) with the painted part (h, w, 3) pasted into it."""
    left, top, right, bottom = working.box
    wide, high = right - left, bottom - top
    part = resize(painted, (wide, high)) if working.scaled else painted[:high, :wide]
    whole = np.array(plate, F32)
    whole[top:bottom, left:right] = part
    return whole


def resize(picture: Floats, size: tuple[int, int]) -> Floats:
    """Resize ``picture`` to (width, height), corners in place: area averaging if smaller, cubic if larger."""
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    shrunk = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrunk else cv2.INTER_CUBIC), F32)


def _full_pixels(pixels: int, family: str, side: int | None, scale: float, *, boxed: bool) -> float:
    """Return the number of pixels painted at the size of the shot. pixels: number in the part of the plate."""
    full = pixels / (scale * scale)
    by = _scale(full, family, side, boxed=boxed)
    return full * by * by


def _draft_pixels(full: float, native: int, scale: float) -> float:
    """Return the number of pixels to paint in a draft. full: their number at the size of the shot."""
    return max(full * scale * scale, min(full, float(native * native)))


def _scale(pixels: float, family: str, side: int | None, *, boxed: bool) -> float:
    if side is not None:
        return math.sqrt(side * side / pixels)
    if pixels > LARGEST[family] ** 2:
        return LARGEST[family] / math.sqrt(pixels)
    if boxed and pixels < NATIVE[family] ** 2:
        return min(NATIVE[family] / math.sqrt(pixels), MAX_ENLARGEMENT)
    return 1.0


def _with_margin(box: Box, plate: tuple[int, int], scale: float) -> Box:
    left, top, right, bottom = box
    margin = max(round(MIN_MARGIN * scale), round(MARGIN * max(right - left, bottom - top)))
    return max(0, left - margin), max(0, top - margin), min(plate[0], right + margin), min(plate[1], bottom + margin)


def _round_up(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE


def _round_nearest(side: float) -> int:
    return max(MULTIPLE, round(side / MULTIPLE) * MULTIPLE)
