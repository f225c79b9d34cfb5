"""Paints the reference pictures of this folder, oil.png, ink.png and watercolour.png, from nothing but numbers.

    python examples/paint_references.py [oil] [ink] [watercolour]

Each picture is a scene composed as tone, colour and a direction for the hand, then painted stroke by stroke.
Seeded: the same versions of NumPy and OpenCV give the same pictures. Colours are display-encoded RGB in [0, 1],
pictures float32 (H, W, 3), angles radians in image coordinates (x to the right, y down).
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Random = np.random.Generator
Colour = tuple[float, float, float]
Stops = Sequence[tuple[float, Colour]]

HEIGHT, WIDTH = 480, 640
FINE = 2  # strokes are drawn at twice the size and averaged down, which smooths their edges
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
SUN = np.array([0.56, -0.58, 0.59], np.float32)  # towards the light: right, up, to the viewer


# --- Composing ------------------------------------------------------------------------------------------------


def noise(draw: Random, cell: float, octaves: int = 4, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Array:
    """Smooth noise, float32 ``size``, mean 0, mostly within ±1; ``cell`` is its coarsest grain in pixels."""
    total = np.zeros(size, np.float32)
    for octave in range(octaves):
        step = max(1.0, cell / 2**octave)
        few = (int(size[0] / step) + 3, int(size[1] / step) + 3)
        grid = draw.standard_normal(few).astype(np.float32)
        wide = cv2.resize(grid, (round(few[1] * step), round(few[0] * step)), interpolation=cv2.INTER_CUBIC)
        total += wide[: size[0], : size[1]] / 2**octave
    return total * np.float32(0.6)


def ramp(value: Array, stops: Stops) -> Array:
    """Colours along ``value``: float32 (..., 3), straight between the stops (position, colour)."""
    at = [stop[0] for stop in stops]
    return np.stack([np.interp(value, at, [stop[1][k] for stop in stops]) for k in range(3)], -1).astype(np.float32)


def soft(distance: Array, width: float = 1.0) -> Array:
    """1 inside (negative distance), 0 outside, over a border of ``width`` pixels."""
    return np.clip(0.5 - distance / width, 0, 1).astype(np.float32)


def polygon(*points: tuple[float, float]) -> Array:
    """A filled polygon as a mask float32 (H, W), its edge smooth."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.round(np.array(points) * 16).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, shift=4)
    return (mask / np.float32(255)).astype(np.float32)


def ridge(draw: Random, level: float, swing: float, cell: float) -> Array:
    """A skyline: its height in pixels for every column, float32 (W,)."""
    return level + swing * noise(draw, cell, 4, (1, WIDTH))[0]


class Scene:
    """A picture to paint from: colour, the hand's direction, where detail is wanted, and things by number.

    colour: (H, W, 3). direction: (H, W). detail: (H, W), 0 for broad strokes to 1 for the finest.
    thing: int32 (H, W), a number for everything laid, in its order.
    """

    def __init__(self) -> None:
        self.colour = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.direction = np.zeros((HEIGHT, WIDTH), np.float32)
        self.detail = np.zeros((HEIGHT, WIDTH), np.float32)
        self.thing = np.zeros((HEIGHT, WIDTH), np.int32)
        self.count = 0

    def lay(self, mask: Array, colour: Array | Colour, direction: Array | float, detail: float = 0.3) -> int:
        """Puts a thing over what is there, and returns its number."""
        self.count += 1
        part = mask[..., None]
        self.colour = self.colour * (1 - part) + np.asarray(colour, np.float32) * part
        inside = mask > 0.5
        self.direction = np.where(inside, np.asarray(direction, np.float32), self.direction)
        self.detail = np.where(inside, np.float32(detail), self.detail)
        self.thing = np.where(inside, np.int32(self.count), self.thing)
        return self.count

    def shade(self, mask: Array, colour: Colour, strength: float) -> None:
        """Glazes a shadow or a light over what is there; nothing else changes."""
        part = (mask * np.float32(strength))[..., None]
        self.colour = self.colour * (1 - part) + np.asarray(colour, np.float32) * part


