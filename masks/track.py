"""Tracking of a painted matte from frame to frame.

The inside moves by its own motion, estimated from its interior, and is re-aligned with the key in every frame, so that
it does not drift. A key that no longer matches is searched in the whole frame: its subject may have left and returned.
This gives the expected shape. Each pixel is then matched with two layers: with the inside of the key and of the
previous frame, and with the outside of the previous frame, each warped. A pixel that matches neither is newly visible:
its motion and its colour decide, or the expected shape if they cannot. If the key matches nearly all of the inside but
not this pixel, the pixel is an occluder. The observed matte is aligned with the edges of the frame. Where it does not
contradict the expected shape, the painted edge itself is warped, including hair.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from masks.appearance import appearance
from masks.arrays import F32, U8, Bools, Bytes, Floats, check_matte
from masks.colour_model import ColourModel, colour_histogram, colour_model
from masks.despeckle import CLEARED, despeckle
from masks.expected_overlap import Disagreement, expected_overlap
from masks.guided_filter import guided_filter
from masks.log_odds import MATCH_DISTANCE, Flows, LabelledFrame, evidence
from masks.motion_field import motion_field
from masks.redetection import redetection
from masks.template_motion import template_motion
from masks.warp import inverse_flow, warp

# Longest side in pixels of the pictures that are tracked; the painted edge is warped at full size.
MAX_SIDE = 640
# Distance in pixels from the border of a layer at which its flow is reliable.
RELIABLE_DISTANCE = 6.0
# The same in a thin layer: fraction of its largest depth, and smallest distance.
RELIABLE_DEPTH, MIN_RELIABLE_DISTANCE = 0.5, 2.0
# Median difference in levels at which flow has lost the inside, and the fraction of it at which its template is found.
LOST_LEVELS, FOUND_RATIO = 12.0, 0.8
# Weight of flow without texture, relative to 1: estimates are smooth and continue the motion nearby, which suits
# bending limbs better than the motion of the whole.
TEXTURELESS_WEIGHT = 0.3
# Difference in 8-bit levels, mean over channels, of a matching pixel.
MATCH_LEVELS = 12.0
# Largest log-odds of the expected shape, and the distance in pixels from its border over which they rise.
SHAPE_LOG_ODDS, SHAPE_SOFTNESS = 2.5, 4.0
# Fraction of the painted area below which a match is a speck, not the subject.
MIN_AREA = 0.001
# Alpha below which a matte counts as empty.
MIN_ALPHA = 0.02
# Margin in pixels around the expected shape, beyond which all pixels are outside.
SHAPE_MARGIN = 12
# Radius and flat variance of the guided filter, and the contrast that restores its crispness.
FILTER_RADIUS, FLAT_VARIANCE, CONTRAST = 5, 1e-3, 2.5
# Exponent of the agreement that gives the trust in what is learned of the inside's colours.
TRUST_EXPONENT = 8
# Coverage by the key from which nothing is learned, and below which learning is trusted fully.
EXPLAINED, UNEXPLAINED = 0.9, 0.6
# Smallest width of a contradiction, in pixels of the tracked size.
MIN_CONTRADICTION = 3


class Flow(Protocol):
    """Optical flow between two pictures."""

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """Estimate flow on the grid of ``target`` to ``source``: ``target(x) = source(x + flow(x))``.

        source, target: uint8 (H, W, 3). Returns float32 (H, W, 2), x then y, in pixels.
        """
        ...


@dataclass(frozen=True)
class Footage:
    """Plates and flow of a shot. plate: reads a frame, uint8 (H, W, 3). neighbour_flow: flow between adjacent frames.
    refine: flow between pictures that are nearly aligned."""

    plate: Callable[[int], Bytes]
    neighbour_flow: Flow
    refine: Flow


@dataclass(frozen=True)
class Tracked:
    """Tracked matte of a frame. matte: float32 (H, W) in [0, 1]. confidence_map: float32 (H, W), 0..1, of each pixel.
    confidence: 0..1, expected intersection over union with the true matte.
    from_clean_plate: the painted matte was empty; see ``masks.clean_plate``."""

    frame: int
    matte: Floats
    confidence_map: Floats
    confidence: float
    from_clean_plate: bool = False


@dataclass(frozen=True)
class _Key:
    """The painted matte and its plate. full_size: matte at full size, float32 (H, W). matte, plate, picture: at the
    tracked size; picture is the plate as float32 in [0, 1]. reliable_distance: see ``_reliable_distance``. colours:
    of the inside, from ``colour_histogram``. area: of the inside, in pixels."""

    full_size: Floats
    matte: Floats
    plate: Bytes
    picture: Floats
    reliable_distance: float
    colours: Floats
    area: int


@dataclass(frozen=True)
class _State:
    """State after a frame, at the tracked size. plate: uint8 (h, w, 3). matte: float32 (h, w) in [0, 1]. coverage:
    float32 (h, w), 0..1, of the inside by the key. flow: float32 (h, w, 2), of the inside to the key, on this frame's
    grid. colours: of both sides. confidence: float32 (h, w), as in ``LabelledFrame``. disagreement: since the key."""

    plate: Bytes
    matte: Floats
    coverage: Floats
    flow: Floats
    colours: ColourModel
    confidence: Floats
    disagreement: Disagreement


def track(frames: Sequence[int], footage: Footage, key: Floats) -> Iterator[Tracked]:
    """Track a painted matte: yield mattes of ``frames[1:]``, one by one, forward or backward in time.

    key: float32 (H, W) in [0, 1], the painted matte of ``frames[0]``. Raises ValueError for an invalid matte, or one
    that differs in size from its plate.
    """
    check_matte(key)
    plate = footage.plate(frames[0])
    if key.shape != plate.shape[:2]:
        raise ValueError(f"a matte must have the same size as its plate, {plate.shape[:2]}, not {key.shape}")
    small_plate = downscaled(plate)
    matte = resized(key, small_plate.shape[:2])
    prepared = _Key(
        key, matte, small_plate, _to_float(small_plate), _reliable_distance(matte),
        colour_histogram(small_plate, (matte > 0.5).astype(F32)), int((matte > 0.5).sum()),
    )  # fmt: skip
    height, width = small_plate.shape[:2]
    # Nothing has been learned yet: a colour of the painted inside may be elsewhere in the next frame.
    colours = colour_model(small_plate, prepared.matte, _outside_mask(prepared.matte), trust=0.0)
    ones = np.ones((height, width), F32)
    state = _State(small_plate, prepared.matte, ones, np.zeros((height, width, 2), F32), colours, ones, Disagreement())
    for frame in frames[1:]:
        state, tracked = _track_frame(prepared, state, frame, footage)
        yield tracked


def _track_frame(key: _Key, state: _State, frame: int, footage: Footage) -> tuple[_State, Tracked]:
    full_size = footage.plate(frame)
    plate = downscaled(full_size)
    to_previous = footage.neighbour_flow(state.plate, plate)
    inside_flow, outside_flow = _layer_flows(key, state, plate, to_previous, footage)
    expected_flow = _found_again(key, inside_flow + warp(state.flow, inside_flow), plate)
    flow = _flow_to_key(key, expected_flow, plate, footage.refine)
    shape = warp(key.matte, flow)
    known = LabelledFrame(key.picture, key.matte, np.ones_like(key.matte))
    previous = LabelledFrame(_to_float(state.plate), state.matte, state.confidence)
    pixel_evidence = evidence(
        plate, known, previous, Flows(to_previous, inside_flow, outside_flow, flow), state.colours
    )
    log_odds = pixel_evidence.log_odds + F32(SHAPE_LOG_ODDS) * np.tanh(_signed_distance(shape) / F32(SHAPE_SOFTNESS))
    probability = (1 / (1 + np.exp(-log_odds))).astype(F32)
    kernel = np.ones((2 * SHAPE_MARGIN + 1, 2 * SHAPE_MARGIN + 1), U8)
    probability[cv2.dilate(np.maximum(warp(state.matte, inside_flow), shape), kernel) < 0.5] = 0
    probability = despeckle(probability, shape, pixel_evidence.outside_distance < MATCH_DISTANCE)
    if (probability > 0.5).sum() < MIN_AREA * key.area:
        probability = np.minimum(probability, CLEARED)
    pixel_confidence = np.abs(2 * probability - 1)
    filtered = guided_filter(
        probability, _to_float(plate), np.clip(pixel_confidence, F32(0.02), 1) ** 2, FILTER_RADIUS, FLAT_VARIANCE
    )
    observed = np.clip((filtered - F32(0.5)) * F32(CONTRAST) + F32(0.5), 0, 1)
    contradiction = _contradiction(observed, shape)
    matte = shape + contradiction * (observed - shape)
    match = np.exp(-((local_difference(key.plate, flow, plate) / MATCH_LEVELS) ** 2)) * (shape > 0.5) + 1e-3
    agreement = _iou(observed, shape)
    disagreement = state.disagreement.after(agreement)
    confidence_map = resized(pixel_confidence, key.full_size.shape)
    confidence = expected_overlap(matte, key.area, appearance(plate, matte, key.colours), disagreement)
    tracked = Tracked(
        frame, _full_size_matte(key, flow, contradiction, observed, full_size), confidence_map, confidence
    )
    # A tracker that disagrees with itself must not learn its mistakes.
    colours = state.colours.updated(
        plate,
        _certain_inside(matte, pixel_confidence),
        _outside_mask(np.maximum(matte, shape)),
        agreement**TRUST_EXPONENT * _novelty(pixel_evidence.coverage),
    )
    return _State(plate, matte, match.astype(F32), flow, colours, pixel_evidence.confidence, disagreement), tracked


# Motion


def _layer_flows(
    key: _Key, state: _State, plate: Bytes, to_previous: Floats, footage: Footage
) -> tuple[Floats, Floats]:
    """Flows of the inside and of the outside, each extrapolated, from the new frame's grid to the previous frame."""
    to_current = footage.neighbour_flow(plate, state.plate)
    consistent = _flow_consistency(to_current, to_previous) * state.confidence
    inside = (
        consistent
        * _layer_reliability(state.matte > 0.5, key.reliable_distance)
        * state.coverage
        * _texture_weight(state.plate)
    )
    outside = consistent * _layer_reliability(state.matte < 0.5)
    inside_flow = inverse_flow(motion_field(to_current, inside.astype(F32), robust=True))
    outside_flow = inverse_flow(motion_field(to_current, outside.astype(F32), robust=True))
    inside_flow = _fast_flow(key, state, inside_flow, plate, footage.neighbour_flow)
    return _refined_inside_flow(key, state, inside_flow, plate, footage.refine), outside_flow


