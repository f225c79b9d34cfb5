"""How much of a frame a key explains: which of its pixels the key shows too, only elsewhere or in another light."""

from dataclasses import dataclass
from typing import Any

import cv2
import numba as nb
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Pixels
from propagate.flow import FlowEstimator, consistent, grid, warp
from stylize.planning.fitting import Doubles, Lights, fit_camera, fit_exposure, no_light

# Planning looks at small pictures: what is new is larger than a few pixels. Motion between neighbours is found in
# proxies, keys are compared in looks of half their size.
PROXY_WIDTH, LOOK_WIDTH = 320, 160

# Mean difference over 3 pixels of a look that grain, compression and half a pixel of misplacement make: of the full
# range, and per unit of local contrast. Another texture of the same colour differs by about 1.1 of its contrast.
FLOOR = F32(0.045)
CONTRAST = F32(0.45)

# Misfit, the difference over the one allowed: what is half of that is explained wholly, half as much again not at
# all; more is not told apart.
WHOLE, NOTHING = 0.5, 1.5

# A pixel of the frame that shows a small area of the key is magnified and lacks detail: its misfit grows by this much
# for each pixel more that the key's pixel is spread over, and below the least area nothing is explained.
STRETCH = F32(1.0)
LEAST_AREA = F32(0.3)

# The camera's motion is measured anew against the key where at least this share of the picture is seen.
ANCHORING = 0.2
# Where the camera alone leads must fit so much better than where the flow leads.
BEHIND = F32(0.8)

# What moves on its own counts this many times more than what stands still or goes with the camera: an actor that
# fills a fifth of the picture weighs as much as all the rest.
SUBJECT = F32(4.0)
# Pixels a frame of a look.
SUBJECT_SPEED = 0.3
# A subject that has come to rest is forgotten slowly: it counts half after some 35 frames.
SUBJECT_MEMORY = F32(0.98)


@dataclass(frozen=True)
class Look:
    """A frame as keys are compared with it.

    picture: uint8 (h, w, 3). limit: float32 (h, w), the difference that is allowed, 0..1.
    """

    picture: Bytes
    limit: Floats


@dataclass(frozen=True)
class Motion:
    """From one frame to the next that is looked at.

    flow: float32 (h, w, 2), pixels of a look, on the grid of the next: ``next(x) = before(x + flow(x))``.
    camera: float64 (3, 3), the affine motion that most of the picture follows: x of the next to x of the one before.
    """

    flow: Floats
    camera: Doubles


@dataclass(frozen=True)
class View:
    """One frame as seen from a key.

    flow: float32 (h, w, 2), pixels of a look: ``frame(x) = key(x + flow(x))``, filled in where the key shows nothing.
    misfit: float32 (h, w), 0 to NOTHING: difference of what the key shows there, over what is allowed.
    camera: float64 (3, 3): where what goes with the camera comes from: x of the frame to x of the key.
    light: what the key's levels become in the light of the frame.
    """

    flow: Floats
    misfit: Floats
    camera: Doubles
    light: Lights

    @property
    def explained(self) -> Bools:
        """bool (h, w): where the key shows the same thing."""
        return np.asarray(self.misfit < 1)


def proxy(plate: Bytes) -> Bytes:
    """uint8 (H, W, 3) at most PROXY_WIDTH wide; an opened eye can be told in it, grain cannot."""
    return _fitted(plate, PROXY_WIDTH)


def look(picture: Bytes) -> Look:
    """Of a proxy."""
    seen = _fitted(picture, LOOK_WIDTH)
    grey = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    mean = cv2.boxFilter(grey, -1, (5, 5))
    contrast = np.sqrt(np.maximum(cv2.boxFilter(grey * grey, -1, (5, 5)) - mean * mean, 0))
    return Look(seen, FLOOR + CONTRAST * contrast)


def _fitted(picture: Bytes, widest: int) -> Bytes:
    height, width = picture.shape[:2]
    if width <= widest:
        return picture
    size = (widest, max(1, round(height * widest / width)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), U8)