def light(nx: Array, ny: Array, nz: Array) -> Array:
    """How lit a surface is, 0..1, with some light come back from the ground in the shadow."""
    facing = nx * SUN[0] + ny * SUN[1] + nz * SUN[2]
    back = np.clip(-nx * 0.7 + ny * 0.3, 0, 1) * 0.16
    return np.clip(np.maximum(facing, 0) * 0.9 + back + 0.06, 0, 1).astype(np.float32)


def ball(scene: Scene, x: float, y: float, rx: float, ry: float, stops: Stops, detail: float = 0.5) -> None:
    """A round thing, shaded, brushed around its form, with the shadow it throws to the left."""
    shadow = np.hypot((X - x + rx * 0.75) / (rx * 1.25), (Y - y - ry * 0.82) / (ry * 0.34))
    scene.shade(np.clip(1.5 - 1.1 * shadow, 0, 1), (0.10, 0.05, 0.10), 0.85)
    nx, ny = (X - x) / rx, (Y - y) / ry
    far = np.hypot(nx, ny)
    nz = np.sqrt(np.clip(1 - far**2, 0, 1))
    around = np.arctan2(ny * rx, nx * ry) + np.pi / 2
    scene.lay(soft((far - 1) * min(rx, ry), 1.5), ramp(light(nx, ny, nz), stops), around, detail)


def turned(scene: Scene, x: float, rows: Sequence[float], radii: Sequence[float], stops: Stops) -> None:
    """A thrown pot: a radius for each of some rows, shaded as a surface of revolution."""
    smooth = cv2.GaussianBlur(np.interp(Y[:, 0], rows, radii).astype(np.float32)[:, None], (1, 0), 0, sigmaY=7)
    radius = np.maximum(smooth, 1)
    slope = np.gradient(radius[:, 0])[:, None]
    across = (X - x) / radius
    nx = np.clip(across, -1, 1)
    ny = np.broadcast_to(-slope, X.shape)
    nz = np.sqrt(1 - nx**2)
    length = np.sqrt(1 + ny**2)
    inside = soft((np.abs(across) - 1) * radius, 1.5) * ((Y >= rows[0]) & (Y <= rows[-1]))
    around = np.arctan(0.35 * nx * -1.0) + np.pi / 2 * np.clip(np.abs(nx) * 1.6 - 0.7, 0, 1)
    scene.lay(inside.astype(np.float32), ramp(light(nx / length, ny / length, nz / length), stops), around, 0.45)


def leaves(scene: Scene, draw: Random, clumps: Sequence[tuple[float, float, float]], stops: Stops) -> None:
    """Clumps of foliage (x, y, radius), each lit as a rough ball, dabbed in all directions about its form."""
    ragged = noise(draw, 26, 4) * 0.17
    dabs = noise(draw, 18, 3) * 1.2
    for x, y, radius in clumps:
        nx, ny = (X - x) / radius, (Y - y) / (radius * 0.85)
        far = np.hypot(nx, ny) + ragged
        nz = np.sqrt(np.clip(1 - far**2, 0, 1))
        lit = np.clip(light(nx, ny, nz) + 0.22 * noise(draw, 14, 3), 0, 1)
        scene.lay(soft((far - 1) * radius, 3), ramp(lit, stops), np.arctan2(ny, nx) + np.pi / 2 + dabs, 0.5)


# --- The oil painting: a table before a valley ----------------------------------------------------------------


def valley() -> Scene:
    """Sky, mountains, fields, a house, a tree, rocks; in front a table with a jug and fruit."""
    draw = np.random.Generator(np.random.PCG64(7))
    scene = Scene()
    _sky(scene, draw)
    _hills(scene, draw)
    _house(scene)
    _meadow(scene, draw)
    _tree(scene, draw)
    _table(scene, draw)
    return scene


