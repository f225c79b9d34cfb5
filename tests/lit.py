"""Known changes of light: gains in linear light by frame, and the lightness by which results are compared."""

from functools import cache

import cv2
import numpy as np

from propagate.arrays import Bytes, Floats


def decode(pixels: Bytes) -> Floats:
    """Linear light of sRGB: uint8 to float64, 0..1."""
    encoded = pixels.astype(np.float64) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encode(light: Floats) -> Bytes:
    """SRGB of linear light, clipped: uint8."""
    light = np.clip(light, 0, 1)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.floor(encoded * 255 + 0.5), np.uint8)


def lit(picture: Bytes, gain: float) -> Bytes:
    """A picture in ``gain`` times its light."""
    return picture if gain == 1 else _levels(gain)[picture]


@cache
def _levels(gain: float) -> Bytes:
    """Level of each level in ``gain`` times its light: uint8 (256,)."""
    return encode(decode(np.arange(256, dtype=np.uint8)) * gain)


def lightness(picture: Bytes) -> Floats:
    """L* of CIELAB, 0..100."""
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]


def _ramp(frame: int, start: int, frames: int) -> float:
    return float(np.clip((frame - start) / frames, 0, 1))


def _flicker(frame: int) -> float:
    return 1 + 0.2 * (2 * np.random.default_rng(frame).random() - 1)


# Gain by frame, counted from 0, of clips of 44 frames.
CHANGES = {
    "from black 12": lambda frame: _ramp(frame, 0, 12),
    "from black 24": lambda frame: _ramp(frame, 0, 24),
    "to black 12": lambda frame: _ramp(43 - frame, 0, 12),
    "to black 24": lambda frame: _ramp(43 - frame, 0, 24),
    "flash": lambda frame: 2.5 if frame in (20, 21) else 1.0,
    "lamp": _flicker,
    "drift": lambda frame: 0.5 ** _ramp(frame, 2, 40),
}
