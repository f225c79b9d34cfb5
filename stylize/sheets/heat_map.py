"""Heat map colours: values as a perceptually uniform map from dark blue to light yellow.

The map is a straight line in Oklab (Björn Ottosson, 2020): equal steps of the value look equally large, lightness rises
throughout, and hue differs along blue and yellow only, which colour-blind people distinguish. It also reads in grey.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, Bytes, Floats

# Oklab lightness, green-red and blue-yellow of the lowest and of the highest value; the line stays within sRGB.
_LOW, _HIGH = (0.26, -0.01, -0.09), (0.93, -0.015, 0.12)
_STEPS = 256
_TO_CONE_ROOTS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@lru_cache(1)
def heat_colours() -> Bytes:
    """Return the colours of the map, from the lowest to the highest value: RGB, uint8 (256, 3)."""
    share = np.linspace(0, 1, _STEPS)[:, None]
    lab: NDArray[np.float64] = np.array(_LOW) * (1 - share) + np.array(_HIGH) * share
    # Sums in a fixed order, rather than a matrix product, give the same bits with any library.
    linear = _product(_product(lab, _TO_CONE_ROOTS) ** 3, _TO_LINEAR)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colours = (encoded * 255 + 0.5).astype(np.uint8)
    colours.setflags(write=False)
    return colours


def heat_map(values: Floats, top: float) -> Bytes:
    """Return values as colours: RGB, uint8 (H, W, 3).

    values: float32 (H, W). top: value of the lightest colour, above 0.
    """
    steps = np.clip(values * F32((_STEPS - 1) / top) + F32(0.5), 0, _STEPS - 1).astype(np.uint8)
    return heat_colours()[steps]


def heat_over(picture: Bytes, values: Floats, top: float) -> Bytes:
    """Return the heat map, modulated by the luma of a picture so that its contents can be located.

    picture: RGB, uint8 (H, W, 3). values: float32 (H, W). top: value of the lightest colour, > 0.
    """
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(F32)[..., None] / F32(255)
    return (heat_map(values, top) * (F32(0.7) + F32(0.3) * luma) + F32(0.5)).astype(np.uint8)


def round_top(value: float) -> float:
    """Return the smallest of 0.01, 0.02, 0.05, 0.1, 0.2, 0.5 and 1 that is at least ``value``; 1 above 1."""
    return next((top for top in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if value <= top), 1.0)


def _product(rows: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([sum(rows[:, j] * line[j] for j in range(3)) for line in matrix], axis=1)
