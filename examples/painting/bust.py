"""The scene of the charcoal drawing: a plaster bust with drapery, a ball, a pear and a book on a table by a window."""

import cv2
import numpy as np

from painting.head import FACE_BOUND, HAIR_BOUND, face, hair
from painting.scene import Array, X, Y
from painting.sculpture import (
    Form,
    Modelled,
    carved,
    ellipsoid,
    fused,
    half_space,
    limb,
    modelled,
    placed,
    rotation,
    within,
)

LAMP = (-0.75, -0.62, 0.52)
AT = (352.0, 176.0, 20.0)
SIZE = 112.0


def bust() -> tuple[Modelled, Array]:
    """Models it, and the direction of the hand over it, (H, W)."""
    turn = rotation(-0.52, 0.16, 0.07)
    forms = [
        placed(face(), AT, SIZE, turn, FACE_BOUND),
        placed(hair, AT, SIZE, turn, HAIR_BOUND),
        _shoulders(),
        _table(),
        _wall(),
        ellipsoid((118, 380, 70), (46, 46, 46)),
        _pear(),
        _book(),
    ]
    model = modelled(forms, LAMP, 90)
    return model, _hand(model)


def _shoulders() -> Form:
    """A chest cut off below, with folds of cloth from one shoulder across it, on a round foot."""
    chest = fused(
        30,
        limb((250, 372, -20), (436, 366, -30), 38, 44),
        ellipsoid((345, 390, -4), (96, 62, 52)),
        limb((346, 286, 2), (340, 350, -16), 33, 44),
    )
    chest = carved(chest, half_space((0.1, -1, 0), -448), 14)
    foot = fused(8, limb((345, 430, -10), (345, 462, -10), 26, 30), ellipsoid((345, 474, -10), (56, 14, 40)))
    cloth = fused(24, limb((432, 340, -20), (290, 420, 26), 40, 38), limb((440, 350, -26), (430, 440, -20), 38, 34))

    def folds(points: Array) -> Array:
        across = 0.55 * points[:, 0] + 0.85 * points[:, 1] + 10 * np.sin(points[:, 0] / 40)
        wave = np.sin(across / 6.2 + 1.2 * np.sin(points[:, 0] / 23)) + 0.6 * np.sin(across / 3.4 + 1)
        return cloth(points) - np.float32(3.4) * wave

    return within(fused(6, chest, folds, foot), (345, 385, -10), 160)


def _table() -> Form:
    return half_space((0, -0.93, 0.38), -392)


def _wall() -> Form:
    return half_space((0, 0, 1), -150)


def _pear() -> Form:
    body = fused(26, ellipsoid((212, 412, 96), (34, 32, 32)), ellipsoid((222, 372, 96), (18, 24, 18)))
    return fused(3, body, limb((224, 352, 96), (232, 332, 98), 2.2, 2.6))


def _book() -> Form:
    def box(points: Array) -> Array:
        own = (points - np.array([524, 408, 60], np.float32)) @ rotation(0.45, -0.38, 0.0)
        outside = np.abs(own) - np.array([84, 15, 52], np.float32)
        return np.sqrt((np.maximum(outside, 0) ** 2).sum(-1)) + np.minimum(outside.max(-1), 0) - 2

    return box


def _hand(model: Modelled) -> Array:
    """Across the form where it turns away, and slanting where it is flat."""
    nx, ny = (cv2.GaussianBlur(model.normals[..., k], (0, 0), 3.0) for k in (0, 1))
    flat = np.exp(-((nx**2 + ny**2) / 0.05))
    around = np.arctan2(ny, nx) + np.pi / 2
    slant = np.float32(-0.95) + 0.10 * np.sin(X / 90) + 0.0 * Y
    c = np.cos(2 * around) * (1 - flat) + np.cos(2 * slant) * flat
    s = np.sin(2 * around) * (1 - flat) + np.sin(2 * slant) * flat
    angle = 0.5 * np.arctan2(cv2.GaussianBlur(s, (0, 0), 4), cv2.GaussianBlur(c, (0, 0), 4))
    background = np.isin(model.which, (3, 4))
    return np.where(background, slant, angle).astype(np.float32)
