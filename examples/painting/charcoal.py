"""Charcoal and white chalk on grey paper: rubbed shadows, the side of the stick, hatching, accents, erased lights."""

import cv2
import numpy as np

from painting.bust import bust
from painting.scene import HEIGHT, WIDTH, Array, Colour, Random, X, Y, noise
from painting.sculpture import Modelled
from painting.stick import Sheet, Stick, paper_tooth, paths, seeds

PAPER: Colour = (0.735, 0.725, 0.705)
BLACK: Colour = (0.070, 0.068, 0.070)
WHITE: Colour = (0.975, 0.970, 0.955)

# Broad side of the stick, its corner, hard hatching: each only where the drawing is still too light by its last number.
STICKS = (
    (Stick(8.0, 70, 11.0, 0.25, 0.05), 0.16, 0.62),
    (Stick(3.6, 44, 5.5, 0.3, 0.10), 0.10, 0.60),
    (Stick(1.5, 34, 3.6, 0.5, 0.20), 0.07, 0.72),
    (Stick(0.8, 20, 2.4, 0.6, 0.40), 0.055, 0.85),
    (Stick(0.6, 9, 1.7, 0.6, 0.50), 0.075, 0.9),
)
CHALKS = (
    (Stick(2.2, 26, 4.0, 0.3, 0.16), 0.04, 0.80),
    (Stick(1.1, 16, 2.6, 0.5, 0.34), 0.05, 0.95),
)
SURFACES = np.array([1.0, 0.62, 1.0, 0.74, 0.60, 0.95, 0.62, 0.55], np.float32)  # how light each form is of itself


def charcoal() -> Array:
    """The drawing, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(4))
    model, hand = bust()
    tone = tones(model, rng)
    hand = along_folds(tone, hand, np.isin(model.which, (1, 2)))
    sheet = Sheet(paper_tooth(rng, 1.25, 0.12), PAPER)
    sheet.colour *= 1 + 0.018 * noise(rng, 40, 5, sheet.tooth.shape)[..., None] - 0.02 * (sheet.tooth[..., None] - 0.5)
    rubbed = cv2.GaussianBlur(np.clip(0.70 - tone, 0, 1), (0, 0), 5) * np.clip(
        0.95 + 0.35 * noise(rng, 50, 4), 0.3, 1.4
    )
    sheet.smudge(0.85 * rubbed, BLACK)
    shadows = np.clip(1.15 - 1.5 * cv2.GaussianBlur(tone, (0, 0), 3), 0, 1) * np.clip(
        0.62 + 0.6 * noise(rng, 70, 3), 0, 1
    )
    for number, (stick, tolerance, pressure) in enumerate(STICKS):
        layer(sheet, tone, model.which, hand, stick, tolerance, pressure, rng)
        if number < 2:
            sheet.rub(0.85 * shadows, 1.6)
    erase(sheet, tone, hand, rng)
    for stick, tolerance, pressure in CHALKS:
        chalk(sheet, tone, model.which, hand, stick, tolerance, pressure, rng)
    accents(sheet, model, rng)
    return np.clip(sheet.downsampled(), 0, 1).astype(np.float32)


def tones(model: Modelled, rng: Random) -> Array:
    """The lightness wanted, (H, W): the background fades into bare paper on the light's side and at the margins."""
    lit = model.lit(0.34) * SURFACES[model.which]
    tone = np.interp(lit, (0, 0.06, 0.16, 0.30, 0.55, 0.80, 1.0), (0.05, 0.16, 0.32, 0.46, 0.68, 0.86, 0.97))
    wall = model.which == 4
    glow = np.hypot((X - 250) / 150, (Y - 190) / 210)  # dark behind the lit profile, light behind the shadow
    dark = np.clip(0.20 + 0.34 * glow + 0.05 * noise(rng, 60, 3), 0.14, 0.68) * (0.55 + 0.45 * model.shadow)
    tone = np.where(wall, dark, tone)
    margin = np.minimum(np.minimum(X, WIDTH - 1 - X), np.minimum(Y, HEIGHT - 1 - Y)) + 16 * noise(rng, 60, 4)
    bare = np.clip(1.15 - margin / 46, 0, 1) * np.isin(model.which, (3, 4))
    left = np.clip((190 - X + 0.35 * (Y - 200) + 40 * noise(rng, 90, 3)) / 130, 0, 1) * wall
    bare = np.maximum(bare, left)
    return (tone * (1 - bare) + 0.74 * bare).astype(np.float32)


def along_folds(tone: Array, hand: Array, where: Array) -> Array:
    """The hand's direction, turned ``where`` there are locks of hair or folds of cloth, to run along them."""
    gx, gy = (cv2.Scharr(cv2.GaussianBlur(tone, (0, 0), 1.2), cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), 5) for v in (gx * gx, gy * gy, gx * gy))
    return np.where(where, 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2, hand).astype(np.float32)


