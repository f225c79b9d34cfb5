"""Colour model of two layers: their colours nearby, and those of the painted inside anywhere.

Three-dimensional histograms compared by their likelihood ratio, as in Boykov and Jolly, "Interactive graph cuts for
optimal boundary and region segmentation", ICCV 2001, in overlapping local windows, as in Bai, Wang, Simons and Sapiro,
"Video SnapCut", SIGGRAPH 2009. Both layers learn from frame to frame, so that an arm that turns towards the light stays
the inside, and the painted frame is never forgotten. A colour of both layers, or of neither, is neutral.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats

# Histogram bins of a channel, and the width in bins over which a count is blurred.
BINS, BIN_SIGMA = 12, 0.7
# Side of a cell in pixels, and the width in cells over which its counts are blurred.
CELL_SIZE, CELL_SIGMA = 16, 2.5
# Fraction of the counts that remains after a frame: the inside moves, and must not be remembered where it was.
INSIDE_DECAY, OUTSIDE_DECAY = F32(0.3), F32(0.9)
# Floor of the probability of a colour, and pseudo-count of pixels, which keep rare colours and small layers neutral.
MIN_PROBABILITY, PSEUDO_COUNT = 5e-4, 150.0
# Largest share of the learned inside in the probability of a colour of the inside; the rest is that of the painted one.
LEARNED_SHARE = 0.25
# Log likelihood ratio that is nearly decisive, and side in pixels of the window over which it is averaged.
DECISIVE_RATIO, WINDOW = 2.0, 5


@dataclass(frozen=True)
class ColourModel:
    """Histograms of two layers. key: float32 (BINS ** 3,), probability of each colour of the painted inside. inside,
    outside: float32 (rows, columns, BINS ** 3), pixels of each colour in each cell of the picture. trust: 0..1, in what
    has been learned of the inside."""

    key: Floats
    inside: Floats
    outside: Floats
    trust: float = 1.0

    def score(self, picture: Bytes) -> Floats:
        """Score of the colours around each pixel: float32 (H, W), from -1 (outside) to 1 (inside).

        picture: uint8 (H, W, 3), of the same size as the picture that the model was built from.
        """
        bins = _colour_bins(picture)
        share = F32(LEARNED_SHARE * self.trust)
        inside = (1 - share) * self.key[bins] + share * _local_probability(self.inside, bins)
        outside = _local_probability(self.outside, bins)
        ratio = np.log(inside + F32(MIN_PROBABILITY)) - np.log(outside + F32(MIN_PROBABILITY))
        return np.tanh(cv2.blur(ratio.astype(F32), (WINDOW, WINDOW)) / F32(DECISIVE_RATIO)).astype(F32)

    def updated(self, picture: Bytes, inside: Floats, outside: Floats, trust: float = 1.0) -> "ColourModel":
        """Return a model updated with another picture. inside, outside: float32 (H, W), weights of pixels, 0..1.
        trust: 0..1, in ``inside``."""
        return ColourModel(
            self.key,
            INSIDE_DECAY * self.inside + _cell_histograms(picture, inside),
            OUTSIDE_DECAY * self.outside + _cell_histograms(picture, outside),
            trust,
        )


def colour_model(picture: Bytes, inside: Floats, outside: Floats, trust: float = 1.0) -> ColourModel:
    """Build the model of one picture, uint8 (H, W, 3). inside, outside: float32 (H, W), weights of pixels, 0..1.
    trust: 0..1, in the place of the inside's colours."""
    counts = _colour_counts(picture, inside)
    key = counts / (counts.sum() + F32(PSEUDO_COUNT))
    return ColourModel(key, _cell_histograms(picture, inside), _cell_histograms(picture, outside), trust)


def colour_histogram(picture: Bytes, weight: Floats) -> Floats:
    """Probability of each colour among the weighted pixels: float32 (BINS ** 3,), all 0 if no pixel has weight."""
    counts = _colour_counts(picture, weight)
    return np.asarray(counts / max(float(counts.sum()), 1e-6), F32)


