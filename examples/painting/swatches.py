"""A sheet of brush marks in rows and no scene: long strokes, waves, commas, dabs, hatching and dots of thick paint."""

from collections.abc import Callable, Sequence

import numpy as np

from painting.oil import Canvas, mixed
from painting.scene import WIDTH, Array, Colour, Random, noise

PAPER: Colour = (0.955, 0.935, 0.890)
PALETTE: Sequence[Colour] = (
    (0.10, 0.08, 0.12),
    (0.32, 0.15, 0.12),
    (0.62, 0.24, 0.14),
    (0.84, 0.20, 0.16),
    (0.93, 0.48, 0.16),
    (0.97, 0.78, 0.22),
    (0.96, 0.74, 0.60),
    (0.82, 0.52, 0.40),
    (0.55, 0.66, 0.20),
    (0.14, 0.40, 0.22),
    (0.08, 0.46, 0.50),
    (0.36, 0.66, 0.88),
    (0.12, 0.22, 0.58),
    (0.42, 0.26, 0.58),
    (0.86, 0.46, 0.62),
    (0.62, 0.62, 0.66),
)
Mark = Callable[[Random, float, float], Array]


def swatches() -> Array:
    """The sheet, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(10))
    canvas = Canvas(rng, PAPER)
    canvas.colour[:] = np.asarray(PAPER, np.float32)
    canvas.colour *= 1 + 0.012 * noise(rng, 6, 3, canvas.relief.shape)[..., None]
    canvas.relief *= 0.5
    row(canvas, rng, 28, 5, 19.0, _long(112), 0)
    row(canvas, rng, 82, 8, 14.0, _long(64), 2)
    row(canvas, rng, 136, 8, 7.5, _wave, 3)
    row(canvas, rng, 194, 16, 8.5, _comma, 5)
    row(canvas, rng, 250, 16, 10.0, _dab, 0)
    for turn in (0.75, -0.75):
        hatched(canvas, rng, 302, 8, 1.7, turn)
    row(canvas, rng, 352, 8, 4.0, _loop, 6)
    blended(canvas, rng, 404)
    dotted(canvas, rng, 452)
    return canvas.lit(2.0)


def row(canvas: Canvas, rng: Random, y: float, count: int, half_width: float, mark: Mark, first: int) -> None:
    """One mark repeated from left to right, each in the next colour of the palette."""
    for number in range(count):
        x = (number + 0.5) * WIDTH / count
        colour = np.asarray(PALETTE[(first + number * max(1, 16 // count)) % len(PALETTE)], np.float32)
        wide = half_width * rng.uniform(0.9, 1.1)
        canvas.stroke(rng, mark(rng, x, y), wide, mixed(rng, colour, 0.05), mixed(rng, colour, 0.10))


def _long(length: float) -> Mark:
    def mark(rng: Random, x: float, y: float) -> Array:
        at = np.linspace(-0.5, 0.5, 9)
        return np.stack([x + length * at, y + 3 * np.sin(3 * at + rng.uniform(-1, 1))], -1).astype(np.float32)

    return mark


def _wave(rng: Random, x: float, y: float) -> Array:
    at = np.linspace(-0.5, 0.5, 25)
    return np.stack([x + 62 * at, y + 11 * np.sin(4.2 * np.pi * at + rng.uniform(-0.3, 0.3))], -1).astype(np.float32)


def _comma(rng: Random, x: float, y: float) -> Array:
    turn = np.linspace(-1.9, 0.7, 12) + rng.uniform(-0.2, 0.2)
    return np.stack([x - 8 + 17 * np.cos(turn), y + 2 + 20 * np.sin(turn)], -1).astype(np.float32)


def _dab(rng: Random, x: float, y: float) -> Array:
    turn = rng.uniform(0.9, 2.2)
    at = np.linspace(-19, 19, 5)
    return np.stack([x + at * np.cos(turn), y + at * np.sin(turn)], -1).astype(np.float32)


def _loop(rng: Random, x: float, y: float) -> Array:
    at = np.linspace(0, 5 * np.pi, 70)
    return np.stack([x - 28 + 3.6 * at + 9 * np.cos(at), y + 13 * np.sin(at)], -1).astype(np.float32)


def hatched(canvas: Canvas, rng: Random, y: float, count: int, half_width: float, turn: float) -> None:
    """Patches of thin parallel strokes."""
    for number in range(count):
        x = (number + 0.5) * WIDTH / count
        colour = np.asarray(PALETTE[(2 * number + (1 if turn > 0 else 4)) % len(PALETTE)], np.float32)
        for shift in np.arange(-24, 25, 4.6):
            at = np.linspace(-15, 15, 6)[:, None] * np.array([np.cos(turn), np.sin(turn)])
            path = at + np.array([x + shift + rng.uniform(-1, 1), y + rng.uniform(-2, 2)])
            canvas.stroke(rng, path.astype(np.float32), half_width, colour, mixed(rng, colour, 0.06))


def blended(canvas: Canvas, rng: Random, y: float) -> None:
    """Strokes loaded with one colour on each side, which mix in between."""
    pairs = ((0, 12), (12, 11), (11, 10), (9, 8), (8, 5), (5, 4), (3, 14), (7, 6), (1, 7), (13, 14))
    for number, (one, other) in enumerate(pairs):
        x = (number + 0.5) * WIDTH / len(pairs)
        path = np.stack([np.linspace(x - 24, x + 24, 7), np.full(7, y)], -1).astype(np.float32)
        canvas.stroke(rng, path, 15.0, *(np.asarray(PALETTE[k], np.float32) for k in (one, other)))


def dotted(canvas: Canvas, rng: Random, y: float) -> None:
    """Points of the brush, close together and far apart."""
    for number in range(300):
        x, drop = rng.uniform(8, WIDTH - 8), rng.normal(0, 8)
        colour = np.asarray(PALETTE[int(x / WIDTH * 16 + rng.normal(0, 0.7)) % 16], np.float32)
        turn, size = rng.uniform(0, np.pi), 2.4 + 2.8 * (number % 3 == 0)
        at = np.linspace(-2, 2, 3)[:, None] * np.array([np.cos(turn), np.sin(turn)])
        canvas.stroke(rng, (at + np.array([x, y + drop])).astype(np.float32), size, mixed(rng, colour, 0.05), colour)
