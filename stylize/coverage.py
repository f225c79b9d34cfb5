"""How much of a frame a key explains: which of its pixels the key shows too, only elsewhere or in another light."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, U8, Bools, Bytes, Floats
from propagate.flow import FlowEstimator, consistent, grid, inside, sample

Doubles = NDArray[np.float64]
Lights = Bytes  # (1, 256, 3): what each level of a channel becomes

# Planning looks at small pictures: what is new is larger than a few pixels.
PROXY_WIDTH = 320

# Mean difference over 5 pixels that grain, compression and half a pixel of misplacement make: of the full range,
# and per unit of local contrast. Another texture of the same colour differs by about 1.1 of its contrast.
FLOOR = 0.045
CONTRAST = 0.45

# A pixel of the frame that shows less than this share of a key's pixel is magnified too much to keep its detail.
LEAST_AREA = 0.3

# The camera's motion is measured anew against the key where at least this share of the picture is seen.
ANCHORING = 0.2

# Exposure may drift this far and still be the same picture; beyond it a light was switched.
GAINS = (0.5, 2.0)
LIFT = 0.2

# What moves on its own counts this many times more than what stands still or goes with the camera: an actor that
# fills a tenth of the picture weighs as much as all the rest.
SUBJECT = 9.0
SUBJECT_SPEED = 0.6
# A subject that has come to rest is forgotten slowly: it counts half after some 35 frames.
SUBJECT_MEMORY = 0.98


@dataclass(frozen=True)
class Motion:
    """From one frame to the next that is looked at.

    flow: float32 (H, W, 2), proxy pixels, on the grid of the next: ``next(x) = before(x + flow(x))``.
    camera: float64 (3, 3), the affine motion that most of the picture follows: x of the next to x of the one before.
    """

    flow: Floats
    camera: Doubles


@dataclass(frozen=True)
class View:
    """One frame as seen from a key.

    flow: float32 (H, W, 2), proxy pixels: ``frame(x) = key(x + flow(x))``, filled in where the key shows nothing.
    explained: bool (H, W): where the key shows the same thing.
    camera: float64 (3, 3): where what goes with the camera comes from: x of the frame to x of the key.
    """

    flow: Floats
    explained: Bools
    camera: Doubles


def proxy(plate: Bytes) -> Bytes:
    """uint8 (H, W, 3) at most PROXY_WIDTH wide; an opened eye can be told in it, grain cannot."""
    height, width = plate.shape[:2]
    if width <= PROXY_WIDTH:
        return plate
    size = (PROXY_WIDTH, max(1, round(height * PROXY_WIDTH / width)))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), U8)


def motion(before: Bytes, after: Bytes, estimate: FlowEstimator) -> Motion:
    """What moves between two proxies."""
    flow = estimate(before, after)
    return Motion(flow, _camera(flow, np.ones(flow.shape[:2], bool)))


def no_motion(picture: Bytes) -> Motion:
    """Nothing moves; proxy of the first frame."""
    return Motion(np.zeros((*picture.shape[:2], 2), F32), np.eye(3))


def own_view(picture: Bytes) -> View:
    """A key seen from itself."""
    height, width = picture.shape[:2]
    return View(np.zeros((height, width, 2), F32), np.ones((height, width), bool), np.eye(3))


def move_view(view: View, moved: Motion, key: Bytes, picture: Bytes, estimate: FlowEstimator) -> View:
    """The view of the next frame: view is of the frame before, moved from it to the next.

    key, picture: proxies of the key and of the next frame. The key itself is looked at once more, so that flow does
    not drift: where flow leads, and where the camera alone leads, for what was hidden for a while and comes back.
    """
    known = sample(view.explained.astype(U8), moved.flow) > 0
    flow, explained = _found(moved.flow + sample(view.flow, moved.flow), known, key, picture, estimate)
    camera = view.camera @ moved.camera
    if not explained.all():
        behind, seen = _found(_field(camera, *explained.shape), known, key, picture, estimate)
        flow = np.where((seen & ~explained)[..., None], behind, flow)
        explained = explained | seen
        if seen.mean() > ANCHORING:
            camera = _camera(behind, seen)
    elif explained.mean() > ANCHORING:
        camera = _camera(flow, explained)
    return View(_filled(flow, explained), explained, camera)


def _found(guess: Floats, known: Bools, key: Bytes, picture: Bytes, estimate: FlowEstimator) -> tuple[Floats, Bools]:
    """The flow into the key near ``guess``, and where it leads to the same thing."""
    shown = sample(key, guess)
    drift = estimate(shown, picture)
    better = drift + sample(guess, drift)
    light = _exposure(shown, picture, known)
    misses = _residual(shown, picture, light), _residual(sample(key, better), picture, light)
    flow = np.where((misses[1] < misses[0])[..., None], better, guess)
    return flow, _explained(flow, np.minimum(*misses), picture)


def alike(one: Bytes, other: Bytes, estimate: FlowEstimator) -> float:
    """Share of ``other`` that ``one`` explains by flow that is consistent both ways, 0..1; proxies of one size."""
    moved = motion(one, other, estimate)
    explained = move_view(own_view(one), moved, one, other, estimate).explained
    return float((explained & consistent(moved.flow, estimate(other, one))).mean())


def weight(before: Floats | None, moved: Motion) -> Floats:
    """How much each pixel counts: 1, and up to 1 + SUBJECT where something moves against the camera's motion.

    before: float32 (H, W), the weight of the frame that ``moved`` comes from; None at the start.
    """
    apart = moved.flow - _field(moved.camera, *moved.flow.shape[:2])
    moves = (np.hypot(apart[..., 0], apart[..., 1]) > SUBJECT_SPEED).astype(U8)
    # Smaller than 5 pixels is chance.
    subject = cv2.morphologyEx(moves, cv2.MORPH_OPEN, np.ones((5, 5), U8)).astype(F32)
    if before is not None:
        rest = (sample(before, moved.flow) - 1) / F32(SUBJECT) * F32(SUBJECT_MEMORY)
        subject = np.maximum(subject, rest)
    return 1 + F32(SUBJECT) * subject


def share(explained: Bools, weights: Floats | None) -> float:
    """Weighted share of the picture that is explained, 0..1."""
    if weights is None:
        return float(explained.mean())
    total = float(weights.sum(dtype=np.float64))
    # Where nothing counts, all that counts is explained.
    return float(weights[explained].sum(dtype=np.float64)) / total if total > 0 else 1.0


def _camera(flow: Floats, known: Bools) -> Doubles:
    """The affine motion that most of the known pixels follow, (3, 3): see ``Motion``."""
    height, width = known.shape
    every = max(1, min(height, width) // 24)
    chosen = known[::every, ::every]
    model = np.eye(3)
    if chosen.sum() < 12:
        return model
    places = np.dstack([grid(height, width), np.ones((height, width), F32)])[::every, ::every][chosen].astype(
        np.float64
    )
    wanted = flow[::every, ::every][chosen].astype(np.float64)
    moves = np.zeros((3, 2))
    moves[2] = np.median(wanted, axis=0)
    for _ in range(3):
        miss = np.linalg.norm(wanted - places @ moves, axis=1)
        near = miss <= max(float(np.median(miss)), 0.25)
        moves = np.linalg.lstsq(places[near], wanted[near], rcond=None)[0]
    model[:2] += moves.T
    return model


def _field(camera: Doubles, height: int, width: int) -> Floats:
    """The flow of a camera motion: float32 (H, W, 2)."""
    moves = (camera[:2] - np.eye(3)[:2]).astype(F32)
    return grid(height, width) @ moves[:, :2].T + moves[:, 2]


def _explained(flow: Floats, miss: Floats, picture: Bytes) -> Bools:
    """miss: see ``_residual``. bool (H, W)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    mean = cv2.boxFilter(grey, -1, (9, 9))
    contrast = np.sqrt(np.maximum(cv2.boxFilter(grey * grey, -1, (9, 9)) - mean * mean, 0))
    found = (miss < FLOOR + CONTRAST * contrast) & inside(flow) & (_area(flow) > LEAST_AREA)
    # Specks are chance, both ways.
    return np.asarray(cv2.medianBlur(found.astype(U8), 5) > 0)


