"""Woodcut: a black block from which a gouge takes tapering cuts along the form, over one flat colour on cream paper."""

from itertools import pairwise

import cv2
import numpy as np

from painting.forest import Print, forest
from painting.scene import HEIGHT, WIDTH, Array, Colour, Random, noise

FINE = 4  # the block is cut at four times the size and averaged down, so that cuts can be fine
PAPER: Colour = (0.955, 0.915, 0.820)
INK: Colour = (0.075, 0.062, 0.060)
SPOT: Colour = (0.830, 0.235, 0.110)
CLEARED = 0.95  # tones above are cut away as a whole
BLACK = 0.09  # tones below are left standing


def woodcut() -> Array:
    """The print, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(6))
    scene = forest()
    tone = cv2.GaussianBlur(scene.colour[..., 0], (0, 0), 1.0) ** 0.72
    block = carve(scene, tone, rng)
    leave_outlines(block, scene, rng)
    return printed(block, np.isin(scene.labels, scene.spot), rng)


def carve(scene: Print, tone: Array, rng: Random) -> Array:
    """The block: uint8 at FINE times the size, 255 where wood stands and takes ink."""
    block = np.full((HEIGHT * FINE, WIDTH * FINE), 255, np.uint8)
    cleared = cv2.resize((tone > CLEARED).astype(np.float32), block.shape[::-1], interpolation=cv2.INTER_CUBIC) > 0.5
    block[cleared] = 0
    angle = _smooth(scene.direction, scene.labels)
    occupied = (tone < BLACK).astype(np.uint8)
    rows, columns = np.nonzero((tone >= BLACK) & (tone <= CLEARED))
    for number in rng.permutation(len(rows)):
        y, x = int(rows[number]), int(columns[number])
        if occupied[y, x]:
            continue
        gap = float(scene.detail[y, x])
        line = _trace(angle, tone, scene.labels, occupied, (x, y), int(rng.integers(26, 70)))
        if len(line) < 5:
            occupied[y, x] = 1
            continue
        _gouge(block, line, tone, gap, rng)
        cv2.polylines(occupied, [np.rint(line).astype(np.int32)], False, 1, max(1, round(2 * gap) - 2))
    return block


def _smooth(direction: Array, labels: Array) -> Array:
    """Directions without jumps inside a thing, which would break the cuts."""
    c, s = (cv2.GaussianBlur(f(2 * direction), (0, 0), 2.5) for f in (np.cos, np.sin))
    border = cv2.dilate(
        cv2.morphologyEx(labels.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))), np.ones((5, 5))
    )
    return np.where(border > 0, direction, 0.5 * np.arctan2(s, c)).astype(np.float32)


def _trace(angle: Array, tone: Array, labels: Array, occupied: Array, start: tuple[int, int], reach: int) -> Array:
    """A cut both ways from ``start`` inside one thing, until it meets another cut or the dark: float32 (N, 2)."""
    own = labels[start[1], start[0]]
    halves = []
    for way in (0.0, np.pi):
        x, y = float(start[0]), float(start[1])
        heading = float(angle[start[1], start[0]]) + way
        half = []
        for _ in range(reach):
            x, y = x + 1.5 * np.cos(heading), y + 1.5 * np.sin(heading)
            column, row = int(x), int(y)
            if not (0 <= x < WIDTH and 0 <= y < HEIGHT) or occupied[row, column] or labels[row, column] != own:
                break
            half.append((x, y))
            turn = float(angle[row, column]) - heading
            heading += max(-0.2, min(0.2, (turn + np.pi / 2) % np.pi - np.pi / 2))
        halves.append(half)
    return np.array([*halves[1][::-1], start, *halves[0]], np.float32)


def _gouge(block: Array, line: Array, tone: Array, gap: float, rng: Random) -> None:
    """Takes out a V-shaped cut: pointed where the tool goes in, blunt where it comes out, as wide as the tone asks."""
    x, y = np.clip(line[:, 0].astype(int), 0, WIDTH - 1), np.clip(line[:, 1].astype(int), 0, HEIGHT - 1)
    light = cv2.GaussianBlur(tone[y, x][:, None], (1, 7), 1.5)[:, 0]
    place = np.arange(len(line), dtype=np.float32)
    if rng.random() < 0.5:
        place = place[::-1]
    taper = np.minimum(1, np.minimum((place + 0.4) / 9, (len(line) - place - 0.5) / 4))
    shake = 1 + 0.10 * cv2.GaussianBlur(rng.standard_normal((len(line), 1)).astype(np.float32), (1, 9), 2)[:, 0] * 2
    half = 0.5 * gap * np.clip(1.15 * light**0.85, 0.12, 0.92) * taper * shake
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1) * half[:, None]
    rim = np.concatenate([line + normal, (line - normal)[::-1]])
    cv2.fillPoly(block, [np.rint(rim * FINE * 16).astype(np.int32)], 0, cv2.LINE_8, shift=4)


def leave_outlines(block: Array, scene: Print, rng: Random) -> None:
    """Lets a ridge of uneven width stand around everything."""
    press = noise(rng, 60, 2)
    for number in range(2, scene.count + 1):
        mask = cv2.GaussianBlur((scene.labels == number).astype(np.float32), (0, 0), 0.8)
        for outline in cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
            if len(outline) < 14:
                continue
            points = outline[:, 0].astype(np.float32)
            smooth = cv2.GaussianBlur(np.concatenate([points, points[:2]]), (1, 7), 1.2)
            at = np.rint(smooth * FINE).astype(np.int32)
            for (a, b), (x, y) in zip(pairwise(at), points.astype(int), strict=False):
                width = 1.5 + 0.7 * float(press[y, x])
                cv2.line(block, a.tolist(), b.tolist(), 255, max(2, round(width * FINE)))


def printed(block: Array, spot: Array, rng: Random) -> Array:
    """Two impressions on cream paper: the flat colour a little out of register, then black, pressed unevenly."""
    size = block.shape
    wood = cv2.GaussianBlur(block.astype(np.float32) / 255, (0, 0), 1.6) + 0.10 * noise(rng, 9, 3, size)
    stands = cv2.resize(np.clip((wood - 0.5) * 4 + 0.5, 0, 1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    y = np.mgrid[0:HEIGHT, 0:WIDTH][0].astype(np.float32)
    grain = 0.5 * noise(rng, 4, 2) + np.sin(y * 0.9 + 5 * noise(rng, 140, 3)) * 0.25
    black = stands * np.clip(0.99 - 0.05 * np.clip(noise(rng, 90, 3) + grain, 0, 1.2), 0, 1)
    shift = np.array([[1, 0, -2.0], [0, 1, 1.5]], np.float32)
    flat = cv2.warpAffine(spot.astype(np.float32), shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    flat = cv2.GaussianBlur(flat, (0, 0), 0.7) * np.clip(0.90 + 0.16 * grain + 0.08 * noise(rng, 50, 3), 0, 1)
    paper = np.asarray(PAPER, np.float32) * (1 + 0.012 * noise(rng, 6, 3) + 0.012 * noise(rng, 120, 2))[..., None]
    picture = paper * (1 - flat[..., None]) + paper * np.asarray(SPOT, np.float32) * flat[..., None]
    picture = picture * (1 - black[..., None]) + np.asarray(INK, np.float32) * black[..., None]
    return np.clip(picture, 0, 1).astype(np.float32)
