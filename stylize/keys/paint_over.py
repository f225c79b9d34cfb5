"""Paint over a key: a layer that a person adds to a picture without changing its depth, alpha or unpainted pixels."""

from dataclasses import dataclass

import numpy as np

from propagate.arrays import Bools, Pixels
from stylize.media.colour import BT709, Colour
from stylize.media.images import convert_primaries, widen

# Rows composited at a time, which bounds the memory in floats.
_STRIP_ROWS = 64
_TOP = 65535


@dataclass(frozen=True)
class PaintedPicture:
    """Picture under a layer of paint.

    below: the picture without paint. shown: the picture as it is, which may have been changed elsewhere. Both RGB(A),
    (H, W, 3 or 4), uint8 or uint16, of the same format, straight alpha. paint: straight RGBA, uint16 (H, W, 4), with
    the primaries of BT.709. colour: colour of the pictures.
    """

    below: Pixels
    shown: Pixels
    paint: Pixels
    colour: Colour

    def painted(self, paint: Pixels) -> "PaintedPicture":
        """Return the picture with other paint.

        A pixel whose paint is unchanged keeps its value, and one without paint gets the value below it.
        """
        changed = (paint != self.paint).any(axis=2)
        shown = self.shown.copy()
        for rows in _strips(changed):
            part = changed[rows]
            shown[rows][part] = composite(self.below[rows], paint[rows], self.colour)[part]
        return PaintedPicture(self.below, shown, paint, self.colour)


def painted_picture(below: Pixels, shown: Pixels, paint: Pixels | None, colour: Colour) -> PaintedPicture:
    """Return a picture with its paint. Differences that ``paint`` does not explain become opaque paint.

    below, shown: pictures of the same size, of any format. paint: as stored, of the same size; None for none.
    """
    depth = 8 * max(below.dtype.itemsize, shown.dtype.itemsize)
    has_alpha = 4 in (below.shape[2], shown.shape[2])
    below, shown = (widen(one, depth, has_alpha) for one in (below, shown))
    found = np.zeros((*below.shape[:2], 4), np.uint16) if paint is None else paint.copy()
    if paint is None and below is shown:
        return PaintedPicture(below, shown, found, colour)
    is_other = np.zeros(below.shape[:2], bool)
    for rows in _strips(np.ones(below.shape[:2], bool)):
        is_other[rows] = (composite(below[rows], found[rows], colour) != shown[rows]).any(axis=2)
    if is_other.any():
        found[is_other] = _as_paint(shown, is_other, colour)
    return PaintedPicture(below, shown, found, colour)


def composite(below: Pixels, paint: Pixels, colour: Colour) -> Pixels:
    """Composite paint over a picture, in the format of the picture.

    The result equals the picture where the paint is transparent, and the paint where it is opaque.
    """
    top = np.iinfo(below.dtype).max
    over = paint[..., :3] if colour.has_rec709_primaries else convert_primaries(paint[..., :3], BT709, colour)
    alpha = paint[..., 3:].astype(np.float64) / _TOP
    if below.shape[2] == 4:
        under = below[..., 3:].astype(np.float64) / top
        total = alpha + under * (1 - alpha)
        share = np.divide(alpha, total, out=np.zeros_like(alpha), where=total > 0)
        mixed = np.concatenate([_mixed(below[..., :3], over, share), total * top], axis=2)
    else:
        mixed = _mixed(below, over, alpha)
    return np.floor(mixed + 0.5).astype(below.dtype)


def _mixed(below: Pixels, over: Pixels, share: np.ndarray) -> np.ndarray:
    top = np.iinfo(below.dtype).max
    return np.asarray(below * (1 - share) + (over.astype(np.float64) * (top / _TOP)) * share)


def _as_paint(pixels: Pixels, chosen: Bools, colour: Colour) -> Pixels:
    """Return selected pixels of a picture as opaque paint: uint16 (N, 4)."""
    rgb = widen(pixels[chosen][None, :, :3], 16, False)
    if not colour.has_rec709_primaries:
        rgb = convert_primaries(np.ascontiguousarray(rgb), colour, BT709)
    return np.concatenate([rgb[0], np.full((rgb.shape[1], 1), _TOP, np.uint16)], axis=1)


def _strips(chosen: Bools) -> list[slice]:
    """Return the strips of rows that contain a selected pixel."""
    strips = [slice(top, top + _STRIP_ROWS) for top in range(0, chosen.shape[0], _STRIP_ROWS)]
    return [rows for rows in strips if chosen[rows].any()]
