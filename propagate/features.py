"""Patch features: style and guides, interleaved in bytes.

Every channel is scaled by the root of its weight, so that the squared difference of two patches is the weighted sum
over style and guides. A row of a patch is contiguous in memory, which makes the search fast.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bytes, Floats, Pixels
from propagate.bands import Band, for_each_band

# Channels are padded to a multiple of this, which suits vector instructions and limits the kernels to compile.
CHANNEL_GROUP = 8
MAX_CHANNELS = 32
STYLE_CHANNELS = 3
# Rows that ``edges`` of sigma 1 reads on each side, and ``surroundings``.
EDGES_HALO, SURROUNDINGS_HALO = 5, 16
# Standard deviation in pixels of ``surroundings``.
SURROUNDINGS_SIGMA = 4.0


def channel_scales(weights: Sequence[float], style_weight: float) -> tuple[float, list[float]]:
    """Scale of the style's channels, and of each guide's: the roots of the weights, the largest being 1.

    Raises ValueError for a weight that is negative or not finite, or when all are 0.
    """
    all_weights = np.array([style_weight, *weights])
    largest = float(all_weights.max())
    if not (np.isfinite(all_weights).all() and largest > 0 and all_weights.min() >= 0):
        raise ValueError(
            f"weights must be finite and not negative, and at least one must be above 0, not {[style_weight, *weights]}"
        )
    return float(np.sqrt(style_weight / largest)), [float(np.sqrt(weight / largest)) for weight in weights]


def to_bytes(picture: Floats, scale: float = 1.0) -> Bytes:
    """Quantise floats in [0, 1], of any shape, to uint8: 255 times ``scale``, rounded half up."""
    levels = picture * F32(255 * scale)
    levels += F32(0.5)
    return np.clip(levels, 0, 255, out=levels).astype(U8)


def pack(style: Floats, style_scale: float, guides: Sequence[tuple[Floats, float]], radius: int) -> Bytes:
    """Pack style (H, W, 3) and scaled guides into one padded array, uint8 (H + 2 radius, (W + 2 radius) · C).

    C is the total number of channels, rounded up to a multiple of 8. The border mirrors the picture, so that every
    pixel is the centre of a complete patch. Raises ValueError when the guides have more than 29 channels in total or
    differ in size from the style, or when a value is not finite.
    """
    height, width = style.shape[:2]
    check_pictures([style], (height, width), "style")
    check_pictures([values for values, _ in guides], (height, width))
    packed = empty_canvas(height, width, packed_channels([values for values, _ in guides]), radius)
    parts = [(style, style_scale), *guides]

    def work(band: Band) -> None:
        write_channels(packed, band.start, [(values[band.rows], scale) for values, scale in parts], radius)

    for_each_band(work, (height, width))
    reflect_border(packed, radius)
    return packed.reshape(height + 2 * radius, -1)


def empty_canvas(height: int, width: int, count: int, radius: int) -> Bytes:
    """Allocate a padded canvas of ``count`` bytes per pixel, all 0: uint8 (H + 2 radius, W + 2 radius, count)."""
    return np.zeros((height + 2 * radius, width + 2 * radius, count), U8)


def write_channels(
    packed: Bytes, top: int, parts: Sequence[tuple[Floats, float]], radius: int, channel: int = 0
) -> None:
    """Write rows into a padded canvas from row ``top`` on, without the border; see ``reflect_border``.

    parts: float32 (h, W) or (h, W, C) and their scales, interleaved from ``channel`` on.
    """
    for values, scale in parts:
        height, width = values.shape[:2]
        planes = to_bytes(values.reshape(height, width, -1), scale)
        interior = packed[radius + top : radius + top + height, radius : radius + width]
        count = planes.shape[2]
        # Much faster than an assignment, whose inner loop would run over the few channels of a pixel.
        cv2.mixChannels([planes], [interior], [n for c in range(count) for n in (c, channel + c)])
        channel += count


def reflect_border(padded: Pixels, radius: int) -> None:
    """Fill the border of a padded picture (H + 2 radius, W + 2 radius, C) in place; see ``pad``."""
    height, width = padded.shape[0] - 2 * radius, padded.shape[1] - 2 * radius
    step = 1 if min(height, width) > radius else 0
    for line in range(1, radius + 1):
        padded[:, radius - line] = padded[:, radius + step * line]
        padded[:, radius + width - 1 + line] = padded[:, radius + width - 1 - step * line]
    for line in range(1, radius + 1):
        padded[radius - line] = padded[radius + step * line]
        padded[radius + height - 1 + line] = padded[radius + height - 1 - step * line]


def check_pictures(pictures: Sequence[Floats], size: tuple[int, ...], name: str = "guide") -> None:
    """Raise ValueError unless all pictures, (H, W) or (H, W, C), have ``size`` (H, W) and are finite."""
    for picture in pictures:
        if picture.shape[:2] != size or picture.ndim > 3:
            raise ValueError(f"a {name} must have size {size}, with or without channels, not {picture.shape}")
        # One pass each and no temporary array; NaN makes both comparisons false.
        if not (picture.min() > -np.inf and picture.max() < np.inf):
            raise ValueError(f"a {name} must be finite, but it contains NaN or infinity")


def unpack_guides(packed: Bytes, size: tuple[int, int], radius: int, count: int) -> Bytes:
    """Unpack the first ``count`` guide channels of a packed picture of ``size`` (H, W): uint8 (H, W, count)."""
    planes = packed.reshape(size[0] + 2 * radius, size[1] + 2 * radius, -1)
    interior = planes[radius : radius + size[0], radius : radius + size[1]]
    return np.ascontiguousarray(interior[..., STYLE_CHANNELS : STYLE_CHANNELS + count])


def packed_channels(guides: Sequence[Floats]) -> int:
    """Bytes of a packed pixel, style and guides. Raises ValueError when the guides have more than 29 channels."""
    used = sum(1 if guide.ndim == 2 else guide.shape[2] for guide in guides)
    if STYLE_CHANNELS + used > MAX_CHANNELS:
        raise ValueError(f"guides may have {MAX_CHANNELS - STYLE_CHANNELS} channels in total, not {used}")
    return -(-(STYLE_CHANNELS + used) // CHANNEL_GROUP) * CHANNEL_GROUP


def pad(picture: Pixels, radius: int) -> Pixels:
    """Pad a picture, (H, W) or (H, W, C), with a mirrored border; one smaller than the border repeats its edge."""
    reflect = min(picture.shape[:2]) > radius
    return np.pad(
        picture, [(radius, radius), (radius, radius), *[(0, 0)] * (picture.ndim - 2)], "reflect" if reflect else "edge"
    )


def restyle(packed: Bytes, style: Floats, style_scale: float, radius: int) -> None:
    """Replace, in place, the style channels of a packed target by a new estimate (H, W, 3)."""
    height, width = style.shape[:2]
    planes = packed.reshape(height + 2 * radius, width + 2 * radius, -1)

    def work(band: Band) -> None:
        write_channels(planes, band.start, [(style[band.rows], style_scale)], radius)

    for_each_band(work, style.shape)
    reflect_border(planes[..., :STYLE_CHANNELS], radius)


def luminance(picture: Floats) -> Floats:
    """Display-encoded luma with BT.709 weights: float32 (H, W) in [0, 1]."""
    # Not a matrix product: its last bits depend on the processor.
    red, green, blue = (picture[..., k] for k in range(3))
    return np.ascontiguousarray(red * F32(0.2126) + green * F32(0.7152) + blue * F32(0.0722))


def edges(picture: Floats, sigma: float = 1.0) -> Floats:
    """Strength of luma edges: float32 (H, W) in [0, 1]; a step from black to white with blur ``sigma`` gives 1."""
    grey = cv2.GaussianBlur(luminance(picture), (0, 0), sigma)
    dx = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 16)
    dy = cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 16)
    peak = 2 / (np.sqrt(2 * np.pi) * sigma)
    return np.clip(np.hypot(dx, dy) * F32(1 / peak * 1.6), 0, 1).astype(F32)


def surroundings(picture: Floats) -> Floats:
    """Luma around each pixel, further than a patch reaches: float32 (H, W) in [0, 1].

    It distinguishes patches that look alike but belong to different places.
    """
    return np.asarray(cv2.GaussianBlur(luminance(picture), (0, 0), SURROUNDINGS_SIGMA))
