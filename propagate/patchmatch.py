"""PatchMatch: the matcher protocol, and a slow reference that compiled kernels must equal bit for bit.

Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch", SIGGRAPH 2009: a nearest-neighbour field improves by
propagation of neighbours' matches and by random search around the present one.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from propagate.arrays import Bools, Bytes, Ints, Longs, Shorts

# Rows in a band. Larger bands propagate good matches further in a sweep, smaller ones feed more threads.
BAND = 16
# Expected positions are integers, in this fraction of a pixel.
SUBPIXEL = 16


@dataclass(frozen=True)
class Costs:
    """Terms of a match's cost besides the difference of its patches.

    expected: int32 (H, W, 2), x then y, in 1/16 px: source position of each pixel according to composed flow.
    distance_cost: cost of each square pixel of distance from there; 0 disables the term.
    max_distance: distance in pixels beyond which the cost no longer grows.
    usage_cost: int32 (Hs, Ws), cost of using a source patch (uniformity).
    tolerance: cost up to which a match is accepted without further search.
    """

    expected: Ints
    distance_cost: int
    max_distance: int
    usage_cost: Ints
    tolerance: int = 0


@dataclass(frozen=True)
class Sweep:
    """One pass of the search over the picture.

    number: seeds the random search; even sweeps run down, odd ones up.
    search_radius: int16 (H, W), radius in pixels of the first random candidate at each pixel, halved for each further
    one down to 1; 0 for no random search.
    shift: rows, 0 to ``BAND`` - 1, by which all bands are moved up. A sweep hardly propagates across the border of two
    bands; where the borders differ from sweep to sweep, they leave no seams.
    """

    number: int
    search_radius: Shorts
    shift: int = 0


class PatchMatcher(Protocol):
    """Improves a nearest-neighbour field of patches of one ``radius`` over ``channels`` bytes a pixel.

    target, source: packed features (see ``features.pack``), padded by ``radius``. field: int32 (H, W, 2), x then y,
    centre of each pixel's source patch; changed in place. cost: int64 (H, W), changed in place. mask: bool (H, W),
    pixels to process.
    """

    radius: int
    channels: int

    def evaluate(self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs) -> None:
        """Compute the cost of every masked pixel's present patch."""
        ...

    def merge(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, candidates: Ints
    ) -> None:
        """Take the patch of another field where it costs less; field and cost are changed in place."""
        ...

    def sweep(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, sweep: Sweep
    ) -> None:
        """Improve field and cost in place, in one pass over the picture."""
        ...


def hash32(x: int, y: int, sweep: int, trial: int) -> int:
    """Hash a position and a moment to 32 well-mixed bits (the finaliser of MurmurHash3, A. Appleby)."""
    h = (x * 73856093 ^ y * 19349663 ^ sweep * 83492791 ^ trial * 50331653) & 0xFFFFFFFF
    h = ((h ^ h >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ h >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
    return h ^ h >> 16


class PatchMatchReference:
    """Reference implementation: one pixel at a time, for small pictures only."""

    def __init__(self, radius: int, channels: int) -> None:
        self.radius, self.channels = radius, channels

    def _cost(self, target: Bytes, source: Bytes, x: int, y: int, sx: int, sy: int, costs: Costs) -> int:
        rows, length, size = 2 * self.radius + 1, (2 * self.radius + 1) * self.channels, self.channels
        target_rows = target[y : y + rows, x * size : x * size + length].astype(np.int64)
        source_rows = source[sy : sy + rows, sx * size : sx * size + length].astype(np.int64)
        offset = [int(s) * SUBPIXEL - int(e) for s, e in zip((sx, sy), costs.expected[y, x], strict=True)]
        squared_distance = (offset[0] ** 2 + offset[1] ** 2) // SUBPIXEL**2
        penalty = int(costs.usage_cost[sy, sx]) + costs.distance_cost * min(squared_distance, costs.max_distance**2)
        return penalty + int(((target_rows - source_rows) ** 2).sum())

    def evaluate(self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs) -> None:
        """See PatchMatcher."""
        for y, x in np.argwhere(mask).tolist():
            cost[y, x] = self._cost(target, source, x, y, int(field[y, x, 0]), int(field[y, x, 1]), costs)

    def merge(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, candidates: Ints
    ) -> None:
        """See PatchMatcher."""
        for y, x in np.argwhere(mask).tolist():
            candidate_cost = self._cost(target, source, x, y, int(candidates[y, x, 0]), int(candidates[y, x, 1]), costs)
            if candidate_cost < cost[y, x]:
                cost[y, x], field[y, x] = candidate_cost, candidates[y, x]

    def sweep(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, sweep: Sweep
    ) -> None:
        """See PatchMatcher."""
        previous = field.copy()
        pixels = np.argwhere(mask)
        for y, x in (pixels if sweep.number % 2 == 0 else pixels[::-1]).tolist():
            if cost[y, x] > costs.tolerance:
                self._improve_pixel(target, source, field, previous, cost, costs, sweep, x, y)

    def _improve_pixel(
        self, target: Bytes, source: Bytes, field: Ints, previous: Ints, cost: Longs, costs: Costs, sweep: Sweep,
        x: int, y: int,
    ) -> None:  # fmt: skip
        height, width = cost.shape
        source_height, source_width = costs.usage_cost.shape
        offset = -1 if sweep.number % 2 == 0 else 1

        def try_patch(sx: int, sy: int) -> None:
            sx, sy = min(max(sx, 0), source_width - 1), min(max(sy, 0), source_height - 1)
            candidate_cost = self._cost(target, source, x, y, sx, sy, costs)
            if candidate_cost < cost[y, x]:
                cost[y, x] = candidate_cost
                field[y, x] = sx, sy

        for dx, dy in ((offset, 0), (0, offset)):
            if 0 <= x + dx < width and 0 <= y + dy < height:
                same_band = (y + dy + sweep.shift) // BAND == (y + sweep.shift) // BAND
                neighbours = field if same_band else previous
                try_patch(int(neighbours[y + dy, x + dx, 0]) - dx, int(neighbours[y + dy, x + dx, 1]) - dy)
        trial_radius, trial = int(sweep.search_radius[y, x]), 0
        while trial_radius >= 1:
            h = hash32(x, y, sweep.number, trial)
            jitter_x = (h & 0xFFFF) % (2 * trial_radius + 1) - trial_radius
            jitter_y = (h >> 16) % (2 * trial_radius + 1) - trial_radius
            try_patch(int(field[y, x, 0]) + jitter_x, int(field[y, x, 1]) + jitter_y)
            trial_radius, trial = trial_radius // 2, trial + 1
