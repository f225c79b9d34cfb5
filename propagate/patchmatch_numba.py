"""PatchMatch in compiled loops (Barnes, Shechtman, Finkelstein and Goldman, SIGGRAPH 2009).

Bit-identical to the plain Python of ``patchmatch``. All arithmetic is on integers. Rows are processed in bands of fixed
height, which read other bands' fields as they were before the sweep, and random numbers are a hash of position and
sweep. The result depends neither on threads nor on the processor.

Kernels process a range of rows or bands, and ``for_each_share`` distributes the ranges among threads.
"""

from typing import Any

import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Ints, Longs
from propagate.bands import for_each_share
from propagate.kernels.kernel import inlined, is_stored, kernel
from propagate.patchmatch import BAND, SUBPIXEL, Costs, Sweep

# More than the cost of any patch.
_NO_COST = 1 << 40


@inlined
def _hash32(x: int, y: int, sweep: int, trial: int) -> Any:
    """Hash a position and a moment to 32 well-mixed bits (the finaliser of MurmurHash3, A. Appleby)."""
    h = np.uint32(np.uint32(x * 73856093) ^ np.uint32(y * 19349663))
    h = np.uint32(h ^ np.uint32(np.uint32(sweep * 83492791) ^ np.uint32(trial * 50331653)))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ np.uint32(h >> np.uint32(16)))


@inlined
def _difference(window: Any, lanes: Any, target: Any, ty: int, tx: int, source: Any, sy: int, sx: int) -> Any:
    rows = len(window)
    channels = len(lanes)
    # Unsigned indices avoid the test for negative ones. Bytes are subtracted as bytes, larger minus smaller. Rows are
    # the inner loop, so that the outer one becomes a few wide vectors that are added up only once.
    total = np.uint32(0)
    for i in range(rows * channels):
        for j in range(rows):
            a = target[np.uint64(ty + j), np.uint64(tx * channels + i)]
            b = source[np.uint64(sy + j), np.uint64(sx * channels + i)]
            e = np.uint32(np.uint8(max(a, b) - min(a, b)))
            total = np.uint32(total + np.uint32(e * e))
    return np.int64(total)


