"""Transparent watercolour on rough paper: washes and strokes that only darken, with granulation and dark rims.

Paint is kept as optical density, float32 (H, W, 3): paper seen through it is ``paper * exp(-density)``. The effects
are those that Curtis, Anderson, Seims, Fleischer and Salesin list in "Computer-generated watercolor", SIGGRAPH 1997.
"""

import cv2
import numpy as np

from painting.brush import Brush, flow_of, ribbon, trace
from painting.coast import coast
from painting.scene import HEIGHT, WIDTH, Array, Random, Scene, noise

FINE = 2  # as in the oil painting
WASHES = (0.05, 0.13, 0.24, 0.40, 0.62, 0.92, 1.35, 1.95)  # tones, as mean density, at which another wash is added
DILUTE = 0.80  # share of the tone from the washes; the rest comes from the strokes on top
PAPER = np.array([0.985, 0.975, 0.945], np.float32)
BRUSHES = (
    Brush(8.0, 8, 8.0, 0.07, 0.10, -1.0),
    Brush(4.6, 8, 5.0, 0.08, 0.09, -1.0),
    Brush(2.6, 8, 3.4, 0.10, 0.08, 0.15),
)


class Wet:
    """Paint on paper at FINE times the picture's size.

    tooth: (H, W), height of the paper, mean 0, about ±1. target: (H, W, 3), target density. labels: (H, W), numbers of
    the scene's objects, with irregular outlines: no stroke leaves the object that it starts on.
    """

    def __init__(self, scene: Scene, target: Array, rng: Random) -> None:
        size = (HEIGHT * FINE, WIDTH * FINE)
        y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32) / FINE
        shaky_x, shaky_y = (at + 0.8 * noise(rng, 34, 3, size) for at in (x, y))
        self.labels = cv2.remap(
            scene.labels.astype(np.float32), shaky_x, shaky_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        self.target = cv2.remap(
            cv2.GaussianBlur(target, (0, 0), 1.2), shaky_x, shaky_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        self.tooth = np.clip(noise(rng, 6.0, 3, size) * 1.1, -1.5, 1.5)
        self.density = np.zeros((*size, 3), np.float32)

    def downsampled(self) -> Array:
        """Density at the picture's size."""
        return cv2.resize(self.density, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)

    def wash(self, rng: Random) -> None:
        """Paint washes over one another, each darker and smaller than the previous one, with dark rims."""
        tone = self.target.mean(-1)
        hue = self.target / np.maximum(tone, 0.01)[..., None]
        border = np.zeros(tone.shape, np.float32)
        for axis in (0, 1):
            border = np.maximum(border, (np.roll(self.labels, 1, axis) != self.labels).astype(np.float32))
        gone = cv2.dilate(border, np.ones((2, 2), np.uint8)) * (noise(rng, 70, 3, tone.shape) > 0.15)
        below = 0.0
        for level in WASHES:
            uneven = tone * (1 + 0.20 * noise(rng, 30, 4, tone.shape)) + 0.025 * noise(rng, 60, 3, tone.shape)
            wet = cv2.GaussianBlur(((uneven > level) & (border == 0)).astype(np.float32), (0, 0), 0.8)
            rim = np.clip(wet - cv2.GaussianBlur(wet, (0, 0), 2.4), 0, 1) * np.clip(
                0.7 + noise(rng, 80, 2, tone.shape), 0, 1.4
            )
            pools = np.clip(1 + 0.34 * noise(rng, 130, 5, tone.shape) - 0.14 * self.tooth, 0.2, 2)
            self.density += (DILUTE * (level - below) * wet * (pools + 2.6 * rim) * (1 - 0.5 * gone))[..., None] * hue
            below = level

    def stroke(self, rng: Random, path: Array, half_width: float, amount: Array) -> None:
        """Paint a wet stroke along ``path`` (N, 2) that adds density ``amount`` (3,), darker at its rim and its end."""
        line, normal, along = ribbon(path * FINE, 0.7)
        wide = half_width * FINE
        lanes = np.linspace(-1, 1, max(5, int(2 * wide / 0.7)), dtype=np.float32)
        end = (along / max(1.0, along[-1]))[:, None]
        belly = np.sqrt(np.clip(1 - (2 * end - 0.9) ** 4, 0.02, 1))  # a round brush: pointed, full, pointed
        ragged = cv2.resize(rng.standard_normal((max(2, len(line) // 14 + 2), 2)).astype(np.float32), (2, len(line)))
        side = np.where(lanes[None] < 0, ragged[:, :1], ragged[:, 1:]) * 0.10
        across = np.abs(lanes[None]) + side
        inside = np.clip((0.98 - across) * wide / 1.4, 0, 1)
        rim = np.exp(-np.maximum((0.98 - across) * wide, 0) / 1.6) * 0.75 + 0.35 * end**3
        places = line[:, None] + normal[:, None] * (lanes[None] * wide * belly)[..., None]
        self._put(places, inside * (0.80 + rim), amount, rng.uniform(-0.8, 1.0) * end**2, path[len(path) // 2])

    def _put(self, places: Array, strength: Array, amount: Array, dryness: Array, seed: Array) -> None:
        x, y = np.rint(places[..., 0]).astype(np.int32), np.rint(places[..., 1]).astype(np.int32)
        ok = (strength > 0.02) & (x >= 0) & (y >= 0) & (x < self.tooth.shape[1]) & (y < self.tooth.shape[0])
        own = self.labels[tuple(np.clip((seed[::-1] * FINE).astype(int), 0, np.array(self.labels.shape) - 1))]
        ok[ok] = self.labels[y[ok], x[ok]] == own
        once = np.unique(y[ok].astype(np.int64) * self.tooth.shape[1] + x[ok], return_index=True)[1]
        at = (y[ok][once], x[ok][once])
        tooth = self.tooth[at]
        skipped = np.clip(1.0 - 1.8 * np.broadcast_to(dryness, ok.shape)[ok][once] * np.clip(tooth + 0.55, 0, 1), 0, 1)
        grain = 1 - 0.16 * tooth
        spare = (self.target[at] * 1.3 - self.density[at]).mean(-1) / (float(amount.mean()) + 0.02)
        self.density[at] += (strength[ok][once] * skipped * grain * np.clip(spare, 0.12, 1))[:, None] * amount

    def dry(self) -> Array:
        """Dry picture, float32 (H, W, 3), with the paper slightly lit from the upper left."""
        slope = cv2.Sobel(cv2.GaussianBlur(self.tooth, (0, 0), 1.0), cv2.CV_32F, 1, 1, scale=1 / 4)
        picture = PAPER * np.exp(-self.density) * (1 + 0.030 * np.clip(slope * 4, -1, 1))[..., None]
        return cv2.resize(np.clip(picture, 0, 1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def paint_layer(scene: Scene, wet: Wet, target: Array, brush: Brush, rng: Random) -> None:
    """Paint with one brush where the picture is still too light. target: target density, (H, W, 3)."""
    smoothed_target = cv2.GaussianBlur(target, (0, 0), max(0.6, brush.half_width * 0.3))
    now = cv2.GaussianBlur(wet.downsampled(), (0, 0), 1.0)
    missing = cv2.GaussianBlur(smoothed_target - now, (0, 0), brush.half_width * 0.35)
    flow = flow_of(scene, max(1.5, brush.half_width * 0.5))
    rows, columns = np.mgrid[0 : HEIGHT : brush.gap, 0 : WIDTH : brush.gap]
    seeds = np.stack([columns.ravel(), rows.ravel()], -1) + rng.uniform(-0.7, 0.7, (rows.size, 2)) * brush.gap
    seeds = np.clip(seeds, 0, [WIDTH - 1, HEIGHT - 1])[rng.permutation(rows.size)]
    for x, y in seeds:
        lack = np.minimum(
            missing[int(y), int(x)], smoothed_target[int(y), int(x)] - wet.density[int(y * FINE), int(x * FINE)]
        )
        if float(lack.mean()) < brush.tolerance or scene.detail[int(y), int(x)] < brush.finest:
            continue
        path = trace(flow, smoothed_target, now, (x, y), rng.uniform(-np.pi, np.pi), brush)
        offset = (
            1 + brush.colour_jitter * 2.2 * rng.standard_normal(3) + brush.colour_jitter * 2 * rng.standard_normal()
        )
        hue = smoothed_target[int(y), int(x)] / max(0.01, float(smoothed_target[int(y), int(x)].mean()))
        amount = 0.9 * float(lack.mean()) * hue * np.clip(offset, 0.3, 1.8)
        if len(path) > 2:
            wet.stroke(rng, path, brush.half_width * rng.uniform(0.75, 1.2), amount.astype(np.float32))


def watercolour() -> Array:
    """Paint the picture: float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(3))
    scene = coast()
    target = -np.log(np.clip(scene.colour / PAPER, 0.02, 1)).astype(np.float32)
    wet = Wet(scene, target, rng)
    wet.wash(rng)
    for brush in BRUSHES:
        paint_layer(scene, wet, target, brush, rng)
    return wet.dry()
