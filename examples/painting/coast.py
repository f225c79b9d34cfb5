"""Scene of the watercolour: a lighthouse on a cliff, boats on the sea, pines and flowers in front."""

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
    light,
    noise,
    polygon,
    ramp,
    ridge,
    soft,
    surface_of_revolution,
)

ROCK: Stops = [(0, (0.16, 0.16, 0.24)), (0.3, (0.38, 0.37, 0.46)), (0.65, (0.68, 0.64, 0.66)), (1, (0.97, 0.92, 0.86))]
WHITE: Stops = [(0, (0.42, 0.44, 0.60)), (0.4, (0.70, 0.72, 0.84)), (0.75, (0.97, 0.95, 0.94)), (1, (1.0, 1.0, 0.99))]


def coast() -> Scene:
    """Compose the scene."""
    rng = np.random.Generator(np.random.PCG64(23))
    scene = Scene()
    _sky(scene, rng)
    _sea(scene, rng)
    _boats(scene)
    _cliff(scene, rng)
    _lighthouse(scene)
    _dune(scene, rng)
    return scene


def _sky(scene: Scene, rng: Random) -> None:
    wind = 0.5 * noise(rng, 170, 2) - 0.2
    up = np.clip(Y / 230 + 0.08 * noise(rng, 120, 2), 0, 1)
    air = ramp(
        up, [(0, (0.36, 0.62, 0.86)), (0.5, (0.68, 0.84, 0.93)), (0.8, (0.97, 0.90, 0.86)), (1, (0.99, 0.83, 0.76))]
    )
    scene.composite(np.ones_like(X), air, wind, 0.1)
    for x, y, wide, high in (
        (290, 66, 150, 46),
        (420, 126, 110, 30),
        (200, 150, 120, 26),
        (600, 70, 90, 44),
        (450, 22, 80, 20),
    ):
        lump = np.hypot((X - x) / wide, (Y - y) / high) + 0.5 * noise(rng, 48, 4)
        body = np.clip((1 - lump) * 2.2, 0, 1)
        top = np.clip(0.75 - (Y - y) / (1.4 * high) + 0.3 * noise(rng, 34, 3), 0, 1)
        stops = [(0, (0.66, 0.66, 0.80)), (0.4, (0.88, 0.84, 0.90)), (0.8, (0.995, 0.985, 0.97)), (1, (1.0, 1.0, 0.99))]
        scene.composite(body.astype(np.float32), ramp(top, stops), wind + 0.8 * noise(rng, 40, 2), 0.2)


def _sea(scene: Scene, rng: Random) -> None:
    for level, amplitude, low, high in (
        (214, 22, (0.56, 0.60, 0.80), (0.80, 0.78, 0.88)),
        (230, 14, (0.40, 0.52, 0.66), (0.66, 0.74, 0.76)),
    ):
        line = ridge(rng, level, amplitude, 150) + np.clip(X[0] - 250, 0, 400) * 0.12
        slope = np.gradient(line)[None]
        tone = np.clip(0.5 - 1.4 * slope + 0.3 * noise(rng, 50, 2), 0, 1)
        scene.composite(soft(line[None] - Y, 2), ramp(tone, [(0, low), (1, high)]), np.arctan(slope) + 0.5, 0.3)
    near = np.clip((Y - 240) / 190, 0, 1)
    swell = np.sin(Y / (2.4 + np.clip(Y - 240, 0, 240) * 0.030) + 1.5 * noise(rng, 100, 2))
    tone = np.clip(0.25 + 0.55 * near + 0.16 * swell * (0.4 + near) + 0.14 * noise(rng, 80, 2), 0, 1)
    water = ramp(
        tone, [(0, (0.16, 0.40, 0.62)), (0.35, (0.24, 0.56, 0.70)), (0.7, (0.52, 0.78, 0.78)), (1, (0.94, 0.97, 0.92))]
    )
    scene.composite(soft(240 - Y, 1.5), water, 0.08 * noise(rng, 60, 2), 0.3)