@inlined
def _cost_of(
    window: Any, lanes: Any, target: Any, source: Any, y: int, x: int, sy: int, sx: int, expected: Any,
    distance_cost: int, max_distance: int, usage_cost: Any, limit: int,
) -> Any:  # fmt: skip
    penalty = np.int64(usage_cost[sy, sx])
    if distance_cost > 0:
        dx = sx * SUBPIXEL - expected[y, x, 0]
        dy = sy * SUBPIXEL - expected[y, x, 1]
        penalty += distance_cost * min((dx * dx + dy * dy) // (SUBPIXEL * SUBPIXEL), max_distance * max_distance)
    if penalty >= limit:
        return limit
    return penalty + _difference(window, lanes, target, y, x, source, sy, sx)


@kernel
def _sweep_field(
    window: Any, lanes: Any, target: Any, source: Any, field: Any, previous: Any, cost: Any, mask: Any, expected: Any,
    distance_cost: int, max_distance: int, usage_cost: Any, tolerance: int, number: int, shift: int, search_radius: Any,
    first: int, last: int,
) -> None:  # fmt: skip
    """Improve the bands from ``first`` to ``last``, exclusive."""
    height, width = cost.shape
    source_height, source_width = usage_cost.shape
    down = number % 2 == 0
    offset = -1 if down else 1
    for band in range(first, last):
        top = max(0, band * BAND - shift)
        bottom = min(height, (band + 1) * BAND - shift)
        for row in range(bottom - top):
            y = top + row if down else bottom - 1 - row
            for column in range(width):
                x = column if down else width - 1 - column
                best_cost = cost[y, x]
                if best_cost <= tolerance or not mask[y, x]:
                    continue
                best_y = field[y, x, 1]
                best_x = field[y, x, 0]
                for axis in range(2):
                    ny = y + (offset if axis == 1 else 0)
                    nx = x + (offset if axis == 0 else 0)
                    if ny < 0 or ny >= height or nx < 0 or nx >= width:
                        continue
                    if ny < top or ny >= bottom:
                        band_index = band - 1 if down else band
                        sx = previous[band_index, nx, 0]
                        sy = previous[band_index, nx, 1]
                    else:
                        sx = field[ny, nx, 0]
                        sy = field[ny, nx, 1]
                    sx = min(max(sx + x - nx, 0), source_width - 1)
                    sy = min(max(sy + y - ny, 0), source_height - 1)
                    if sx == best_x and sy == best_y:
                        continue
                    candidate_cost = _cost_of(
                        window, lanes, target, source, y, x, sy, sx, expected,
                        distance_cost, max_distance, usage_cost, best_cost,
                    )  # fmt: skip
                    if candidate_cost < best_cost:
                        best_cost = candidate_cost
                        best_y = sy
                        best_x = sx
                trial = np.int64(0)
                trial_radius = np.int64(search_radius[y, x])
                while trial_radius >= 1:
                    h = np.int64(_hash32(x, y, number, trial))
                    sx = best_x + (h & 0xFFFF) % (2 * trial_radius + 1) - trial_radius
                    sy = best_y + (h >> 16) % (2 * trial_radius + 1) - trial_radius
                    sx = min(max(sx, 0), source_width - 1)
                    sy = min(max(sy, 0), source_height - 1)
                    if sx != best_x or sy != best_y:
                        candidate_cost = _cost_of(
                            window, lanes, target, source, y, x, sy, sx, expected,
                            distance_cost, max_distance, usage_cost, best_cost,
                        )  # fmt: skip
                        if candidate_cost < best_cost:
                            best_cost = candidate_cost
                            best_y = sy
                            best_x = sx
                    trial_radius //= 2
                    trial += 1
                cost[y, x] = best_cost
                field[y, x, 0] = best_x
                field[y, x, 1] = best_y


@kernel
def _compare_field(
    window: Any, lanes: Any, target: Any, source: Any, field: Any, cost: Any, mask: Any, expected: Any,
    distance_cost: int, max_distance: int, usage_cost: Any, candidates: Any, evaluate: bool, first: int, last: int,
) -> None:  # fmt: skip
    """Take cheaper candidates in the rows from ``first`` to ``last``; to evaluate, take them whatever they cost."""
    width = cost.shape[1]
    for y in range(first, last):
        for x in range(width):
            if not mask[y, x]:
                continue
            sx = np.int64(candidates[y, x, 0])
            sy = np.int64(candidates[y, x, 1])
            if evaluate:
                present_cost = np.int64(_NO_COST)
            elif sx == field[y, x, 0] and sy == field[y, x, 1]:
                continue
            else:
                present_cost = cost[y, x]
            candidate_cost = _cost_of(
                window, lanes, target, source, y, x, sy, sx, expected,
                distance_cost, max_distance, usage_cost, present_cost,
            )  # fmt: skip
            if evaluate or candidate_cost < present_cost:
                cost[y, x] = candidate_cost
                field[y, x, 0] = sx
                field[y, x, 1] = sy


def is_search_compiled() -> bool:
    """Return whether a search has been compiled here or stored by an earlier process, for patches of any size."""
    return bool(_sweep_field.signatures) or is_stored(_sweep_field)


class PatchMatchNumba:
    """A PatchMatcher for one patch radius and number of channels; see ``patchmatch.PatchMatcher``."""

    def __init__(self, radius: int, channels: int) -> None:
        self.radius, self.channels = radius, channels
        # The kernels take rows and channels from the types of these tuples. Lengths known to the compiler double the
        # speed, and each pair is compiled and cached once.
        self._shape = (0,) * (2 * radius + 1), (0,) * channels

    def evaluate(self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs) -> None:
        """Compute the cost of every masked pixel's present patch."""
        self._compare(target, source, field, cost, mask, costs, field, True)

    def merge(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, candidates: Ints
    ) -> None:
        """Take the patch of another field where it costs less."""
        self._compare(target, source, field, cost, mask, costs, candidates, False)

    def _compare(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, candidates: Ints,
        evaluate: bool,
    ) -> None:  # fmt: skip
        def work(first: int, last: int) -> None:
            _compare_field(
                *self._shape, target, source, field, cost, mask, costs.expected,
                costs.distance_cost, costs.max_distance, costs.usage_cost, candidates, evaluate, first, last,
            )  # fmt: skip

        for_each_share(work, cost.shape[0], cost.size)

    def sweep(
        self, target: Bytes, source: Bytes, field: Ints, cost: Longs, mask: Bools, costs: Costs, sweep: Sweep
    ) -> None:
        """Improve field and cost in place, in one pass over the picture."""
        # A band reads one row of another band's field: the adjacent one, on the side that the sweep comes from.
        first = BAND - sweep.shift
        previous = (field[first - 1 :: BAND] if sweep.number % 2 == 0 else field[first::BAND]).copy()

        def work(first: int, last: int) -> None:
            _sweep_field(
                *self._shape, target, source, field, previous, cost, mask, costs.expected,
                costs.distance_cost, costs.max_distance, costs.usage_cost, costs.tolerance,
                sweep.number, sweep.shift, sweep.search_radius, first, last,
            )  # fmt: skip

        for_each_share(work, -(-(cost.shape[0] + sweep.shift) // BAND), cost.size)


@kernel
def _vote(style: Any, field: Any, weights: Any, kernel: Any, mask: Any, out: Any, first: int, last: int) -> None:
    height, width = mask.shape
    radius = kernel.shape[0] // 2
    for y in range(first, last):
        for x in range(width):
            if not mask[y, x]:
                continue
            red = green = blue = total = np.float32(0)
            for j in range(max(-radius, -y), min(radius, height - 1 - y) + 1):
                for i in range(max(-radius, -x), min(radius, width - 1 - x) + 1):
                    w = weights[y + j, x + i] * kernel[j + radius, i + radius]
                    sy = np.uint64(field[y + j, x + i, 1] - j + radius)
                    sx = np.uint64(field[y + j, x + i, 0] - i + radius)
                    total += w
                    red += w * style[sy, sx, 0]
                    green += w * style[sy, sx, 1]
                    blue += w * style[sy, sx, 2]
            out[y, x, 0] = red / total
            out[y, x, 1] = green / total
            out[y, x, 2] = blue / total


def vote(style: Floats, field: Ints, weights: Floats, kernel: Floats, mask: Bools, out: Floats) -> None:
    """Set every masked pixel to the weighted mean of the patches that overlap it; written into ``out``.

    style: float32 (Hs + 2r, Ws + 2r, 3), padded by the patch radius r. field: int32 (H, W, 2). weights: float32 (H, W),
    above 0, weight of each patch. kernel: float32 (2r + 1, 2r + 1), weight of a patch by its offset. out: float32
    (H, W, 3).
    """
    contiguous = np.ascontiguousarray(style, F32)
    for_each_share(
        lambda first, last: _vote(contiguous, field, weights, kernel, mask, out, first, last), mask.shape[0], mask.size
    )


@kernel
def _count_usage(field: Any, mask: Any, counts: Any) -> None:
    height, width = mask.shape
    for y in range(height):
        for x in range(width):
            if mask[y, x]:
                counts[field[y, x, 1], field[y, x, 0]] += 1


def count_usage(field: Ints, mask: Bools, size: tuple[int, int]) -> Ints:
    """Count the masked pixels that use each source position: int32, of the source's ``size`` (Hs, Ws)."""
    counts = np.zeros(size, np.int32)
    _count_usage(field, mask, counts)
    return counts
