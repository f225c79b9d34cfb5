"""Tracking of a painted matte from frame to frame.

The inside moves by its own motion, estimated from its interior, and is re-aligned with the key in every frame, so that
it does not drift. This gives the expected shape. Each pixel is then matched with two layers: with the inside of the key
and of the previous frame, and with the outside of the previous frame, each warped. A pixel that matches neither is
newly visible: its motion and its colour decide, or else the expected shape. If the key matches nearly all of the inside
but not this pixel, the pixel is an occluder. The observed matte is aligned with the edges of the frame. Where it does
not contradict the expected shape, the painted edge itself is warped, with its hair.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Bytes, Floats, check_matte
from masks.colour_model import ColourModel, colour_model
from masks.guided_filter import guided_filter
from masks.log_odds import EXPLAINED, Seen, Ways, evidence
from masks.motion_field import motion_field
from masks.specks import without_specks
from masks.warp import turned_round, warp

# Longest side in pixels of the pictures that are tracked; the painted edge is warped at full size.
LARGEST = 640
# Distance in pixels from the border of a layer at which its flow is reliable.
OWN = 6.0
# Weight of flow without texture, relative to 1: estimates are smooth and continue the motion nearby, which suits
# bending limbs better than the motion of the whole.
FLAT = 0.3
# Difference in 8-bit levels, mean over channels, of a matching pixel.
LEVELS = 12.0
# Largest log-odds of the expected shape, and the distance in pixels from its border over which they rise.
EXPECTED, SOFT = 2.5, 4.0
# Alpha below which a matte counts as empty.
NOTHING = 0.02
# Margin in pixels around the expected shape, outside of which nothing is inside.
NEAR = 12
# Radius and flat variance of the guided filter, and the contrast that restores its crispness.
RADIUS, SMOOTH, CRISP = 5, 1e-3, 2.5
# Loss of overlap where no pixel is confident, and where the observed matte and the expected shape do not overlap.
MISS_SURE, MISS_AGREED = 0.3, 0.3
# Smallest width of a contradiction, in pixels of the tracked size.
CONTRADICTION = 3


class Flow(Protocol):
    """Optical flow between two pictures."""

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """Estimate flow on the grid of ``target`` to ``source``: ``target(x) = source(x + flow(x))``.

        source, target: uint8 (H, W, 3). Returns float32 (H, W, 2), x then y, in pixels.
        """
        ...


@dataclass(frozen=True)
class Footage:
    """Plates and flow of a shot. plate: reads a frame, uint8 (H, W, 3). neighbours: flow between adjacent frames.
    refine: flow between pictures that are nearly aligned."""

    plate: Callable[[int], Bytes]
    neighbours: Flow
    refine: Flow


@dataclass(frozen=True)
class Tracked:
    """Tracked matte of a frame. matte: float32 (H, W) in [0, 1]. certainty: float32 (H, W), 0..1, of each pixel.
    confidence: 0..1, expected intersection over union with the true matte.
    absent: the painted matte was empty, see ``masks.clean_plate``."""

    frame: int
    matte: Floats
    certainty: Floats
    confidence: float
    absent: bool = False


@dataclass(frozen=True)
class _Key:
    """The painted matte and its plate. whole: matte at full size, float32 (H, W). matte, plate, seen: at the
    tracked size; seen is the plate as float32 in [0, 1]."""

    whole: Floats
    matte: Floats
    plate: Bytes
    seen: Floats


@dataclass(frozen=True)
class _State:
    """State after a frame, at the tracked size. plate: uint8 (h, w, 3). matte: float32 (h, w) in [0, 1]. explained:
    float32 (h, w), 0..1, where the inside matches the key. flow: float32 (h, w, 2), of the inside to the key, on this
    frame's grid. colours: of both sides. sure: float32 (h, w), as in ``Seen``."""

    plate: Bytes
    matte: Floats
    explained: Floats
    flow: Floats
    colours: ColourModel
    sure: Floats


def track(frames: Sequence[int], footage: Footage, key: Floats) -> Iterator[Tracked]:
    """Track a painted matte: yield mattes of ``frames[1:]``, one by one, forward or backward in time.

    key: float32 (H, W) in [0, 1], the painted matte of ``frames[0]``. Raises ValueError for an invalid matte, and for
    one of another size than its plate.
    """
    check_matte(key)
    plate = footage.plate(frames[0])
    if key.shape != plate.shape[:2]:
        raise ValueError(f"a matte must have the size of its plate, {plate.shape[:2]}, not {key.shape}")
    looked = small(plate)
    ready = _Key(key, resized(key, looked.shape[:2]), looked, _floats(looked))
    height, width = looked.shape[:2]
    colours = colour_model(looked, ready.matte, _outside(ready.matte))
    ones = np.ones((height, width), F32)
    state = _State(looked, ready.matte, ones, np.zeros((height, width, 2), F32), colours, ones)
    for frame in frames[1:]:
        state, tracked = _next(ready, state, frame, footage)
        yield tracked


