"""Pen and ink: hatching that follows the form, with tone as its density; contours; flat washes under the lines."""

from dataclasses import dataclass

import cv2
import numpy as np

from painting.river import PAPER, Washed, river
from painting.scene import HEIGHT, WIDTH, Array, Random, noise

FINE = 4  # lines are drawn at four times the size and downsampled, so that their width can vary finely
INK = np.array([0.085, 0.07, 0.085], np.float32)
BLACK = 0.075  # darker tones are filled with a brush


@dataclass(frozen=True)
class Hatch:
    """Set of strokes over everything darker than ``below``, rotated from the scene's direction by ``rotation``.

    gap: pixels between strokes at the tone ``below``; it narrows to ``tight`` times that in black.
    """

    below: float
    rotation: float
    gap: float
    tight: float


HATCHES = (
    Hatch(0.84, 0.0, 4.2, 0.66),
    Hatch(0.60, 0.95, 3.8, 0.66),
    Hatch(0.38, -0.80, 3.4, 0.66),
    Hatch(0.20, 1.60, 3.0, 0.66),
)
SHADE = np.array([0.80, 0.82, 0.86], np.float32)  # one coat of grey wash over the shadows
SHADED = (0.50, 0.26)  # tones below which a coat is applied


class Sheet:
    """Ink on paper at FINE times the picture's size: uint8 (H, W), 255 for no ink."""

    def __init__(self) -> None:
        self.ink = np.full((HEIGHT * FINE, WIDTH * FINE), 255, np.uint8)

    def line(self, points: Array, widths: Array) -> None:
        """Draw a pen line through ``points`` (N, 2) with ``widths`` (N,) in pixels."""
        at = np.rint(points * FINE).astype(np.int32)
        for a, b, width in zip(at[:-1], at[1:], widths[1:], strict=True):
            cv2.line(self.ink, a.tolist(), b.tolist(), 0, max(1, round(float(width) * FINE)))

    def coverage(self) -> Array:
        """Ink coverage of each pixel: float32 (H, W), 0 for none."""
        return 1 - cv2.resize(self.ink, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) / np.float32(255)


def pen_width(rng: Random, count: int, wide: float) -> Array:
    """Widths along a stroke, wide in the middle and thin at the ends: float32 (count,)."""
    place = np.linspace(0, 1, count)
    pressure = np.minimum(1, np.minimum(place / 0.15 + 0.45, (1 - place) / 0.35 + 0.25))
    return (wide * pressure * rng.uniform(0.8, 1.2)).astype(np.float32)


def hatch(scene: Washed, tone: Array, sheet: Sheet, layer: Hatch, rng: Random) -> None:
    """Draw evenly spaced strokes along the rotated directions, like the streamlines of Jobard and Lefer, 1997."""
    c, s = (cv2.GaussianBlur(f(2 * (scene.direction + layer.rotation)), (0, 0), 2.0) for f in (np.cos, np.sin))
    angle = 0.5 * np.arctan2(s, c)
    depth = np.clip((layer.below - tone) / layer.below, 0, 1)
    gap = layer.gap * (1 - (1 - layer.tight) * depth)
    occupied = np.zeros((HEIGHT, WIDTH), np.uint8)
    rows, columns = np.nonzero(tone < layer.below)
    for number in rng.permutation(len(rows)):
        y, x = int(rows[number]), int(columns[number])
        if occupied[y, x]:
            continue
        points = _stroke(angle, tone, scene.labels, occupied, (x, y), layer, rng)
        if len(points) < 4:
            occupied[y, x] = 1
            continue
        wide = 0.55 + 0.40 * float(depth[y, x])
        sheet.line(points + 0.25 * rng.standard_normal(2).astype(np.float32), pen_width(rng, len(points), wide))
        spacing = max(1, round(2 * float(gap[y, x])) - 1)
        cv2.polylines(occupied, [np.rint(points).astype(np.int32)], False, 1, spacing)


