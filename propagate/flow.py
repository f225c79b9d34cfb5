"""Optical flow: the estimator protocol, consistency, composition over many frames, and drift correction."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Pixels
from propagate.bands import Band, for_each_band
from propagate.light import is_blank, match_neighbours

# Maximum length of flow in pixels, larger than any picture; sums of such flow over a long shot stay finite.
MAX_LENGTH = 65536.0
# Radius in pixels of the windows of ``photometric_error``, and of a median and a blur.
_WINDOW_RADIUS = 2


class FlowEstimator(Protocol):
    """Estimates dense flow between two pictures.

    To add one to stylize, write a class with these methods, and register it: in ``stylize/extensions/built_in.py``, or
    in a separate distribution (docs/development/extensions.md). Then add it to the suite in
    ``tests/contracts/test_flow_estimators.py``, which every estimator passes.
    """

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
    valid: bool (H, W), true where every step is consistent in both directions and stays inside the picture.
    """

    frame: int
    flow: Floats
    valid: Bools


@lru_cache(maxsize=4)
def grid(height: int, width: int) -> Floats:
    """Pixel positions, float32 (H, W, 2), x then y. For small pictures; cached, and therefore read-only."""
    positions = grid_rows(0, height, width)
    positions.setflags(write=False)
    return positions


def grid_rows(top: int, bottom: int, width: int, left: int = 0) -> Floats:
    """Pixel positions of some rows: float32 (bottom - top, W, 2), x then y.

    Rows ``top`` to ``bottom``, exclusive; columns from ``left`` on.
    """
    positions = np.empty((bottom - top, width, 2), F32)
    positions[..., 0] = np.arange(left, left + width)
    positions[..., 1] = np.arange(top, bottom)[:, None]
    return positions


def source_positions(flow: Floats, top: int, left: int = 0) -> Floats:
    """Source positions of some rows, ``x + flow(x)``, float32 like ``flow``.

    ``flow`` begins at row ``top`` and column ``left``.
    """
    positions = grid_rows(top, top + flow.shape[0], flow.shape[1], left)
    positions += flow
    return positions


def warp(picture: Pixels, flow: Floats, *, lanczos: bool = False) -> Pixels:
    """Warp a picture backward: read it at ``x + flow(x)``, with the border pixel repeated outside.

    picture: (H, W) or (H, W, C), of any type that OpenCV remaps. The interpolation is bilinear, or with ``lanczos``
    Lanczos over 8 pixels, which keeps the finest detail and may overshoot the range.
    """
    warped = np.empty((*flow.shape[:2], *picture.shape[2:]), picture.dtype)

    def work(band: Band) -> None:
        warped[band.rows] = warp_rows(picture, flow[band.rows], band.start, lanczos=lanczos)

    for_each_band(work, flow.shape)
    return warped


def warp_rows(picture: Pixels, flow: Floats, top: int, left: int = 0, *, lanczos: bool = False) -> Pixels:
    """Warp some rows; see ``warp``. ``flow`` begins at row ``top`` and column ``left``; ``picture`` is complete."""
    interpolation = cv2.INTER_LANCZOS4 if lanczos else cv2.INTER_LINEAR
    warped = cv2.remap(picture, source_positions(flow, top, left), None, interpolation, borderMode=cv2.BORDER_REPLICATE)
    return warped.reshape(*flow.shape[:2], *picture.shape[2:])


def consistent(forward: Floats, backward: Floats) -> Bools:
    """Forward-backward consistency (Sundaram, Brox and Keutzer, ECCV 2010): bool (H, W).

    forward: flow on the grid of the picture in question, into the other one. backward: flow on the other one's grid. A
    pixel passes when ``|f + b|² < 0.01 (|f|² + |b|²) + 0.5`` and its source position is inside the other picture.
    """
    mask = np.empty(forward.shape[:2], bool)

    def work(band: Band) -> None:
        flow = forward[band.rows]
        returned = warp_rows(backward, flow, band.start)
        error = _squared_length(flow + returned)
        length = _squared_length(flow) + _squared_length(returned)
        mask[band.rows] = (error < 0.01 * length + 0.5) & in_bounds_rows(flow, band.start, forward.shape)

    for_each_band(work, forward.shape)
    return mask


def _squared_length(flow: Floats) -> Floats:
    # NumPy takes twenty times as long to sum along an axis of two as to add two planes.
    squares = flow * flow
    return np.asarray(squares[..., 0] + squares[..., 1])


