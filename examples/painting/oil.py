"""Thick oil paint: curved strokes of a bristle brush, broad ones first, with a lit relief."""

import cv2
import numpy as np

from painting.brush import Brush, flow_of, ribbon, trace
from painting.scene import HEIGHT, WIDTH, Array, Colour, Random, Scene, noise
from painting.valley import valley

FINE = 2  # strokes are drawn at twice the size and downsampled, which smooths their edges


BRUSHES = (
    Brush(13.0, 9, 9.0, 0.0, 0.075, -1.0),
    Brush(7.5, 9, 6.0, 0.035, 0.080, -1.0),
    Brush(4.6, 9, 4.2, 0.060, 0.065, 0.22),
    Brush(2.7, 9, 3.0, 0.075, 0.040, 0.28),
    Brush(1.7, 8, 2.2, 0.070, 0.025, 0.55),
)


class Canvas:
    """Wet paint at FINE times the picture's size: colour (H, W, 3) and the height of the relief (H, W)."""

    def __init__(self, rng: Random, ground: Colour) -> None:
        size = (HEIGHT * FINE, WIDTH * FINE)
        y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
        weave = np.sin(x * 1.05) * np.cos(y * 1.05)
        self.colour = np.empty((*size, 3), np.float32)
        self.colour[:] = np.asarray(ground, np.float32) * (1 + 0.06 * noise(rng, 60, 4, size))[..., None]
        self.relief = (0.10 * weave).astype(np.float32)

    def downsampled(self) -> Array:
        """Colours at the picture's size."""
        return cv2.resize(self.colour, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)

    def stroke(self, rng: Random, path: Array, half_width: float, colour: Array, other: Array) -> None:
        """Drag a loaded brush along ``path`` (N, 2), x then y: ``colour`` on one side, ``other`` on the other."""
        line, normal, along = ribbon(path * FINE, 0.7)
        wide = half_width * FINE
        lanes = np.linspace(-1, 1, max(5, int(2 * wide / 0.7)), dtype=np.float32)
        bristle = _bristles(rng, len(lanes), len(line), wide)
        end = along / max(1.0, along[-1])
        bow = wide * 0.55 * np.sqrt(np.clip(1 - lanes**2, 0, 1))  # the tip of the brush is round
        head = along[:, None] - (wide * 0.55 - bow)[None]
        left = along[-1] - along[:, None] - (wide * 0.55 - bow)[None]
        load = 1.35 - 0.75 * end[:, None] ** 2 + 0.9 * bristle - 0.35 * lanes[None] ** 8
        alpha = np.clip(load * 2.2 - 0.6, 0, 1) * np.clip(head / 1.5, 0, 1) * np.clip(left / 3 + 0.5 * bristle, 0, 1)
        mix = np.clip(0.5 + 0.45 * lanes[None] + 0.5 * bristle, 0, 1)[..., None]
        paint = colour * (1 - mix) + other * mix + (0.11 * bristle)[..., None]
        rim = 0.75 * np.abs(lanes[None]) ** 5 + 0.6 * np.exp(-np.maximum(left, 0) / (0.5 * wide))
        body = 0.75 + 1.15 * bristle + rim
        self._put(
            line[:, None] + normal[:, None] * (lanes * wide)[None, :, None],
            alpha,
            paint,
            body * min(1.0, half_width / 5),
        )

    def _put(self, places: Array, alpha: Array, paint: Array, body: Array) -> None:
        x, y = np.rint(places[..., 0]).astype(np.int32), np.rint(places[..., 1]).astype(np.int32)
        ok = (alpha > 0.02) & (x >= 0) & (y >= 0) & (x < self.relief.shape[1]) & (y < self.relief.shape[0])
        at = (y[ok], x[ok])
        part = np.minimum(alpha[ok], 0.97)
        self.colour[at] = self.colour[at] * (1 - part)[:, None] + paint[ok] * part[:, None]
        self.relief[at] = self.relief[at] * (1 - 0.75 * part) + body[ok] * part

    def lit(self, strength: float) -> Array:
        """Painting at the picture's size, with its relief lit from the upper left: float32 (H, W, 3)."""
        relief = cv2.GaussianBlur(self.relief, (0, 0), 0.9)
        right = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8)
        down = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8)
        slope = np.clip((right * 0.6 + down * 0.8) * strength, -1, 1)
        shaded = self.colour * (1 + 0.42 * np.minimum(slope, 0) + 0.20 * np.maximum(slope, 0))[..., None]
        gloss = np.clip(slope - 0.35, 0, 1)[..., None] * 0.28
        return cv2.resize(np.clip(shaded + gloss, 0, 1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def _bristles(rng: Random, lanes: int, steps: int, wide: float) -> Array:
    """Streaks along the stroke: float32 (steps, lanes), mean about 0, mostly within ±0.5."""
    count = max(3, round(2 * wide / 3.4))
    fixed = rng.standard_normal((1, count)).astype(np.float32)
    loose = rng.standard_normal((max(2, steps // 26 + 2), count)).astype(np.float32)
    both = cv2.resize(fixed, (lanes, steps), interpolation=cv2.INTER_CUBIC) * 0.30
    return both + cv2.resize(loose, (lanes, steps), interpolation=cv2.INTER_CUBIC) * 0.13


def paint_layer(scene: Scene, canvas: Canvas, brush: Brush, rng: Random) -> None:
    """Paint the whole picture with one brush, where the paint so far differs from the target."""
    target = cv2.GaussianBlur(scene.colour, (0, 0), max(0.6, brush.half_width * 0.35))
    downsampled = canvas.downsampled()
    missing = cv2.GaussianBlur(np.abs(target - downsampled).mean(-1), (0, 0), brush.half_width * 0.5)
    flow = flow_of(scene, max(1.5, brush.half_width * 0.5))
    rows, columns = np.mgrid[0 : HEIGHT : brush.gap, 0 : WIDTH : brush.gap]
    seeds = np.stack([columns.ravel(), rows.ravel()], -1) + rng.uniform(-0.7, 0.7, (rows.size, 2)) * brush.gap
    seeds = np.clip(seeds, 0, [WIDTH - 1, HEIGHT - 1])[rng.permutation(rows.size)]
    for x, y in seeds:
        column, row = int(x), int(y)
        if missing[row, column] < brush.tolerance or scene.detail[row, column] < brush.finest:
            continue
        path = trace(flow, target, downsampled, (x, y), rng.uniform(-np.pi, np.pi), brush)
        colour = mixed(rng, target[row, column], brush.colour_jitter)
        canvas.stroke(
            rng, path, brush.half_width * rng.uniform(0.8, 1.15), colour, mixed(rng, colour, brush.colour_jitter)
        )


def mixed(rng: Random, colour: Array, colour_jitter: float) -> Array:
    """Vary a colour at random: lighter or darker, warmer or cooler, less so in dark tones."""
    light, warm, odd = rng.standard_normal(3) * (0.75, 0.8, 0.35) * colour_jitter * (0.35 + 0.9 * float(colour.mean()))
    offset = light + warm * np.array([1.0, 0.15, -1.0]) + odd * np.array([0.6, -1.0, 0.6])
    return np.clip(colour + offset, 0, 1).astype(np.float32)


def oil() -> Array:
    """Paint the picture in thick oil on a warm ground, broad strokes first: float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(1))
    scene = valley()
    canvas = Canvas(rng, (0.46, 0.24, 0.14))
    for brush in BRUSHES:
        paint_layer(scene, canvas, brush, rng)
    return canvas.lit(2.2)
