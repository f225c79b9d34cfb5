"""The scene of the coloured pencil drawing: a woman in a straw hat and a red scarf, with peaches and leaves."""

from dataclasses import dataclass

import cv2
import numpy as np

from painting.head import FACE_BOUND, HAIR_BOUND, face, hair
from painting.scene import HEIGHT, WIDTH, Array, Colour, Stops, X, Y, noise, ramp
from painting.sculpture import (
    Form,
    Modelled,
    ellipsoid,
    fused,
    limb,
    local,
    modelled,
    placed,
    rotation,
)

LAMP = (0.60, -0.26, 0.74)
AT = (290.0, 214.0, 30.0)
SIZE = 122.0
TURN = rotation(0.50, 0.13, -0.09)

SKIN: Stops = [
    (0.0, (0.34, 0.13, 0.13)),
    (0.20, (0.62, 0.33, 0.27)),
    (0.45, (0.92, 0.66, 0.53)),
    (0.70, (0.99, 0.84, 0.72)),
    (1.0, (1.0, 0.95, 0.88)),
]
HAIR: Stops = [
    (0.0, (0.10, 0.05, 0.08)),
    (0.3, (0.42, 0.19, 0.11)),
    (0.6, (0.72, 0.40, 0.20)),
    (1.0, (0.95, 0.72, 0.45)),
]
STRAW: Stops = [
    (0.0, (0.38, 0.22, 0.12)),
    (0.35, (0.72, 0.50, 0.20)),
    (0.7, (0.95, 0.80, 0.42)),
    (1.0, (1.0, 0.97, 0.78)),
]
BAND: Stops = [(0.0, (0.06, 0.08, 0.22)), (0.5, (0.16, 0.24, 0.56)), (1.0, (0.55, 0.66, 0.90))]
SCARF: Stops = [
    (0.0, (0.26, 0.02, 0.08)),
    (0.35, (0.62, 0.07, 0.12)),
    (0.7, (0.90, 0.24, 0.18)),
    (1.0, (1.0, 0.66, 0.54)),
]
BLOUSE: Stops = [
    (0.0, (0.05, 0.16, 0.26)),
    (0.4, (0.14, 0.42, 0.52)),
    (0.75, (0.50, 0.76, 0.76)),
    (1.0, (0.95, 0.99, 0.97)),
]
PEACH: Stops = [
    (0.0, (0.36, 0.08, 0.14)),
    (0.4, (0.84, 0.28, 0.20)),
    (0.7, (0.98, 0.66, 0.30)),
    (1.0, (1.0, 0.93, 0.68)),
]
LEAF: Stops = [
    (0.0, (0.04, 0.16, 0.12)),
    (0.4, (0.18, 0.42, 0.18)),
    (0.75, (0.52, 0.70, 0.26)),
    (1.0, (0.92, 0.95, 0.66)),
]
STOPS = (SKIN, HAIR, STRAW, BAND, SCARF, BLOUSE, PEACH, PEACH, PEACH)


@dataclass(frozen=True)
class Sitting:
    """colour: (H, W, 3), white where nothing is drawn. hand, labels: (H, W). detail: 0..1, 1 for the finest lines."""

    colour: Array
    hand: Array
    labels: Array
    detail: Array


def sitter() -> Sitting:
    """Composes it."""
    rng = np.random.Generator(np.random.PCG64(52))
    model = modelled(
        [
            placed(face(), AT, SIZE, TURN, FACE_BOUND),
            placed(hair, AT, SIZE, TURN, HAIR_BOUND),
            _hat(),
            _band(),
            _scarf(),
            _blouse(),
            ellipsoid((506, 424, 80), (44, 41, 42)),
            ellipsoid((584, 436, 60), (40, 38, 40)),
            ellipsoid((552, 380, 30), (38, 36, 38)),
        ],
        LAMP,
        80,
    )
    lit = np.clip(model.lit(0.36) * 1.12, 0, 1)
    lit = np.where(model.which == 0, np.clip(0.10 + 1.02 * model.lit(0.46), 0, 1), lit)
    colour = np.ones((HEIGHT, WIDTH, 3), np.float32)
    for number, stops in enumerate(STOPS):
        colour = np.where((model.which == number)[..., None], ramp(lit, stops), colour)
    colour = _features(colour, model)
    labels, hand = model.which + 1, _hand(model)
    colour, labels, hand = _leaves(colour, labels, hand, rng)
    colour = _air(colour, labels, rng)
    detail = np.clip(1.25 - np.hypot((X - 330) / 120, (Y - 230) / 130), 0, 1)
    return Sitting(np.clip(colour, 0, 1).astype(np.float32), hand, labels, detail.astype(np.float32))


