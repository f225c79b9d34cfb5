"""At what size a plate is worked, and the way there and back, which moves nothing.

Pixels are areas: a picture that is made larger or smaller keeps its corners where they are, so that going to the
model's size and back is exact for every plate, whatever its sides.
"""

import math
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from propagate.arrays import F32, Floats

# Sides are worked at a multiple of it: the autoencoder makes one latent pixel of 8x8.
MULTIPLE = 8
# Side of the square that a model was trained on, by family, and of the largest that is worked without being asked to.
NATIVE = MappingProxyType({"sd15": 512, "sdxl": 1024})
LARGEST = MappingProxyType({"sd15": 768, "sdxl": 1216})
# Pixels around a matte's box that are worked with it, as a share of its longer side, and at least so many.
MARGIN, MIN_MARGIN = 0.125, 32
# How often a small box may be enlarged.
MAX_ENLARGEMENT = 4.0

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Working:
    """How a plate is worked. plate: its (width, height). box: the part that is worked: left, top, right, bottom.

    size: (width, height) it is worked at, multiples of 8. scaled: made larger or smaller; else padded.
    """

    plate: tuple[int, int]
    box: Box
    size: tuple[int, int]
    scaled: bool


def plan_size(plate: tuple[int, int], family: str, side: int | None = None, box: Box | None = None) -> Working:
    """How a plate of (width, height) is worked.

    side: of a square with as many pixels as are to be worked; None works the plate at its own size as long as the
    model can. box: around the matte; alone it is worked then, enlarged to the model's own size if it is smaller.
    """
    part = (0, 0, *plate) if box is None else _with_margin(box, plate)
    wide, high = part[2] - part[0], part[3] - part[1]
    by = _scale(wide * high, family, side, boxed=box is not None)
    if by == 1:
        return Working(plate, part, (_round_up(wide), _round_up(high)), False)
    return Working(plate, part, (_round_nearest(wide * by), _round_nearest(high * by)), True)


def smaller(working: Working, by: float) -> Working:
    """The same part, worked at ``by`` (below 1) of the size."""
    wide, high = working.size
    return Working(working.plate, working.box, (_round_nearest(wide * by), _round_nearest(high * by)), True)


def larger(working: Working, by: float) -> Working | None:
    """The same part, worked at ``by`` (above 1) of the size, but not beyond the plate's own; None when it is there.

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
    """Pixels of the side of a tile: what the model was trained at, or the key's own longer side if that is less."""
    return min(NATIVE[family], max(working.size))


def crop_resize(picture: Floats, working: Working) -> Floats:
    """``picture``, float32 (H, W, 3) or (H, W) of the plate's size, as it is worked."""
    left, top, right, bottom = working.box
    part = picture[top:bottom, left:right]
    wide, high = working.size
    if not working.scaled:
        # Edges are repeated beyond a single pixel, which has nothing to be mirrored.
        widths = ((0, high - part.shape[0]), (0, wide - part.shape[1]), (0, 0))[: part.ndim]
        return np.ascontiguousarray(np.pad(part, widths, mode="reflect" if min(part.shape[:2]) > 1 else "edge"))
    return np.clip(resize(part, (wide, high)), 0, 1)


def paste_back(painted: Floats, plate: Floats, working: Working) -> Floats:
    """``plate`` (H, W, 3) with what was worked, (h, w, 3), in its place."""
    left, top, right, bottom = working.box
    wide, high = right - left, bottom - top
    part = resize(painted, (wide, high)) if working.scaled else painted[:high, :wide]
    whole = np.array(plate, F32)
    whole[top:bottom, left:right] = part
    return whole


def resize(picture: Floats, size: tuple[int, int]) -> Floats:
    """``picture`` at (width, height), its corners kept: means of areas when smaller, cubic when larger."""
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    shrunk = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrunk else cv2.INTER_CUBIC), F32)


def _scale(pixels: int, family: str, side: int | None, *, boxed: bool) -> float:
    if side is not None:
        return math.sqrt(side * side / pixels)
    if pixels > LARGEST[family] ** 2:
        return LARGEST[family] / math.sqrt(pixels)
    if boxed and pixels < NATIVE[family] ** 2:
        return min(NATIVE[family] / math.sqrt(pixels), MAX_ENLARGEMENT)
    return 1.0


def _with_margin(box: Box, plate: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    margin = max(MIN_MARGIN, round(MARGIN * max(right - left, bottom - top)))
    return max(0, left - margin), max(0, top - margin), min(plate[0], right + margin), min(plate[1], bottom + margin)


def _round_up(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE


def _round_nearest(side: float) -> int:
    return max(MULTIPLE, round(side / MULTIPLE) * MULTIPLE)