def identity_flow(frame: int, height: int, width: int) -> ComposedFlow:
    """Composed flow of the key itself: no motion, valid everywhere."""
    return ComposedFlow(frame, np.zeros((height, width, 2), F32), np.ones((height, width), bool))


@dataclass(frozen=True)
class Step:
    """Flow between neighbouring frames, on the grid of the one further away from the key.

    flow: float32 (H, W, 2): ``after(x) = before(x + flow(x))``. consistent: bool (H, W); see ``consistent``. All flow
    is checked here. Raises ValueError for a wrong shape or type, NaN, infinity, or a length above MAX_LENGTH.
    """

    flow: Floats
    consistent: Bools

    def __post_init__(self) -> None:
        check_flow(self.flow)
        if self.consistent.shape != self.flow.shape[:2] or self.consistent.dtype != bool:
            raise ValueError(
                f"consistency must be bool {self.flow.shape[:2]}, as its flow, not {self.consistent.dtype} "
                f"{self.consistent.shape}"
            )


def check_flow(flow: Floats) -> None:
    """Raise ValueError unless ``flow`` is float32 (H, W, 2), finite, and no longer than MAX_LENGTH along x or y."""
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size or flow.dtype != F32:
        raise ValueError(f"flow must be float32 (H, W, 2), not {flow.dtype} {flow.shape}")
    # One pass each and no temporary array; NaN makes both comparisons false.
    if not (flow.min() >= -MAX_LENGTH and flow.max() <= MAX_LENGTH):
        bad = ~(np.abs(flow) <= MAX_LENGTH)
        y, x, axis = (int(index) for index in np.argwhere(bad)[0])
        raise ValueError(
            f"flow must be finite and at most {MAX_LENGTH:g} pixels, not {flow[y, x, axis]} at x {x}, y {y}"
        )


def step_from_flows(flow: Floats, back: Floats) -> Step:
    """Build a step from flow on the grid of the later frame, and from the flow ``back`` on the grid of the earlier one.

    Both are float32 (H, W, 2), in pixels. Raises ValueError when their shapes are invalid or differ.
    """
    for each in (flow, back):
        check_flow(each)
    if flow.shape != back.shape:
        raise ValueError(f"forward and backward flow must have the same size, not {flow.shape} and {back.shape}")
    return Step(flow, consistent(flow, back))


def estimate_step(before: Bytes, after: Bytes, estimate: FlowEstimator) -> Step:
    """Estimate the step from ``before`` to ``after``, both uint8 (H, W, 3), with one estimate each way.

    See ``estimate_steps``.
    """
    return estimate_steps(before, after, estimate)[0]


def estimate_steps(first: Bytes, second: Bytes, estimate: FlowEstimator) -> tuple[Step, Step]:
    """Estimate the steps from ``first`` to ``second`` and back, both uint8 (H, W, 3), with two estimates in total. Both
    pictures are first brought to the same light. A black or white frame shows no motion: nothing is assumed to move
    there, so that the motion of the frames around it can be composed across it.
    """
    if first.shape == second.shape and (is_blank(first) or is_blank(second)):
        still = Step(np.zeros((*first.shape[:2], 2), F32), np.ones(first.shape[:2], bool))
        return still, still
    first, second = match_neighbours(first, second)
    forward, backward = estimate(first, second), estimate(second, first)
    return step_from_flows(forward, backward), step_from_flows(backward, forward)


def compose_step(composed: ComposedFlow, frame: int, step: Step) -> ComposedFlow:
    """Compose with one more step away from the key; ``composed`` is the flow of the frame that ``step`` points to."""
    flow, valid = np.empty_like(step.flow), np.empty_like(step.consistent)
    known = composed.valid.view(U8) * U8(255)

    def work(band: Band) -> None:
        offset = step.flow[band.rows]
        flow[band.rows] = offset + warp_rows(composed.flow, offset, band.start)
        reached = warp_rows(known, offset, band.start) > 127
        in_picture = in_bounds_rows(flow[band.rows], band.start, flow.shape)
        valid[band.rows] = step.consistent[band.rows] & reached & in_picture

    for_each_band(work, flow.shape)
    return ComposedFlow(frame, flow, valid)