def _fast_flow(key: _Key, state: _State, flow: Floats, plate: Bytes, estimate: Flow) -> Floats:
    """Flow of the inside by its template, where dense flow has lost it and the template finds it; else ``flow``."""
    residual = _inside_residual(state, flow, plate)
    if residual < LOST_LEVELS:
        return flow
    displacement = template_motion(state.plate, state.matte > 0.5, plate)
    if displacement is None:
        return flow
    shift = np.broadcast_to(-np.array(displacement, F32), flow.shape)
    correction = estimate(warp(state.plate, shift), plate)
    weight = _layer_reliability(warp(state.matte, shift) > 0.5, key.reliable_distance) + F32(1e-3) * warp(
        state.matte, shift
    )
    found = shift + motion_field(correction, weight.astype(F32), robust=True)
    return found if _inside_residual(state, found, plate) < FOUND_RATIO * residual else flow


def _inside_residual(state: _State, flow: Floats, plate: Bytes) -> float:
    """Median difference in levels of the previous inside, warped, and the plate; 0 if nothing is inside.

    The median, because an occluder that covers a part of the inside is no sign that its motion is wrong.
    """
    inside = warp(state.matte, flow) > 0.5
    return float(np.median(local_difference(state.plate, flow, plate)[inside])) if inside.any() else 0.0


