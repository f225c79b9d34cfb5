"""Optical flow: what an estimator is, when flow can be trusted, and how it is composed over many frames."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Pixels
from propagate.bands import Band, in_bands

# Pixels. What points further comes from outside any picture; sums of such flow over a long shot still are numbers.
LARGEST = 65536.0
# Half the window of a mismatch, of a median and of a blur.
_AROUND = 2


class FlowEstimator(Protocol):
    """Finds where each pixel of one picture comes from in another."""

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """Flow on the grid of ``target``: ``target(x) = source(x + flow(x))``.

        source, target: uint8 (H, W, 3), RGB. Returns float32 (H, W, 2), x then y, in pixels.
        """
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter that the flow depends on; versions are not among them."""
        ...


@dataclass(frozen=True)
class ComposedFlow:
    """Where the pixels of one frame come from in the key, however many frames lie between.

    frame: the frame on whose grid the arrays lie.
    flow: float32 (H, W, 2), pixels: ``frame(x) = key(x + flow(x))``.
    valid: bool (H, W): every step on the way was consistent both ways and stayed inside the picture.
    """

    frame: int
    flow: Floats
    valid: Bools


@lru_cache(maxsize=4)
def grid(height: int, width: int) -> Floats:
    """Pixel positions, float32 (H, W, 2), x then y; shared, and so read-only. For small pictures."""
    spots = places(0, height, width)
    spots.setflags(write=False)
    return spots


def places(first: int, last: int, width: int, left: int = 0) -> Floats:
    """Pixel positions in the rows from ``first`` to before ``last``, from the column ``left`` on: float32
    (last - first, W, 2), x then y."""
    spots = np.empty((last - first, width, 2), F32)
    spots[..., 0] = np.arange(left, left + width)
    spots[..., 1] = np.arange(first, last)[:, None]
    return spots


def origins(flow: Floats, first: int, left: int = 0) -> Floats:
    """Where the pixels of some rows come from, ``first`` being their first and ``left`` their first column:
    ``x + flow(x)``, float32 like ``flow``."""
    where = places(first, first + flow.shape[0], flow.shape[1], left)
    where += flow
    return where


def sample(picture: Pixels, flow: Floats, *, crisp: bool = False) -> Pixels:
    """``picture`` read at ``x + flow(x)``: backward warping; outside, the border pixel is repeated.

    picture: (H, W) or (H, W, C), any type that OpenCV remaps. Bilinear, or crisp: Lanczos over 8 pixels, which
    keeps the finest detail and may overshoot the range.
    """
    read = np.empty((*flow.shape[:2], *picture.shape[2:]), picture.dtype)

    def work(band: Band) -> None:
        read[band.own] = sample_rows(picture, flow[band.own], band.first, crisp=crisp)

    in_bands(work, flow.shape)
    return read


def sample_rows(picture: Pixels, flow: Floats, first: int, left: int = 0, *, crisp: bool = False) -> Pixels:
    """Some rows of ``sample``: ``flow`` has these alone, ``first`` being their first and ``left`` their first column;
    ``picture`` is whole."""
    how = cv2.INTER_LANCZOS4 if crisp else cv2.INTER_LINEAR
    read = cv2.remap(picture, origins(flow, first, left), None, how, borderMode=cv2.BORDER_REPLICATE)
    return read.reshape(*flow.shape[:2], *picture.shape[2:])


def consistent(forward: Floats, backward: Floats) -> Bools:
    """Where going there and back again ends near the start (Sundaram, Brox and Keutzer, ECCV 2010).

    ``forward`` lies on the grid of the picture asked about and points into the other; ``backward``
    lies on the other's grid. A pixel passes when ``|f + b|² < 0.01 (|f|² + |b|²) + 0.5`` and its
    origin is inside the other picture. Returns bool (H, W).
    """
    passed = np.empty(forward.shape[:2], bool)

    def work(band: Band) -> None:
        there = forward[band.own]
        back = sample_rows(backward, there, band.first)
        miss = _squared_length(there + back)
        size = _squared_length(there) + _squared_length(back)
        passed[band.own] = (miss < 0.01 * size + 0.5) & inside_rows(there, band.first, forward.shape)

    in_bands(work, forward.shape)
    return passed


