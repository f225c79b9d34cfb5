"""Linear light and display-encoded values (sRGB, IEC 61966-2-1), with alpha straight or multiplied in."""

from functools import cache

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media.colour import Colour, from_rec709
from stylize.media.images.bit_depth import quantise, to_float


def encode_srgb(linear: Floats) -> Floats:
    """Linear light, 0 or more -> sRGB-encoded, of the same shape."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.power(np.maximum(linear, 0.0031308), np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def in_primaries(pixels: Pixels, colour: Colour) -> Pixels:
    """uint8 or uint16 (H, W, 3), display-encoded in Rec. 709 -> the same colours in the primaries of `colour`."""
    if colour.is_usual:
        return pixels
    linear = from_rec709(linear_light(pixels.dtype.name)[pixels], colour)
    return quantise(encode_srgb(np.clip(linear, 0, 1)), pixels.dtype)


@cache
def linear_light(dtype: str) -> Floats:
    """Linear light for every code value of uint8 or uint16."""
    top = np.iinfo(np.dtype(dtype)).max
    encoded = np.arange(top + 1, dtype=np.float64) / top
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode_linear(pixels: Floats, straight: bool) -> Pixels:
    """Linear light (H, W, 3 or 4) -> uint16 of that shape, display-encoded, clipped; alpha comes out straight."""
    colour = pixels[..., :3]
    if pixels.shape[2] == 3:
        return quantise(encode_srgb(np.clip(colour, 0, 1)), np.uint16)
    alpha = np.clip(pixels[..., 3:], 0, 1)
    if not straight:
        colour = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    encoded = encode_srgb(np.clip(colour, 0, 1))
    return quantise(np.concatenate([encoded, alpha], axis=2), np.uint16)


def unpremultiplied(pixels: Pixels, straight: bool) -> Pixels:
    """Integers with straight alpha; a TIFF may say that its colour is premultiplied."""
    if straight or pixels.shape[2] == 3:
        return pixels
    floats = to_float(pixels)
    colour, alpha = floats[..., :3], floats[..., 3:]
    floats[..., :3] = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    return quantise(floats, pixels.dtype)


def premultiplied_linear(pixels: Pixels) -> Floats:
    """uint8 or uint16 (H, W, C), display-encoded, alpha straight -> float32 linear light, alpha multiplied in."""
    linear = linear_light(pixels.dtype.name)[pixels]
    if pixels.shape[2] == 4:
        alpha = to_float(pixels[..., 3:])
        linear = np.concatenate([linear[..., :3] * alpha, alpha], axis=2)
    return linear
