"""Optical flow: the estimator protocol, consistency, composition over many frames, and drift correction."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Pixels
from propagate.bands import Band, in_bands

# Maximum length in pixels, beyond any picture; sums of such flow over a long shot stay finite.
LARGEST = 65536.0
# Radius of the windows of ``mismatch``, of a median and of a blur.
_AROUND = 2


class FlowEstimator(Protocol):
    """Estimates dense flow between two pictures."""

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """Estimate flow on the grid of ``target``: ``target(x) = source(x + flow(x))``.

        source, target: uint8 (H, W, 3), RGB. Returns float32 (H, W, 2), x then y, in pixels.
        """
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter that the flow depends on; versions are not among them."""
        ...


@dataclass(frozen=True)
class ComposedFlow:
    """Flow from a frame to the key, composed over the frames between them.

    frame: the frame on whose grid the arrays lie. flow: float32 (H, W, 2), pixels: ``frame(x) = key(x + flow(x))``.
    valid: bool (H, W), where every step was consistent both ways and stayed inside the picture.
    """

    frame: int
    flow: Floats
    valid: Bools


@lru_cache(maxsize=4)
def grid(height: int, width: int) -> Floats:
    """Pixel positions, float32 (H, W, 2), x then y. For small pictures; cached, and therefore read-only."""
    spots = places(0, height, width)
    spots.setflags(write=False)
    return spots


def places(first: int, last: int, width: int, left: int = 0) -> Floats:
    """Pixel positions of some rows: float32 (last - first, W, 2), x then y.

    Rows ``first`` to ``last``, exclusive; columns from ``left`` on.
    """
    spots = np.empty((last - first, width, 2), F32)
    spots[..., 0] = np.arange(left, left + width)
    spots[..., 1] = np.arange(first, last)[:, None]
    return spots


def origins(flow: Floats, first: int, left: int = 0) -> Floats:
    """Source positions of some rows, ``x + flow(x)``, float32 like ``flow``.

    ``flow`` begins at row ``first`` and column ``left``.
    """
    where = places(first, first + flow.shape[0], flow.shape[1], left)
    where += flow
    return where


def sample(picture: Pixels, flow: Floats, *, crisp: bool = False) -> Pixels:
    """Warp a picture backward: read it at ``x + flow(x)``, with the border pixel repeated outside.

    picture: (H, W) or (H, W, C), of any type that OpenCV remaps. The interpolation is bilinear, or with ``crisp``
    Lanczos over 8 pixels, which keeps the finest detail and may overshoot the range.
    """
    read = np.empty((*flow.shape[:2], *picture.shape[2:]), picture.dtype)

    def work(band: Band) -> None:
        read[band.own] = sample_rows(picture, flow[band.own], band.first, crisp=crisp)

    in_bands(work, flow.shape)
    return read


def sample_rows(picture: Pixels, flow: Floats, first: int, left: int = 0, *, crisp: bool = False) -> Pixels:
    """Warp some rows, see ``sample``. ``flow`` begins at row ``first`` and column ``left``; ``picture`` is complete."""
    how = cv2.INTER_LANCZOS4 if crisp else cv2.INTER_LINEAR
    read = cv2.remap(picture, origins(flow, first, left), None, how, borderMode=cv2.BORDER_REPLICATE)
    return read.reshape(*flow.shape[:2], *picture.shape[2:])


def consistent(forward: Floats, backward: Floats) -> Bools:
    """Forward-backward consistency (Sundaram, Brox and Keutzer, ECCV 2010): bool (H, W).

    forward: flow on the grid of the picture in question, into the other one. backward: flow on the other one's grid. A
    pixel passes when ``|f + b|² < 0.01 (|f|² + |b|²) + 0.5`` and its source position is inside the other picture.
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
    # NumPy takes twenty times as long to sum along an axis of two as to add two planes.
    squares = flow * flow
    return np.asarray(squares[..., 0] + squares[..., 1])


def start_at_key(frame: int, height: int, width: int) -> ComposedFlow:
    """Composed flow of the key itself: no motion, valid everywhere."""
    return ComposedFlow(frame, np.zeros((height, width, 2), F32), np.ones((height, width), bool))


@dataclass(frozen=True)
class Step:
    """Flow between neighbouring frames, on the grid of the one further away from the key.

    flow: float32 (H, W, 2): ``after(x) = before(x + flow(x))``. consistent: bool (H, W), see ``consistent``. All flow
    is checked here: raises ValueError for another shape or type, NaN, infinity, or a length beyond LARGEST.
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
    """Raise ValueError unless ``flow`` is float32 (H, W, 2), finite, and no longer than LARGEST along x or y."""
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size or flow.dtype != F32:
        raise ValueError(f"flow must be float32 (H, W, 2), not {flow.dtype} {flow.shape}")
    # One pass each and no temporary array; NaN makes both comparisons false.
    if not (flow.min() >= -LARGEST and flow.max() <= LARGEST):
        bad = ~(np.abs(flow) <= LARGEST)
        y, x, axis = (int(place) for place in np.argwhere(bad)[0])
        raise ValueError(f"flow must be finite and at most {LARGEST:g} pixels, not {flow[y, x, axis]} at x {x}, y {y}")