def _colour_counts(picture: Bytes, weight: Floats) -> Floats:
    """Blurred counts of each colour: float32 (BINS ** 3,)."""
    return _blur_bins(np.bincount(_colour_bins(picture).ravel(), weight.ravel(), BINS**3).astype(F32)[None])[0]


def _local_probability(cells: Floats, bins: np.ndarray) -> Floats:
    """Probability of each pixel's colour in the cells around it: float32 (H, W)."""
    rows, columns = cells.shape[:2]
    counts = _blur_cells(cells)
    probabilities = (counts / (counts.sum(axis=-1, keepdims=True) + F32(PSEUDO_COUNT))).reshape(rows * columns, -1)
    height, width = bins.shape
    upper_row, row_fraction = _interpolation(height, rows)
    left_column, column_fraction = _interpolation(width, columns)
    probability = np.zeros(bins.shape, F32)
    for y, row_weight in ((upper_row, 1 - row_fraction), (np.minimum(upper_row + 1, rows - 1), row_fraction)):
        for x, column_weight in (
            (left_column, 1 - column_fraction),
            (np.minimum(left_column + 1, columns - 1), column_fraction),
        ):
            probability += (
                probabilities[y[:, None] * columns + x[None], bins] * row_weight[:, None] * column_weight[None]
            )
    return probability


def _colour_bins(picture: Bytes) -> np.ndarray:
    """Histogram bin of each pixel's colour: int32 (H, W)."""
    levels = picture.astype(np.int32) * BINS // 256
    return np.asarray((levels[..., 0] * BINS + levels[..., 1]) * BINS + levels[..., 2])


def _cell_histograms(picture: Bytes, weight: Floats) -> Floats:
    """Colour histograms of the picture's cells: float32 (rows, columns, BINS ** 3)."""
    height, width = weight.shape
    rows, columns = -(-height // CELL_SIZE), -(-width // CELL_SIZE)
    cell = (np.arange(height) // CELL_SIZE)[:, None] * columns + (np.arange(width) // CELL_SIZE)[None]
    indices = cell * BINS**3 + _colour_bins(picture)
    counts = np.bincount(indices.ravel(), weight.ravel(), rows * columns * BINS**3).astype(F32)
    return _blur_bins(counts.reshape(rows * columns, -1)).reshape(rows, columns, -1)


def _blur_bins(counts: Floats) -> Floats:
    """Blur histograms, float32 (N, BINS ** 3), along all three channels; their sums are preserved."""
    offsets = np.arange(BINS)[:, None] - np.arange(BINS)[None]
    kernel = np.exp(-0.5 * (offsets / BIN_SIGMA) ** 2).astype(F32)
    kernel /= kernel.sum(axis=0)
    cubes = counts.reshape(-1, BINS, BINS, BINS)
    for _ in range(3):
        # Each pass moves the first channel to the end: after three passes the order is restored.
        cubes = np.einsum("nabc,dc->nabd", np.moveaxis(cubes, 1, -1), kernel)
    return np.asarray(cubes.reshape(counts.shape), F32)


def _blur_cells(cells: Floats) -> Floats:
    """Blur histograms over neighbouring cells, float32 (rows, columns, BINS ** 3), with a Gaussian kernel."""
    for axis in (0, 1):
        offsets = np.arange(cells.shape[axis])[:, None] - np.arange(cells.shape[axis])[None]
        kernel = np.exp(-0.5 * (offsets / CELL_SIGMA) ** 2).astype(F32)
        # Without BLAS, whose last bits depend on its number of threads.
        cells = np.einsum("ij,jxc->ixc" if axis == 0 else "ij,yjc->yic", kernel, cells)
    return cells


def _interpolation(length: int, cells: int) -> tuple[np.ndarray, Floats]:
    """Linear interpolation between cells: for each pixel of a side the cell before it, and the next one's weight."""
    position = np.clip((np.arange(length) + 0.5) / CELL_SIZE - 0.5, 0, cells - 1)
    first = np.floor(position).astype(np.int64)
    return first, (position - first).astype(F32)
