"""Scaling of pictures to the size of a draft: area averaging, with straight alpha weighted."""

from fractions import Fraction

import cv2
import numpy as np

from propagate.arrays import F32, Floats, Pixels

# Channels of pictures with alpha, grey or coloured.
_WITH_ALPHA = (2, 4)
# Sides of a draft are multiples of this, as movies with subsampled chroma need even sides.
_MULTIPLE = 2


def draft_size(size: tuple[int, int], scale: Fraction) -> tuple[int, int]:
    """Return the (width, height) of a draft: even numbers of pixels, the nearest to ``scale`` times the full size."""
    width, height = (max(_MULTIPLE, _MULTIPLE * round(side * scale / _MULTIPLE)) for side in size)
    return width, height


def scale_picture(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Scale a picture down to (width, height), preserving its dtype.

    picture: uint8 or uint16, (H, W), (H, W, 3), or with straight alpha (H, W, 4). Each pixel is the mean of the area
    that it covers, of display-encoded values. Colours are weighted by alpha.
    """
    if picture.ndim == 2 or picture.shape[2] not in _WITH_ALPHA or picture[..., -1].min() == _opaque(picture):
        return _area(picture, size)
    alpha = picture[..., -1:].astype(F32)
    mean_alpha = _area(alpha[..., 0], size)[..., None]
    weighted = _area(np.ascontiguousarray(picture[..., :-1].astype(F32) * alpha), size) / np.maximum(mean_alpha, 1e-6)
    # Where the whole area is transparent, colours have no weight, and are averaged without it.
    colours = np.where(mean_alpha > 0, weighted, _area(picture[..., :-1].astype(F32), size))
    values = np.concatenate([colours, mean_alpha], axis=2)
    return np.clip(np.floor(values + 0.5), 0, _opaque(picture)).astype(picture.dtype)


def scale_values(values: Floats, size: tuple[int, int]) -> Floats:
    """Scale values, float32 (H, W) or (H, W, C), to (width, height) by averaging areas."""
    return _area(values, size)


def scale_flow(flow: Floats, size: tuple[int, int]) -> Floats:
    """Scale flow, float32 (H, W, 2) in pixels, and its vectors to the size (width, height).

    A pixel takes the vector in the middle of the area that it covers. At the edge of an object, a mean vector would
    belong to neither side.
    """
    (height, width), (wide, high) = flow.shape[:2], size
    rows = np.minimum(((np.arange(high) + 0.5) * height / high).astype(int), height - 1)
    columns = np.minimum(((np.arange(wide) + 0.5) * width / wide).astype(int), width - 1)
    return np.ascontiguousarray(flow[rows][:, columns] * np.array([wide / width, high / height], F32))


def _opaque(picture: Pixels) -> int:
    return int(np.iinfo(picture.dtype).max)


def _area(picture: Pixels, size: tuple[int, int]) -> Pixels:
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    scaled = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, picture.dtype).reshape(size[1], size[0], *picture.shape[2:])
