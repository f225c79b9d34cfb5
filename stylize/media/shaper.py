"""Shaper: an invertible curve from scene-linear light, 0 to a given maximum, to display-encoded values, 0 to 1.

With u = light * 2^stops, a value is the sRGB curve of u up to 0.8. Above, it goes on with the same slope s and a
logarithm, 0.8 + b ln(1 + s (u - k) / b), where k is the light that sRGB encodes as 0.8, and b is such that `white` is
encoded as 1. Mid-tones thus have the values of a display, and highlights keep equal steps per stop. Negative light is
encoded as 0, and light above `white` as 1.
"""

import math
from functools import cache

import numpy as np

from propagate.arrays import Floats, Pixels

# Encoded value from which the curve is logarithmic.
KNEE = 0.8
_KNEE_LIGHT = ((KNEE + 0.055) / 1.055) ** 2.4
_SLOPE = 1.055 / 2.4 * _KNEE_LIGHT ** (1 / 2.4 - 1)
_CODES = 65536
_BISECTIONS = 60


def encode(light: Floats, stops: float, white: float) -> Floats:
    """Encode light: float32 of the same shape, in [0, 1].

    stops: exposure in stops. white: exposed light, 1 or more, that is encoded as 1.
    """
    exposed = np.clip(light * np.float32(2.0**stops), 0, np.float32(white))
    scale = np.float32(_scale(white))
    toe = exposed * np.float32(12.92)
    power = np.float32(1.055) * np.power(np.maximum(exposed, 0.0031308), np.float32(1 / 2.4)) - np.float32(0.055)
    beyond = np.maximum(exposed - np.float32(_KNEE_LIGHT), 0) * (np.float32(_SLOPE) / scale)
    shoulder = np.float32(KNEE) + scale * np.log1p(beyond)
    curve = np.where(exposed <= 0.0031308, toe, np.where(exposed <= np.float32(_KNEE_LIGHT), power, shoulder))
    return np.asarray(np.clip(curve, 0, 1), np.float32)


def decode(values: Pixels, stops: float, white: float) -> Floats:
    """Return the light of encoded values, uint16 of any shape: float32 of the same shape."""
    return _light_of_codes(stops, white)[values]


@cache
def _light_of_codes(stops: float, white: float) -> Floats:
    codes = np.arange(_CODES, dtype=np.float64) / (_CODES - 1)
    scale = _scale(white)
    low = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    high = _KNEE_LIGHT + scale / _SLOPE * np.expm1(np.maximum(codes - KNEE, 0) / scale)
    light = np.where(codes <= KNEE, low, np.minimum(high, white))
    return np.asarray(light * 2.0**-stops, np.float32)


@cache
def _scale(white: float) -> float:
    """Return b of the logarithm, by bisection: the encoded value of `white` increases with it."""
    low, high = 1e-6, 1e3
    for _ in range(_BISECTIONS):
        middle = math.sqrt(low * high)
        reached = KNEE + middle * math.log1p(_SLOPE * (white - _KNEE_LIGHT) / middle)
        low, high = (middle, high) if reached < 1 else (low, middle)
    return low