def _found_again(key: _Key, flow: Floats, plate: Bytes) -> Floats:
    """Flow to the key by re-detection, if tracking has lost the key and it is found elsewhere; otherwise ``flow``."""
    residual = _key_residual(key, flow, plate)
    if residual < LOST_LEVELS:
        return flow
    found = redetection(key.plate, key.matte > 0.5, plate)
    return flow if found is None or _key_residual(key, found, plate) > FOUND_RATIO * residual else found


def _key_residual(key: _Key, flow: Floats, plate: Bytes) -> float:
    """Median difference in levels between the warped inside of the key and the plate; infinite without overlap."""
    inside = warp(key.matte, flow) > 0.5
    if not inside.any():
        return float("inf")
    return float(np.median(local_difference(key.plate, flow, plate)[inside]))


def _refined_inside_flow(key: _Key, state: _State, flow: Floats, plate: Bytes, refine: Flow) -> Floats:
    """Refine the flow of the inside, whose two versions are nearly aligned and have no border between them."""
    refined, improved, difference = refined_flow(state.plate, flow, plate, refine)
    weight = _layer_reliability(warp(state.matte, flow) > 0.5, key.reliable_distance) * (
        difference < MATCH_LEVELS * 1.25
    )
    return flow + motion_field(
        np.where(improved[..., None], refined - flow, 0).astype(F32), weight.astype(F32), robust=False
    )


