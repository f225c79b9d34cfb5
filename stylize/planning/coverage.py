"""Coverage of a frame by a key: the pixels with content that the key also shows, displaced or at another exposure."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Pixels
from propagate.flow import FlowEstimator, consistent, grid, warp
from propagate.kernels.kernel import kernel
from stylize.planning.fitting import Doubles, ExposureTable, fit_camera, fit_exposure, identity_exposure

# Planning uses small pictures, because new content is larger than a few pixels. Motion between neighbours is estimated
# on proxies. Keys are compared on thumbnails of half that size.
PROXY_WIDTH, THUMBNAIL_WIDTH = 320, 160

# Mean difference, over 3x3 thumbnail pixels, that grain, compression and a misalignment of half a pixel cause: constant
# part (of a range of 1), and part per unit of local contrast. For comparison, different textures of the same colour
# differ by about 1.1 times their contrast.
NOISE_FLOOR = F32(0.045)
CONTRAST_SCALE = F32(0.45)

# The residual is the difference divided by the tolerance. A pixel is fully covered up to the first value, and uncovered
# from the second value on, to which the residual is clipped.
COVERED_RESIDUAL, MAX_RESIDUAL = 0.5, 1.5

# Where the key is magnified, its detail is insufficient: the residual grows by STRETCH_PENALTY for each further pixel
# of the frame that a pixel of the key is stretched over. Pixels with an area in the key below MIN_AREA are uncovered.
STRETCH_PENALTY = F32(1.0)
MIN_AREA = F32(0.3)

# The camera's motion is refitted against the key if more than this share of the picture is covered.
MIN_ANCHOR_SHARE = 0.2
# Camera motion replaces flow where its difference is less than this share of that of the flow.
CAMERA_ADVANTAGE = F32(0.8)

# Additional weight of pixels that move independently of the camera. An actor who fills a fifth of the picture weighs as
# much as everything else.
SUBJECT_WEIGHT = F32(4.0)
# Minimum speed of a subject, in thumbnail pixels per frame.
SUBJECT_SPEED = 0.3
# Decay per frame of the mask of a subject that has stopped moving. It halves in about 35 frames.
SUBJECT_DECAY = F32(0.98)


@dataclass(frozen=True)
class Thumbnail:
    """Frame at the size at which it is compared with keys.

    picture: RGB, uint8 (h, w, 3). tolerance: float32 (h, w), allowed difference, above 0, for values of 0..1.
    """

    picture: Bytes
    tolerance: Floats


@dataclass(frozen=True)
class Motion:
    """Motion between a frame and the previous one of the survey.

    flow: float32 (h, w, 2) in thumbnail pixels, x then y: ``frame(x) = previous(x + flow(x))``. camera: float64 (3, 3),
    affine camera motion that maps x of the frame to x of the previous one.
    """

    flow: Floats
    camera: Doubles


@dataclass(frozen=True)
class View:
    """Correspondence of one frame with a key.

    flow: float32 (h, w, 2) in thumbnail pixels, x then y: ``frame(x) = key(x + flow(x))``, extrapolated where
    uncovered. residual: float32 (h, w), difference from the warped key divided by the tolerance, 0 to MAX_RESIDUAL.
    camera: float64 (3, 3), affine camera motion that maps x of the frame to x of the key. exposure: table that maps
    levels of the key to the exposure of the frame.
    """

    flow: Floats
    residual: Floats
    camera: Doubles
    exposure: ExposureTable

    @property
    def covered(self) -> Bools:
        """Pixels where the key shows the same content: bool (h, w)."""
        return np.asarray(self.residual < 1)


def proxy(plate: Bytes) -> Bytes:
    """Shrink a plate to a width of at most PROXY_WIDTH: uint8 (H, W, 3). Open eyes stay visible, grain does not."""
    return _shrunk(plate, PROXY_WIDTH)


def thumbnail(picture: Bytes) -> Thumbnail:
    """Return the thumbnail of a proxy."""
    small = _shrunk(picture, THUMBNAIL_WIDTH)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    mean = cv2.boxFilter(grey, -1, (5, 5))
    contrast = np.sqrt(np.maximum(cv2.boxFilter(grey * grey, -1, (5, 5)) - mean * mean, 0))
    return Thumbnail(small, NOISE_FLOOR + CONTRAST_SCALE * contrast)


def _shrunk(picture: Bytes, max_width: int) -> Bytes:
    height, width = picture.shape[:2]
    if width <= max_width:
        return picture
    size = (max_width, max(1, round(height * max_width / width)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), U8)


def motion(before: Bytes, after: Bytes, estimate: FlowEstimator) -> Motion:
    """Return the motion between two proxies. It is zero if no motion connects them, for example at a flash."""
    flow = _thumbnail_flow(estimate(before, after))
    warped, target = warp(thumbnail(before).picture, flow), thumbnail(after)
    exposure = fit_exposure(warped, target.picture, np.ones(flow.shape[:2], bool))
    if (_difference(warped, target, exposure) < target.tolerance).mean() < MIN_ANCHOR_SHARE:
        flow = np.zeros_like(flow)
    return Motion(flow, fit_camera(flow, np.ones(flow.shape[:2], bool)))


def _thumbnail_flow(flow: Floats) -> Floats:
    """Scale flow of proxies to thumbnails: float32 (h, w, 2)."""
    height, width = flow.shape[:2]
    if width <= THUMBNAIL_WIDTH:
        return flow
    size = (THUMBNAIL_WIDTH, max(1, round(height * THUMBNAIL_WIDTH / width)))
    return np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_AREA) * F32(THUMBNAIL_WIDTH / width), F32)


def own_view(key: Thumbnail) -> View:
    """Return the identity view of a key in its own frame."""
    height, width = key.tolerance.shape
    return View(np.zeros((height, width, 2), F32), np.zeros((height, width), F32), np.eye(3), identity_exposure())


def move_view(view: View, moved: Motion, key: Thumbnail, frame: Thumbnail, estimate: FlowEstimator) -> View:
    """Propagate the view of a key to the next frame.

    Flow is composed with that of the previous view. Where it fits better, camera motion is used instead, which recovers
    content that was temporarily hidden. The result is corrected against the key, which prevents drift.

    view: view of the key in the previous frame. moved: motion between the previous frame and ``frame``.
    """
    flow = moved.flow + _sample(view.flow, moved.flow)
    camera = view.camera @ moved.camera
    camera_flow = _camera_flow(camera, *frame.tolerance.shape)
    warped, camera_warped = _sample(key.picture, flow), _sample(key.picture, camera_flow)
    difference = _difference(warped, frame, view.exposure)
    better = _difference(camera_warped, frame, view.exposure) < CAMERA_ADVANTAGE * difference
    if better.any():
        _copy_where(flow, camera_flow, better)
        _copy_where(warped, camera_warped, better)
        difference = _difference(warped, frame, view.exposure)
    drift = estimate(cv2.LUT(warped, view.exposure), frame.picture)
    anchored = drift + _sample(flow, drift)
    warped = _sample(key.picture, anchored)
    exposure = fit_exposure(warped, frame.picture, _sample(view.residual, moved.flow) < 1)
    anchored_difference = _difference(warped, frame, exposure)
    _copy_where(flow, anchored, anchored_difference < difference)
    residual = _residual(flow, np.minimum(difference, anchored_difference), frame)
    covered = residual < 1
    if covered.mean() <= MIN_ANCHOR_SHARE:
        # Too little is covered to fit camera and exposure, for example at a flash.
        return View(_fill_flow(flow, covered), residual, camera, view.exposure)
    return View(_fill_flow(flow, covered), residual, fit_camera(flow, covered), exposure)


def _sample(picture: Pixels, flow: Floats) -> Pixels:
    """Warp a small picture bilinearly; see ``propagate.flow.warp``."""
    where = grid(*flow.shape[:2]) + flow
    return cv2.remap(picture, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _copy_where(picture: Pixels, other: Pixels, mask: Bools) -> None:
    """Copy ``other`` into ``picture`` where the mask is set."""
    cv2.copyTo(other, mask.view(U8), picture)


def similarity(one: Bytes, other: Bytes, estimate: FlowEstimator) -> float:
    """Return the share of ``other`` that ``one`` covers with forward-backward consistent flow, 0..1.

    one, other: proxies of equal size.
    """
    moved, key = motion(one, other, estimate), thumbnail(one)
    covered = move_view(own_view(key), moved, key, thumbnail(other), estimate).covered
    return float((covered & consistent(moved.flow, _thumbnail_flow(estimate(other, one)))).mean())


def subject(before: Floats | None, moved: Motion) -> Floats:
    """Return the mask of content that moves, or recently moved, relative to the camera: float32 (h, w), 0..1.

    before: mask of the previous frame; None for the first. moved: motion between the previous frame and this one.
    """
    relative = moved.flow - _camera_flow(moved.camera, *moved.flow.shape[:2])
    moves = (np.hypot(relative[..., 0], relative[..., 1]) > SUBJECT_SPEED).astype(U8)
    # Regions smaller than 3 pixels are noise.
    found = cv2.morphologyEx(moves, cv2.MORPH_OPEN, np.ones((3, 3), U8)).astype(F32)
    return found if before is None else np.maximum(found, warp(before, moved.flow) * SUBJECT_DECAY)


def weight(frame: Thumbnail, moving: Floats) -> Floats:
    """Return the weight of each pixel, from its contrast and the subject: float32 (h, w), above 0.

    moving: mask of the subject, as returned by ``subject``.
    """
    return np.asarray(frame.tolerance / NOISE_FLOOR * (1 + SUBJECT_WEIGHT * moving), F32)


def uncovered(residual: Floats) -> Floats:
    """Convert residual to the uncovered share: 0 for fully covered, 1 for uncovered."""
    return np.clip((residual - F32(COVERED_RESIDUAL)) / F32(MAX_RESIDUAL - COVERED_RESIDUAL), 0, 1)


def weighted_sum(values: Floats, weights: Floats) -> Floats:
    """Return the weighted sum over the last axis: (..., N) and (N,) -> (...).

    A matrix product would not be bit-identical, since the order of summation in BLAS depends on the number of threads.
    """
    return np.asarray(np.einsum("...n,n->...", values, weights), F32)


def _camera_flow(camera: Doubles, height: int, width: int) -> Floats:
    """Return the flow of a camera motion: float32 (h, w, 2)."""
    moves = (camera[:2] - np.eye(3)[:2]).astype(F32)
    across, down = np.arange(width, dtype=F32), np.arange(height, dtype=F32)[:, None]
    planes = [row[0] * across + (row[1] * down + row[2]) for row in moves]
    return np.asarray(cv2.merge(planes), F32)


def _residual(flow: Floats, difference: Floats, frame: Thumbnail) -> Floats:
    """Return the residual of a flow. difference: see ``_difference``."""
    found = np.empty_like(difference)
    stretch_residual(flow, _area(flow), difference, frame.tolerance, found)
    # Isolated pixels, covered or uncovered, are noise.
    return np.asarray(cv2.medianBlur(found, 3), F32)


@kernel
def stretch_residual(flow: Any, area: Any, difference: Any, tolerance: Any, found: Any) -> None:
    """Write the residual of a flow to ``found``. area: as of ``_area``. All but flow, (h, w, 2): float32 (h, w)."""
    height, width = difference.shape
    one, nothing = F32(1), F32(MAX_RESIDUAL)
    for y in range(height):
        for x in range(width):
            across, down = F32(x) + flow[y, x, 0], F32(y) + flow[y, x, 1]
            visible = -1 <= across <= width and -1 <= down <= height and area[y, x] > MIN_AREA
            penalty = STRETCH_PENALTY * (one / min(max(area[y, x], MIN_AREA), one) - one)
            found[y, x] = min(difference[y, x] / tolerance[y, x] + penalty, nothing) if visible else nothing


def _difference(warped: Bytes, frame: Thumbnail, exposure: ExposureTable) -> Floats:
    """Return the mean absolute difference over 3x3 pixels after exposure matching: float32 (h, w), 0..1."""
    difference = cv2.absdiff(cv2.LUT(warped, exposure), frame.picture).astype(F32)
    return np.asarray(cv2.boxFilter(cv2.transform(difference, np.full((1, 3), 1 / 765, F32)), -1, (3, 3)), F32)


def _area(flow: Floats) -> Floats:
    """Return the area, in pixels of the key, that each pixel of the frame maps to, smoothed: float32 (h, w)."""
    height, width = flow.shape[:2]
    size = (max(2, width // 4), max(2, height // 4))
    smooth = cv2.GaussianBlur(cv2.resize(flow, size, interpolation=cv2.INTER_AREA), (0, 0), 1)
    across = cv2.Sobel(smooth, -1, 1, 0, ksize=1, scale=0.5 * size[0] / width, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(smooth, -1, 0, 1, ksize=1, scale=0.5 * size[1] / height, borderType=cv2.BORDER_REPLICATE)
    area = (1 + across[..., 0]) * (1 + down[..., 1]) - across[..., 1] * down[..., 0]
    return np.asarray(cv2.resize(area, (width, height)), F32)


def _fill_flow(flow: Floats, covered: Bools) -> Floats:
    """Extrapolate flow into uncovered pixels from their surroundings, with which hidden content is assumed to move."""
    if covered.all() or not covered.any():
        return flow
    height, width = flow.shape[:2]
    small = (max(1, width // 8), max(1, height // 8))
    mask = covered.astype(F32)
    sums = cv2.merge([flow[..., 0] * mask, flow[..., 1] * mask, mask])
    parts = cv2.resize(sums, small, interpolation=cv2.INTER_AREA)
    # Wide blurs reach the middle of large holes; narrow ones keep the motion close to their borders.
    total = parts * F32(1e2) + sum(cv2.GaussianBlur(parts, (0, 0), wide) * F32(scale) for wide, scale in BLURS)
    around = cv2.resize(np.asarray(total[..., :2] / np.maximum(total[..., 2:], F32(1e-9)), F32), (width, height))
    _copy_where(around, flow, covered)
    return np.asarray(around, F32)


# Standard deviation in units of 8 thumbnail pixels, and weight of each blur.
BLURS = ((1.5, 1.0), (6, 1e-2), (24, 1e-4))