def _squared_length(flow: Floats) -> Floats:
    # A sum along an axis of two takes NumPy twenty times as long as one sum of two planes.
    squares = flow * flow
    return np.asarray(squares[..., 0] + squares[..., 1])


def start_at_key(frame: int, height: int, width: int) -> ComposedFlow:
    """The composed flow of the key itself: no motion, all valid."""
    return ComposedFlow(frame, np.zeros((height, width, 2), F32), np.ones((height, width), bool))


@dataclass(frozen=True)
class Step:
    """Flow between neighbours, on the grid of the later one on the way from the key.

    flow: float32 (H, W, 2): ``after(x) = before(x + flow(x))``. consistent: bool (H, W), see ``consistent``.
    All flow enters here: raises ValueError for another shape or type, NaN, infinity, or a length beyond LARGEST.
    """

    flow: Floats
    consistent: Bools

    def __post_init__(self) -> None:
        check_flow(self.flow)
        if self.consistent.shape != self.flow.shape[:2] or self.consistent.dtype != bool:
            raise ValueError(
                f"consistency must be bool {self.flow.shape[:2]} like its flow, not {self.consistent.dtype} "
                f"{self.consistent.shape}"
            )


def check_flow(flow: Floats) -> None:
    """Raises ValueError unless ``flow`` is float32 (H, W, 2), finite, and no longer than LARGEST along x or y."""
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size or flow.dtype != F32:
        raise ValueError(f"flow must be float32 (H, W, 2), not {flow.dtype} {flow.shape}")
    # One pass each, and no array: NaN makes both false.
    if not (flow.min() >= -LARGEST and flow.max() <= LARGEST):
        bad = ~(np.abs(flow) <= LARGEST)
        y, x, axis = (int(place) for place in np.argwhere(bad)[0])
        raise ValueError(f"flow must be finite and at most {LARGEST:g} pixels, not {flow[y, x, axis]} at x {x}, y {y}")


def step_of(flow: Floats, back: Floats) -> Step:
    """The step of ``flow`` on the grid of the later frame, given the flow ``back`` on the grid of the one before.

    Both float32 (H, W, 2), in pixels. Raises ValueError when they are of other shapes, or not of one.
    """
    for way in (flow, back):
        check_flow(way)
    if flow.shape != back.shape:
        raise ValueError(f"flow there and back must be of one size, not {flow.shape} and {back.shape}")
    return Step(flow, consistent(flow, back))


def take_step(before: Bytes, after: Bytes, estimate: FlowEstimator) -> Step:
    """Flow from ``after`` into ``before``, both uint8 (H, W, 3), estimated both ways to know what to trust."""
    return step_of(estimate(before, after), estimate(after, before))


def take_steps(one: Bytes, other: Bytes, estimate: FlowEstimator) -> tuple[Step, Step]:
    """The steps from ``one`` to ``other`` and back, both uint8 (H, W, 3), with two estimates in all."""
    onward, back = estimate(one, other), estimate(other, one)
    return step_of(onward, back), step_of(back, onward)


def extend(composed: ComposedFlow, frame: int, step: Step) -> ComposedFlow:
    """One frame further away from the key: ``composed`` is the flow of the frame that ``step`` leads back to."""
    flow, valid = np.empty_like(step.flow), np.empty_like(step.consistent)
    known = composed.valid.view(U8) * U8(255)

    def work(band: Band) -> None:
        there = step.flow[band.own]
        flow[band.own] = there + sample_rows(composed.flow, there, band.first)
        reached = sample_rows(known, there, band.first) > 127
        valid[band.own] = step.consistent[band.own] & reached & inside_rows(flow[band.own], band.first, flow.shape)

    in_bands(work, flow.shape)
    return ComposedFlow(frame, flow, valid)