def motion(before: Bytes, after: Bytes, estimate: FlowEstimator) -> Motion:
    """What moves between two proxies; nothing where no motion connects them, as on a flash."""
    flow = _of_look(estimate(before, after))
    shown, seen = warp(look(before).picture, flow), look(after)
    light = fit_exposure(shown, seen.picture, np.ones(flow.shape[:2], bool))
    if (_difference(shown, seen, light) < seen.limit).mean() < ANCHORING:
        flow = np.zeros_like(flow)
    return Motion(flow, fit_camera(flow, np.ones(flow.shape[:2], bool)))


def _of_look(flow: Floats) -> Floats:
    """Flow of proxies as flow of looks."""
    height, width = flow.shape[:2]
    if width <= LOOK_WIDTH:
        return flow
    size = (LOOK_WIDTH, max(1, round(height * LOOK_WIDTH / width)))
    return np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_AREA) * F32(LOOK_WIDTH / width), F32)


def own_view(key: Look) -> View:
    """A key seen from itself."""
    height, width = key.limit.shape
    return View(np.zeros((height, width, 2), F32), np.zeros((height, width), F32), np.eye(3), no_light())


def move_view(view: View, moved: Motion, key: Look, frame: Look, estimate: FlowEstimator) -> View:
    """The view of the next frame: view is of the frame before, moved from it to the next.

    Flow leads on from the view before, or, where that fits better, the camera's motion alone: so what was hidden for
    a while is found when it comes back. The key itself is then looked at once more, so that flow does not drift.
    """
    flow = moved.flow + _sample(view.flow, moved.flow)
    camera = view.camera @ moved.camera
    behind = _field(camera, *frame.limit.shape)
    shown, beyond = _sample(key.picture, flow), _sample(key.picture, behind)
    miss = _difference(shown, frame, view.light)
    better = _difference(beyond, frame, view.light) < BEHIND * miss
    if better.any():
        _put(flow, behind, better)
        _put(shown, beyond, better)
        miss = _difference(shown, frame, view.light)
    drift = estimate(cv2.LUT(shown, view.light), frame.picture)
    anchored = drift + _sample(flow, drift)
    shown = _sample(key.picture, anchored)
    light = fit_exposure(shown, frame.picture, _sample(view.misfit, moved.flow) < 1)
    miss_anchored = _difference(shown, frame, light)
    _put(flow, anchored, miss_anchored < miss)
    misfit = _misfit(flow, np.minimum(miss, miss_anchored), frame)
    explained = misfit < 1
    if explained.mean() <= ANCHORING:
        # Nothing is learned from what is hidden, or lost in a flash.
        return View(_filled(flow, explained), misfit, camera, view.light)
    return View(_filled(flow, explained), misfit, fit_camera(flow, explained), light)