def layer(
    sheet: Sheet, tone: Array, labels: Array, hand: Array, stick: Stick, tolerance: float, pressure: float, rng: Random
) -> None:
    """Marks of one stick wherever the drawing is lighter than ``tone`` by more than ``tolerance``."""
    target = cv2.GaussianBlur(tone, (0, 0), max(0.7, stick.half_width * 0.35))
    now = cv2.GaussianBlur(sheet.downsampled().mean(-1), (0, 0), max(1.0, stick.half_width * 0.5))
    missing = np.minimum(now - target, cv2.erode(now - target, np.ones((3, 3))) + 0.1)
    spots = seeds(rng, stick.gap, missing > tolerance)
    if not len(spots):
        return
    lengths = stick.length * rng.uniform(0.5, 1.15, len(spots))
    lack = missing[spots[:, 1].astype(int), spots[:, 0].astype(int)]
    angle = hand + 0.10 * noise(rng, 50, 2)
    lines = paths(angle, spots, lengths, rng.normal(0, stick.bend, len(spots)), regions(labels, target), 2.5)
    for line, amount in zip(lines, lack, strict=True):
        if len(line) > 3:
            sheet.mark(line, stick, pressure * float(np.clip(0.35 + 1.3 * amount, 0, 1)), np.array(BLACK, np.float32))


def regions(labels: Array, tone: Array) -> Array:
    """Numbers for areas of one form and about one tone, which a mark does not leave."""
    return labels * 8 + np.clip(tone * 5, 0, 4.99).astype(np.int32)


def erase(sheet: Sheet, tone: Array, hand: Array, rng: Random) -> None:
    """Strokes of a kneaded eraser that lift the dust out of the lights, not quite clean."""
    rubber = Stick(3.2, 22, 6.0, 0.35, 0.75)
    now = sheet.downsampled().mean(-1)
    spots = seeds(rng, rubber.gap, (cv2.GaussianBlur(tone, (0, 0), 1.5) - now > 0.06) & (tone > 0.52))
    lengths = rubber.length * rng.uniform(0.5, 1.2, len(spots))
    flat = np.zeros((HEIGHT, WIDTH), np.int32) + (tone > 0.45)
    for line in paths(hand, spots, lengths, np.zeros(len(spots)), flat):
        if len(line) > 3:
            sheet.mark(line, rubber, 0.75, np.array(PAPER, np.float32) * 1.02)


def chalk(
    sheet: Sheet, tone: Array, labels: Array, hand: Array, stick: Stick, tolerance: float, pressure: float, rng: Random
) -> None:
    """White chalk where the paper is not light enough."""
    target = cv2.GaussianBlur(tone, (0, 0), 0.8) - 0.01
    missing = target - cv2.GaussianBlur(sheet.downsampled().mean(-1), (0, 0), 1.0)
    spots = seeds(rng, stick.gap, (missing > tolerance) & (target > 0.72) & (labels != 4))
    if not len(spots):
        return
    lengths = stick.length * rng.uniform(0.5, 1.1, len(spots))
    lack = missing[spots[:, 1].astype(int), spots[:, 0].astype(int)]
    lines = paths(hand, spots, lengths, rng.normal(0, 0.004, len(spots)), regions(labels, target))
    for line, amount in zip(lines, lack, strict=True):
        if len(line) > 3:
            sheet.mark(line, stick, pressure * float(np.clip(0.25 + 3.0 * amount, 0, 1)), np.array(WHITE, np.float32))


def accents(sheet: Sheet, model: Modelled, rng: Random) -> None:
    """Outlines drawn with a sharp stick, pressed in the shadow and lost in the light."""
    lit = cv2.GaussianBlur(model.lit(0.3), (0, 0), 4)
    for number in range(len(SURFACES)):
        if number == 4:
            continue
        mask = cv2.GaussianBlur((model.which == number).astype(np.float32), (0, 0), 1.0)
        for outline in cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            _outline(sheet, outline[:, 0].astype(np.float32), lit, rng)


def _outline(sheet: Sheet, points: Array, lit: Array, rng: Random) -> None:
    if len(points) < 30:
        return
    smooth = cv2.GaussianBlur(np.concatenate([points, points[:8]]), (1, 9), 1.4)
    start = 0
    while start < len(smooth) - 10:
        piece = smooth[start : start + int(rng.integers(26, 90))]
        x, y = np.clip(piece[len(piece) // 2].astype(int), 0, [WIDTH - 1, HEIGHT - 1])
        inside = (piece.min(0) > 3).all() and (piece.max(0) < [WIDTH - 4, HEIGHT - 4]).all()
        force = float(np.clip(1.0 - 0.75 * lit[y, x] + rng.normal(0, 0.12), 0.12, 1.0))
        if inside and len(piece) > 8:
            stray = 0.7 * cv2.GaussianBlur(rng.standard_normal((len(piece), 2)).astype(np.float32), (1, 31), 9) * 3
            stick = Stick(0.55 + 0.75 * force, 0, 0, 0.5, 0.25)
            sheet.mark(piece + stray, stick, force, np.array(BLACK, np.float32))
        start += int(len(piece) * rng.uniform(0.8, 1.0))