def _sky(scene: Scene, draw: Random) -> None:
    swirl = noise(draw, 150, 2)
    to_sun = np.hypot(X - 470, (Y - 96) * 1.15)
    around = np.arctan2(Y - 96, X - 470) + np.pi / 2
    wind = 0.25 * np.sin(X / 95) + 0.7 * swirl
    near = np.clip(1.5 - to_sun / 95, 0, 1)
    field = np.arctan2(np.sin(wind) * (1 - near) + np.sin(around) * near, np.cos(wind) * (1 - near) + np.cos(around) * near)
    up = np.clip(Y / 200 + 0.10 * swirl, 0, 1)
    blue = ramp(up, [(0, (0.10, 0.27, 0.62)), (0.45, (0.26, 0.53, 0.82)), (0.8, (0.66, 0.80, 0.86)),
                     (1, (0.99, 0.87, 0.68))])  # fmt: skip
    scene.lay(np.ones_like(X), blue, field, 0.12)
    glow = np.exp(-((to_sun / 85) ** 2))
    scene.shade(glow, (1.0, 0.86, 0.42), 0.85)
    for x, y, wide, high in ((265, 76, 95, 34), (355, 120, 70, 20), (190, 128, 62, 20), (590, 52, 80, 30), (575, 140, 66, 14)):
        lump = np.hypot((X - x) / wide, (Y - y) / high) + 0.55 * noise(draw, 44, 4)
        body = np.clip((1 - lump) * 2.6, 0, 1)
        top = np.clip(0.5 - (Y - y) / (1.5 * high) + 0.35 * noise(draw, 30, 3), 0, 1)
        cloud = ramp(top, [(0, (0.47, 0.46, 0.66)), (0.4, (0.80, 0.70, 0.76)), (0.75, (0.99, 0.93, 0.84)), (1, (1, 0.99, 0.95))])
        puff = field + 0.9 * noise(draw, 36, 2)
        scene.lay(body.astype(np.float32), cloud, puff, 0.25)
    scene.lay(soft(to_sun - 21, 3), (1.0, 0.96, 0.74), around, 0.3)


def _hills(scene: Scene, draw: Random) -> None:
    for level, swing, cell, stops in (
        (166, 20, 130, [(0, (0.30, 0.32, 0.60)), (0.5, (0.47, 0.50, 0.74)), (1, (0.86, 0.72, 0.76))]),
        (188, 13, 90, [(0, (0.16, 0.30, 0.46)), (0.5, (0.28, 0.46, 0.56)), (1, (0.60, 0.68, 0.60))]),
    ):
        line = ridge(draw, level, swing, cell)
        slope = np.gradient(cv2.GaussianBlur(line[None], (0, 0), 6)[0])
        lit = np.clip(0.5 - 1.5 * slope[None] + 0.35 * noise(draw, 40, 3), 0, 1)
        scene.lay(soft(line[None] - Y, 2), ramp(lit, stops), np.arctan(slope)[None] * 1.6 + 0.25 * noise(draw, 60, 2), 0.3)
    line = 214 + 10 * np.sin(X[0] / 74 + 0.8) + 5 * noise(draw, 120, 2, (1, WIDTH))[0]
    slope = np.arctan(np.gradient(line))[None] + 0.12 * noise(draw, 80, 2)
    furrow = np.sin((X - 320) / (6 + np.clip(Y - 205, 0, 200) * 0.16) + 0.02 * Y)
    wheat = ramp(np.clip(0.5 + 0.42 * furrow + 0.2 * noise(draw, 30, 3), 0, 1),
                 [(0, (0.66, 0.42, 0.12)), (0.5, (0.90, 0.70, 0.22)), (1, (1.0, 0.88, 0.46))])  # fmt: skip
    scene.lay(soft(line[None] - Y, 2), wheat, slope + 0.9, 0.3)
    for edge, stops in (
        (236 + 15 * np.sin(X[0] / 88 - 1.1), [(0, (0.10, 0.26, 0.16)), (0.5, (0.30, 0.50, 0.18)), (1, (0.72, 0.76, 0.28))]),
        (272 + 13 * np.sin(X[0] / 70 + 2.4), [(0, (0.14, 0.22, 0.08)), (0.5, (0.42, 0.54, 0.14)), (1, (0.84, 0.84, 0.32))]),
    ):
        slope = np.gradient(edge)[None]
        lit = np.clip(0.55 - 1.6 * slope - (Y - edge[None]) / 150 + 0.3 * noise(draw, 50, 3), 0, 1)
        scene.lay(soft(edge[None] - Y, 2), ramp(lit, stops), np.arctan(slope) + 0.35 * noise(draw, 50, 2), 0.3)


