"""Scenes to paint from: tone, colour and stroke direction, composed of simple lit forms.

Colours are display-encoded RGB in [0, 1], pictures float32 (H, W, 3), angles radians in image coordinates
(x to the right, y down).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 unless a docstring states otherwise
Random = np.random.Generator
Colour = tuple[float, float, float]
Stops = Sequence[tuple[float, Colour]]

HEIGHT, WIDTH = 480, 640
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
SUN = np.array([0.56, -0.58, 0.59], np.float32)  # towards the light: right, up, towards the viewer


def noise(rng: Random, cell: float, octaves: int = 4, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Array:
    """Smooth noise: float32 ``size``, mean 0, mostly within ±1. cell: its coarsest scale in pixels."""
    total = np.zeros(size, np.float32)
    for octave in range(octaves):
        step = max(1.0, cell / 2**octave)
        few = (int(size[0] / step) + 3, int(size[1] / step) + 3)
        grid = rng.standard_normal(few).astype(np.float32)
        wide = cv2.resize(grid, (round(few[1] * step), round(few[0] * step)), interpolation=cv2.INTER_CUBIC)
        total += wide[: size[0], : size[1]] / 2**octave
    return total * np.float32(0.6)


def ramp(value: Array, stops: Stops) -> Array:
    """Colour gradient along ``value``: float32 (..., 3), linear between the stops (position, colour)."""
    at = [stop[0] for stop in stops]
    return np.stack([np.interp(value, at, [stop[1][k] for stop in stops]) for k in range(3)], -1).astype(np.float32)


def soft(distance: Array, width: float = 1.0) -> Array:
    """Soft mask of a signed distance: 1 inside (negative), 0 outside, with a border of ``width`` pixels."""
    return np.clip(0.5 - distance / width, 0, 1).astype(np.float32)


def polygon(*points: tuple[float, float]) -> Array:
    """Mask of a filled polygon with smooth edges: float32 (H, W)."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.round(np.array(points) * 16).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, shift=4)
    return (mask / np.float32(255)).astype(np.float32)


def ridge(rng: Random, level: float, amplitude: float, cell: float) -> Array:
    """Skyline: height in pixels of every column, float32 (W,)."""
    return level + amplitude * noise(rng, cell, 4, (1, WIDTH))[0]


class Scene:
    """Picture to paint from: colour, stroke direction, amount of detail, and objects by number.

    colour: (H, W, 3). direction: (H, W). detail: (H, W), 0 for broad strokes to 1 for the finest.
    labels: int32 (H, W), number of the object at each pixel, in order of addition.
    """

    def __init__(self) -> None:
        self.colour = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.direction = np.zeros((HEIGHT, WIDTH), np.float32)
        self.detail = np.zeros((HEIGHT, WIDTH), np.float32)
        self.labels = np.zeros((HEIGHT, WIDTH), np.int32)
        self.count = 0

    def composite(self, mask: Array, colour: Array | Colour, direction: Array | float, detail: float = 0.3) -> int:
        """Add an object on top, and return its number."""
        self.count += 1
        part = mask[..., None]
        self.colour = self.colour * (1 - part) + np.asarray(colour, np.float32) * part
        inside = mask > 0.5
        self.direction = np.where(inside, np.asarray(direction, np.float32), self.direction)
        self.detail = np.where(inside, np.float32(detail), self.detail)
        self.labels = np.where(inside, np.int32(self.count), self.labels)
        return self.count

    def shade(self, mask: Array, colour: Colour, strength: float) -> None:
        """Glaze a shadow or a light over the colours; nothing else changes."""
        part = (mask * np.float32(strength))[..., None]
        self.colour = self.colour * (1 - part) + np.asarray(colour, np.float32) * part


def light(nx: Array, ny: Array, nz: Array) -> Array:
    """Illumination of a surface, 0..1, with some light reflected from the ground into the shadow."""
    facing = nx * SUN[0] + ny * SUN[1] + nz * SUN[2]
    back = np.clip(-nx * 0.7 + ny * 0.3, 0, 1) * 0.16
    return np.clip(np.maximum(facing, 0) * 0.9 + back + 0.06, 0, 1).astype(np.float32)