def step_of(flow: Floats, back: Floats) -> Step:
    """Build a step from flow on the grid of the later frame, and from the flow ``back`` on the grid of the earlier one.

    Both float32 (H, W, 2), in pixels. Raises ValueError when they have other shapes, or different ones.
    """
    for way in (flow, back):
        check_flow(way)
    if flow.shape != back.shape:
        raise ValueError(f"flow there and back must be of one size, not {flow.shape} and {back.shape}")
    return Step(flow, consistent(flow, back))


def take_step(before: Bytes, after: Bytes, estimate: FlowEstimator) -> Step:
    """Estimate the step from ``before`` to ``after``, both uint8 (H, W, 3), with one estimate each way."""
    return step_of(estimate(before, after), estimate(after, before))


def take_steps(one: Bytes, other: Bytes, estimate: FlowEstimator) -> tuple[Step, Step]:
    """Estimate the steps from ``one`` to ``other`` and back, both uint8 (H, W, 3), with two estimates in all."""
    onward, back = estimate(one, other), estimate(other, one)
    return step_of(onward, back), step_of(back, onward)


def extend(composed: ComposedFlow, frame: int, step: Step) -> ComposedFlow:
    """Compose with one more step away from the key; ``composed`` is the flow of the frame that ``step`` points to."""
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
    """Mask of the pixels whose ``x + flow(x)`` lies in a picture of the flow's size, to within a pixel: bool (H, W)."""
    return inside_rows(flow, 0, flow.shape)


def inside_rows(flow: Floats, first: int, size: tuple[int, ...], left: int = 0) -> Bools:
    """Some rows of ``inside``, for a picture of ``size`` (H, W, ...).

    ``flow`` begins at row ``first`` and column ``left``.
    """
    where = origins(flow, first, left)
    across = (where[..., 0] >= -1) & (where[..., 0] <= size[1])
    return np.asarray(across & (where[..., 1] >= -1) & (where[..., 1] <= size[0]))


def anchor(flow: Floats, key_plate: Bytes, plate: Bytes, estimate: FlowEstimator) -> Floats:
    """Correct the drift of composed flow by comparing with the key itself.

    The key's plate, warped by ``flow``, and the frame's plate differ by the drift alone. The flow between these two is
    added where it lowers the photometric error. All arrays are on the frame's grid; plates are uint8 (H, W, 3).
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


# Motion below this many pixels may be noise; it is kept if the photometric error, 0..1, is this much larger without it.
CREEP, TELLING = 0.25, 1 / 255


def settle(flow: Floats, key_plate: Bytes, plate: Bytes) -> Floats:
    """Set the flow of static areas to 0, so that a locked-off background does not boil.

    flow: float32 (H, W, 2), in pixels, on the grid of ``plate``; the plates: uint8 (H, W, 3). Returns flow of that
    shape. Estimated flow of a static area is off by a tenth of a pixel. It is replaced by 0 where no motion explains
    the plate as well.
    """
    calmed = np.empty_like(flow)

    def work(band: Band) -> None:
        calmed[band.own] = _calmed(flow[band.wide], key_plate, plate, band)[band.inner]

    in_bands(work, flow.shape, 3 * _AROUND)
    return calmed


def _calmed(flow: Floats, key_plate: Bytes, plate: Bytes, band: Band) -> Floats:
    """Rows of ``settle``; ``flow`` has those of the band and its halo, the plates are complete."""
    slow = np.maximum(np.abs(flow[..., 0]), np.abs(flow[..., 1])) < CREEP
    if not slow.any():
        return flow
    shown = plate[band.wide]
    moved = mismatch(sample_rows(key_plate, flow, band.top), shown)
    calm = slow & (mismatch(key_plate[band.wide], shown) <= moved + TELLING)
    # Single pixels follow their neighbours, and the border between static and moving areas is soft.
    certain = cv2.blur(cv2.medianBlur(calm.view(U8), 2 * _AROUND + 1).astype(F32), (2 * _AROUND + 1,) * 2)
    return flow * (1 - certain.reshape(calm.shape))[..., None]


def mismatch(one: Bytes, other: Bytes) -> Floats:
    """Local photometric error of two pictures: float32 (H, W), 0..1.

    The mean absolute difference over a window of 5 x 5 pixels and all channels.
    """
    apart = cv2.absdiff(one, other)
    total = sum(apart[..., channel].astype(F32) for channel in range(apart.shape[2]))
    mean = np.asarray(total, F32) / F32(apart.shape[2]) / F32(255)
    # The filter keeps running sums in float64. All values are integer multiples of 2^-33, so that the sums are exact
    # wherever they began.
    window = (2 * _AROUND + 1, 2 * _AROUND + 1)
    return np.asarray(cv2.boxFilter(mean, -1, window, borderType=cv2.BORDER_REFLECT))
