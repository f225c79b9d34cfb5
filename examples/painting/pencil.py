"""Coloured pencils on white paper: hatching in several directions, the colours mixed by the eye and by glazing."""

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array, Random, noise
from painting.sitter import Sitting, sitter
from painting.stick import Sheet, Stick, paper_tooth, paths, seeds

PAPER = np.array([0.985, 0.980, 0.965], np.float32)
STEP = 3 / 255  # of each channel: the grain hides it, and the file is a twelfth smaller
PENCILS = np.array(
    [
        (0.10, 0.09, 0.13), (0.30, 0.14, 0.10), (0.52, 0.24, 0.12), (0.78, 0.42, 0.22), (0.94, 0.64, 0.46),
        (0.98, 0.80, 0.68), (0.96, 0.78, 0.22), (0.80, 0.56, 0.16), (0.96, 0.50, 0.14), (0.86, 0.16, 0.14),
        (0.56, 0.06, 0.16), (0.94, 0.52, 0.56), (0.52, 0.72, 0.24), (0.14, 0.42, 0.20), (0.10, 0.46, 0.52),
        (0.38, 0.64, 0.86), (0.14, 0.24, 0.58), (0.44, 0.32, 0.60), (0.55, 0.55, 0.60),
    ],
    np.float32,
)  # fmt: skip

# The pencil, how far its direction turns from the hand's, and the density that must be missing for a mark to be made.
LAYERS = (
    (Stick(2.6, 46, 9.5, 0.2, 0.20, 0.003), 0.0, 0.04),
    (Stick(1.15, 34, 6.0, 0.5, 0.46, 0.003), 0.10, 0.05),
    (Stick(1.05, 28, 5.4, 0.5, 0.52, 0.003), 0.70, 0.09),
    (Stick(1.0, 28, 5.2, 0.5, 0.56, 0.003), -0.15, 0.09),
    (Stick(0.9, 22, 4.4, 0.5, 0.60, 0.003), 0.30, 0.11),
    (Stick(0.75, 15, 3.2, 0.5, 0.64, 0.003), 0.05, 0.13),
)


def pencil() -> Array:
    """The drawing, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(5))
    scene = sitter()
    sheet = Sheet(paper_tooth(rng, 1.5), PAPER)
    for stick, turn, tolerance in LAYERS:
        hatch(sheet, scene, stick, turn, tolerance, rng)
    fine = Stick(0.6, 6, 1.8, 0.5, 0.7, 0.004)
    hatch(sheet, scene, fine, 0.0, 0.10, rng, scene.detail > 0.15)
    outlines(sheet, scene, rng)
    picture = np.clip(cv2.GaussianBlur(sheet.downsampled(), (0, 0), 0.42), 0, 1)
    return (np.rint(picture / STEP) * STEP).astype(np.float32)


def density(colour: Array) -> Array:
    """Absorption of red, green and blue by the paper and pigment: 0 for white."""
    return -np.log(np.clip(colour, 0.04, 1)).astype(np.float32)


def hatch(
    sheet: Sheet, scene: Sitting, stick: Stick, turn: float, tolerance: float, rng: Random, where: Array | None = None
) -> None:
    """Marks of whichever pencil brings each place nearest to its colour."""
    wanted = density(cv2.GaussianBlur(scene.colour, (0, 0), max(0.6, 0.35 * stick.half_width)) * PAPER)
    lack = wanted - density(cv2.GaussianBlur(sheet.downsampled(), (0, 0), 0.6 + stick.half_width))
    asked = lack.mean(-1) > tolerance
    spots = seeds(rng, stick.gap, asked if where is None else asked & where)
    if not len(spots):
        return
    chosen, pressure = choose(lack[spots[:, 1].astype(int), spots[:, 0].astype(int)], rng)
    order = np.lexsort((rng.random(len(spots)), (spots[:, 1] // 60).astype(int)))
    angle = scene.hand + np.float32(turn) + 0.12 * noise(rng, 80, 2)
    tone = np.clip(scene.colour.mean(-1) * 4, 0, 3.99).astype(np.int32)
    lengths = stick.length * rng.uniform(0.55, 1.2, len(spots))
    lines = paths(angle, spots, lengths, rng.normal(0, stick.bend, len(spots)), scene.labels * 4 + tone, 1.5)
    for k in order:
        if len(lines[k]) > 3 and pressure[k] > 0.05:
            sheet.mark(lines[k], stick, float(pressure[k]), PENCILS[chosen[k]], glaze=True)


def choose(lack: Array, rng: Random) -> tuple[Array, Array]:
    """For each density that is missing, (N, 3), the pencil that supplies it best and the pressure on it, 0..1."""
    inks = density(PENCILS)
    amount = np.clip(lack @ inks.T / (inks * inks).sum(-1), 0, 1)
    rest = np.abs(lack[:, None] - amount[..., None] * inks[None]).sum(-1) + 0.10 * rng.random(amount.shape)
    chosen = rest.argmin(1)
    pressure = 0.92 * amount[np.arange(len(lack)), chosen] ** 0.64
    return chosen, np.clip(1.05 * pressure * rng.uniform(0.85, 1.15, len(lack)), 0, 1)


def outlines(sheet: Sheet, scene: Sitting, rng: Random) -> None:
    """Contours with a sharp dark pencil, light on the lit side, drawn in pieces that overlap."""
    tone = cv2.GaussianBlur(scene.colour.mean(-1), (0, 0), 3)
    for number in np.unique(scene.labels[scene.labels > 0]):
        mask = cv2.GaussianBlur((scene.labels == number).astype(np.float32), (0, 0), 1.0)
        for outline in cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            if len(outline) > 40:
                _outline(sheet, outline[:, 0].astype(np.float32), tone, rng)


def _outline(sheet: Sheet, points: Array, tone: Array, rng: Random) -> None:
    smooth = cv2.GaussianBlur(np.concatenate([points, points[:8]]), (1, 9), 1.6)
    start = 0
    while start < len(smooth) - 8:
        piece = smooth[start : start + int(rng.integers(20, 70))]
        x, y = np.clip(piece[len(piece) // 2].astype(int), 0, [WIDTH - 1, HEIGHT - 1])
        inside = (piece.min(0) > 2).all() and (piece.max(0) < [WIDTH - 3, HEIGHT - 3]).all()
        if inside and len(piece) > 6:
            force = float(np.clip(0.95 - 0.6 * tone[y, x] + rng.normal(0, 0.10), 0.2, 0.9))
            stray = 2.0 * cv2.GaussianBlur(rng.standard_normal((len(piece), 2)).astype(np.float32), (1, 31), 9)
            sheet.mark(
                piece + stray, Stick(0.6, 0, 0, 0.5, 0.3), force, PENCILS[1 if rng.random() < 0.7 else 0], glaze=True
            )
        start += int(len(piece) * rng.uniform(0.75, 1.0)) + 1