def ball(scene: Scene, x: float, y: float, rx: float, ry: float, stops: Stops, detail: float = 0.5) -> None:
    """Add a shaded ellipsoid, with strokes around its form, and its shadow on the left."""
    shadow = np.hypot((X - x + rx * 0.75) / (rx * 1.25), (Y - y - ry * 0.82) / (ry * 0.34))
    scene.shade(np.clip(1.5 - 1.1 * shadow, 0, 1), (0.10, 0.05, 0.10), 0.85)
    nx, ny = (X - x) / rx, (Y - y) / ry
    far = np.hypot(nx, ny)
    nz = np.sqrt(np.clip(1 - far**2, 0, 1))
    around = np.arctan2(ny * rx, nx * ry) + np.pi / 2
    scene.composite(soft((far - 1) * min(rx, ry), 1.5), ramp(light(nx, ny, nz), stops), around, detail)


def surface_of_revolution(scene: Scene, x: float, rows: Sequence[float], radii: Sequence[float], stops: Stops) -> None:
    """Add a shaded surface of revolution, such as a pot, from a radius at each of the given rows."""
    smooth = cv2.GaussianBlur(np.interp(Y[:, 0], rows, radii).astype(np.float32)[:, None], (1, 0), 0, sigmaY=7)
    radius = np.maximum(smooth, 1)
    slope = np.gradient(radius[:, 0])[:, None]
    across = (X - x) / radius
    nx = np.clip(across, -1, 1)
    ny = np.broadcast_to(-slope, X.shape)
    nz = np.sqrt(1 - nx**2)
    length = np.sqrt(1 + ny**2)
    inside = soft((np.abs(across) - 1) * radius, 1.5) * ((rows[0] <= Y) & (rows[-1] >= Y))
    around = np.arctan(0.35 * nx * -1.0) + np.pi / 2 * np.clip(np.abs(nx) * 1.6 - 0.7, 0, 1)
    scene.composite(inside.astype(np.float32), ramp(light(nx / length, ny / length, nz / length), stops), around, 0.45)


def leaves(scene: Scene, rng: Random, clumps: Sequence[tuple[float, float, float]], stops: Stops) -> None:
    """Add clumps of foliage (x, y, radius), each lit like a rough ball, with dabs in all directions around its form."""
    ragged = noise(rng, 26, 4) * 0.17
    dabs = noise(rng, 18, 3) * 1.2
    for x, y, radius in clumps:
        nx, ny = (X - x) / radius, (Y - y) / (radius * 0.85)
        far = np.hypot(nx, ny) + ragged
        nz = np.sqrt(np.clip(1 - far**2, 0, 1))
        lit = np.clip(light(nx, ny, nz) + 0.22 * noise(rng, 14, 3), 0, 1)
        scene.composite(soft((far - 1) * radius, 3), ramp(lit, stops), np.arctan2(ny, nx) + np.pi / 2 + dabs, 0.5)


def trunk(scene: Scene, x: float, flare: float, foot: float, stops: Stops) -> None:
    """Add the trunk of a tree at column ``x``, wider from row ``flare`` down to ``foot``, and its two boughs."""
    fork = flare - 66
    for middle, half, low in (
        (x + 8 * np.sin(Y / 38), 15.0, foot),
        (x + (fork - Y) * 0.56, 7.0, fork - 2),
        (x - (fork - Y) * 0.54, 6.0, fork - 2),
    ):
        wide = half + np.clip(Y - flare, 0, 60) * 0.4
        across = (X - middle) / wide
        mask = soft((np.abs(across) - 1) * wide, 2) * (low > Y) * (Y > 120)
        tilt = np.arctan2(1.0, np.gradient(middle, axis=0)) + 0.12 * np.sin(Y / 7)
        scene.composite(mask.astype(np.float32), ramp(np.clip(0.5 + 0.5 * across, 0, 1), stops), tilt, 0.5)