def inside(flow: Floats) -> Bools:
    """Where ``x + flow(x)`` lies in a picture of the flow's own size, to within a pixel: bool (H, W)."""
    return inside_rows(flow, 0, flow.shape)


def inside_rows(flow: Floats, first: int, size: tuple[int, ...], left: int = 0) -> Bools:
    """Some rows of ``inside``, in a picture of ``size`` (H, W, ...): ``flow`` has these alone, ``first`` being their
    first and ``left`` their first column."""
    where = origins(flow, first, left)
    across = (where[..., 0] >= -1) & (where[..., 0] <= size[1])
    return np.asarray(across & (where[..., 1] >= -1) & (where[..., 1] <= size[0]))


def anchor(flow: Floats, key_plate: Bytes, plate: Bytes, estimate: FlowEstimator) -> Floats:
    """Takes back the drift of a composed flow by looking at the key itself once more.

    The key's plate, warped by ``flow``, and the frame's plate differ by the drift alone; its flow is added
    where that brings the two plates closer. All on the frame's grid; plates uint8 (H, W, 3).
    """
    carried = sample(key_plate, flow)
    drift = estimate(carried, plate)
    found = np.empty_like(flow)

    def work(band: Band) -> None:
        shown = plate[band.wide]
        better = drift[band.wide] + sample_rows(flow, drift[band.wide], band.top)
        gain = mismatch(carried[band.wide], shown) - mismatch(sample_rows(key_plate, better, band.top), shown)
        found[band.own] = np.where((gain > 0)[..., None], better, flow[band.wide])[band.inner]

    in_bands(work, flow.shape, _AROUND)
    return found


# Motion below this many pixels may be none at all; so much more mismatch, in 0..1, without it shows that it is not.
CREEP, TELLING = 0.25, 1 / 255


def settle(flow: Floats, key_plate: Bytes, plate: Bytes) -> Floats:
    """Takes the creep out of what stands still, so that a locked-off background does not boil.

    flow: float32 (H, W, 2), in pixels, on the grid of ``plate``; the plates: uint8 (H, W, 3). Returns flow of that
    shape. Estimates waver by a tenth of a pixel about no motion. Where no motion explains the plate as well, it is
    taken.
    """
    calmed = np.empty_like(flow)

    def work(band: Band) -> None:
        calmed[band.own] = _calmed(flow[band.wide], key_plate, plate, band)[band.inner]

    in_bands(work, flow.shape, 3 * _AROUND)
    return calmed


def _calmed(flow: Floats, key_plate: Bytes, plate: Bytes, band: Band) -> Floats:
    """Rows of ``settle``: ``flow`` has those of the band and its halo, the plates are whole."""
    slow = np.maximum(np.abs(flow[..., 0]), np.abs(flow[..., 1])) < CREEP
    if not slow.any():
        return flow
    shown = plate[band.wide]
    moved = mismatch(sample_rows(key_plate, flow, band.top), shown)
    calm = slow & (mismatch(key_plate[band.wide], shown) <= moved + TELLING)
    # Single pixels follow their neighbours, and the border between still and moving is soft.
    certain = cv2.blur(cv2.medianBlur(calm.view(U8), 2 * _AROUND + 1).astype(F32), (2 * _AROUND + 1,) * 2)
    return flow * (1 - certain.reshape(calm.shape))[..., None]


def mismatch(one: Bytes, other: Bytes) -> Floats:
    """Local mean absolute difference of two pictures, over 5 pixels and all channels: float32 (H, W), 0..1."""
    apart = cv2.absdiff(one, other)
    total = sum(apart[..., channel].astype(F32) for channel in range(apart.shape[2]))
    mean = np.asarray(total, F32) / F32(apart.shape[2]) / F32(255)
    # The filter keeps running sums, in float64. All values are whole multiples of 2 to the power of -33, so that the
    # sums are exact, wherever they began.
    window = (2 * _AROUND + 1, 2 * _AROUND + 1)
    return np.asarray(cv2.boxFilter(mean, -1, window, borderType=cv2.BORDER_REFLECT))
