"""Soft pastel on dark paper: broken strokes of pure sticks, warm beside cool, the paper left open between them."""

import cv2
import numpy as np

from painting.dancers import dancers
from painting.scene import Array, Colour, Random, Scene, noise
from painting.stick import Sheet, Stick, paper_tooth, paths, seeds

PAPER: Colour = (0.135, 0.115, 0.175)

# The stick, the difference from the colour wanted that calls for a mark, how far colours stray, and the least detail.
LAYERS = (
    (Stick(7.0, 52, 12.0, 0.3, 0.02, 0.004), 0.05, 0.11, 0.0),
    (Stick(3.8, 34, 6.6, 0.35, 0.08, 0.004), 0.07, 0.09, 0.0),
    (Stick(2.2, 24, 4.2, 0.4, 0.20, 0.004), 0.09, 0.07, 0.15),
    (Stick(1.3, 15, 2.8, 0.5, 0.38, 0.004), 0.09, 0.05, 0.35),
    (Stick(0.85, 7, 1.8, 0.5, 0.60, 0.004), 0.10, 0.03, 0.5),
)


def pastel() -> Array:
    """The picture, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(7))
    scene = dancers()
    sheet = Sheet(paper_tooth(rng, 1.6, 0.18), PAPER)
    sheet.colour *= 1 + 0.10 * noise(rng, 5, 3, sheet.tooth.shape)[..., None]
    for number, (stick, tolerance, stray, finest) in enumerate(LAYERS):
        layer(sheet, scene, stick, tolerance, stray, scene.detail >= finest, rng)
        if number == 0:
            sheet.rub(np.clip(0.55 + 0.5 * noise(rng, 60, 3), 0, 0.8), 1.4)
    return np.clip(sheet.downsampled(), 0, 1).astype(np.float32)


def layer(sheet: Sheet, scene: Scene, stick: Stick, tolerance: float, stray: float, where: Array, rng: Random) -> None:
    """Marks of one size wherever the colour is not yet near enough to what is wanted."""
    target = cv2.GaussianBlur(scene.colour, (0, 0), max(0.5, 0.35 * stick.half_width))
    now = cv2.GaussianBlur(sheet.downsampled(), (0, 0), 0.5 + 0.6 * stick.half_width)
    missing = np.abs(target - now).mean(-1)
    spots = seeds(rng, stick.gap, (missing > tolerance) & where)
    at = (spots[:, 1].astype(int), spots[:, 0].astype(int))
    angle = scene.direction + 0.22 * noise(rng, 40, 2)
    tone = np.clip(cv2.GaussianBlur(scene.colour, (0, 0), 2).mean(-1) * 5, 0, 4.99).astype(np.int32)
    lengths = stick.length * rng.uniform(0.4, 1.2, len(spots))
    lines = paths(angle, spots, lengths, rng.normal(0, stick.bend, len(spots)), scene.labels * 8 + tone, 2.0)
    colours = chosen(target[at] + 0.35 * (target[at] - now[at]), stray, rng)
    press = np.clip(0.50 + 0.9 * missing[at] + rng.normal(0, 0.10, len(spots)), 0.25, 1)
    for line, colour, force in zip(lines, colours, press, strict=True):
        if len(line) > 2:
            sheet.mark(line, stick, float(force), colour)


def chosen(wanted: Array, stray: float, rng: Random) -> Array:
    """Sticks out of the box near the colours wanted (N, 3): lighter or darker, warmer or cooler, and purer."""
    grey = wanted.mean(-1, keepdims=True)
    light, warm, odd = (rng.standard_normal((len(wanted), 1)).astype(np.float32) * stray for _ in range(3))
    offset = 0.7 * light + warm * np.array([1.0, 0.0, -1.0]) + 0.5 * odd * np.array([0.7, -1.0, 0.7])
    return np.clip(grey + 1.06 * (wanted - grey) + offset * (0.4 + grey), 0.03, 1).astype(np.float32)