def _residual(shown: Bytes, picture: Bytes, light: Lights) -> Floats:
    """Mean absolute difference over 5 pixels once the exposure is matched: float32 (H, W), 0..1."""
    apart = cv2.absdiff(cv2.LUT(shown, light), picture)
    mean = cv2.transform(apart, np.full((1, 3), 1 / 3)).astype(F32) / F32(255)
    return np.asarray(cv2.boxFilter(mean, -1, (5, 5)), F32)


def _exposure(shown: Bytes, picture: Bytes, known: Bools) -> Lights:
    """The gain and the lift per channel that fit the better half of the pixels known to agree, as a table."""
    trusted = known[::3, ::3]
    if trusted.mean() < 0.1:
        trusted = np.ones_like(trusted)
    some, aim = (each[::3, ::3][trusted].astype(np.float64) / 255 for each in (shown, picture))
    gain, lift = np.ones(3), np.median(aim - some, axis=0)
    for _ in range(2):
        miss = np.abs(some * gain + lift - aim).mean(axis=1)
        near = miss <= np.median(miss)
        gain, lift = _fit(some[near], aim[near])
    levels = np.arange(256.0)[None, :, None] * gain + 255 * lift
    return np.clip(np.rint(levels), 0, 255).astype(U8)


def _fit(some: Doubles, aim: Doubles) -> tuple[Doubles, Doubles]:
    spread = some.var(axis=0)
    together = ((some - some.mean(axis=0)) * (aim - aim.mean(axis=0))).mean(axis=0)
    # Where a channel hardly varies its gain is anything: it is drawn to 1.
    gain = np.clip((together + 1e-3) / (spread + 1e-3), *GAINS)
    return gain, np.clip(aim.mean(axis=0) - gain * some.mean(axis=0), -LIFT, LIFT)


