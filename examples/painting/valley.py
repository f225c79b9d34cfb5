"""Scene of the oil painting: a table with a jug and fruit in front of a valley."""

import cv2
import numpy as np

from painting.scene import (
    WIDTH,
    Random,
    Scene,
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


def valley() -> Scene:
    """Compose the scene: sky, mountains, fields, a house, a tree, rocks; in front, a table with a jug and fruit."""
    rng = np.random.Generator(np.random.PCG64(7))
    scene = Scene()
    _sky(scene, rng)
    _hills(scene, rng)
    _house(scene)
    _meadow(scene, rng)
    _tree(scene, rng)
    _table(scene, rng)
    return scene


def _sky(scene: Scene, rng: Random) -> None:
    swirl = noise(rng, 150, 2)
    to_sun = np.hypot(X - 470, (Y - 96) * 1.15)
    around = np.arctan2(Y - 96, X - 470) + np.pi / 2
    wind = 0.25 * np.sin(X / 95) + 0.7 * swirl
    near = np.clip(1.5 - to_sun / 95, 0, 1)
    field = np.arctan2(
        np.sin(wind) * (1 - near) + np.sin(around) * near, np.cos(wind) * (1 - near) + np.cos(around) * near
    )
    up = np.clip(Y / 200 + 0.10 * swirl, 0, 1)
    blue = ramp(up, [(0, (0.10, 0.27, 0.62)), (0.45, (0.26, 0.53, 0.82)), (0.8, (0.66, 0.80, 0.86)),
                     (1, (0.99, 0.87, 0.68))])  # fmt: skip
    scene.composite(np.ones_like(X), blue, field, 0.12)
    glow = np.exp(-((to_sun / 85) ** 2))
    scene.shade(glow, (1.0, 0.86, 0.42), 0.85)
    for x, y, wide, high in (
        (265, 76, 95, 34),
        (355, 120, 70, 20),
        (190, 128, 62, 20),
        (590, 52, 80, 30),
        (575, 140, 66, 14),
    ):
        lump = np.hypot((X - x) / wide, (Y - y) / high) + 0.55 * noise(rng, 44, 4)
        body = np.clip((1 - lump) * 2.6, 0, 1)
        top = np.clip(0.5 - (Y - y) / (1.5 * high) + 0.35 * noise(rng, 30, 3), 0, 1)
        cloud = ramp(
            top, [(0, (0.47, 0.46, 0.66)), (0.4, (0.80, 0.70, 0.76)), (0.75, (0.99, 0.93, 0.84)), (1, (1, 0.99, 0.95))]
        )
        puff = field + 0.9 * noise(rng, 36, 2)
        scene.composite(body.astype(np.float32), cloud, puff, 0.25)
    scene.composite(soft(to_sun - 21, 3), (1.0, 0.96, 0.74), around, 0.3)


def _hills(scene: Scene, rng: Random) -> None:
    for level, amplitude, cell, stops in (
        (166, 20, 130, [(0, (0.30, 0.32, 0.60)), (0.5, (0.47, 0.50, 0.74)), (1, (0.86, 0.72, 0.76))]),
        (188, 13, 90, [(0, (0.16, 0.30, 0.46)), (0.5, (0.28, 0.46, 0.56)), (1, (0.60, 0.68, 0.60))]),
    ):
        line = ridge(rng, level, amplitude, cell)
        slope = np.gradient(cv2.GaussianBlur(line[None], (0, 0), 6)[0])
        lit = np.clip(0.5 - 1.5 * slope[None] + 0.35 * noise(rng, 40, 3), 0, 1)
        scene.composite(
            soft(line[None] - Y, 2), ramp(lit, stops), np.arctan(slope)[None] * 1.6 + 0.25 * noise(rng, 60, 2), 0.3
        )
    line = 214 + 10 * np.sin(X[0] / 74 + 0.8) + 5 * noise(rng, 120, 2, (1, WIDTH))[0]
    slope = np.arctan(np.gradient(line))[None] + 0.12 * noise(rng, 80, 2)
    furrow = np.sin((X - 320) / (6 + np.clip(Y - 205, 0, 200) * 0.16) + 0.02 * Y)
    wheat = ramp(np.clip(0.5 + 0.42 * furrow + 0.2 * noise(rng, 30, 3), 0, 1),
                 [(0, (0.66, 0.42, 0.12)), (0.5, (0.90, 0.70, 0.22)), (1, (1.0, 0.88, 0.46))])  # fmt: skip
    scene.composite(soft(line[None] - Y, 2), wheat, slope + 0.9, 0.3)
    for edge, stops in (
        (
            236 + 15 * np.sin(X[0] / 88 - 1.1),
            [(0, (0.10, 0.26, 0.16)), (0.5, (0.30, 0.50, 0.18)), (1, (0.72, 0.76, 0.28))],
        ),
        (
            272 + 13 * np.sin(X[0] / 70 + 2.4),
            [(0, (0.14, 0.22, 0.08)), (0.5, (0.42, 0.54, 0.14)), (1, (0.84, 0.84, 0.32))],
        ),
    ):
        slope = np.gradient(edge)[None]
        lit = np.clip(0.55 - 1.6 * slope - (Y - edge[None]) / 150 + 0.3 * noise(rng, 50, 3), 0, 1)
        scene.composite(soft(edge[None] - Y, 2), ramp(lit, stops), np.arctan(slope) + 0.35 * noise(rng, 50, 2), 0.3)


def _house(scene: Scene) -> None:
    scene.shade(np.clip(1.3 - np.hypot((X - 300) / 70, (Y - 262) / 12), 0, 1), (0.08, 0.14, 0.16), 0.7)
    scene.composite(polygon((330, 222), (372, 214), (372, 264), (330, 262)), (0.50, 0.46, 0.60), np.pi / 2, 0.8)
    scene.composite(polygon((372, 214), (432, 222), (432, 260), (372, 264)), (0.99, 0.90, 0.70), np.pi / 2, 0.8)
    scene.composite(polygon((322, 226), (346, 190), (374, 212), (372, 218)), (0.42, 0.13, 0.14), -0.9, 0.9)
    scene.composite(polygon((346, 190), (412, 196), (440, 226), (372, 217)), (0.88, 0.33, 0.14), 0.75, 0.9)
    scene.composite(polygon((396, 182), (406, 183), (406, 204), (396, 200)), (0.72, 0.42, 0.32), np.pi / 2, 1.0)
    for x in (384, 414):
        scene.composite(polygon((x, 232), (x + 9, 233), (x + 9, 246), (x, 246)), (0.12, 0.18, 0.32), np.pi / 2, 1.0)
    scene.composite(polygon((346, 236), (357, 235), (357, 263), (346, 262)), (0.10, 0.06, 0.08), np.pi / 2, 1.0)
    for x, foot, tall, wide in ((306, 262, 92, 11), (452, 262, 104, 12), (476, 268, 76, 10)):
        up = (foot - Y) / tall
        across = (X - x) / (wide * np.sqrt(np.clip(1.02 - up, 0.02, 1)) + 0.01)
        mask = soft((np.abs(across) - 1) * wide, 2) * ((up > 0) & (up < 1.02))
        tone = np.clip(0.5 + 0.5 * across, 0, 1)
        dark = ramp(tone, [(0, (0.02, 0.08, 0.13)), (0.6, (0.07, 0.22, 0.18)), (1, (0.36, 0.48, 0.20))])
        scene.composite(mask.astype(np.float32), dark, np.pi / 2 + 0.35 * across, 0.6)


def _meadow(scene: Scene, rng: Random) -> None:
    edge = 300 + 10 * np.sin(X[0] / 120)
    blades = np.pi / 2 + 0.55 * noise(rng, 46, 3) + 0.35 * np.sin(X / 60)
    lit = np.clip(0.62 + 0.42 * noise(rng, 44, 4) - (Y - 300) / 260, 0, 1)
    grass = ramp(lit, [(0, (0.04, 0.12, 0.06)), (0.3, (0.14, 0.30, 0.08)), (0.6, (0.42, 0.56, 0.10)),
                       (0.85, (0.76, 0.80, 0.22)), (1, (0.97, 0.92, 0.46))])  # fmt: skip
    scene.composite(soft(edge[None] - Y, 6), grass, blades, 0.4)
    middle = 372 - 62 * np.sin((Y - 262) / 92) - (Y - 262) * 0.10
    half = np.maximum(4 + (Y - 262) * 0.20, 1)
    path = soft(np.abs(X - middle) - half, 4) * (Y > 262) * (Y < 402)
    tone = np.clip(0.6 + 0.35 * noise(rng, 30, 3) + (X - middle) / (5 * half), 0, 1)
    ochre = ramp(tone, [(0, (0.46, 0.26, 0.20)), (0.5, (0.80, 0.56, 0.36)), (1, (0.99, 0.86, 0.62))])
    scene.composite(path.astype(np.float32), ochre, 0.35 * noise(rng, 40, 2), 0.35)
    stone = [(0, (0.09, 0.09, 0.14)), (0.35, (0.30, 0.30, 0.38)), (0.7, (0.58, 0.56, 0.58)), (1, (0.88, 0.85, 0.80))]
    for x, y, rx, ry in ((196, 342, 30, 24), (158, 362, 40, 29), (226, 368, 22, 15)):
        ball(scene, x, y, rx, ry, stone, 0.45)
    for _ in range(70):
        x, y = rng.uniform(10, 630), rng.uniform(312, 388)
        hue = [(0.93, 0.20, 0.18), (0.98, 0.93, 0.88), (0.62, 0.32, 0.70), (0.99, 0.78, 0.16)][int(rng.integers(4))]
        scene.composite(soft(np.hypot(X - x, Y - y) - rng.uniform(1.5, 3.2), 1.5), hue, rng.uniform(0, 3), 1.0)


def _tree(scene: Scene, rng: Random) -> None:
    bark = [(0, (0.06, 0.03, 0.05)), (0.4, (0.26, 0.14, 0.10)), (0.75, (0.56, 0.36, 0.22)), (1, (0.90, 0.68, 0.42))]
    trunk(scene, 66, 318, 352, bark)
    clumps = [
        (30, 60, 64),
        (98, 46, 58),
        (58, 128, 70),
        (138, 104, 46),
        (6, 150, 52),
        (120, 160, 36),
        (22, 204, 36),
        (86, 92, 44),
    ]
    leaf = [(0, (0.02, 0.06, 0.09)), (0.25, (0.05, 0.17, 0.15)), (0.5, (0.14, 0.34, 0.14)), (0.75, (0.46, 0.58, 0.16)),
            (1, (0.90, 0.84, 0.36))]  # fmt: skip
    leaves(scene, rng, clumps, leaf)


def _table(scene: Scene, rng: Random) -> None:
    plank = np.clip(0.62 + (X - 380) / 800 - (Y - 400) / 130 + 0.25 * noise(rng, 90, 3), 0, 1)
    wood = ramp(
        plank, [(0, (0.12, 0.05, 0.04)), (0.4, (0.40, 0.19, 0.09)), (0.7, (0.70, 0.40, 0.18)), (1, (0.96, 0.72, 0.40))]
    )
    scene.composite(soft(398 + 0.012 * X - Y, 2), wood, 0.03 + 0.06 * noise(rng, 60, 2), 0.3)
    scene.composite(soft(462 - 0.01 * X - Y, 2), (0.09, 0.04, 0.05), 0.0, 0.2)
    fall = (X + 0.75 * (Y - 400)) / 21 + 1.1 * noise(rng, 100, 2)
    fold = np.clip(0.45 + 0.42 * np.sin(fall) + 0.15 * noise(rng, 40, 2), 0, 1)
    cloth = ramp(
        fold, [(0, (0.02, 0.03, 0.12)), (0.4, (0.07, 0.14, 0.42)), (0.7, (0.22, 0.38, 0.72)), (1, (0.72, 0.82, 0.95))]
    )
    edge = 196 + 22 * np.sin(Y / 17) + (Y - 400) * 0.5
    scene.composite(
        soft(np.maximum(X - edge, 404 + 6 * np.sin(X / 24) - Y), 2), cloth, np.arctan2(1.0, -0.75) + 0.1 * fold, 0.4
    )
    greys = (0.10, 0.09, 0.14), (0.27, 0.26, 0.35), (0.53, 0.52, 0.60), (0.81, 0.79, 0.80), (1.0, 0.98, 0.93)
    stoneware = list(zip((0, 0.22, 0.5, 0.78, 1), greys, strict=True))
    ring = np.abs(np.hypot((X - 456) / 34, (Y - 318) / 44) - 1) * 38 - 7
    lit = np.clip(0.55 - (Y - 318) / 90 + (X - 456) / 90, 0.1, 1)
    scene.shade(np.clip(1.4 - np.hypot((X - 440) / 105, (Y - 424) / 20), 0, 1), (0.10, 0.05, 0.10), 0.85)
    scene.composite(soft(ring, 2), ramp(lit, stoneware), np.arctan2((Y - 318) / 44, (X - 456) / 34) + np.pi / 2, 0.7)
    surface_of_revolution(scene, 520, (244, 254, 276, 330, 372, 436), (36, 31, 27, 58, 64, 40), stoneware)
    scene.composite(soft(np.hypot((X - 520) / 33, (Y - 246) / 6.5) * 6.5 - 6.5, 1.5), (0.07, 0.06, 0.10), 0.0, 0.9)
    band = soft(np.abs(Y - 326 - 5 * np.sqrt(np.clip(1 - ((X - 520) / 60) ** 2, 0, 1))) - 5, 2) * soft(
        np.abs(X - 520) - 54, 3
    )
    scene.shade(band, (0.12, 0.20, 0.52), 0.75)
    ball(
        scene,
        604,
        414,
        31,
        29,
        [(0, (0.05, 0.10, 0.05)), (0.35, (0.26, 0.38, 0.08)), (0.7, (0.68, 0.74, 0.20)), (1, (0.99, 0.97, 0.70))],
    )
    ball(
        scene,
        398,
        416,
        33,
        31,
        [(0, (0.24, 0.05, 0.06)), (0.35, (0.72, 0.24, 0.06)), (0.7, (0.98, 0.56, 0.10)), (1, (1, 0.92, 0.66))],
    )
    ball(
        scene,
        332,
        424,
        31,
        29,
        [(0, (0.12, 0.01, 0.06)), (0.35, (0.48, 0.04, 0.08)), (0.7, (0.88, 0.16, 0.12)), (1, (1, 0.80, 0.70))],
    )
    ball(
        scene,
        276,
        438,
        27,
        19,
        [(0, (0.34, 0.22, 0.04)), (0.35, (0.78, 0.56, 0.08)), (0.7, (0.98, 0.86, 0.24)), (1, (1, 0.99, 0.80))],
    )
    ball(
        scene,
        366,
        446,
        19,
        18,
        [(0, (0.05, 0.02, 0.10)), (0.35, (0.20, 0.08, 0.30)), (0.7, (0.46, 0.28, 0.56)), (1, (0.90, 0.80, 0.94))],
    )
