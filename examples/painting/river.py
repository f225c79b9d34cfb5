"""Scene of the pen drawing: a mill tower and a stone bridge over a river, a tree, a boat, boulders."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from painting.scene import (
    Colour,
    Random,
    Scene,
    Stops,
    X,
    Y,
    ball,
    leaves,
    noise,
    polygon,
    ramp,
    ridge,
    soft,
    surface_of_revolution,
    trunk,
)

PAPER: Colour = (0.955, 0.92, 0.845)
SKY: Colour = (0.85, 0.88, 0.86)
RIVER: Colour = (0.58, 0.73, 0.80)
SAGE: Colour = (0.74, 0.78, 0.54)
OCHRE: Colour = (0.92, 0.80, 0.56)
BRICK: Colour = (0.86, 0.58, 0.44)
STONE: Colour = (0.87, 0.84, 0.79)
GREY: Stops = [(0.0, (0.0, 0.0, 0.0)), (1.0, (1.0, 1.0, 1.0))]
DEEP: Stops = [(0.0, (0.0, 0.0, 0.0)), (0.3, (0.16, 0.16, 0.16)), (0.7, (0.62, 0.62, 0.62)), (1.0, (1.0, 1.0, 1.0))]


class Washed(Scene):
    """Scene in greys that also stores the flat wash over each object, by number."""

    def __init__(self) -> None:
        super().__init__()
        self.washes: dict[int, Colour] = {0: PAPER}

    @contextmanager
    def wash(self, colour: Colour) -> Iterator[None]:
        """Wash all objects that are added inside the context with ``colour``."""
        first = self.count
        yield
        self.washes.update(dict.fromkeys(range(first + 1, self.count + 1), colour))


def river() -> Washed:
    """Compose the scene."""
    rng = np.random.Generator(np.random.PCG64(11))
    scene = Washed()
    _air(scene, rng)
    _far_bank(scene, rng)
    _water(scene, rng)
    _bridge(scene, rng)
    _tower(scene)
    _near_bank(scene, rng)
    return scene


def _grey(tone: float) -> Colour:
    return (tone, tone, tone)


def _air(scene: Washed, rng: Random) -> None:
    wind = 0.22 * np.sin(X / 110) + 0.25 * noise(rng, 160, 2)
    tone = np.clip(0.56 + Y / 300 + 0.10 * noise(rng, 120, 2), 0, 1)
    with scene.wash(SKY):
        scene.composite(np.ones_like(X), ramp(tone, GREY), wind, 0.1)
    for x, y, wide, high in ((330, 66, 120, 40), (440, 106, 90, 26), (70, 104, 84, 26), (596, 40, 90, 34)):
        lump = np.hypot((X - x) / wide, (Y - y) / high) + 0.40 * noise(rng, 40, 3)
        shade = np.clip(1.05 - 0.5 * np.clip((Y - y) / high + 0.35, 0, 1) + 0.12 * noise(rng, 30, 2), 0, 1)
        around = np.arctan2(Y - y + 30, X - x) + np.pi / 2
        with scene.wash(PAPER):
            scene.composite(soft((lump - 1) * high, 2), ramp(shade, GREY), around, 0.3)


def _far_bank(scene: Washed, rng: Random) -> None:
    for level, amplitude, wash, base in ((186, 26, (0.78, 0.80, 0.84), 0.72), (226, 16, SAGE, 0.52)):
        line = ridge(rng, level, amplitude, 120)
        slope = np.gradient(line)[None]
        tone = np.clip(base - 0.9 * slope + 0.12 * noise(rng, 50, 2) + (Y - level) / 260, 0.1, 1)
        lean = np.arctan(slope) * 1.2 + 0.9
        with scene.wash(wash):
            scene.composite(soft(line[None] - Y, 2), ramp(tone, GREY), lean, 0.3)
    clumps = [
        (250, 246, 26),
        (290, 240, 30),
        (330, 248, 22),
        (400, 238, 32),
        (446, 246, 26),
        (210, 250, 22),
        (620, 244, 34),
    ]
    with scene.wash(SAGE):
        leaves(scene, rng, clumps, DEEP)


def _water(scene: Washed, rng: Random) -> None:
    ripple = 0.5 + 0.5 * np.sin(Y / (2.2 + np.clip(Y - 300, 0, 200) * 0.022) + 1.6 * noise(rng, 90, 2))
    tone = np.clip(0.52 + 0.34 * ripple + (Y - 380) / 420 + 0.22 * noise(rng, 110, 2), 0, 1)
    with scene.wash(RIVER):
        scene.composite(soft(304 - Y, 2), ramp(tone, GREY), 0.10 * noise(rng, 60, 2), 0.3)
    for x, half in ((300, 42), (420, 48), (150, 70)):
        dark = (
            np.clip(1.25 - np.abs(X - x - 6 * np.sin(Y / 6)) / half, 0, 1) * np.clip((400 - Y) / 80, 0, 1) * (Y > 304)
        )
        scene.shade(dark.astype(np.float32), (0.05, 0.05, 0.05), 0.75)


def _bridge(scene: Washed, rng: Random) -> None:
    top = 250 + ((X - 360) / 200) ** 2 * 26
    body = soft(np.maximum(top - Y, np.maximum(np.abs(X - 365) - 215, Y - 322)), 2)
    tone = np.clip(0.72 + 0.16 * noise(rng, 34, 3) - (Y - 250) / 320, 0, 1)
    with scene.wash(OCHRE):
        scene.composite(body, ramp(tone, GREY), 0.12 * (X - 360) / 200, 0.5)
    rail = soft(np.maximum(np.abs(Y - top) - 5, np.abs(X - 365) - 218), 2)
    with scene.wash(STONE):
        scene.composite(rail, _grey(0.88), 0.25 * (X - 360) / 200, 0.5)
    for x, half in ((300, 44), (420, 48), (524, 30)):
        arch = np.hypot((X - x) / half, np.minimum(Y - 318, 0) / (half * 0.92))
        ring = soft(np.maximum((arch - 1.17) * half, Y - 322), 2)
        around = np.arctan2(Y - 318, X - x)
        with scene.wash(STONE):
            scene.composite(ring, _grey(0.80), around, 0.6)
        inner = np.clip(0.10 + 0.30 * (X - x) / half + (Y - 300) / 90, 0.0, 0.5)
        hole = soft(np.maximum((arch - 1) * half, Y - 330), 2)
        with scene.wash(RIVER):
            scene.composite(hole, ramp(inner, GREY), around + np.pi / 2, 0.6)


def _tower(scene: Washed) -> None:
    with scene.wash(STONE):
        surface_of_revolution(scene, 140, (150, 160, 300, 338), (42, 42, 54, 58), DEEP)
    up = np.clip((160 - Y) / 96, 0, 1)
    across = (X - 140) / (60 * (1 - up) + 0.5)
    roof = soft(np.maximum((np.abs(across) - 1) * 30, np.abs(Y - 112) - 49), 1.5)
    slant = np.pi / 2 + 0.62 * across
    with scene.wash(BRICK):
        scene.composite(roof, ramp(np.clip(0.42 + 0.42 * across, 0.06, 1), GREY), slant, 0.6)
    with scene.wash(STONE):
        scene.composite(polygon((182, 236), (256, 228), (256, 306), (182, 312)), _grey(0.84), 0.0, 0.6)
    with scene.wash(BRICK):
        scene.composite(polygon((176, 238), (200, 198), (250, 194), (264, 230)), _grey(0.46), 1.2, 0.6)
    for x, y, w, h in (
        (150, 192, 12, 20),
        (126, 248, 12, 20),
        (168, 262, 12, 20),
        (204, 254, 12, 16),
        (232, 252, 12, 16),
    ):
        pane = polygon((x, y), (x + w, y), (x + w, y + h), (x, y + h))
        with scene.wash(PAPER):
            scene.composite(pane, _grey(0.06), np.pi / 4, 0.9)
    door = polygon((132, 300), (152, 300), (152, 336), (132, 336))
    with scene.wash(BRICK):
        scene.composite(door, _grey(0.12), np.pi / 2, 0.9)


def _near_bank(scene: Washed, rng: Random) -> None:
    left = 330 + 0.16 * X + 9 * noise(rng, 40, 3) + np.clip(X - 190, 0, 400) * 0.9
    blades = np.pi / 2 - 0.25 + 0.4 * noise(rng, 50, 2)
    lit = np.clip(0.74 + 0.34 * noise(rng, 60, 3) - (Y - 340) / 420, 0, 1)
    with scene.wash(SAGE):
        scene.composite(soft(left - Y, 3), ramp(lit, GREY), blades, 0.5)
    right = 352 + 0.8 * np.clip(560 - X, -60, 400) + 9 * noise(rng, 40, 3)
    with scene.wash(SAGE):
        scene.composite(soft(right - Y, 3), ramp(np.clip(lit - 0.05, 0, 1), GREY), blades + 0.5, 0.5)
    with scene.wash(OCHRE):
        trunk(scene, 574, 360, 392, [(0, (0, 0, 0)), (0.1, (0.05, 0.05, 0.05)), (1, (0.92, 0.92, 0.92))])
    clumps = [(610, 112, 66), (536, 132, 58), (580, 66, 56), (624, 184, 44), (510, 190, 40), (566, 180, 46)]
    with scene.wash(SAGE):
        leaves(scene, rng, clumps, DEEP)
    for x, y, rx, ry in ((64, 398, 50, 36), (140, 430, 56, 40), (40, 452, 60, 40), (214, 458, 36, 24)):
        with scene.wash(STONE):
            ball(scene, x, y, rx, ry, DEEP, 0.5)
    _boat(scene)


def _boat(scene: Washed) -> None:
    keel = 450 - 0.0036 * (X - 372) ** 2
    gunwale = 421 - 0.0014 * (X - 372) ** 2
    ends = np.abs(X - 372) - 94
    scene.shade(soft(np.hypot((X - 366) / 100, (Y - 448) / 13) * 13 - 13, 8), (0.05, 0.05, 0.05), 0.8)
    hull = soft(np.maximum(np.maximum(422 - (X - 372) ** 2 * 0.0016 - Y, Y - keel), ends), 2)
    planks = np.clip(0.45 + 0.22 * (X - 372) / 84 - (Y - 430) / 60, 0.05, 1)
    with scene.wash(BRICK):
        scene.composite(hull, ramp(planks, GREY), -0.0032 * (X - 372), 0.7)
    well = soft(np.hypot((X - 372) / 80, (Y - gunwale) / 7) * 7 - 7, 2)
    with scene.wash(OCHRE):
        scene.composite(well, _grey(0.18), 0.0, 0.7)
