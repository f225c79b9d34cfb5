"""To which of two layers a colour belongs, by what was seen of both: of the inside anywhere, of the outside nearby.

Colours are counted in three-dimensional histograms and compared by their likelihood ratio, as Boykov and Jolly,
"Interactive graph cuts for optimal boundary and region segmentation", ICCV 2001, tell object from background; those of
the outside in overlapping windows, as Bai, Wang, Simons and Sapiro, "Video SnapCut", SIGGRAPH 2009, have them. A colour
that neither has shown, or both have, tells nothing.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats

# Steps of a channel, and how far a count spreads among them.
STEPS, SPREAD = 12, 0.7
# Side of a cell in pixels, and how far its count spreads, in cells.
CELL, WIDE = 16, 2.5
# How much of what was seen of the outside is left when another frame is seen.
KEPT = F32(0.9)
# Share of a layer at which a colour begins to be known, and pixels of a layer nearby below which it is unknown.
KNOWN, ENOUGH = 5e-4, 150.0
# Likelihood ratio, as a logarithm, that is nearly decided; and the side in pixels over which neighbours agree.
DECIDED, AROUND = 2.0, 5


@dataclass(frozen=True)
class ColourModel:
    """inside: float32 (STEPS ** 3,), share of each colour. outside: float32 (rows, columns, STEPS ** 3), pixels of each
    colour in each cell of the picture."""

    inside: Floats
    outside: Floats

    def told(self, picture: Bytes) -> Floats:
        """How much the colours around each pixel speak for the inside, -1..1: float32 (H, W).

        picture: uint8 (H, W, 3), of the size that the model was made with.
        """
        colours = _colours(picture)
        ratio = np.log(self.inside[colours] + F32(KNOWN)) - np.log(self._nearby(colours) + F32(KNOWN))
        return np.tanh(cv2.blur(ratio.astype(F32), (AROUND, AROUND)) / F32(DECIDED)).astype(F32)

    def learned(self, picture: Bytes, outside: Floats) -> "ColourModel":
        """With what another picture shows of the outside; outside: float32 (H, W), what each pixel counts, 0..1."""
        return replace(self, outside=KEPT * self.outside + _cells(picture, outside))

    def _nearby(self, colours: np.ndarray) -> Floats:
        """Share of each pixel's colour in what is outside around it."""
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
    """The model of one picture, uint8 (H, W, 3). inside, outside: float32 (H, W), what each pixel counts, 0..1."""
    counts = _spread(np.bincount(_colours(picture).ravel(), inside.ravel(), STEPS**3).astype(F32)[None])[0]
    return ColourModel(counts / (counts.sum() + F32(ENOUGH)), _cells(picture, outside))


def _colours(picture: Bytes) -> np.ndarray:
    levels = picture.astype(np.int32) * STEPS // 256
    return np.asarray((levels[..., 0] * STEPS + levels[..., 1]) * STEPS + levels[..., 2])


def _cells(picture: Bytes, weight: Floats) -> Floats:
    height, width = weight.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    cell = (np.arange(height) // CELL)[:, None] * columns + (np.arange(width) // CELL)[None]
    places = cell * STEPS**3 + _colours(picture)
    counts = np.bincount(places.ravel(), weight.ravel(), rows * columns * STEPS**3).astype(F32)
    return _spread(counts.reshape(rows * columns, -1)).reshape(rows, columns, -1)


def _spread(counts: Floats) -> Floats:
    """Each row's colours, float32 (N, STEPS ** 3), blurred along all three channels; what they add up to stays."""
    apart = np.arange(STEPS)[:, None] - np.arange(STEPS)[None]
    kernel = np.exp(-0.5 * (apart / SPREAD) ** 2).astype(F32)
    kernel /= kernel.sum(axis=0)
    cubes = counts.reshape(-1, STEPS, STEPS, STEPS)
    for _ in range(3):
        # Each channel in its turn becomes the last, and comes back to its place after three.
        cubes = np.einsum("nabc,dc->nabd", np.moveaxis(cubes, 1, -1), kernel)
    return np.asarray(cubes.reshape(counts.shape), F32)


def _blurred(cells: Floats) -> Floats:
    """Over neighbouring cells, by running weights: few cells, many colours."""
    for axis in (0, 1):
        apart = np.arange(cells.shape[axis])[:, None] - np.arange(cells.shape[axis])[None]
        kernel = np.exp(-0.5 * (apart / WIDE) ** 2).astype(F32)
        # Not by BLAS, whose last bits depend on how many threads it has.
        cells = np.einsum("ij,jxc->ixc" if axis == 0 else "ij,yjc->yic", kernel, cells)
    return cells


def _between(length: int, cells: int) -> tuple[np.ndarray, Floats]:
    """For each pixel of a side the cell before it, and how far it is on the way to the next, 0..1."""
    at = np.clip((np.arange(length) + 0.5) / CELL - 0.5, 0, cells - 1)
    first = np.floor(at).astype(np.int64)
    return first, (at - first).astype(F32)