def _next(key: _Key, state: _State, frame: int, footage: Footage) -> tuple[_State, Tracked]:
    whole = footage.plate(frame)
    plate = small(whole)
    moved = footage.neighbours(state.plate, plate)
    inner, outer = _layers(state, plate, moved, footage)
    flow = _to_key(key, inner + warp(state.flow, inner), plate, footage.refine)
    shape = warp(key.matte, flow)
    known = Seen(key.seen, key.matte, np.ones_like(key.matte))
    former = Seen(_floats(state.plate), state.matte, state.sure)
    found_out = evidence(plate, known, former, Ways(moved, inner, outer, flow), state.colours)
    odds = found_out.odds + F32(EXPECTED) * np.tanh(_distance(shape) / F32(SOFT))
    likely = (1 / (1 + np.exp(-odds))).astype(F32)
    reach = np.ones((2 * NEAR + 1, 2 * NEAR + 1), U8)
    likely[cv2.dilate(np.maximum(warp(state.matte, inner), shape), reach) < 0.5] = 0
    likely = without_specks(likely, shape, found_out.behind < EXPLAINED)
    certain = np.abs(2 * likely - 1)
    drawn = guided_filter(likely, _floats(plate), np.clip(certain, F32(0.02), 1) ** 2, RADIUS, SMOOTH)
    found = np.clip((drawn - F32(0.5)) * F32(CRISP) + F32(0.5), 0, 1)
    share = _contradiction(found, shape)
    matte = shape + share * (found - shape)
    fits = np.exp(-((apart(key.plate, flow, plate) / LEVELS) ** 2)) * (shape > 0.5) + 1e-3
    sure = _confidence(key, matte, certain, found_out.explained, _overlap(found, shape))
    tracked = Tracked(frame, _enlarged(key, flow, share, found, whole), *sure)
    colours = state.colours.learned(plate, _outside(np.maximum(matte, shape)))
    return _State(plate, matte, fits.astype(F32), flow, colours, found_out.sure), tracked


# Motion


def _layers(state: _State, plate: Bytes, moved: Floats, footage: Footage) -> tuple[Floats, Floats]:
    """Flows of the inside and of the outside, each extrapolated, from the new frame's grid to the previous frame."""
    there = footage.neighbours(plate, state.plate)
    steady = _agree(there, moved) * state.sure
    inside = steady * _own(state.matte > 0.5) * state.explained * _texture(state.plate)
    outside = steady * _own(state.matte < 0.5)
    inner = turned_round(motion_field(there, inside.astype(F32), robust=True))
    outer = turned_round(motion_field(there, outside.astype(F32), robust=True))
    return _nudged(state, inner, plate, footage.refine), outer


def _nudged(state: _State, flow: Floats, plate: Bytes, refine: Flow) -> Floats:
    """Refine the flow of the inside: both insides are nearly aligned now, and no border lies between them."""
    better, gain, left = closer(state.plate, flow, plate, refine)
    weight = _own(warp(state.matte, flow) > 0.5) * (left < LEVELS * 1.25)
    return flow + motion_field(
        np.where(gain[..., None], better - flow, 0).astype(F32), weight.astype(F32), robust=False
    )


def _to_key(key: _Key, flow: Floats, plate: Bytes, refine: Flow) -> Floats:
    """Remove the drift of the flow to the key; occluded parts of the inside follow the visible ones."""
    better, gain, left = closer(key.plate, flow, plate, refine)
    near = np.abs(better - flow).max(axis=-1) < 4
    weight = _own(warp(key.matte, flow) > 0.5) * near * (left < LEVELS * 1.6)
    drift = np.where(gain[..., None] & near[..., None], better - flow, 0).astype(F32)
    flow = flow + motion_field(drift, weight.astype(F32), robust=False)
    fits = np.exp(-((apart(key.plate, flow, plate) / LEVELS) ** 2))
    known = fits * _own(warp(key.matte, flow) > 0.5) * _texture(plate) + 1e-7
    return motion_field(flow, known.astype(F32), robust=False)


def closer(source: Bytes, flow: Floats, plate: Bytes, refine: Flow) -> tuple[Floats, Bools, Floats]:
    """Refine a flow from ``plate`` to ``source``: refined flow, where it is better, and the remaining difference.

    The difference is that of the better flow, in levels: float32 (h, w).
    """
    more = refine(warp(source, flow), plate)
    better = more + warp(flow, more)
    before, after = apart(source, flow, plate), apart(source, better, plate)
    return better, np.asarray(after < before), np.minimum(before, after)


def _agree(there: Floats, back: Floats) -> Floats:
    """Forward-backward check of two flows (Sundaram, Brox and Keutzer, ECCV 2010): float32 (h, w), 1 or 0."""
    again = warp(back, there)
    miss = ((there + again) ** 2).sum(axis=-1)
    size = (there**2).sum(axis=-1) + (again**2).sum(axis=-1)
    return np.asarray(miss < 0.01 * size + 0.5, F32)