def _house(scene: Scene) -> None:
    scene.shade(np.clip(1.3 - np.hypot((X - 300) / 70, (Y - 262) / 12), 0, 1), (0.08, 0.14, 0.16), 0.7)
    scene.lay(polygon((330, 222), (372, 214), (372, 264), (330, 262)), (0.50, 0.46, 0.60), np.pi / 2, 0.8)
    scene.lay(polygon((372, 214), (432, 222), (432, 260), (372, 264)), (0.99, 0.90, 0.70), np.pi / 2, 0.8)
    scene.lay(polygon((322, 226), (346, 190), (374, 212), (372, 218)), (0.42, 0.13, 0.14), -0.9, 0.9)
    scene.lay(polygon((346, 190), (412, 196), (440, 226), (372, 217)), (0.88, 0.33, 0.14), 0.75, 0.9)
    scene.lay(polygon((396, 182), (406, 183), (406, 204), (396, 200)), (0.72, 0.42, 0.32), np.pi / 2, 1.0)
    for x in (384, 414):
        scene.lay(polygon((x, 232), (x + 9, 233), (x + 9, 246), (x, 246)), (0.12, 0.18, 0.32), np.pi / 2, 1.0)
    scene.lay(polygon((346, 236), (357, 235), (357, 263), (346, 262)), (0.10, 0.06, 0.08), np.pi / 2, 1.0)
    for x, foot, tall, wide in ((306, 262, 92, 11), (452, 262, 104, 12), (476, 268, 76, 10)):
        up = (foot - Y) / tall
        across = (X - x) / (wide * np.sqrt(np.clip(1.02 - up, 0.02, 1)) + 0.01)
        mask = soft((np.abs(across) - 1) * wide, 2) * ((up > 0) & (up < 1.02))
        tone = np.clip(0.5 + 0.5 * across, 0, 1)
        dark = ramp(tone, [(0, (0.02, 0.08, 0.13)), (0.6, (0.07, 0.22, 0.18)), (1, (0.36, 0.48, 0.20))])
        scene.lay(mask.astype(np.float32), dark, np.pi / 2 + 0.35 * across, 0.6)


def _meadow(scene: Scene, draw: Random) -> None:
    edge = 300 + 10 * np.sin(X[0] / 120)
    blades = np.pi / 2 + 0.55 * noise(draw, 46, 3) + 0.35 * np.sin(X / 60)
    lit = np.clip(0.62 + 0.42 * noise(draw, 44, 4) - (Y - 300) / 260, 0, 1)
    grass = ramp(lit, [(0, (0.04, 0.12, 0.06)), (0.3, (0.14, 0.30, 0.08)), (0.6, (0.42, 0.56, 0.10)),
                       (0.85, (0.76, 0.80, 0.22)), (1, (0.97, 0.92, 0.46))])  # fmt: skip
    scene.lay(soft(edge[None] - Y, 6), grass, blades, 0.4)
    middle = 372 - 62 * np.sin((Y - 262) / 92) - (Y - 262) * 0.10
    half = np.maximum(4 + (Y - 262) * 0.20, 1)
    path = soft(np.abs(X - middle) - half, 4) * (Y > 262) * (Y < 402)
    tone = np.clip(0.6 + 0.35 * noise(draw, 30, 3) + (X - middle) / (5 * half), 0, 1)
    ochre = ramp(tone, [(0, (0.46, 0.26, 0.20)), (0.5, (0.80, 0.56, 0.36)), (1, (0.99, 0.86, 0.62))])
    scene.lay(path.astype(np.float32), ochre, 0.35 * noise(draw, 40, 2), 0.35)
    stone = [(0, (0.09, 0.09, 0.14)), (0.35, (0.30, 0.30, 0.38)), (0.7, (0.58, 0.56, 0.58)), (1, (0.88, 0.85, 0.80))]
    for x, y, rx, ry in ((196, 342, 30, 24), (158, 362, 40, 29), (226, 368, 22, 15)):
        ball(scene, x, y, rx, ry, stone, 0.45)
    for _ in range(70):
        x, y = draw.uniform(10, 630), draw.uniform(312, 388)
        hue = [(0.93, 0.20, 0.18), (0.98, 0.93, 0.88), (0.62, 0.32, 0.70), (0.99, 0.78, 0.16)][int(draw.integers(4))]
        scene.lay(soft(np.hypot(X - x, Y - y) - draw.uniform(1.5, 3.2), 1.5), hue, draw.uniform(0, 3), 1.0)


