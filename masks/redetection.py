"""Re-detection of a lost layer by its appearance: a subject that leaves the picture, or is hidden, and returns.

The layer of the painted frame is compared with the new picture at every position and a few sizes, by the mean squared
difference over those of its pixels that would be in the picture. A position counts only if it matches well, and much
better than all others: nothing may be found while the subject is absent.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Bytes, Floats

# Longest side in pixels of the pictures that are searched, and smallest side of a layer in them.
SEARCH_SIDE, MIN_LAYER_SIDE = 160, 5
# Sizes of the layer relative to the painted one.
SCALES = (1.0, 0.8, 1.25)
# Smallest share of the layer that must be in the picture.
MIN_VISIBLE = 0.2
# Largest root mean squared difference in levels of a match, and its largest fraction of that of any other position.
MATCH_RMS, DISTINCT_RATIO = 30.0, 0.55


@dataclass(frozen=True)
class _Match:
    """Best position of a layer at one size. difference: mean squared, in levels. other: the smallest difference
    elsewhere. x, y: displacement of its upper left corner, in pixels of the search.
    """

    difference: float
    other: float
    x: int
    y: int
    scale: float


def redetection(source: Bytes, layer: Bools, target: Bytes) -> Floats | None:
    """Find a layer of ``source`` in ``target``: flow on the grid of ``target`` to ``source``, float32 (H, W, 2).

    source, target: uint8 (H, W, 3). layer: bool (H, W), of ``source``. None without a clear match.
    """
    height, width = layer.shape
    factor = min(1.0, SEARCH_SIDE / max(height, width))
    x, y, across, down = cv2.boundingRect(layer.astype(U8))
    if min(across, down) * factor < MIN_LAYER_SIDE:
        return None
    template, mask = source[y : y + down, x : x + across], layer[y : y + down, x : x + across].astype(F32)
    picture = _reduced(target, factor)
    match = min((_best_match(template, mask, picture, factor, scale) for scale in SCALES), key=lambda m: m.difference)
    if match.difference > MATCH_RMS**2 or match.difference > DISTINCT_RATIO**2 * match.other:
        return None
    ys, xs = np.mgrid[0:height, 0:width].astype(F32)
    return np.stack(
        [(xs - match.x / factor) / match.scale + x - xs, (ys - match.y / factor) / match.scale + y - ys], axis=-1
    ).astype(F32)


def _best_match(template: Bytes, mask: Floats, picture: Floats, factor: float, scale: float) -> _Match:
    """Compare a layer at one size with a picture at every position. factor: of the reduced pictures."""
    small, inside = _reduced(template, factor * scale), (_reduced(mask, factor * scale) > 0.5).astype(F32)
    rows, columns = inside.shape
    pad = (rows, rows, columns, columns, cv2.BORDER_CONSTANT)
    known = cv2.copyMakeBorder(np.ones(picture.shape[:2], F32), *pad)
    padded = cv2.copyMakeBorder(picture, *pad)
    visible = _correlation(known, inside)
    difference = _correlation(known, inside * (small**2).sum(axis=-1)) + _correlation((padded**2).sum(axis=-1), inside)
    for channel in range(3):
        difference -= 2 * _correlation(padded[..., channel], inside * small[..., channel])
    mean = np.where(visible >= MIN_VISIBLE * inside.sum(), difference / np.maximum(3 * visible, 1), np.inf)
    row, column = np.unravel_index(int(np.argmin(mean)), mean.shape)
    best = float(max(mean[row, column], 0))
    # Positions nearby match almost as well: they show most of the same pixels.
    top, left = max(0, row - rows // 2), max(0, column - columns // 2)
    mean[top : row + rows // 2 + 1, left : column + columns // 2 + 1] = np.inf
    return _Match(best, float(mean.min()), int(column) - columns, int(row) - rows, scale)


def _correlation(picture: Floats, kernel: Floats) -> Floats:
    """Sum of the picture, weighted by the kernel, at every position."""
    return np.asarray(cv2.matchTemplate(picture, kernel.astype(F32), cv2.TM_CCORR))


def _reduced(picture: Bytes | Floats, factor: float) -> Floats:
    """Resize a picture by a factor: float32."""
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture.astype(F32), size, interpolation=interpolation))