def _stroke(
    angle: Array, tone: Array, labels: Array, occupied: Array, start: tuple[float, float], layer: Hatch, rng: Random
) -> Array:
    """Trace a stroke in both directions from ``start``, in one object and tone: float32 (N, 2), a point per step."""
    longest = int(rng.integers(7, 16))
    own = labels[int(start[1]), int(start[0])]
    bend = rng.uniform(-0.012, 0.012)
    halves = []
    for way in (1.0, -1.0):
        x, y = start
        heading = angle[int(y), int(x)] + (0 if way > 0 else np.pi)
        half = []
        for _ in range(longest):
            dx, dy = np.cos(heading) * 1.8, np.sin(heading) * 1.8
            x, y = x + dx, y + dy
            column, row = int(x), int(y)
            if not (0 <= column < WIDTH and 0 <= row < HEIGHT) or occupied[row, column]:
                break
            if labels[row, column] != own or tone[row, column] > layer.below + 0.03:
                break
            half.append((x, y))
            rotation = angle[row, column] - heading
            heading += (rotation + np.pi / 2) % np.pi - np.pi / 2 + bend
        halves.append(half)
    return np.array([*halves[1][::-1], start, *halves[0]], np.float32)


def contours(scene: Washed, sheet: Sheet, rng: Random) -> None:
    """Draw the outlines of all objects, with varying pressure and gaps."""
    for number in range(2, scene.count + 1):
        mask = cv2.GaussianBlur((scene.labels == number).astype(np.float32), (0, 0), 0.8)
        found, _ = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for outline in found:
            if len(outline) > 12:
                _outline(outline[:, 0].astype(np.float32), sheet, rng)


def _outline(points: Array, sheet: Sheet, rng: Random) -> None:
    count = len(points)
    closed = np.concatenate([points, points[:6]])
    smooth = cv2.GaussianBlur(closed, (1, 9), 1.1)
    wobble = np.stack([noise(rng, 22, 2, (1, count + 6))[0] for _ in range(2)], -1) * 0.55
    press = noise(rng, 46, 2, (1, count + 6))[0]
    widths = np.clip(1.15 + 0.75 * press, 0.4, 2.2).astype(np.float32)
    inside = (points > 1.5).all(1) & (points[:, 0] < WIDTH - 2.5) & (points[:, 1] < HEIGHT - 2.5)
    drawn = np.concatenate([inside, inside[:6]]) & (press > -0.75)
    for run in np.split(np.arange(count + 6), np.flatnonzero(np.diff(drawn.astype(int))) + 1):
        if drawn[run[0]] and len(run) > 5:
            sheet.line((smooth + wobble)[run].astype(np.float32), widths[run])


def washes(scene: Washed, tone: Array, rng: Random) -> Array:
    """Paint paper with flat, slightly uneven washes that do not quite follow the lines: float32 (H, W, 3)."""
    table = np.array([scene.washes.get(number, PAPER) for number in range(scene.count + 1)], np.float32)
    shift = np.array([[1, 0, 2], [0, 1, -1.5]], np.float32)
    flat = cv2.warpAffine(table[scene.labels], shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    flat = cv2.GaussianBlur(flat, (0, 0), 1.2)
    paper = np.asarray(PAPER, np.float32)
    strength = np.clip(0.80 + 0.20 * noise(rng, 110, 3), 0, 1)[..., None]
    for level in SHADED:
        coat = (cv2.GaussianBlur(tone, (0, 0), 2.5) + 0.04 * noise(rng, 26, 3) < level).astype(np.float32)
        flat = flat * (1 - (1 - SHADE) * cv2.GaussianBlur(coat, (0, 0), 0.9)[..., None])
    grain = 1 + 0.016 * noise(rng, 5, 3)[..., None] + 0.012 * rng.standard_normal((HEIGHT, WIDTH, 1))
    return (paper * (1 - strength) + flat * strength) * grain


def ink() -> Array:
    """Draw the picture: float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(2))
    scene = river()
    tone = cv2.GaussianBlur(scene.colour.mean(-1), (0, 0), 1.0)
    sheet = Sheet()
    for layer in HATCHES:
        hatch(scene, tone, sheet, layer, rng)
    contours(scene, sheet, rng)
    spots = cv2.GaussianBlur((tone + 0.02 * noise(rng, 9, 2) < BLACK).astype(np.float32), (0, 0), 0.6)
    cover = (np.maximum(sheet.coverage(), spots) * np.clip(0.93 + 0.06 * noise(rng, 3, 2), 0, 1))[..., None]
    return np.clip(washes(scene, tone, rng) * (1 - cover) + INK * cover, 0, 1).astype(np.float32)