def _flow_to_key(key: _Key, flow: Floats, plate: Bytes, refine: Flow) -> Floats:
    """Correct the drift of the flow to the key; occluded parts of the inside follow the visible ones."""
    refined, improved, difference = refined_flow(key.plate, flow, plate, refine)
    plausible = np.abs(refined - flow).max(axis=-1) < 4
    weight = (
        _layer_reliability(warp(key.matte, flow) > 0.5, key.reliable_distance)
        * plausible
        * (difference < MATCH_LEVELS * 1.6)
    )
    drift = np.where(improved[..., None] & plausible[..., None], refined - flow, 0).astype(F32)
    flow = flow + motion_field(drift, weight.astype(F32), robust=False)
    match = np.exp(-((local_difference(key.plate, flow, plate) / MATCH_LEVELS) ** 2))
    known = (
        match * _layer_reliability(warp(key.matte, flow) > 0.5, key.reliable_distance) * _texture_weight(plate) + 1e-7
    )
    return motion_field(flow, known.astype(F32), robust=False)


def refined_flow(source: Bytes, flow: Floats, plate: Bytes, refine: Flow) -> tuple[Floats, Bools, Floats]:
    """Refine a flow from ``plate`` to ``source``: refined flow, where it is better, and the remaining difference.

    The difference is that of the better flow, in levels: float32 (h, w).
    """
    correction = refine(warp(source, flow), plate)
    refined = correction + warp(flow, correction)
    before, after = local_difference(source, flow, plate), local_difference(source, refined, plate)
    return refined, np.asarray(after < before), np.minimum(before, after)


def _flow_consistency(to_current: Floats, to_previous: Floats) -> Floats:
    """Forward-backward check of two flows (Sundaram, Brox and Keutzer, ECCV 2010): float32 (h, w), 1 or 0."""
    returned = warp(to_previous, to_current)
    round_trip_error = _squared_length(to_current + returned)
    size = _squared_length(to_current) + _squared_length(returned)
    return np.asarray(round_trip_error < 0.01 * size + 0.5, F32)


def _squared_length(flow: Floats) -> Floats:
    """Squared length of each vector, in pixels: float32 (h, w)."""
    return np.asarray(flow[..., 0] ** 2 + flow[..., 1] ** 2, F32)


def _reliable_distance(key: Floats) -> float:
    """Distance in pixels from the border of the inside at which its flow is reliable; less in a thin subject, of which
    nothing would be left. key: the painted matte, float32 (h, w)."""
    depth = cv2.distanceTransform((key > 0.5).astype(U8), cv2.DIST_L2, 5).max(initial=0)
    return float(np.clip(RELIABLE_DEPTH * depth, MIN_RELIABLE_DISTANCE, RELIABLE_DISTANCE))


def _layer_reliability(layer: Bools, distance: float = RELIABLE_DISTANCE) -> Floats:
    """Reliability of the flow inside a layer: float32 (h, w), 0 at its border, 1 from ``distance`` pixels on."""
    depth = cv2.distanceTransform(layer.astype(U8), cv2.DIST_L2, 5)
    return np.asarray(np.clip((depth - 1) / F32(distance - 1), 0, 1) ** 2, F32)


def _texture_weight(plate: Bytes) -> Floats:
    """Weight of the texture, by the smaller eigenvalue of the structure tensor (Shi and Tomasi, 1994)."""
    grey = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(F32) / F32(255)
    min_eigenvalue = cv2.cornerMinEigenVal(grey, 7)
    return np.asarray(min_eigenvalue / (min_eigenvalue + F32(2e-4)) + F32(TEXTURELESS_WEIGHT))


