"""Transfer function of sRGB (IEC 61966-2-1), and premultiplied alpha: between file conventions and ours."""

from functools import cache

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media.colour import Colour, from_rec709
from stylize.media.images.bit_depth import quantise, to_float


def encode_srgb(linear: Floats) -> Floats:
    """Encode linear light, 0 or more, as sRGB: float32 of the same shape."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.power(np.maximum(linear, 0.0031308), np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


@cache
def linear_light(dtype: str) -> Floats:
    """Return the linear light of every code value of uint8 or uint16: float32 (256,) or (65536,)."""
    top = np.iinfo(np.dtype(dtype)).max
    encoded = np.arange(top + 1, dtype=np.float64) / top
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def convert_to_primaries(pixels: Pixels, colour: Colour) -> Pixels:
    """Convert uint8 or uint16 (H, W, 3), display-encoded, from the primaries of Rec. 709 to those of `colour`."""
    if colour.has_rec709_primaries:
        return pixels
    linear = from_rec709(linear_light(pixels.dtype.name)[pixels], colour)
    return quantise(encode_srgb(np.clip(linear, 0, 1)), pixels.dtype)


def encode_linear(pixels: Floats, straight: bool) -> Pixels:
    """Encode linear light (H, W, 3 or 4) as sRGB: uint16 of that shape, clipped, straight alpha.

    straight: whether the alpha of `pixels` is straight, rather than premultiplied.
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
    """Return integers (H, W, 3 or 4) with straight alpha; a TIFF may declare its colour premultiplied.

    straight: whether the alpha is straight already.
    """
    if straight or pixels.shape[2] == 3:
        return pixels
    floats = to_float(pixels)
    colour, alpha = floats[..., :3], floats[..., 3:]
    floats[..., :3] = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    return quantise(floats, pixels.dtype)


def premultiplied_linear(pixels: Pixels) -> Floats:
    """Convert uint8 or uint16 (H, W, C), display-encoded, straight alpha, to float32 linear light, premultiplied."""
    linear = linear_light(pixels.dtype.name)[pixels]
    if pixels.shape[2] == 4:
        alpha = to_float(pixels[..., 3:])
        linear = np.concatenate([linear[..., :3] * alpha, alpha], axis=2)
    return linear