def _tree(scene: Scene, draw: Random) -> None:
    bark = [(0, (0.06, 0.03, 0.05)), (0.4, (0.26, 0.14, 0.10)), (0.75, (0.56, 0.36, 0.22)), (1, (0.90, 0.68, 0.42))]
    for line, half in (
        (lambda y: 66 + 8 * np.sin(y / 40), 15.0), (lambda y: 66 + (300 - y) * 0.62, 7.0), (lambda y: 66 - (290 - y) * 0.5, 6.0)
    ):
        middle = line(Y)
        wide = half + np.clip(Y - 318, 0, 60) * 0.4
        across = (X - middle) / wide
        mask = soft((np.abs(across) - 1) * wide, 2) * (Y < 352) * (Y > 120) * ((half > 10) | (Y < 295))
        tilt = np.arctan2(1.0, np.gradient(middle, axis=0))
        scene.lay(mask.astype(np.float32), ramp(np.clip(0.5 + 0.5 * across, 0, 1), bark), tilt, 0.5)
    clumps = [(30, 60, 64), (98, 46, 58), (58, 128, 70), (138, 104, 46), (6, 150, 52), (120, 160, 36), (22, 204, 36), (86, 92, 44)]
    leaf = [(0, (0.02, 0.06, 0.09)), (0.25, (0.05, 0.17, 0.15)), (0.5, (0.14, 0.34, 0.14)), (0.75, (0.46, 0.58, 0.16)),
            (1, (0.90, 0.84, 0.36))]  # fmt: skip
    leaves(scene, draw, clumps, leaf)


def _table(scene: Scene, draw: Random) -> None:
    plank = np.clip(0.62 + (X - 380) / 800 - (Y - 400) / 130 + 0.25 * noise(draw, 90, 3), 0, 1)
    wood = ramp(plank, [(0, (0.12, 0.05, 0.04)), (0.4, (0.40, 0.19, 0.09)), (0.7, (0.70, 0.40, 0.18)), (1, (0.96, 0.72, 0.40))])
    scene.lay(soft(398 + 0.012 * X - Y, 2), wood, 0.03 + 0.06 * noise(draw, 60, 2), 0.3)
    scene.lay(soft(462 - 0.01 * X - Y, 2), (0.09, 0.04, 0.05), 0.0, 0.2)
    fall = (X + 0.75 * (Y - 400)) / 21 + 1.1 * noise(draw, 100, 2)
    fold = np.clip(0.45 + 0.42 * np.sin(fall) + 0.15 * noise(draw, 40, 2), 0, 1)
    cloth = ramp(fold, [(0, (0.02, 0.03, 0.12)), (0.4, (0.07, 0.14, 0.42)), (0.7, (0.22, 0.38, 0.72)), (1, (0.72, 0.82, 0.95))])
    edge = 196 + 22 * np.sin(Y / 17) + (Y - 400) * 0.5
    scene.lay(soft(np.maximum(X - edge, 404 + 6 * np.sin(X / 24) - Y), 2), cloth, np.arctan2(1.0, -0.75) + 0.1 * fold, 0.4)
    stoneware = [(0, (0.10, 0.09, 0.14)), (0.22, (0.27, 0.26, 0.35)), (0.5, (0.53, 0.52, 0.60)), (0.78, (0.81, 0.79, 0.80)),
                 (1, (1.0, 0.98, 0.93))]  # fmt: skip
    ring = np.abs(np.hypot((X - 456) / 34, (Y - 318) / 44) - 1) * 38 - 7
    lit = np.clip(0.55 - (Y - 318) / 90 + (X - 456) / 90, 0.1, 1)
    scene.shade(np.clip(1.4 - np.hypot((X - 440) / 105, (Y - 424) / 20), 0, 1), (0.10, 0.05, 0.10), 0.85)
    scene.lay(soft(ring, 2), ramp(lit, stoneware), np.arctan2((Y - 318) / 44, (X - 456) / 34) + np.pi / 2, 0.7)
    turned(scene, 520, (244, 254, 276, 330, 372, 436), (36, 31, 27, 58, 64, 40), stoneware)
    scene.lay(soft(np.hypot((X - 520) / 33, (Y - 246) / 6.5) * 6.5 - 6.5, 1.5), (0.07, 0.06, 0.10), 0.0, 0.9)
    band = soft(np.abs(Y - 326 - 5 * np.sqrt(np.clip(1 - ((X - 520) / 60) ** 2, 0, 1))) - 5, 2) * soft(np.abs(X - 520) - 54, 3)
    scene.shade(band, (0.12, 0.20, 0.52), 0.75)
    ball(scene, 604, 414, 31, 29, [(0, (0.05, 0.10, 0.05)), (0.35, (0.26, 0.38, 0.08)), (0.7, (0.68, 0.74, 0.20)), (1, (0.99, 0.97, 0.70))])
    ball(scene, 398, 416, 33, 31, [(0, (0.24, 0.05, 0.06)), (0.35, (0.72, 0.24, 0.06)), (0.7, (0.98, 0.56, 0.10)), (1, (1, 0.92, 0.66))])
    ball(scene, 332, 424, 31, 29, [(0, (0.12, 0.01, 0.06)), (0.35, (0.48, 0.04, 0.08)), (0.7, (0.88, 0.16, 0.12)), (1, (1, 0.80, 0.70))])
    ball(scene, 276, 438, 27, 19, [(0, (0.34, 0.22, 0.04)), (0.35, (0.78, 0.56, 0.08)), (0.7, (0.98, 0.86, 0.24)), (1, (1, 0.99, 0.80))])
    ball(scene, 366, 446, 19, 18, [(0, (0.05, 0.02, 0.10)), (0.35, (0.20, 0.08, 0.30)), (0.7, (0.46, 0.28, 0.56)), (1, (0.90, 0.80, 0.94))])


