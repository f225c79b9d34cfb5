"""What a patch is compared by: the style and its guides, side by side in bytes.

The squared difference of two such patches is the weighted sum over style and guides, because every channel
is scaled by the root of its weight. A patch row is one run of bytes, which is what makes the search fast.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bytes, Floats, Pixels

# Bytes of a pixel come in groups of so many: what a vector instruction likes, and few kernels to compile.
GROUP = 8
MOST_CHANNELS = 24
STYLE_CHANNELS = 3


def scales(weights: Sequence[float], style_weight: float) -> tuple[float, list[float]]:
    """Factors for the style's channels and for each guide's: roots of weights, the largest being 1.

    Raises ValueError for a weight that is negative or not finite, or when all are 0.
    """
    every = np.array([style_weight, *weights])
    largest = float(every.max())
    if not (np.isfinite(every).all() and largest > 0 and every.min() >= 0):
        raise ValueError(f"weights must be finite, 0 or more, and one above 0, not {[style_weight, *weights]}")
    return float(np.sqrt(style_weight / largest)), [float(np.sqrt(weight / largest)) for weight in weights]


def to_bytes(picture: Floats, scale: float = 1.0) -> Bytes:
    """[0, 1] float to 0..255 times ``scale``, rounded half up."""
    return np.clip(picture * F32(255 * scale) + F32(0.5), 0, 255).astype(U8)


def pack(style: Floats, style_scale: float, guides: Sequence[tuple[Floats, float]], radius: int) -> Bytes:
    """Style (H, W, 3) and scaled guides in one padded array, uint8 (H + 2 radius, (W + 2 radius) · C).

    C is the number of channels in all, rounded up to a multiple of 8. The border mirrors the picture, so that
    every pixel is the centre of a whole patch. Raises ValueError when the guides have more than 21 channels in all,
    or another size than the style, or when a value is not finite.
    """
    height, width = style.shape[:2]
    for name, values in [("style", style), *(("guide", values) for values, _ in guides)]:
        _check(name, values, (height, width))
    packed = np.zeros((height, width, channels([values for values, _ in guides])), U8)
    packed[..., :STYLE_CHANNELS] = to_bytes(style, style_scale)
    at = STYLE_CHANNELS
    for values, scale in guides:
        planes = values.reshape(height, width, -1)
        packed[..., at : at + planes.shape[2]] = to_bytes(planes, scale)
        at += planes.shape[2]
    return pad(packed, radius).reshape(height + 2 * radius, -1)


def _check(name: str, values: Floats, size: tuple[int, int]) -> None:
    if values.shape[:2] != size or values.ndim > 3:
        raise ValueError(f"a {name} must be of size {size}, with or without channels, not {values.shape}")
    # One pass each, and no array: NaN makes both false.
    if not (values.min() > -np.inf and values.max() < np.inf):
        raise ValueError(f"a {name} must be finite, and has NaN or infinity")


def guides_in(packed: Bytes, size: tuple[int, int], radius: int, count: int) -> Bytes:
    """The first ``count`` guide channels of a packed picture of ``size`` (H, W), unpadded: uint8 (H, W, count)."""
    planes = packed.reshape(size[0] + 2 * radius, size[1] + 2 * radius, -1)
    inner = planes[radius : radius + size[0], radius : radius + size[1]]
    return np.ascontiguousarray(inner[..., STYLE_CHANNELS : STYLE_CHANNELS + count])


def channels(guides: Sequence[Floats]) -> int:
    """Bytes of a pixel with style and guides. Raises ValueError when the guides have more than 21 channels."""
    used = sum(1 if guide.ndim == 2 else guide.shape[2] for guide in guides)
    if STYLE_CHANNELS + used > MOST_CHANNELS:
        raise ValueError(f"guides may have {MOST_CHANNELS - STYLE_CHANNELS} channels in all, not {used}")
    return -(-(STYLE_CHANNELS + used) // GROUP) * GROUP


def pad(picture: Pixels, radius: int) -> Pixels:
    """``picture`` with a mirrored border; pictures thinner than the border repeat their edge."""
    mirror = min(picture.shape[:2]) > radius
    return np.pad(
        picture, [(radius, radius), (radius, radius), *[(0, 0)] * (picture.ndim - 2)], "reflect" if mirror else "edge"
    )


def restyle(packed: Bytes, style: Floats, style_scale: float, radius: int) -> None:
    """Replaces, in place, the style channels of a packed target by a new estimate (H, W, 3)."""
    height, width = style.shape[:2]
    planes = packed.reshape(height + 2 * radius, width + 2 * radius, -1)
    planes[..., :STYLE_CHANNELS] = pad(to_bytes(style, style_scale), radius)


def luminance(picture: Floats) -> Floats:
    """Display-encoded luma, BT.709 weights: float32 (H, W) in [0, 1]."""
    return np.ascontiguousarray(picture @ np.array([0.2126, 0.7152, 0.0722], F32))


def edges(picture: Floats, sigma: float = 1.0) -> Floats:
    """Strength of luma edges: float32 (H, W) in [0, 1]; a step from black to white of blur ``sigma`` gives 1."""
    grey = cv2.GaussianBlur(luminance(picture), (0, 0), sigma)
    across = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 16)
    down = cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 16)
    peak = 2 / (np.sqrt(2 * np.pi) * sigma)
    return np.clip(np.hypot(across, down) * F32(1 / peak * 1.6), 0, 1).astype(F32)