def local_difference(source: Bytes, flow: Floats, plate: Bytes) -> Floats:
    """Mean absolute difference in levels around each pixel: float32 (h, w)."""
    red, green, blue = (channel.astype(F32) for channel in cv2.split(cv2.absdiff(warp(source, flow), plate)))
    levels = (red + green + blue) / F32(3)
    return np.asarray(cv2.boxFilter(levels, -1, (5, 5), borderType=cv2.BORDER_REFLECT))


# Shape


def _outside_mask(matte: Floats) -> Floats:
    """Mask of the pixels that are certainly outside: 1, else 0."""
    return (matte < MIN_ALPHA).astype(F32)


def _certain_inside(matte: Floats, confidence: Floats) -> Floats:
    """Weight of the pixels that are certainly inside: float32 (h, w), 0..1."""
    return np.asarray((matte > 1 - MIN_ALPHA) * confidence**2, F32)


def _novelty(coverage: float) -> float:
    """Share of the inside's colours, 0..1, to learn anew: none where the key explains nearly all of the inside."""
    return float(np.clip((EXPLAINED - coverage) / (EXPLAINED - UNEXPLAINED), 0, 1))


def _signed_distance(shape: Floats) -> Floats:
    """Signed distance to the border of a matte in pixels, negative outside: float32 (h, w)."""
    inside = (shape > 0.5).astype(U8)
    out = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5) - out, F32)


def _contradiction(observed: Floats, shape: Floats) -> Floats:
    """Soft mask where the observed matte contradicts the expected shape by more than a shifted edge: float32 (h, w)."""
    other = ((observed > 0.5) != (shape > 0.5)).astype(U8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (MIN_CONTRADICTION, MIN_CONTRADICTION))
    core = cv2.morphologyEx(other, cv2.MORPH_OPEN, disc)
    dilated = cv2.dilate(core, np.ones((7, 7), U8)).astype(F32)
    return np.asarray(cv2.blur(dilated, (3, 3)))


def _iou(observed: Floats, shape: Floats) -> float:
    """Intersection over union; 0 for two empty mattes, because they give no evidence."""
    one, other = observed > 0.5, shape > 0.5
    return float((one & other).sum()) / max(int((one | other).sum()), 1)


# Sizes


def _full_size_matte(key: _Key, flow: Floats, contradiction: Floats, observed: Floats, plate: Bytes) -> Floats:
    """Matte at full size: the painted one, warped, and the contradictions to it, aligned with the plate's edges."""
    size = (key.full_size.shape[0], key.full_size.shape[1])
    if size == contradiction.shape:
        matte = warp(key.full_size, flow)
        return np.clip(matte + contradiction * (observed - matte), 0, 1)
    scale = np.array([size[1] / contradiction.shape[1], size[0] / contradiction.shape[0]], F32)
    matte = warp(key.full_size, resized(flow, size) * scale)
    contradiction, observed = resized(contradiction, size), resized(observed, size)
    if contradiction.any():
        radius = round(2 * float(scale.max()))
        sharp = guided_filter(observed, _to_float(plate), np.ones(size, F32), radius, FLAT_VARIANCE)
        observed = np.clip((sharp - F32(0.5)) * F32(1.5) + F32(0.5), 0, 1)
    return np.clip(matte + contradiction * (observed - matte), 0, 1).astype(F32)


def downscaled(plate: Bytes) -> Bytes:
    """Downscale a plate, uint8 (H, W, 3), to the tracked size."""
    scale = MAX_SIDE / max(plate.shape[:2])
    if scale >= 1:
        return plate
    size = max(1, round(plate.shape[1] * scale)), max(1, round(plate.shape[0] * scale))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), U8)


def resized(values: Floats, size: tuple[int, ...]) -> Floats:
    """Resize per-pixel values, float32 (H, W, ...), to a height and width."""
    if values.shape[:2] == tuple(size[:2]):
        return values
    interpolation = cv2.INTER_AREA if size[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=interpolation), F32)


def _to_float(plate: Bytes) -> Floats:
    return plate.astype(F32) / F32(255)