@dataclass(frozen=True)
class Brush:
    """half: half the brush's width in pixels. length: most steps of half a width. gap: between strokes, pixels.

    tolerance: colour difference below which nothing is painted over. wander: how far colours stray.
    """

    half: float
    length: int
    gap: float
    tolerance: float
    wander: float
    finest: float


BRUSHES = (
    Brush(13.0, 9, 9.0, 0.0, 0.075, -1.0),
    Brush(7.5, 9, 6.0, 0.035, 0.080, -1.0),
    Brush(4.6, 9, 4.2, 0.060, 0.065, 0.22),
    Brush(2.7, 9, 3.0, 0.075, 0.040, 0.28),
    Brush(1.7, 8, 2.2, 0.070, 0.025, 0.55),
)


class Canvas:
    """Wet paint at FINE times the picture's size: colour (H, W, 3) and the height of the relief (H, W)."""

    def __init__(self, draw: Random, ground: Colour) -> None:
        size = (HEIGHT * FINE, WIDTH * FINE)
        y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
        weave = np.sin(x * 1.05) * np.cos(y * 1.05)
        self.colour = np.empty((*size, 3), np.float32)
        self.colour[:] = np.asarray(ground, np.float32) * (1 + 0.06 * noise(draw, 60, 4, size))[..., None]
        self.relief = (0.10 * weave).astype(np.float32)

    def seen(self) -> Array:
        """The colours at the picture's size."""
        return cv2.resize(self.colour, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)

    def stroke(self, draw: Random, path: Array, half: float, colour: Array, other: Array) -> None:
        """Drags a loaded brush along ``path`` (N, 2), x then y: ``colour`` on one side, ``other`` on the other."""
        line, normal, along = _ribbon(path * FINE, 0.7)
        wide = half * FINE
        lanes = np.linspace(-1, 1, max(5, int(2 * wide / 0.7)), dtype=np.float32)
        bristle = _bristles(draw, len(lanes), len(line), wide)
        end = along / max(1.0, along[-1])
        bow = wide * 0.55 * np.sqrt(np.clip(1 - lanes**2, 0, 1))  # a brush's tip is round
        head = along[:, None] - (wide * 0.55 - bow)[None]
        left = along[-1] - along[:, None] - (wide * 0.55 - bow)[None]
        load = 1.35 - 0.75 * end[:, None] ** 2 + 0.9 * bristle - 0.35 * lanes[None] ** 8
        alpha = np.clip(load * 2.2 - 0.6, 0, 1) * np.clip(head / 1.5, 0, 1) * np.clip(left / 3 + 0.5 * bristle, 0, 1)
        mix = np.clip(0.5 + 0.45 * lanes[None] + 0.5 * bristle, 0, 1)[..., None]
        paint = colour * (1 - mix) + other * mix + (0.11 * bristle)[..., None]
        rim = 0.75 * np.abs(lanes[None]) ** 5 + 0.6 * np.exp(-np.maximum(left, 0) / (0.5 * wide))
        body = 0.75 + 1.15 * bristle + rim
        self._put(line[:, None] + normal[:, None] * (lanes * wide)[None, :, None], alpha, paint, body * min(1.0, half / 5))

    def _put(self, places: Array, alpha: Array, paint: Array, body: Array) -> None:
        x, y = np.rint(places[..., 0]).astype(np.int32), np.rint(places[..., 1]).astype(np.int32)
        ok = (alpha > 0.02) & (x >= 0) & (y >= 0) & (x < self.relief.shape[1]) & (y < self.relief.shape[0])
        at = (y[ok], x[ok])
        part = np.minimum(alpha[ok], 0.97)
        self.colour[at] = self.colour[at] * (1 - part)[:, None] + paint[ok] * part[:, None]
        self.relief[at] = self.relief[at] * (1 - 0.75 * part) + body[ok] * part

    def lit(self, strength: float) -> Array:
        """The painting at the picture's size with its relief lit from the upper left, float32 (H, W, 3)."""
        relief = cv2.GaussianBlur(self.relief, (0, 0), 0.9)
        right = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8)
        down = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8)
        slope = np.clip((right * 0.6 + down * 0.8) * strength, -1, 1)
        shaded = self.colour * (1 + 0.42 * np.minimum(slope, 0) + 0.20 * np.maximum(slope, 0))[..., None]
        gloss = np.clip(slope - 0.35, 0, 1)[..., None] * 0.28
        return cv2.resize(np.clip(shaded + gloss, 0, 1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def _ribbon(path: Array, step: float) -> tuple[Array, Array, Array]:
    """A smooth curve through ``path``: points, unit normals (N, 2), and the length so far (N,), every ``step``."""
    for _ in range(2):  # Chaikin's corner cutting
        if len(path) > 2:
            cut = np.empty((2 * len(path), 2), np.float32)
            cut[0::2], cut[1::2] = path, path
            cut[1:-1:2] = 0.75 * path[:-1] + 0.25 * path[1:]
            cut[2::2] = 0.25 * path[:-1] + 0.75 * path[1:]
            path = cut
    ahead = np.hypot(*np.diff(path, axis=0).T)
    so_far = np.concatenate([[0], np.cumsum(ahead)])
    along = np.arange(0, so_far[-1], step, dtype=np.float32)
    line = np.stack([np.interp(along, so_far, path[:, k]) for k in range(2)], -1).astype(np.float32)
    tangent = np.gradient(line, axis=0) if len(line) > 1 else np.array([[1.0, 0.0]], np.float32)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
    return line, np.stack([-tangent[:, 1], tangent[:, 0]], -1).astype(np.float32), along


def _bristles(draw: Random, lanes: int, steps: int, wide: float) -> Array:
    """Streaks that run along the stroke: float32 (steps, lanes), mean about 0, mostly within ±0.5."""
    count = max(3, round(2 * wide / 3.4))
    fixed = draw.standard_normal((1, count)).astype(np.float32)
    loose = draw.standard_normal((max(2, steps // 26 + 2), count)).astype(np.float32)
    both = cv2.resize(fixed, (lanes, steps), interpolation=cv2.INTER_CUBIC) * 0.30
    return both + cv2.resize(loose, (lanes, steps), interpolation=cv2.INTER_CUBIC) * 0.13


def flow_of(scene: Scene, sigma: float) -> tuple[Array, Array]:
    """The hand's direction as double-angle cosine and sine: along strong edges, else as the scene says."""
    grey = cv2.GaussianBlur(scene.colour @ np.array([0.3, 0.59, 0.11], np.float32), (0, 0), sigma * 0.5)
    gx, gy = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 32), cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 32)
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), sigma) for v in (gx * gx, gy * gy, gx * gy))
    edge = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    strength = np.sqrt(np.sqrt((xx - yy) ** 2 + 4 * xy**2))
    trust = np.clip(strength / 0.045 - 0.35, 0, 1)
    c = np.cos(2 * edge) * trust + np.cos(2 * scene.direction) * (1 - trust)
    s = np.sin(2 * edge) * trust + np.sin(2 * scene.direction) * (1 - trust)
    return cv2.GaussianBlur(c, (0, 0), 1.5), cv2.GaussianBlur(s, (0, 0), 1.5)