def _area(flow: Floats) -> Floats:
    """Area in the key of one pixel of the frame, over a few pixels: float32 (H, W)."""
    height, width = flow.shape[:2]
    small = cv2.resize(flow, (max(2, width // 4), max(2, height // 4)), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), 1)
    across = np.gradient(smooth, axis=1) * (small.shape[1] / width)
    down = np.gradient(smooth, axis=0) * (small.shape[0] / height)
    area = (1 + across[..., 0]) * (1 + down[..., 1]) - across[..., 1] * down[..., 0]
    return np.asarray(cv2.resize(area.astype(F32), (width, height)), F32)


def _filled(flow: Floats, explained: Bools) -> Floats:
    """Where the key shows nothing, flow goes on from around: what is hidden moves with its surroundings."""
    if explained.all() or not explained.any():
        return flow
    height, width = flow.shape[:2]
    small = (max(1, width // 8), max(1, height // 8))
    sure = explained.astype(F32)
    parts = cv2.resize(np.dstack([flow * sure[..., None], sure]), small, interpolation=cv2.INTER_AREA)
    # A wide blur reaches the middle of large holes, a narrow one keeps the motion beside them.
    total = sum(cv2.GaussianBlur(parts, (0, 0), sigma) * scale for sigma, scale in ((2, 1.0), (8, 1e-2), (32, 1e-4)))
    around = cv2.resize(np.asarray(total[..., :2] / np.maximum(total[..., 2:], 1e-9), F32), (width, height))
    return np.where(explained[..., None], flow, around)
