"""sRGB transfer function (IEC 61966-2-1) and alpha premultiplication, for conversion to and from file formats."""

from functools import cache

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media.colour import Colour, matrix_product, primaries_matrix
from stylize.media.images.bit_depth import quantise, to_float


def encode_srgb(linear: Floats) -> Floats:
    """Encode linear light, 0 or more, with the sRGB curve: float32 of the same shape."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.power(np.maximum(linear, 0.0031308), np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


@cache
def linear_light(dtype: str) -> Floats:
    """Return the linear light of all sRGB code values of uint8 or uint16: float32 (256,) or (65536,)."""
    top = np.iinfo(np.dtype(dtype)).max
    encoded = np.arange(top + 1, dtype=np.float64) / top
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def convert_primaries(pixels: Pixels, source: Colour, target: Colour) -> Pixels:
    """Convert display-encoded RGB, uint8 or uint16 (H, W, 3), from the primaries of `source` to those of `target`."""
    if source.primaries == target.primaries:
        return pixels
    linear = linear_light(pixels.dtype.name)[pixels]
    converted = matrix_product(linear, primaries_matrix(source, target))
    return quantise(encode_srgb(np.clip(converted, 0, 1)), pixels.dtype)


def encode_linear(pixels: Floats, straight: bool) -> Pixels:
    """Encode linear RGB(A) (H, W, 3 or 4) as sRGB: uint16 of the same shape, clipped to [0, 1], straight alpha.

    straight: True if the alpha of `pixels` is straight, False if it is premultiplied.
    """
    colour = pixels[..., :3]
    if pixels.shape[2] == 3:
        return quantise(encode_srgb(np.clip(colour, 0, 1)), np.uint16)
    alpha = np.clip(pixels[..., 3:], 0, 1)
    if not straight:
        colour = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    encoded = encode_srgb(np.clip(colour, 0, 1))
    return quantise(np.concatenate([encoded, alpha], axis=2), np.uint16)


def unpremultiply(pixels: Pixels, straight: bool) -> Pixels:
    """Convert RGB(A), uint8 or uint16 (H, W, 3 or 4), to straight alpha. TIFF files may be premultiplied.

    straight: True if the alpha is straight already; the pixels are returned unchanged.
    """
    if straight or pixels.shape[2] == 3:
        return pixels
    floats = to_float(pixels)
    colour, alpha = floats[..., :3], floats[..., 3:]
    floats[..., :3] = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    return quantise(floats, pixels.dtype)


def premultiplied_linear(pixels: Pixels) -> Floats:
    """Convert display-encoded uint8 or uint16 (H, W, C) with straight alpha to linear, premultiplied float32."""
    linear = linear_light(pixels.dtype.name)[pixels]
    if pixels.shape[2] == 4:
        alpha = to_float(pixels[..., 3:])
        linear = np.concatenate([linear[..., :3] * alpha, alpha], axis=2)
    return linear