def trace(flow: tuple[Array, Array], goal: Array, seen: Array, start: tuple[float, float], heading: float, brush: Brush) -> Array:
    """A curved stroke from ``start`` along the flow, until its colour is no longer wanted: float32 (N, 2).

    Of the flow's two ways it takes the one nearer ``heading``.

    Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", SIGGRAPH 1998.
    """
    x, y = start
    colour = goal[int(y), int(x)]
    points, before = [(x, y)], (float(np.cos(heading)), float(np.sin(heading)))
    for number in range(brush.length):
        row, column = min(max(int(y), 0), HEIGHT - 1), min(max(int(x), 0), WIDTH - 1)
        want = goal[row, column]
        if number > 2 and float(np.abs(want - colour).sum()) > float(np.abs(want - seen[row, column]).sum()) + 0.12:
            break
        angle = 0.5 * float(np.arctan2(flow[1][row, column], flow[0][row, column]))
        dx, dy = float(np.cos(angle)), float(np.sin(angle))
        if dx * before[0] + dy * before[1] < 0:
            dx, dy = -dx, -dy
        if number:
            dx, dy = 0.75 * dx + 0.25 * before[0], 0.75 * dy + 0.25 * before[1]
        before = (dx, dy)
        x, y = x + dx * brush.half * 0.9, y + dy * brush.half * 0.9
        points.append((x, y))
    return np.array(points, np.float32)