def _hat() -> Form:
    def shape(points: Array) -> Array:
        crown = ellipsoid((0, 0.92, -0.22), (0.70, 0.52, 0.82))(points)
        radius = np.hypot(points[:, 0] / 1.42, (points[:, 2] + 0.14) / 1.52)
        height = 0.66 - 0.22 * points[:, 0] ** 2 * 0.7 + 0.10 * points[:, 2] * 0.6 - 0.02 * np.sin(3 * points[:, 0])
        brim = np.maximum(np.abs(points[:, 1] - height) - 0.022, (radius - 1) * 1.2)
        weave = 0.006 * np.sin(46 * radius) + 0.004 * np.sin(40 * points[:, 1])
        return np.minimum(np.maximum(crown, 0.60 - points[:, 1]), brim * 0.8) + weave

    return placed(shape, AT, SIZE, TURN, ((0, 0.7, -0.1), 1.75))


def _band() -> Form:
    def shape(points: Array) -> Array:
        ring = ellipsoid((0, 0.92, -0.22), (0.725, 0.54, 0.845))(points)
        return np.maximum(ring, np.abs(points[:, 1] - 0.82) - 0.10) * 0.8

    return placed(shape, AT, SIZE, TURN, ((0, 0.8, -0.2), 1.0))


def _scarf() -> Form:
    ring = fused(
        16,
        limb((232, 372, 0), (310, 398, 60), 26, 30),
        limb((310, 398, 60), (376, 360, 20), 30, 26),
        limb((318, 400, 66), (344, 470, 70), 22, 30),
        limb((310, 400, 66), (286, 480, 60), 20, 34),
        ellipsoid((316, 398, 78), (24, 22, 20)),
    )

    def folds(points: Array) -> Array:
        along = 0.9 * points[:, 0] * np.where(points[:, 1] > 410, 1.0, 0.30) + 0.85 * points[:, 1] * (
            points[:, 1] < 410
        )
        return ring(points) - np.float32(2.2) * np.sin(along / 4.6 + np.sin(points[:, 0] / 17))

    return folds


def _blouse() -> Form:
    body = fused(
        40,
        limb((150, 452, -20), (300, 412, -30), 58, 60),
        limb((300, 412, -30), (452, 462, -20), 60, 52),
        limb((150, 452, -20), (120, 560, -10), 56, 60),
        limb((452, 462, -20), (470, 560, -10), 50, 54),
        ellipsoid((300, 500, 0), (150, 100, 60)),
    )

    def folds(points: Array) -> Array:
        wave = np.sin((points[:, 0] - 0.5 * points[:, 1]) / 15 + 1.4 * np.sin(points[:, 1] / 26))
        return body(points) - np.float32(2.6) * wave

    return folds


def _features(colour: Array, model: Modelled) -> Array:
    """Blush, lips, brows and lashes over the face."""
    own = local(model.points, AT, SIZE, TURN)
    side, up, front = np.abs(own[..., 0]), own[..., 1], own[..., 2]
    skin = (model.which == 0) * (front > 0.1)

    def spot(x: float, y: float, wide: float, high: float) -> Array:
        return np.exp(-(((side - x) / wide) ** 2) - ((up - y) / high) ** 2) * skin

    def tint(strength: Array, by: Colour) -> None:
        nonlocal colour
        colour = colour * (1 - strength[..., None] * (1 - np.asarray(by, np.float32)))

    tint(0.55 * spot(0.33, -0.22, 0.16, 0.13), (1.0, 0.62, 0.58))
    tint(0.45 * spot(0.0, -0.24, 0.09, 0.08), (1.0, 0.66, 0.60))
    tint(0.8 * spot(0.055, -0.335, 0.035, 0.022), (0.45, 0.20, 0.18))
    tint(0.5 * spot(0.0, -0.365, 0.10, 0.035), (0.78, 0.52, 0.46))
    tint(0.55 * spot(0.135, -0.27, 0.018, 0.06), (0.66, 0.36, 0.30))
    tint(0.45 * spot(0.0, -0.63, 0.12, 0.03), (0.80, 0.54, 0.46))
    lips = np.clip(1.6 - np.hypot(side / 0.19, (up + 0.51) / 0.085) * 1.6, 0, 1) * skin
    tint(np.clip(lips * 1.8, 0, 1), (0.92, 0.46, 0.46))
    tint(np.exp(-(((up + 0.510) / 0.016) ** 2)) * (side < 0.20) * skin, (0.42, 0.14, 0.16))
    arch = 0.185 - 0.9 * (side - 0.26) ** 2 - 0.10 * np.clip(side - 0.3, 0, 1)
    brow = np.exp(-(((up - arch) / 0.034) ** 2)) * (side > 0.085) * (side < 0.44) * skin
    tint(0.85 * brow, (0.36, 0.22, 0.18))
    lash = np.exp(-(((up + 0.052 - 0.55 * (side - 0.235) ** 2 - 0.06 * (side - 0.235)) / 0.020) ** 2))
    tint(lash * (side > 0.095) * (side < 0.40) * skin, (0.20, 0.10, 0.10))
    crease = np.exp(-(((up - 0.085 + 1.6 * (side - 0.235) ** 2) / 0.016) ** 2)) * (side > 0.11) * (side < 0.37) * skin
    tint(0.5 * crease, (0.62, 0.36, 0.32))
    return colour