def _boats(scene: Scene) -> None:
    _boat(scene, 246, 292, 1.0, (0.93, 0.38, 0.20), (0.12, 0.14, 0.26))
    _boat(scene, 344, 262, 0.55, (1.0, 0.99, 0.96), (0.40, 0.12, 0.12))


def _boat(scene: Scene, x: float, y: float, size: float, sail: Colour, hull: Colour) -> None:
    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + px * size, y + py * size) for px, py in points]

    mirror = soft(np.abs(X - x - 3 * np.sin(Y / 3.5)) - 34 * size * np.clip(1 - (Y - y) / (90 * size), 0, 1), 4)
    scene.shade(mirror * (y + 4 * size < Y), (0.6 * sail[0] + 0.1, 0.6 * sail[1] + 0.1, 0.6 * sail[2] + 0.1), 0.55)
    scene.composite(
        polygon(*at((-4, -6), (-4, -112), (-56, -8))), (0.86 * sail[0], 0.86 * sail[1], 0.86 * sail[2]), 1.9, 0.5
    )
    scene.composite(polygon(*at((2, -8), (2, -118), (46, -10))), sail, 1.2, 0.5)
    scene.composite(polygon(*at((-2.5, 0), (-2.5, -124), (1.5, -124), (1.5, 0))), (0.20, 0.12, 0.10), np.pi / 2, 1.0)
    scene.composite(polygon(*at((-54, -4), (56, -6), (40, 13), (-42, 13))), hull, 0.0, 0.8)
    scene.composite(polygon(*at((-54, -5), (56, -7), (54, -2), (-53, 0))), (0.98, 0.94, 0.86), 0.0, 1.0)


def _cliff(scene: Scene, rng: Random) -> None:
    face = 402 + (Y - 210) * -0.22 + 16 * noise(rng, 50, 4)
    planes = 1.2 * noise(rng, 46, 3) + 0.6 * np.sin(X / 17 + 1.5 * noise(rng, 60, 2))
    tone = np.clip(0.46 + 0.26 * planes - (Y - 260) / 500, 0, 1)
    scene.composite(soft(np.maximum(face - X, 208 - Y), 2), ramp(tone, ROCK), 1.35 + 0.35 * noise(rng, 40, 2), 0.5)
    edge = 212 - 18 * np.sin((X - 400) / 150) + 5 * noise(rng, 30, 3)
    rim = edge + 34 + 18 * np.clip(noise(rng, 34, 3), -1, 1)
    turf = np.clip(0.62 + 0.3 * noise(rng, 40, 3) - (Y - edge) / 90, 0, 1)
    green = ramp(turf, [(0, (0.18, 0.34, 0.14)), (0.5, (0.50, 0.66, 0.24)), (1, (0.88, 0.90, 0.50))])
    mask = soft(np.maximum(np.maximum(edge - Y, Y - rim), face - X - 5), 2)
    scene.composite(mask, green, 0.9 + 0.4 * noise(rng, 40, 2), 0.5)
    for x, y, rx, ry in ((366, 318, 30, 20), (410, 330, 36, 24), (334, 334, 20, 12), (470, 338, 40, 26)):
        ball(scene, x, y, rx, ry, ROCK, 0.5)