def paint_layer(scene: Scene, canvas: Canvas, brush: Brush, draw: Random) -> None:
    """One brush over the whole picture, where the paint so far is not yet what is wanted."""
    goal = cv2.GaussianBlur(scene.colour, (0, 0), max(0.6, brush.half * 0.35))
    seen = canvas.seen()
    missing = cv2.GaussianBlur(np.abs(goal - seen).mean(-1), (0, 0), brush.half * 0.5)
    flow = flow_of(scene, max(1.5, brush.half * 0.5))
    rows, columns = np.mgrid[0 : HEIGHT : brush.gap, 0 : WIDTH : brush.gap]
    seeds = np.stack([columns.ravel(), rows.ravel()], -1) + draw.uniform(-0.7, 0.7, (rows.size, 2)) * brush.gap
    seeds = np.clip(seeds, 0, [WIDTH - 1, HEIGHT - 1])[draw.permutation(rows.size)]
    for x, y in seeds:
        column, row = int(x), int(y)
        if missing[row, column] < brush.tolerance or scene.detail[row, column] < brush.finest:
            continue
        path = trace(flow, goal, seen, (x, y), draw.uniform(-np.pi, np.pi), brush)
        colour = mixed(draw, goal[row, column], brush.wander)
        canvas.stroke(draw, path, brush.half * draw.uniform(0.8, 1.15), colour, mixed(draw, colour, brush.wander))


def mixed(draw: Random, colour: Array, wander: float) -> Array:
    """A colour as it comes off the palette: lighter or darker, warmer or cooler, less so in the darks."""
    light, warm, odd = draw.standard_normal(3) * (0.75, 0.8, 0.35) * wander * (0.35 + 0.9 * float(colour.mean()))
    astray = light + warm * np.array([1.0, 0.15, -1.0]) + odd * np.array([0.6, -1.0, 0.6])
    return np.clip(colour + astray, 0, 1).astype(np.float32)


def oil() -> Array:
    """Thick oil paint on a warm ground, broad strokes first, float32 (H, W, 3)."""
    draw = np.random.Generator(np.random.PCG64(1))
    scene = valley()
    canvas = Canvas(draw, (0.46, 0.24, 0.14))
    for brush in BRUSHES:
        paint_layer(scene, canvas, brush, draw)
    return canvas.lit(2.2)


PICTURES: dict[str, Callable[[], Array]] = {"oil": oil}


def save(picture: Array, path: Path) -> None:
    """Writes ``picture`` as an 8-bit PNG."""
    cv2.imwrite(str(path), np.rint(picture[..., ::-1] * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main(names: Sequence[str]) -> None:
    """Paints the pictures named, or all, beside this file."""
    for name in names or PICTURES:
        save(PICTURES[name](), Path(__file__).with_name(f"{name}.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