def _hand(model: Modelled) -> Array:
    """Around each form, and slanting as a right hand does where the form is flat."""
    nx, ny = (cv2.GaussianBlur(model.normals[..., k], (0, 0), 4.0) for k in (0, 1))
    flat = np.exp(-((nx**2 + ny**2) / np.where(model.which == 0, 0.9, 0.12)))
    around = np.arctan2(ny, nx) + np.pi / 2
    slant = np.where(model.which == 0, np.float32(-0.75), np.float32(-0.95))
    c = np.cos(2 * around) * (1 - flat) + np.cos(2 * slant) * flat
    s = np.sin(2 * around) * (1 - flat) + np.sin(2 * slant) * flat
    angle = 0.5 * np.arctan2(cv2.GaussianBlur(s, (0, 0), 6), cv2.GaussianBlur(c, (0, 0), 6))
    return np.where(model.which < 0, np.float32(-0.9), angle).astype(np.float32)


def _leaves(colour: Array, labels: Array, hand: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """A few large leaves behind the peaches and a sprig at the left, each with a vein and two halves."""
    free = labels == 0
    for number, (x, y, length, turn) in enumerate(
        [
            (606, 372, 84, -2.2), (470, 392, 70, -2.55), (520, 352, 78, -1.75), (600, 330, 70, -1.2),
            (452, 440, 60, 2.9), (40, 330, 92, -1.2), (70, 372, 100, -0.35), (30, 402, 84, -2.2),
            (84, 424, 90, 0.25), (36, 446, 80, 0.9), (64, 300, 66, -1.9),
        ]
    ):  # fmt: skip
        ahead = (X - x) * np.cos(turn) + (Y - y) * np.sin(turn)
        place = np.clip(ahead / length, 0, 1)
        across = -(X - x) * np.sin(turn) + (Y - y) * np.cos(turn) - 0.10 * length * np.sin(np.pi * place)
        half = 0.24 * length * np.sin(np.pi * place**0.8)
        mask = (np.abs(across) < half) & (ahead > 0) & (ahead < length) & free
        lit = 0.56 + 0.34 * np.where(across > 0, -1, 1) * np.cos(turn + 0.6) + 0.12 * rng.standard_normal()
        lit = lit + 0.20 * np.abs(across) / np.maximum(half, 1) - 0.9 * np.exp(-((across / 1.3) ** 2))
        ribs = 0.10 * np.sin((ahead - np.abs(across) * 1.2) / 3.4)
        colour = np.where(mask[..., None], ramp(np.clip(lit + ribs, 0, 1), LEAF), colour)
        labels = np.where(mask, 20 + 2 * number + (across > 0), labels)
        hand = np.where(mask, turn + np.where(across > 0, 0.7, -0.7), hand)
    return colour, labels.astype(np.int32), hand.astype(np.float32)


def _air(colour: Array, labels: Array, rng: np.random.Generator) -> Array:
    """A loose sky, ochre to blue, over a green field behind the figure; both fade into white paper."""
    far = np.hypot((X - 300) / 330, (Y - 230) / 300) + 0.20 * noise(rng, 90, 3)
    amount = np.clip(2.0 - 2.0 * far, 0, 0.72) * (labels == 0)
    across = np.clip((X - 170) / 300 + 0.2 * noise(rng, 120, 2), 0, 1)
    sky = ramp(
        across,
        [(0, (0.98, 0.82, 0.52)), (0.35, (0.90, 0.86, 0.66)), (0.6, (0.62, 0.78, 0.84)), (1, (0.34, 0.54, 0.80))],
    )
    field = ramp(across, [(0, (0.66, 0.74, 0.36)), (0.5, (0.44, 0.62, 0.36)), (1, (0.24, 0.46, 0.40))])
    low = np.clip((Y - 286 + 24 * noise(rng, 120, 3)) / 26, 0, 1)[..., None]
    tint = sky * (1 - low) + field * low
    shade = np.clip(1 - np.hypot((X - 545) / 110, (Y - 474) / 26), 0, 1)[..., None] * (labels == 0)[..., None]
    colour = colour * (1 - amount[..., None]) + tint * amount[..., None]
    return colour * (1 - shade) + np.array([0.40, 0.38, 0.52], np.float32) * shade