def in_bounds(flow: Floats) -> Bools:
    """Mask of the pixels whose ``x + flow(x)`` lies in a picture of the flow's size, to within a pixel: bool (H, W)."""
    return in_bounds_rows(flow, 0, flow.shape)


def in_bounds_rows(flow: Floats, top: int, size: tuple[int, ...], left: int = 0) -> Bools:
    """Some rows of ``in_bounds``, for a picture of ``size`` (H, W, ...).

    ``flow`` begins at row ``top`` and column ``left``.
    """
    positions = source_positions(flow, top, left)
    inside_x = (positions[..., 0] >= -1) & (positions[..., 0] <= size[1])
    return np.asarray(inside_x & (positions[..., 1] >= -1) & (positions[..., 1] <= size[0]))


def correct_drift(flow: Floats, key_plate: Bytes, plate: Bytes, estimate: FlowEstimator) -> Floats:
    """Correct the drift of composed flow by comparing with the key itself.

    The key's plate, warped by ``flow``, and the frame's plate differ only by the drift. The flow between these two is
    added where it lowers the photometric error. All arrays are on the frame's grid; plates are uint8 (H, W, 3).
    """
    warped = warp(key_plate, flow)
    drift = estimate(warped, plate)
    corrected = np.empty_like(flow)

    def work(band: Band) -> None:
        target = plate[band.with_halo]
        candidate = drift[band.with_halo] + warp_rows(flow, drift[band.with_halo], band.halo_start)
        error = photometric_error(warp_rows(key_plate, candidate, band.halo_start), target)
        improved = photometric_error(warped[band.with_halo], target) - error > 0
        corrected[band.rows] = np.where(improved[..., None], candidate, flow[band.with_halo])[band.interior]

    for_each_band(work, flow.shape, _WINDOW_RADIUS)
    return corrected


# Motion below this many pixels may be noise; it is kept if the photometric error, 0..1, would be larger by this much
# without it.
MAX_CREEP, CREEP_TOLERANCE = 0.25, 1 / 255


def freeze_static(flow: Floats, key_plate: Bytes, plate: Bytes) -> Floats:
    """Set the flow of static areas to 0, so that a locked-off background does not boil.

    flow: float32 (H, W, 2), in pixels, on the grid of ``plate``; the plates: uint8 (H, W, 3). Returns flow of that
    shape. Estimated flow of a static area is off by a tenth of a pixel. It is replaced by 0 where zero motion explains
    the plate equally well.
    """
    result = np.empty_like(flow)

    def work(band: Band) -> None:
        result[band.rows] = _freeze_rows(flow[band.with_halo], key_plate, plate, band)[band.interior]

    for_each_band(work, flow.shape, 3 * _WINDOW_RADIUS)
    return result


def _freeze_rows(flow: Floats, key_plate: Bytes, plate: Bytes, band: Band) -> Floats:
    """Rows of ``freeze_static``; ``flow`` has those of the band and its halo, the plates are complete."""
    small = np.maximum(np.abs(flow[..., 0]), np.abs(flow[..., 1])) < MAX_CREEP
    if not small.any():
        return flow
    target = plate[band.with_halo]
    warp_error = photometric_error(warp_rows(key_plate, flow, band.halo_start), target)
    static = small & (photometric_error(key_plate[band.with_halo], target) <= warp_error + CREEP_TOLERANCE)
    # Single pixels follow their neighbours, and the border between static and moving areas is soft.
    side = 2 * _WINDOW_RADIUS + 1
    weight = cv2.blur(cv2.medianBlur(static.view(U8), side).astype(F32), (side, side))
    return flow * (1 - weight.reshape(static.shape))[..., None]


def photometric_error(a: Bytes, b: Bytes) -> Floats:
    """Local photometric error of two pictures: float32 (H, W), 0..1.

    The mean absolute difference over a window of 5 x 5 pixels and all channels.
    """
    difference = cv2.absdiff(a, b)
    total = sum(difference[..., channel].astype(F32) for channel in range(difference.shape[2]))
    mean = np.asarray(total, F32) / F32(difference.shape[2]) / F32(255)
    # The filter keeps running sums in float64. All values are integer multiples of 2^-33, so that the sums are exact
    # wherever they start.
    side = 2 * _WINDOW_RADIUS + 1
    return np.asarray(cv2.boxFilter(mean, -1, (side, side), borderType=cv2.BORDER_REFLECT))
