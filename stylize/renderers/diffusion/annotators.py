"""ControlNet pictures computed from the plate without model weights: edges, line drawings, tiles, shuffles.

The formulas and thresholds are those of controlnet_aux, which the ControlNets were trained with.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats

# Low and high hysteresis thresholds of Canny, in grey levels.
CANNY = (100, 200)
# Sigma of the blur that lines are compared with, in pixels; minimum grey levels of a line; minimum contrast, mapped to
# 127.
LINE_WIDTH, LINE_LEVEL, LINE_CONTRAST = 6.0, 8, 16.0
# Wavelength of the field that shuffles contents, in pixels.
SHUFFLE = 256


def canny(plate: Floats, seed: int) -> Floats:
    """Return the Canny edges of a picture, white on black."""
    found = cv2.Canny(_bytes(plate), *CANNY)
    return _grey(found.astype(F32) / F32(255))


def lineart(plate: Floats, seed: int) -> Floats:
    """Draw areas darker than their surroundings in white on black: controlnet_aux's standard line drawing."""
    picture = np.rint(np.clip(plate, 0, 1) * 255).astype(F32)
    darker = np.clip(np.min(cv2.GaussianBlur(picture, (0, 0), LINE_WIDTH) - picture, axis=2), 0, 255)
    lines = darker[darker > LINE_LEVEL]
    contrast = max(LINE_CONTRAST, float(np.median(lines))) if lines.size else LINE_CONTRAST
    return _grey(np.clip(darker / F32(contrast) * F32(127 / 255), 0, 1).astype(F32))


def tile(plate: Floats, seed: int) -> Floats:
    """Return the plate itself: the net keeps everything in place and adds detail."""
    return plate


def shuffle(plate: Floats, seed: int) -> Floats:
    """Warp the plate by smooth noise, which depends on the seed, so that colours remain but shapes do not."""
    height, width = plate.shape[:2]
    rng = np.random.default_rng(seed)
    x, y = (_waves(height, width, rng) * F32(side - 1) for side in (width, height))
    return np.asarray(cv2.remap(plate, x, y, cv2.INTER_LINEAR), F32)


ANNOTATORS: Mapping[str, Callable[[Floats, int], Floats]] = MappingProxyType(
    {"canny": canny, "lineart": lineart, "tile": tile, "shuffle": shuffle}
)


def _waves(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Return smooth noise that spans 0..1, float32 (H, W)."""
    noise = rng.random((height // SHUFFLE + 3, width // SHUFFLE + 3), np.float32)
    high, wide = noise.shape
    large = cv2.resize(noise, (wide * SHUFFLE, high * SHUFFLE), interpolation=cv2.INTER_CUBIC)
    part = large[SHUFFLE // 2 : SHUFFLE // 2 + height, SHUFFLE // 2 : SHUFFLE // 2 + width]
    low, top = float(part.min()), float(part.max())
    return np.ascontiguousarray((part - F32(low)) / F32(max(top - low, 1e-6)), F32)


def _bytes(picture: Floats) -> Bytes:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _grey(picture: Floats) -> Floats:
    return np.repeat(picture[..., None], 3, axis=2)
