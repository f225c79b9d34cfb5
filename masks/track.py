"""Carries a painted matte from frame to frame.

What is inside moves by its own motion, taken from its inside alone, and is drawn to the key itself in every frame, so
that nothing drifts. That gives the shape that is expected. Each pixel then says which layer explains it better: the
key's and the former frame's inside, or the former frame's outside, each moved along. Where neither does, something
has come into sight that was hidden: its motion and its colour say whether it is ground, and else the expected shape
decides; where the key explains nearly all of the inside and not this pixel, something stands before it. What is found
is drawn to the edges of the frame; where it does not contradict the expected shape, the painted edge itself is taken,
with its hair.
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

# Longest side, in pixels, of the pictures that are looked at: the painted edge is moved at full size.
LARGEST = 640
# Pixels from the border of a layer at which its flow is its own.
OWN = 6.0
# What flow counts where nothing can be seen to move, beside 1: estimates are smooth and carry on from what is near,
# which is nearer the truth for limbs that bend than what the whole does.
FLAT = 0.3
# Difference of 8-bit levels, mean over channels, that a layer explains.
LEVELS = 12.0
# The most that the expected shape says, in log odds, and how many pixels from its border.
EXPECTED, SOFT = 2.5, 4.0
# Share of a matte below which there is nothing of it.
NOTHING = 0.02
# Pixels around what is expected beyond which nothing is inside.
NEAR = 12
# The guided filter, and how it is made crisp again.
RADIUS, SMOOTH, CRISP = 5, 1e-3, 2.5
# What is likely missed of the truth where nothing is sure, and where what was found is not what was expected.
MISS_SURE, MISS_AGREED = 0.3, 0.3
# Pixels, at the size that is looked at, that a contradiction is wide at least.
CONTRADICTION = 3


class Flow(Protocol):
    """Finds where each pixel of one picture comes from in another."""

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """``target(x) = source(x + flow(x))``; uint8 (H, W, 3) both, float32 (H, W, 2), x then y, in pixels."""
        ...


@dataclass(frozen=True)
class Footage:
    """What is tracked in. plate: uint8 (H, W, 3) of a frame. neighbours: flow between frames that follow each other.
    refine: flow between pictures that nearly agree."""

    plate: Callable[[int], Bytes]
    neighbours: Flow
    refine: Flow


@dataclass(frozen=True)
class Tracked:
    """A frame's matte. matte: float32 (H, W) in [0, 1]. certainty: float32 (H, W), 0..1, of each pixel's.
    confidence: 0..1, of the frame's: the overlap with the truth, intersection over union, that is to be expected.
    absent: nothing was inside of the painted matte, see ``masks.clean_plate``."""

    frame: int
    matte: Floats
    certainty: Floats
    confidence: float
    absent: bool = False


@dataclass(frozen=True)
class _Key:
    """whole: the painted matte at full size. matte, plate, seen: small; seen is float32 in [0, 1]."""

    whole: Floats
    matte: Floats
    plate: Bytes
    seen: Floats


@dataclass(frozen=True)
class _State:
    """The frame before. plate: uint8. matte, explained: float32 (h, w), what is inside, and what the key explains of
    it. flow: of what is inside, to the key, on this frame's grid. colours: of both sides, as far as they are known.
    sure: see ``Seen``."""

    plate: Bytes
    matte: Floats
    explained: Floats
    flow: Floats
    colours: ColourModel
    sure: Floats


def track(frames: Sequence[int], footage: Footage, key: Floats) -> Iterator[Tracked]:
    """Mattes of ``frames[1:]``, one by one, forward or backward in time, from the painted one of ``frames[0]``.

    key: float32 (H, W) in [0, 1], of the plate's size. Raises ValueError for what is no matte or of another size.
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
    """The motion of inside and outside, each as if there were nothing else, on the new frame's grid, to the former."""
    there = footage.neighbours(plate, state.plate)
    steady = _agree(there, moved) * state.sure
    inside = steady * _own(state.matte > 0.5) * state.explained * _texture(state.plate)
    outside = steady * _own(state.matte < 0.5)
    inner = turned_round(motion_field(there, inside.astype(F32), robust=True))
    outer = turned_round(motion_field(there, outside.astype(F32), robust=True))
    return _nudged(state, inner, plate, footage.refine), outer


def _nudged(state: _State, flow: Floats, plate: Bytes, refine: Flow) -> Floats:
    """Once more, now that the inside of both frames lies in one place, and no border comes between."""
    better, gain, left = closer(state.plate, flow, plate, refine)
    weight = _own(warp(state.matte, flow) > 0.5) * (left < LEVELS * 1.25)
    return flow + motion_field(
        np.where(gain[..., None], better - flow, 0).astype(F32), weight.astype(F32), robust=False
    )


def _to_key(key: _Key, flow: Floats, plate: Bytes, refine: Flow) -> Floats:
    """The way to the key without its drift, and where the inside is hidden, as its visible part says."""
    better, gain, left = closer(key.plate, flow, plate, refine)
    near = np.abs(better - flow).max(axis=-1) < 4
    weight = _own(warp(key.matte, flow) > 0.5) * near * (left < LEVELS * 1.6)
    drift = np.where(gain[..., None] & near[..., None], better - flow, 0).astype(F32)
    flow = flow + motion_field(drift, weight.astype(F32), robust=False)
    fits = np.exp(-((apart(key.plate, flow, plate) / LEVELS) ** 2))
    known = fits * _own(warp(key.matte, flow) > 0.5) * _texture(plate) + 1e-7
    return motion_field(flow, known.astype(F32), robust=False)