def _lighthouse(scene: Scene) -> None:
    surface_of_revolution(scene, 516, (84, 90, 204, 210), (15, 15, 24, 25), WHITE)
    for y in (112, 156):
        half = 15 + (y - 84) * 0.078
        nx = np.clip((X - 516) / half, -1, 1)
        lit = light(nx, np.zeros_like(nx), np.sqrt(1 - nx**2))
        band = soft(np.maximum(np.abs(Y - y) - 10, np.abs(X - 516) - half), 1.5)
        scene.composite(
            band, ramp(lit, [(0, (0.40, 0.08, 0.14)), (0.6, (0.84, 0.22, 0.18)), (1, (1.0, 0.62, 0.50))]), 0.0, 0.7
        )
    scene.composite(polygon((503, 66), (529, 66), (529, 84), (503, 84)), (0.99, 0.90, 0.56), np.pi / 2, 0.9)
    scene.composite(polygon((498, 68), (516, 48), (534, 68)), (0.22, 0.22, 0.34), 0.9, 0.9)
    scene.composite(polygon((496, 83), (536, 83), (536, 88), (496, 88)), (0.16, 0.16, 0.26), 0.0, 0.9)
    scene.composite(polygon((556, 172), (604, 170), (604, 204), (556, 206)), (0.99, 0.96, 0.90), 0.0, 0.7)
    scene.composite(polygon((604, 170), (632, 174), (632, 204), (604, 204)), (0.66, 0.66, 0.80), 0.0, 0.7)
    scene.composite(polygon((550, 174), (566, 150), (610, 150), (604, 172)), (0.36, 0.38, 0.50), 1.1, 0.7)
    scene.composite(polygon((604, 172), (610, 150), (638, 176)), (0.26, 0.27, 0.40), 1.1, 0.7)
    for x in (566, 586):
        scene.composite(polygon((x, 180), (x + 8, 180), (x + 8, 192), (x, 192)), (0.14, 0.22, 0.36), np.pi / 2, 1.0)


def _dune(scene: Scene, rng: Random) -> None:
    shore = 312 + 0.05 * X + 16 * np.sin(X / 90) + np.clip(X - 300, 0, 400) * 0.10
    sand = np.clip(0.65 + 0.25 * noise(rng, 60, 3) - (Y - 380) / 400, 0, 1)
    beach = ramp(sand, [(0, (0.62, 0.46, 0.36)), (0.5, (0.91, 0.79, 0.60)), (1, (1.0, 0.95, 0.84))])
    scene.composite(soft(shore - Y, 3), beach, 0.2 + 0.3 * noise(rng, 60, 2), 0.3)
    crest = 352 + 22 * np.sin(X / 76 + 1.2) + 8 * noise(rng, 30, 3)
    lit = np.clip(0.58 + 0.40 * noise(rng, 40, 4) - (Y - 352) / 260, 0, 1)
    grass = ramp(
        lit, [(0, (0.08, 0.20, 0.16)), (0.35, (0.26, 0.46, 0.20)), (0.7, (0.60, 0.74, 0.28)), (1, (0.94, 0.94, 0.58))]
    )
    scene.composite(soft(crest - Y, 5), grass, np.pi / 2 + 0.6 * noise(rng, 44, 2) + 0.3, 0.5)
    bark: Stops = [(0, (0.14, 0.08, 0.12)), (0.5, (0.44, 0.28, 0.24)), (1, (0.84, 0.62, 0.46))]
    for base, lean, half in ((54, 0.16, 9.0), (102, -0.10, 6.5)):
        middle = base + (430 - Y) * lean + 6 * np.sin(Y / 46)
        across = (X - middle) / half
        trunk = soft((np.abs(across) - 1) * half, 2) * (Y < 430) * (Y > 110)
        scene.composite(trunk.astype(np.float32), ramp(np.clip(0.5 + 0.5 * across, 0, 1), bark), np.pi / 2 + 0.2, 0.6)
    needles: Stops = [
        (0, (0.03, 0.11, 0.13)),
        (0.3, (0.10, 0.26, 0.22)),
        (0.65, (0.32, 0.52, 0.28)),
        (1, (0.80, 0.86, 0.50)),
    ]
    clumps = [(104, 84, 60), (40, 70, 56), (150, 116, 40), (14, 124, 44), (82, 142, 44), (86, 36, 44), (128, 176, 28)]
    leaves(scene, rng, clumps, needles)
    petals = [(0.90, 0.16, 0.16), (0.60, 0.40, 0.78), (0.97, 0.78, 0.18), (0.96, 0.52, 0.60), (0.99, 0.97, 0.94)]
    for _ in range(120):
        x = rng.uniform(4, 636)
        y = rng.uniform(0, 1) ** 0.7 * 100 + 374
        size = rng.uniform(2.0, 3.0) + (y - 370) * 0.028
        far = np.hypot(X - x, (Y - y) * 1.25)
        scene.composite(soft(far - size, 1.5), petals[int(rng.integers(len(petals)))], rng.uniform(0, 3), 1.0)
