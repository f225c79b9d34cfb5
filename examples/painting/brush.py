"""Brush strokes: stroke directions, curved paths along them, and ribbons of paint around the paths."""

from dataclasses import dataclass

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array, Scene


@dataclass(frozen=True)
class Brush:
    """Parameters of a brush. half_width: pixels. length: maximum number of steps of ``half_width``. gap: between
    strokes, pixels.

    tolerance: colour difference below which nothing is repainted. colour_jitter: random deviation of colours.
    """

    half_width: float
    length: int
    gap: float
    tolerance: float
    colour_jitter: float
    finest: float


def flow_of(scene: Scene, sigma: float) -> tuple[Array, Array]:
    """Stroke direction as double-angle cosine and sine: along strong edges, elsewhere that of the scene."""
    grey = cv2.GaussianBlur(scene.colour @ np.array([0.3, 0.59, 0.11], np.float32), (0, 0), sigma * 0.5)
    gx, gy = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 32), cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 32)
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), sigma) for v in (gx * gx, gy * gy, gx * gy))
    edge = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    strength = np.sqrt(np.sqrt((xx - yy) ** 2 + 4 * xy**2))
    confidence = np.clip(strength / 0.045 - 0.35, 0, 1)
    c = np.cos(2 * edge) * confidence + np.cos(2 * scene.direction) * (1 - confidence)
    s = np.sin(2 * edge) * confidence + np.sin(2 * scene.direction) * (1 - confidence)
    return cv2.GaussianBlur(c, (0, 0), 1.5), cv2.GaussianBlur(s, (0, 0), 1.5)


def trace(
    flow: tuple[Array, Array], target: Array, painted: Array, start: tuple[float, float], heading: float, brush: Brush
) -> Array:
    """Trace a curved stroke from ``start`` along the flow while its colour fits the target: float32 (N, 2).

    Of the two directions of the flow, it takes the one closer to ``heading``.

    Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", SIGGRAPH 1998.
    """
    x, y = start
    colour = target[int(y), int(x)]
    points, previous = [(x, y)], (float(np.cos(heading)), float(np.sin(heading)))
    for number in range(brush.length):
        row, column = min(max(int(y), 0), HEIGHT - 1), min(max(int(x), 0), WIDTH - 1)
        target_colour = target[row, column]
        if (
            number > 2
            and float(np.abs(target_colour - colour).sum())
            > float(np.abs(target_colour - painted[row, column]).sum()) + 0.12
        ):
            break
        angle = 0.5 * float(np.arctan2(flow[1][row, column], flow[0][row, column]))
        dx, dy = float(np.cos(angle)), float(np.sin(angle))
        if dx * previous[0] + dy * previous[1] < 0:
            dx, dy = -dx, -dy
        if number:
            dx, dy = 0.75 * dx + 0.25 * previous[0], 0.75 * dy + 0.25 * previous[1]
        previous = (dx, dy)
        x, y = x + dx * brush.half_width * 0.9, y + dy * brush.half_width * 0.9
        points.append((x, y))
    return np.array(points, np.float32)


def ribbon(path: Array, step: float) -> tuple[Array, Array, Array]:
    """Smooth a path: points and unit normals, (N, 2) each, and the arc length, (N,), sampled every ``step``."""
    for _ in range(2):  # Chaikin's corner cutting
        if len(path) > 2:
            cut = np.empty((2 * len(path), 2), np.float32)
            cut[0::2], cut[1::2] = path, path
            cut[1:-1:2] = 0.75 * path[:-1] + 0.25 * path[1:]
            cut[2::2] = 0.25 * path[:-1] + 0.75 * path[1:]
            path = cut
    step_lengths = np.hypot(*np.diff(path, axis=0).T)
    cumulative = np.concatenate([[0], np.cumsum(step_lengths)])
    along = np.arange(0, cumulative[-1], step, dtype=np.float32)
    line = np.stack([np.interp(along, cumulative, path[:, k]) for k in range(2)], -1).astype(np.float32)
    tangent = np.gradient(line, axis=0) if len(line) > 1 else np.array([[1.0, 0.0]], np.float32)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
    return line, np.stack([-tangent[:, 1], tangent[:, 0]], -1).astype(np.float32), along