def closer(source: Bytes, flow: Floats, plate: Bytes, refine: Flow) -> tuple[Floats, Bools, Floats]:
    """A better flow, where it is better, and how far apart in levels the pictures are then."""
    more = refine(warp(source, flow), plate)
    better = more + warp(flow, more)
    before, after = apart(source, flow, plate), apart(source, better, plate)
    return better, np.asarray(after < before), np.minimum(before, after)


def _agree(there: Floats, back: Floats) -> Floats:
    """1 where flow there and back ends near the start (Sundaram, Brox and Keutzer, ECCV 2010), else 0."""
    again = warp(back, there)
    miss = ((there + again) ** 2).sum(axis=-1)
    size = (there**2).sum(axis=-1) + (again**2).sum(axis=-1)
    return np.asarray(miss < 0.01 * size + 0.5, F32)


def _own(layer: Bools) -> Floats:
    """How far a pixel's flow is its layer's: 0 at the border, 1 from OWN pixels on."""
    depth = cv2.distanceTransform(layer.astype(U8), cv2.DIST_L2, 5)
    return np.asarray(np.clip((depth - 1) / F32(OWN - 1), 0, 1) ** 2, F32)


def _texture(plate: Bytes) -> Floats:
    """How well motion can be told there: by the smaller eigenvalue of the structure tensor (Shi and Tomasi, 1994)."""
    grey = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    least = cv2.cornerMinEigenVal(grey, 7)
    return np.asarray(least / (least + F32(2e-4)) + F32(FLAT))


def apart(source: Bytes, flow: Floats, plate: Bytes) -> Floats:
    """Mean absolute difference in levels around each pixel: float32 (h, w)."""
    levels = cv2.absdiff(warp(source, flow), plate).astype(F32).mean(axis=-1)
    return np.asarray(cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT))


# Shape


def _outside(matte: Floats) -> Floats:
    """What is surely outside: 1, else 0."""
    return (matte < NOTHING).astype(F32)


def _distance(shape: Floats) -> Floats:
    """Pixels to the border of a matte, negative outside."""
    inside = (shape > 0.5).astype(U8)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5) - out, F32)


def _contradiction(found: Floats, shape: Floats) -> Floats:
    """Where what was found is not the expected shape, nor its edge moved a little: float32 (h, w), 0..1, soft."""
    other = ((found > 0.5) != (shape > 0.5)).astype(U8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CONTRADICTION, CONTRADICTION))
    core = cv2.morphologyEx(other, cv2.MORPH_OPEN, disc)
    wide = cv2.dilate(core, np.ones((7, 7), U8)).astype(F32)
    return np.asarray(cv2.blur(wide, (3, 3)))


def _confidence(key: _Key, matte: Floats, certain: Floats, explained: float, agreed: float) -> tuple[Floats, float]:
    """Of each pixel, at full size, and of the frame: see ``_likely_overlap``."""
    inside = (matte > 0.5).astype(U8)
    border = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((7, 7), U8)) > 0
    decided = float(certain[border].mean()) if border.any() else 0.0
    return resized(certain, key.whole.shape), _likely_overlap(decided * float(np.sqrt(explained)), agreed)


def _likely_overlap(sure: float, agreed: float) -> float:
    """What the intersection over union with the truth is likely to be, 0..1.

    sure: how decided the border is, and how much of the inside the key shows. agreed: overlap of what was found and
    what was expected. Fitted to composites with known alpha (turning fast, moving fast, growing, hidden): where the
    overlap was 0.8 or more it tells it to 0.09 in the mean, and what was lost is told as less than 0.6.
    """
    return float(np.clip(1 - MISS_SURE * (1 - sure) ** 2 - MISS_AGREED * (1 - agreed), 0, 1))


def _overlap(found: Floats, shape: Floats) -> float:
    """Intersection over union; 0 of nothing with nothing, for then there is nothing to be sure of."""
    one, other = found > 0.5, shape > 0.5
    return float((one & other).sum()) / max(int((one | other).sum()), 1)


# Sizes


def _enlarged(key: _Key, flow: Floats, share: Floats, found: Floats, plate: Bytes) -> Floats:
    """The matte at full size: the painted one, moved, and what contradicts it, drawn to the edges of the plate."""
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
    """A plate, uint8 (H, W, 3), at the size that is looked at."""
    scale = LARGEST / max(plate.shape[:2])
    if scale >= 1:
        return plate
    size = max(1, round(plate.shape[1] * scale)), max(1, round(plate.shape[0] * scale))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), U8)


def resized(values: Floats, size: tuple[int, ...]) -> Floats:
    """Values of each pixel, float32 (H, W, ...), at another height and width."""
    if values.shape[:2] == tuple(size[:2]):
        return values
    how = cv2.INTER_AREA if size[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=how), F32)


def _floats(plate: Bytes) -> Floats:
    return plate.astype(F32) / F32(255)
