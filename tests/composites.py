"""Composites with known alpha over real footage: the true matte of every pixel of every frame.

A textured foreground with a soft-edged shape moves over frames of the example shot, composited as an artist would do
it. The alpha used for compositing is the truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from propagate.arrays import Bytes, Floats
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames

SIZE = (384, 216)
EXAMPLE = Path(__file__).parent.parent / "examples" / "bunny.mp4"
# Sub-frames per exposure, and grain in 8-bit levels.
EXPOSURES, GRAIN = 8, 1.5
# Side of the foreground's square in pixels, and its centre.
CARD = 240
MIDDLE = CARD / 2


@dataclass(frozen=True)
class Composite:
    """A clip with its truth.

    frames: uint8 (H, W, 3). alphas: float32 (H, W) in [0, 1], the truth. clean: the backgrounds. foreground: float32
    (H, W, 3) in 0..255, the colour of the foreground of each frame, where its alpha is not 0.
    """

    frames: list[Bytes]
    alphas: list[Floats]
    clean: list[Bytes]
    foreground: list[Floats]


@dataclass(frozen=True)
class Motion:
    """Pose of a foreground at a time: move (pixels), turn (degrees), scale, bend (amplitude of a wave in pixels)."""

    move: Callable[[float], tuple[float, float]]
    turn: Callable[[float], float] = lambda t: 0.0
    scale: Callable[[float], float] = lambda t: 1.0
    bend: Callable[[float], float] = lambda t: 0.0


@cache
def footage(size: tuple[int, int] = SIZE) -> tuple[Bytes, ...]:
    """Frames of the example shot, uint8 (H, W, 3)."""
    return tuple(cv2.resize(p[..., :3], size, interpolation=cv2.INTER_AREA) for _, p in read_frames(open_shot(EXAMPLE)))


@cache
def skin(seed: int) -> Floats:
    """Texture of a foreground, float32 (CARD, CARD, 3), 0..255: a piece of the example in other colours."""
    draw = np.random.default_rng(seed)
    piece = footage((640, 360))[int(draw.integers(0, 48))]
    x, y = int(draw.integers(0, 640 - CARD)), int(draw.integers(0, 360 - CARD))
    cut = piece[y : y + CARD, x : x + CARD][..., draw.permutation(3)].astype(np.float32)
    return np.clip((cut - cut.mean()) * 1.4 + draw.uniform(70, 190, 3).astype(np.float32), 0, 255).astype(np.float32)


def body() -> Floats:
    """A figure with head, arms and legs: float32 (CARD, CARD), anti-aliased."""
    canvas = np.zeros((4 * CARD, 4 * CARD), np.uint8)
    for centre, axes, turned in (
        ((480, 250), (110, 130), 0), ((480, 520), (150, 200), 0), ((300, 470), (50, 170), 35),
        ((660, 470), (50, 170), -35), ((410, 760), (55, 150), 6), ((560, 760), (55, 150), -6),
    ):  # fmt: skip
        cv2.ellipse(canvas, centre, axes, turned, 0, 360, 255, -1)
    return _shrunk(canvas)


def hairy() -> Floats:
    """The figure with fine strands around its head and shoulders."""
    draw = np.random.default_rng(7)
    canvas = np.asarray(cv2.resize(body(), (4 * CARD, 4 * CARD)) * 255, np.uint8)
    for _ in range(170):
        angle = draw.uniform(-np.pi, 0)
        start = np.array([480 + 105 * np.cos(angle), 250 + 125 * np.sin(angle)])
        bend = draw.uniform(-0.7, 0.7)
        steps = np.linspace(0, draw.uniform(40, 110), 8)[:, None]
        turned = angle + bend * steps / 100
        line = start + steps * np.concatenate([np.cos(turned), np.sin(turned)], axis=1)
        cv2.polylines(canvas, [np.rint(line).astype(np.int32)], False, 255, int(draw.integers(2, 6)), cv2.LINE_AA)
    return _shrunk(canvas)


def _shrunk(canvas: Bytes) -> Floats:
    return np.asarray(cv2.resize(canvas, (CARD, CARD), interpolation=cv2.INTER_AREA), np.float32) / 255


def _placed(card: Floats, motion: Motion, t: float, size: tuple[int, int]) -> Floats:
    """The card as placed in the frame at time t."""
    width, height = size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    move, turn, scale = motion.move(t), np.deg2rad(motion.turn(t)), motion.scale(t) * height / 216
    x, y = (xs - move[0]) / scale, (ys - move[1]) / scale
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    u = u - motion.bend(t) * np.sin(v / 26)
    return np.asarray(
        cv2.remap(card, (u + MIDDLE).astype(np.float32), (v + MIDDLE).astype(np.float32), cv2.INTER_LINEAR)
    )


def compose(
    shape: Floats, motion: Motion, count: int, *, seed: int = 1, exposure: float = 0.0,
    occluder: Callable[[float], float] | None = None, ground: Sequence[Bytes] | None = None,
    size: tuple[int, int] = SIZE,
) -> Composite:  # fmt: skip
    """Composite a foreground of this shape and motion over the footage, or over ``ground``.

    exposure: share of a frame's time that the shutter is open. occluder: left edge, in pixels, of a post of the
    picture's height in front of the foreground.
    """
    behind = list(ground or footage(size))[:count]
    card = np.dstack([skin(seed) * shape[..., None], shape])
    noise = np.random.default_rng(seed)
    post = cv2.resize(skin(seed + 50), (40, size[1]))
    made = Composite([], [], behind, [])
    for t in range(count):
        times = t + np.linspace(-0.5, 0.5, EXPOSURES) * exposure if exposure else [float(t)]
        laid = np.mean([_placed(card, motion, time, size) for time in times], axis=0)
        alpha, colour = np.clip(laid[..., 3], 0, 1), laid[..., :3]
        picture = colour + (1 - alpha[..., None]) * behind[t]
        made.foreground.append(np.where(alpha[..., None] > 0, colour / np.maximum(alpha[..., None], 1e-6), 0))
        if occluder is not None:
            left = int(occluder(t))
            first, last = max(left, 0), min(left + 40, size[0])
            if first < last:
                picture[:, first:last] = post[:, first - left : last - left]
                alpha[:, first:last] = 0
        grain = noise.normal(0, GRAIN, picture.shape)
        made.frames.append(np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8))
        made.alphas.append(alpha.astype(np.float32))
    return made


def _wave(size: float, period: float, phase: float = 0.0) -> Callable[[float], float]:
    return lambda t: size * float(np.sin(2 * np.pi * t / period + phase))


# The cases: the difficulty of each, and a function that makes a clip of so many frames.
CASES: dict[str, Callable[[int], Composite]] = {
    "moving": lambda n: compose(body(), Motion(lambda t: (120 + 3.2 * t, 110 + 6 * np.sin(t / 4))), n, seed=1),
    "rotating": lambda n: compose(body(), Motion(lambda t: (190, 108), turn=lambda t: 2.2 * t), n, seed=2),
    "deforming": lambda n: compose(
        body(), Motion(lambda t: (150 + 1.5 * t, 108), bend=_wave(9, 17), scale=lambda t: 1 + 0.003 * t), n, seed=3
    ),
    "hair": lambda n: compose(hairy(), Motion(lambda t: (170 + 1.2 * t, 118), turn=_wave(7, 25)), n, seed=4),
    "blur": lambda n: compose(body(), Motion(lambda t: (190 + 95 * np.sin(t / 9), 110)), n, seed=5, exposure=0.6),
    "occluder": lambda n: compose(
        body(), Motion(lambda t: (160 + 1.0 * t, 110)), n, seed=6, occluder=lambda t: 380 - 9.0 * (t - 4)
    ),
}


def reduced(case: Composite, scale: float) -> Composite:
    """The clip and its truth at another scale, at most 1."""
    parts = (case.frames, case.alphas, case.clean, case.foreground)
    return Composite(
        *([cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for one in part] for part in parts)
    )


def iou(found: Floats, truth: Floats) -> float:
    """Intersection over union of the areas where alpha exceeds one half."""
    one, other = found > 0.5, truth > 0.5
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 1.0


def dtssd(found: Sequence[Floats], truth: Sequence[Floats]) -> float:
    """Flicker: root mean squared difference of change from frame to frame (Erofeev et al., BMVC 2015), in 1/100."""
    apart = [((a - b) - (c - d)) ** 2 for a, b, c, d in zip(found[1:], found, truth[1:], truth, strict=False)]
    return float(100 * np.mean([np.sqrt(np.mean(one)) for one in apart]))