def _sample(picture: Pixels, flow: Floats) -> Pixels:
    """``propagate.flow.warp`` of something small."""
    where = grid(*flow.shape[:2]) + flow
    return cv2.remap(picture, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _put(picture: Pixels, other: Pixels, mask: Bools) -> None:
    """Copies ``other`` into ``picture`` where the mask is."""
    cv2.copyTo(other, mask.view(U8), picture)


def alike(one: Bytes, other: Bytes, estimate: FlowEstimator) -> float:
    """Share of ``other`` that ``one`` explains by flow that is consistent both ways, 0..1; proxies of one size."""
    moved, key = motion(one, other, estimate), look(one)
    explained = move_view(own_view(key), moved, key, look(other), estimate).explained
    return float((explained & consistent(moved.flow, _of_look(estimate(other, one)))).mean())


def subject(before: Floats | None, moved: Motion) -> Floats:
    """Where something moves against the camera's motion, or has come to rest lately: float32 (h, w), 0..1.

    before: of the frame that ``moved`` comes from; None at the start.
    """
    apart = moved.flow - _field(moved.camera, *moved.flow.shape[:2])
    moves = (np.hypot(apart[..., 0], apart[..., 1]) > SUBJECT_SPEED).astype(U8)
    # Smaller than 3 pixels is chance.
    found = cv2.morphologyEx(moves, cv2.MORPH_OPEN, np.ones((3, 3), U8)).astype(F32)
    return found if before is None else np.maximum(found, warp(before, moved.flow) * SUBJECT_MEMORY)


def weight(frame: Look, moving: Floats) -> Floats:
    """How much each pixel counts: by its contrast, and more where there is a subject. float32 (h, w), above 0."""
    return np.asarray(frame.limit / FLOOR * (1 + SUBJECT * moving), F32)


def unexplained(misfit: Floats) -> Floats:
    """0 where explained wholly, 1 where not at all."""
    return np.clip((misfit - F32(WHOLE)) / F32(NOTHING - WHOLE), 0, 1)


def weighed(values: Floats, weights: Floats) -> Floats:
    """The sum over the last axis, each value times its weight: (..., N) and (N,) -> (...).

    Not as a product of matrices: BLAS adds up in another order, to other bits, with another number of threads.
    """
    return np.asarray(np.einsum("...n,n->...", values, weights), F32)


def _field(camera: Doubles, height: int, width: int) -> Floats:
    """The flow of a camera motion: float32 (h, w, 2)."""
    moves = (camera[:2] - np.eye(3)[:2]).astype(F32)
    across, down = np.arange(width, dtype=F32), np.arange(height, dtype=F32)[:, None]
    planes = [row[0] * across + (row[1] * down + row[2]) for row in moves]
    return np.asarray(cv2.merge(planes), F32)


def _misfit(flow: Floats, miss: Floats, frame: Look) -> Floats:
    """miss: see ``_difference``."""
    found = _stretched(flow, _area(flow), miss, frame.limit)
    # Specks are chance, both ways.
    return np.asarray(cv2.medianBlur(found, 3), F32)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _stretched(flow: Any, area: Any, miss: Any, limit: Any) -> Any:
    height, width = miss.shape
    found = np.empty_like(miss)
    one, nothing = F32(1), F32(NOTHING)
    for y in range(height):
        for x in range(width):
            across, down = F32(x) + flow[y, x, 0], F32(y) + flow[y, x, 1]
            seen = -1 <= across <= width and -1 <= down <= height and area[y, x] > LEAST_AREA
            spread = STRETCH * (one / min(max(area[y, x], LEAST_AREA), one) - one)
            found[y, x] = min(miss[y, x] / limit[y, x] + spread, nothing) if seen else nothing
    return found


def _difference(shown: Bytes, frame: Look, light: Lights) -> Floats:
    """Mean absolute difference over 3 pixels once the exposure is matched: float32 (h, w), 0..1."""
    apart = cv2.absdiff(cv2.LUT(shown, light), frame.picture).astype(F32)
    return np.asarray(cv2.boxFilter(cv2.transform(apart, np.full((1, 3), 1 / 765, F32)), -1, (3, 3)), F32)


def _area(flow: Floats) -> Floats:
    """Area in the key of one pixel of the frame, over a few pixels: float32 (h, w)."""
    height, width = flow.shape[:2]
    size = (max(2, width // 4), max(2, height // 4))
    smooth = cv2.GaussianBlur(cv2.resize(flow, size, interpolation=cv2.INTER_AREA), (0, 0), 1)
    across = cv2.Sobel(smooth, -1, 1, 0, ksize=1, scale=0.5 * size[0] / width, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(smooth, -1, 0, 1, ksize=1, scale=0.5 * size[1] / height, borderType=cv2.BORDER_REPLICATE)
    area = (1 + across[..., 0]) * (1 + down[..., 1]) - across[..., 1] * down[..., 0]
    return np.asarray(cv2.resize(area, (width, height)), F32)


def _filled(flow: Floats, explained: Bools) -> Floats:
    """Where the key shows nothing, flow goes on from around: what is hidden moves with its surroundings."""
    if explained.all() or not explained.any():
        return flow
    height, width = flow.shape[:2]
    small = (max(1, width // 8), max(1, height // 8))
    sure = explained.astype(F32)
    sums = cv2.merge([flow[..., 0] * sure, flow[..., 1] * sure, sure])
    parts = cv2.resize(sums, small, interpolation=cv2.INTER_AREA)
    # A wide blur reaches the middle of large holes, a narrow one keeps the motion beside them.
    total = parts * F32(1e2) + sum(cv2.GaussianBlur(parts, (0, 0), wide) * F32(scale) for wide, scale in BLURS)
    around = cv2.resize(np.asarray(total[..., :2] / np.maximum(total[..., 2:], F32(1e-9)), F32), (width, height))
    _put(around, flow, explained)
    return np.asarray(around, F32)


# Standard deviation in eighths of a look, and how much each counts beside the next narrower.
BLURS = ((1.5, 1.0), (6, 1e-2), (24, 1e-4))