def _own(layer: Bools) -> Floats:
    """Reliability of the flow inside a layer: float32 (h, w), 0 at its border, 1 from OWN pixels on."""
    depth = cv2.distanceTransform(layer.astype(U8), cv2.DIST_L2, 5)
    return np.asarray(np.clip((depth - 1) / F32(OWN - 1), 0, 1) ** 2, F32)


def _texture(plate: Bytes) -> Floats:
    """Weight of the texture, by the smaller eigenvalue of the structure tensor (Shi and Tomasi, 1994)."""
    grey = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    least = cv2.cornerMinEigenVal(grey, 7)
    return np.asarray(least / (least + F32(2e-4)) + F32(FLAT))


def apart(source: Bytes, flow: Floats, plate: Bytes) -> Floats:
    """Mean absolute difference in levels around each pixel: float32 (h, w)."""
    levels = cv2.absdiff(warp(source, flow), plate).astype(F32).mean(axis=-1)
    return np.asarray(cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT))


# Shape


def _outside(matte: Floats) -> Floats:
    """Mask of the pixels that are certainly outside: 1, else 0."""
    return (matte < NOTHING).astype(F32)


def _distance(shape: Floats) -> Floats:
    """Signed distance to the border of a matte in pixels, negative outside: float32 (h, w)."""
    inside = (shape > 0.5).astype(U8)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5) - out, F32)


def _contradiction(found: Floats, shape: Floats) -> Floats:
    """Soft mask where the observed matte contradicts the expected shape by more than a shifted edge: float32 (h, w)."""
    other = ((found > 0.5) != (shape > 0.5)).astype(U8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CONTRADICTION, CONTRADICTION))
    core = cv2.morphologyEx(other, cv2.MORPH_OPEN, disc)
    wide = cv2.dilate(core, np.ones((7, 7), U8)).astype(F32)
    return np.asarray(cv2.blur(wide, (3, 3)))


def _confidence(key: _Key, matte: Floats, certain: Floats, explained: float, agreed: float) -> tuple[Floats, float]:
    """Confidence of each pixel, at full size, and of the frame, see ``_likely_overlap``."""
    inside = (matte > 0.5).astype(U8)
    border = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((7, 7), U8)) > 0
    decided = float(certain[border].mean()) if border.any() else 0.0
    return resized(certain, key.whole.shape), _likely_overlap(decided * float(np.sqrt(explained)), agreed)


def _likely_overlap(sure: float, agreed: float) -> float:
    """Expected intersection over union with the true matte, 0..1.

    sure: confidence of the border, and coverage of the inside by the key, 0..1. agreed: overlap of the observed matte
    and the expected shape, 0..1. Fitted to composites with known alpha, with fast turns, fast motion, growth and
    occlusion: where the overlap was 0.8 or more the mean error is 0.09, and lost subjects score below 0.6.
    """
    return float(np.clip(1 - MISS_SURE * (1 - sure) ** 2 - MISS_AGREED * (1 - agreed), 0, 1))


def _overlap(found: Floats, shape: Floats) -> float:
    """Intersection over union; 0 for two empty mattes, because they give no evidence."""
    one, other = found > 0.5, shape > 0.5
    return float((one & other).sum()) / max(int((one | other).sum()), 1)


# Sizes


def _enlarged(key: _Key, flow: Floats, share: Floats, found: Floats, plate: Bytes) -> Floats:
    """Matte at full size: the painted one, warped, and the contradictions to it, aligned with the plate's edges."""
    size = (key.whole.shape[0], key.whole.shape[1])
    if size == share.shape:
        matte = warp(key.whole, flow)
        return np.clip(matte + share * (found - matte), 0, 1)
    scale = np.array([size[1] / share.shape[1], size[0] / share.shape[0]], F32)
    matte = warp(key.whole, resized(flow, size) * scale)
    share, found = resized(share, size), resized(found, size)
    if share.any():
        radius = round(2 * float(scale.max()))
        sharp = guided_filter(found, _floats(plate), np.ones(size, F32), radius, SMOOTH)
        found = np.clip((sharp - F32(0.5)) * F32(1.5) + F32(0.5), 0, 1)
    return np.clip(matte + share * (found - matte), 0, 1).astype(F32)


def small(plate: Bytes) -> Bytes:
    """Downscale a plate, uint8 (H, W, 3), to the tracked size."""
    scale = LARGEST / max(plate.shape[:2])
    if scale >= 1:
        return plate
    size = max(1, round(plate.shape[1] * scale)), max(1, round(plate.shape[0] * scale))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), U8)


def resized(values: Floats, size: tuple[int, ...]) -> Floats:
    """Resize per-pixel values, float32 (H, W, ...), to a height and width."""
    if values.shape[:2] == tuple(size[:2]):
        return values
    how = cv2.INTER_AREA if size[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=how), F32)


def _floats(plate: Bytes) -> Floats:
    return plate.astype(F32) / F32(255)
