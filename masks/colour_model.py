"""Colour model of two layers: the inside by its colours anywhere, the outside by its colours nearby.

Three-dimensional histograms compared by their likelihood ratio, as in Boykov and Jolly, "Interactive graph cuts for
optimal boundary and region segmentation", ICCV 2001. The outside has overlapping local windows, as in Bai, Wang, Simons
and Sapiro, "Video SnapCut", SIGGRAPH 2009. A colour of both layers, or of neither, is neutral.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats

# Histogram bins of a channel, and the width in bins over which a count is blurred.
STEPS, SPREAD = 12, 0.7
# Side of a cell in pixels, and the width in cells over which its counts are blurred.
CELL, WIDE = 16, 2.5
# Fraction of the counts of the outside that remains after a frame.
KEPT = F32(0.9)
# Floor of the probability of a colour, and pseudo-count of pixels, which keep rare colours and small layers neutral.
KNOWN, ENOUGH = 5e-4, 150.0
# Log likelihood ratio that is nearly decisive, and side in pixels of the window over which it is averaged.
DECIDED, AROUND = 2.0, 5


@dataclass(frozen=True)
class ColourModel:
    """Histograms of two layers. inside: float32 (STEPS ** 3,), probability of each colour. outside: float32 (rows,
    columns, STEPS ** 3), pixels of each colour in each cell of the picture."""

    inside: Floats
    outside: Floats

    def told(self, picture: Bytes) -> Floats:
        """Score of the colours around each pixel: float32 (H, W), from -1 (outside) to 1 (inside).

        picture: uint8 (H, W, 3), of the size that the model was made with.
        """
        colours = _colours(picture)
        ratio = np.log(self.inside[colours] + F32(KNOWN)) - np.log(self._nearby(colours) + F32(KNOWN))
        return np.tanh(cv2.blur(ratio.astype(F32), (AROUND, AROUND)) / F32(DECIDED)).astype(F32)

    def learned(self, picture: Bytes, outside: Floats) -> "ColourModel":
        """Return a model updated with the outside of another picture. outside: float32 (H, W), weights, 0..1."""
        return replace(self, outside=KEPT * self.outside + _cells(picture, outside))

    def _nearby(self, colours: np.ndarray) -> Floats:
        """Probability of each pixel's colour in the outside around it: float32 (H, W)."""
        rows, columns = self.outside.shape[:2]
        counts = _blurred(self.outside)
        shares = (counts / (counts.sum(axis=-1, keepdims=True) + F32(ENOUGH))).reshape(rows * columns, -1)
        height, width = colours.shape
        top, down = _between(height, rows)
        left, across = _between(width, columns)
        found = np.zeros(colours.shape, F32)
        for y, part in ((top, 1 - down), (np.minimum(top + 1, rows - 1), down)):
            for x, share in ((left, 1 - across), (np.minimum(left + 1, columns - 1), across)):
                found += shares[y[:, None] * columns + x[None], colours] * part[:, None] * share[None]
        return found


def colour_model(picture: Bytes, inside: Floats, outside: Floats) -> ColourModel:
    """Build the model of one picture, uint8 (H, W, 3). inside, outside: float32 (H, W), weights of pixels, 0..1."""
    counts = _spread(np.bincount(_colours(picture).ravel(), inside.ravel(), STEPS**3).astype(F32)[None])[0]
    return ColourModel(counts / (counts.sum() + F32(ENOUGH)), _cells(picture, outside))


def _colours(picture: Bytes) -> np.ndarray:
    """Histogram bin of each pixel's colour: int32 (H, W)."""
    levels = picture.astype(np.int32) * STEPS // 256
    return np.asarray((levels[..., 0] * STEPS + levels[..., 1]) * STEPS + levels[..., 2])


def _cells(picture: Bytes, weight: Floats) -> Floats:
    """Colour histograms of the picture's cells: float32 (rows, columns, STEPS ** 3)."""
    height, width = weight.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    cell = (np.arange(height) // CELL)[:, None] * columns + (np.arange(width) // CELL)[None]
    places = cell * STEPS**3 + _colours(picture)
    counts = np.bincount(places.ravel(), weight.ravel(), rows * columns * STEPS**3).astype(F32)
    return _spread(counts.reshape(rows * columns, -1)).reshape(rows, columns, -1)


def _spread(counts: Floats) -> Floats:
    """Blur histograms, float32 (N, STEPS ** 3), along all three channels; their sums stay."""
    apart = np.arange(STEPS)[:, None] - np.arange(STEPS)[None]
    kernel = np.exp(-0.5 * (apart / SPREAD) ** 2).astype(F32)
    kernel /= kernel.sum(axis=0)
    cubes = counts.reshape(-1, STEPS, STEPS, STEPS)
    for _ in range(3):
        # Each pass moves the first channel to the end: after three passes the order is restored.
        cubes = np.einsum("nabc,dc->nabd", np.moveaxis(cubes, 1, -1), kernel)
    return np.asarray(cubes.reshape(counts.shape), F32)


def _blurred(cells: Floats) -> Floats:
    """Blur histograms over neighbouring cells, float32 (rows, columns, STEPS ** 3), with a Gaussian kernel."""
    for axis in (0, 1):
        apart = np.arange(cells.shape[axis])[:, None] - np.arange(cells.shape[axis])[None]
        kernel = np.exp(-0.5 * (apart / WIDE) ** 2).astype(F32)
        # Not by BLAS, whose last bits depend on how many threads it has.
        cells = np.einsum("ij,jxc->ixc" if axis == 0 else "ij,yjc->yic", kernel, cells)
    return cells


def _between(length: int, cells: int) -> tuple[np.ndarray, Floats]:
    """Linear interpolation between cells: for each pixel of a side the cell before it, and the next one's weight."""
    at = np.clip((np.arange(length) + 0.5) / CELL - 0.5, 0, cells - 1)
    first = np.floor(at).astype(np.int64)
    return first, (at - first).astype(F32)
