"""Cel animation: flat fills in two tones, the shadow's edge sharp, and dark outlines heavier away from the light."""

from collections.abc import Sequence

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array, Colour, Random, noise
from painting.terrace import Part, terrace

FINE = 4  # cels are drawn at four times the size and averaged down, so that outlines can vary finely
LIGHT = np.array([0.62, -0.78], np.float32)  # towards the sun, in the picture
LINE: Colour = (0.145, 0.095, 0.155)


class Cels:
    """Paint on stacked cels at FINE times the picture's size: float32 (H, W, 3) and what shows of the last cel."""

    def __init__(self, rng: Random) -> None:
        self.colour = np.ones((HEIGHT * FINE, WIDTH * FINE, 3), np.float32)
        self.press = noise(rng, 70, 2)

    def paint(self, part: Part) -> None:
        """Fills a part, shades it on the side away from the light, and draws its outline."""
        if not part.open:
            self._fill(part)
        if part.line > 0:
            self._outline(part)

    def _fill(self, part: Part) -> None:
        shift = LIGHT * part.depth * FINE
        corner, cel = self._around(part.outline, float(np.abs(shift).max()))
        if not cel.size:
            return
        mask = _inside(part.outline, corner, cel.shape)
        if part.within is not None:
            mask &= _inside(part.within, corner, cel.shape)
        cel[mask > 0] = part.colour
        if part.shade is not None:
            cel[(mask & (1 - _moved(mask, shift))) > 0] = part.shade

    def _around(self, points: Array, margin: float) -> tuple[Array, Array]:
        """Return the corner, x then y, and the colours of what lies within ``margin`` fine pixels around ``points``."""
        size = self.colour.shape[1::-1]
        low = np.clip(np.floor(points.min(0) * FINE - margin - 2), 0, size).astype(int)
        high = np.clip(np.ceil(points.max(0) * FINE + margin + 3), 0, size).astype(int)
        return low, self.colour[low[1] : high[1], low[0] : high[0]]

    def _outline(self, part: Part) -> None:
        points = part.outline if part.open else np.concatenate([part.outline, part.outline[:2]])
        tangent = np.gradient(points, axis=0)
        tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
        area = np.sum(points[:-1, 0] * points[1:, 1] - points[1:, 0] * points[:-1, 1])
        outward = np.stack([tangent[:, 1], -tangent[:, 0]], -1) * np.sign(area)
        x, y = (np.clip(points[:, k].astype(int), 0, limit - 1) for k, limit in ((0, WIDTH), (1, HEIGHT)))
        width = part.line * (1.0 - 0.45 * (outward @ LIGHT) + 0.30 * self.press[y, x])
        if part.open:
            place = np.linspace(0, 1, len(points))
            width = part.line * np.minimum(1, np.minimum(place, 1 - place) * 3.2 + 0.25)
        ink = part.ink if part.ink is not None else LINE
        corner, cel = self._around(points, float(width.max()) * FINE)
        if not cel.size:
            return
        at = (np.rint(points * FINE * 16) - corner * 16).astype(np.int32)
        mask = np.zeros(cel.shape[:2], np.uint8)
        for start, end, wide in zip(at[:-1], at[1:], width[1:], strict=True):
            thick = max(1, round(float(wide) * FINE))
            cv2.line(mask, start.tolist(), end.tolist(), 1, thick, cv2.LINE_8, 4)
        cel[mask > 0] = ink


def _inside(outline: Array, corner: Array, shape: Sequence[int]) -> Array:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * FINE).astype(np.int32) - corner.astype(np.int32)], 1)
    return mask


def _moved(mask: Array, by: Array) -> Array:
    shift = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float32)
    return cv2.warpAffine(mask, shift, mask.shape[::-1], flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


def photographed(parts: Sequence[Part], rng: Random) -> Array:
    """All parts, the first lowest, averaged down to the picture's size."""
    cels = Cels(rng)
    for part in parts:
        cels.paint(part)
    return cv2.resize(cels.colour, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def cel() -> Array:
    """The frame, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(8))
    return np.clip(photographed(terrace(), rng), 0, 1).astype(np.float32)
