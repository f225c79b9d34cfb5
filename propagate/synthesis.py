"""Propagation of one key through a run of frames: warped where that matches the plate, patches of the key elsewhere.

The guides are those of Jamriška et al., "Stylizing video by example", SIGGRAPH 2019: the plate's colours, its edges,
the position in the key that flow points to, and the previous frame.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Ints, Pixels
from propagate.bands import Band, for_each_band
from propagate.box import ORIGIN, Box, Corner, full_box
from propagate.confidence import warp_confidence
from propagate.detail import detail_energy, lerp, restore_detail
from propagate.features import EDGES_HALO, SURROUNDINGS_HALO, check_pictures, edges, surroundings, unpack_guides
from propagate.flow import (
    ComposedFlow,
    FlowEstimator,
    Step,
    compose_step,
    correct_drift,
    freeze_static,
    identity_flow,
    in_bounds_rows,
    source_positions,
    warp,
    warp_rows,
)
from propagate.light import apply_gain, is_black, measure_gain, remove_gain, significant
from propagate.nnf import field_from_flow, gather, nearest_pixels
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.prefetch import prefetch
from propagate.redetection import redetect
from propagate.relight import relight
from propagate.residual import GRAIN, guide_residual, selection_weight
from propagate.residual import HALO as RESIDUAL_HALO
from propagate.scene import Scene
from propagate.temporal_filter import HALO as FILTER_HALO
from propagate.temporal_filter import filter_flicker
from propagate.texture import Exemplar, Job, Level, PositionPrior, Texture, exemplar, optimise, to_subpixel
from propagate.tone_transfer import HALO as TONE_HALO
from propagate.tone_transfer import tone_change, tone_slopes

# Error (see ``texture.Texture.error``) that is invisible: the search accepts such a patch.
PATCH_TOLERANCE = 1e-4
# Number of uses of a patch, relative to an even distribution, beyond which it is penalised. Lower values make moving
# objects boil.
ALLOWANCE = 5.0
# Preference of the vote for better and nearer patches; see ``Level``.
VOTE_SHARPNESS = 6.0
# Frames from one search for hidden content to the next: found content is not lost again, and each search takes 8 % of a
# frame's time.
REDETECTION_INTERVAL = 4
# Confidence in the warped key above which no patches are searched.
ACCEPTED_CONFIDENCE = 0.98
# Residual of the warped guides above which the best patch may be far from where flow points to.
MAX_LOCAL_RESIDUAL = 0.02


@dataclass(frozen=True)
class SynthesisSettings:
    """Weights of style and guides, per channel, and the effort of the search.

    style: of the look. colour, edge, surroundings: of the plate. position: of a square pixel of distance from where
    flow points to, in mean squared difference per channel. radius: radius of a patch. rounds, sweeps, uniformity: see
    ``texture.Level``.
    """

    style: float = 0.3
    colour: float = 12.0
    edge: float = 12.0
    surroundings: float = 12.0
    position: float = 1e-6
    radius: int = 2
    rounds: int = 2
    sweeps: int = 3
    uniformity: float = 0.004

    def cache_key(self) -> str:
        """Return all settings as one string."""
        return "-".join(f"{value:g}" for value in asdict(self).values())


@dataclass(frozen=True)
class PassState:
    """State of a pass after ``frame``, from which it resumes bit-identically.

    flow, valid: see ``ComposedFlow``, of the whole plate. field: int32 (h, w, 2). colour: float32 (h, w, 3), the
    picture in the light of the key, before its contrast is restored: the next frame starts from it, and sharpening must
    not accumulate. gain: gain of the light, relative to the key, of the last frame that was not black. corner: position
    of field and colour in the plate; see ``Scene``.
    """

    frame: int
    flow: Floats
    valid: Bools
    field: Ints
    colour: Floats
    gain: float = 1.0
    corner: Corner = ORIGIN

    @property
    def box(self) -> Box:
        """Box of the plate that field and colour cover."""
        (left, top), (height, width) = self.corner, self.colour.shape[:2]
        return Box(left, top, left + width, top + height)

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays by name, for lossless storage."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "PassState":
        """Inverse of ``arrays``. Raises ValueError for missing arrays and for sizes that differ."""
        if missing := {f.name for f in fields(cls)} - set(arrays):
            raise ValueError(f"a state lacks {', '.join(sorted(missing))}")
        size, box_size = arrays["flow"].shape[:2], arrays["field"].shape[:2]
        expected = {"flow": (*size, 2), "valid": size, "field": (*box_size, 2), "colour": (*box_size, 3)}
        if any(arrays[name].shape != shape for name, shape in expected.items()):
            raise ValueError(
                f"a state must have arrays of the same size, not {[arrays[name].shape for name in expected]}"
            )
        left, top = (int(value) for value in arrays["corner"])
        gain = float(arrays["gain"])
        return cls(int(arrays["frame"]), **{name: arrays[name] for name in expected}, gain=gain, corner=(left, top))


@dataclass(frozen=True)
class StylisedFrame:
    """Stylised frame, limited to the frame's box; see ``Scene``.

    colour: float32 (H, W, 3) in [0, 1], in the light of the frame. error: float32 (H, W), 0..1, weighted mean squared
    difference per channel between result and target, both in the light of the key; larger is worse: of guides where the
    key is warped, of guides and style where patches are synthesised. state: for resuming the pass after this frame.
    gain: gain of the frame's light relative to the key's, in linear light, which ``colour`` contains; 0 for a black
    frame.
    """

    frame: int
    colour: Floats
    error: Floats
    state: PassState
    gain: float = 1.0


@dataclass(frozen=True)
class _Key:
    """Key, with all data that is computed once per pass.

    frame: its number. guides: uint8 (H, W, G), unpacked from the exemplar. weight: weight of all guides together.
    energy: of the key's finest band. slopes: of its paint by its plate; see ``tone_transfer.tone_slopes``.
    """

    frame: int
    plate: Bytes
    exemplar: Exemplar
    guides: Bytes
    weight: float
    energy: Floats
    slopes: Floats

    @property
    def colour(self) -> Floats:
        """The stylised key, float32 (H, W, 3)."""
        (height, width), radius = self.exemplar.size, self.exemplar.radius
        return self.exemplar.padded[radius : radius + height, radius : radius + width]

    def residual(self, guides: Bytes, canvas: Bytes, rows: slice) -> Floats:
        """Residual of guides of the key against those of a frame, for some rows; see ``residual.guide_residual``.

        guides: uint8 (h, W, G), of these rows. canvas: canvas of the frame.
        """
        radius = self.exemplar.radius
        canvas_rows = canvas[rows.start : rows.stop + 2 * radius]
        target = unpack_guides(canvas_rows, guides.shape[:2], radius, self.guides.shape[2])
        return guide_residual(guides, target, self.weight)


@dataclass(frozen=True)
class _Warp:
    """The key, warped to a frame.

    flow: to the key. corner: position of the frame's box in the key. confidence: see ``warp_confidence``.
    colour: float32 (H, W, 3). residual: residual of the warped guides.
    """

    flow: Floats
    corner: Corner
    confidence: Floats
    colour: Floats
    residual: Floats

    def accepted(self, rows: slice) -> Bools:
        """Mask, in some rows, of the pixels that no patch search could improve."""
        return np.asarray((self.confidence[rows] > ACCEPTED_CONFIDENCE) & (self.residual[rows] < GRAIN))


@dataclass(frozen=True)
class _Light:
    """Light of a frame relative to the key's. gain: as of ``StylisedFrame``. last: as of ``PassState``."""

    gain: float
    last: float


@dataclass(frozen=True)
class _FrameInputs:
    """Input of a frame's synthesis, except the previous picture.

    composed: flow of the whole plate. light: of the frame. box: the part that is synthesised, which all other arrays
    cover. plate: uint8 (H, W, 3), in the light of the key. canvas: see ``Exemplar.canvas``. visible: see ``Scene``.
    """

    composed: ComposedFlow
    light: "_Light"
    box: Box
    step: Step
    plate: Bytes
    canvas: Bytes
    warp: _Warp
    visible: Bools | None


def propagate_key(
    frames: Sequence[int], scene: Scene, key: Floats, settings: SynthesisSettings, state: PassState | None = None
) -> Iterator[StylisedFrame]:
    """Propagate a key: yield stylised frames in the order of ``frames``, forward or backward in time.

    frames: the key's number, then the frames to make. key: float32 (H, W, 3), the stylised key. state: of an earlier,
    interrupted call with the same arguments; the frames after ``state.frame`` are then bit-identical to those of an
    uninterrupted call. Raises ValueError when key and plates differ in size.
    """
    prepared = _prepare_key(key, scene, frames[0], settings)
    if state is None:
        state = _initial_state(key, frames[0])
    start = list(frames).index(state.frame)
    # Arrays are large: the key, which the exemplar holds too, and every state are released as soon as possible.
    composed = ComposedFlow(state.frame, state.flow, state.valid)
    upcoming, states = prefetch(_frame_inputs(prepared, composed, state.gain, frames[start + 1 :], scene)), [state]
    del key, state, composed
    for inputs in upcoming:
        initial = _initialise(prepared, states.pop(), inputs)
        stylised = _synthesise(prepared, inputs, initial, settings)
        del inputs
        yield stylised
        states.append(stylised.state)
        del stylised


def _initial_state(key: Floats, frame: int) -> PassState:
    composed = identity_flow(frame, *key.shape[:2])
    return PassState(frame, composed.flow, composed.valid, field_from_flow(composed.flow, ORIGIN, key.shape), key)


def _prepare_key(key: Floats, scene: Scene, frame: int, settings: SynthesisSettings) -> _Key:
    plate = scene.plate(frame)
    if key.shape != plate.shape:
        raise ValueError(f"a key must have the size of its plate, {plate.shape}, not {key.shape}")
    guides = _guides(plate, scene.guides(frame))
    weights = [settings.colour, settings.edge, settings.surroundings, *scene.weights]
    example = exemplar(key, list(zip(guides, weights, strict=True)), settings.style, settings.radius)
    counts = [1 if guide.ndim == 2 else guide.shape[2] for guide in guides]
    packed_guides = unpack_guides(example.packed, example.size, example.radius, sum(counts))
    weight = sum(count * scale**2 for count, scale in zip(counts, example.guide_scales, strict=True))
    return _Key(frame, plate, example, packed_guides, weight, detail_energy(key), tone_slopes(plate, key))


def _guides(plate: Bytes, user_guides: Sequence[Floats]) -> list[Floats]:
    colour = plate.astype(F32) / F32(255)
    return [colour, edges(colour), surroundings(colour), *user_guides]


def _pack_guides(key: _Key, plate: Bytes, user_guides: Sequence[Floats]) -> Bytes:
    """Pack the guides of the part of a frame that is synthesised; see ``Exemplar.canvas``."""

    def guides(band: Band) -> list[Floats]:
        built_in = [guide[band.interior] for guide in _guides(plate[band.with_halo], ())]
        return [*built_in, *(guide[band.rows] for guide in user_guides)]

    halo = max(EDGES_HALO, SURROUNDINGS_HALO)
    return key.exemplar.canvas_by_rows(plate.shape[0], plate.shape[1], guides, halo)


def _frame_inputs(
    key: _Key, composed: ComposedFlow, gain: float, frames: Sequence[int], scene: Scene
) -> Iterator[_FrameInputs]:
    """Compute the input of each frame's synthesis, except the previous picture.

    composed: flow of the previous frame. gain: see ``PassState``.
    """
    for frame in frames:
        plate, step = scene.plate(frame), scene.step(composed.frame, frame)
        if plate.shape != key.plate.shape:
            raise ValueError(f"frame {frame} is {plate.shape}, the key's plate {key.plate.shape}")
        if step.flow.shape[:2] != plate.shape[:2]:
            raise ValueError(f"the flow of frame {frame} is {step.flow.shape[:2]}, its plate {plate.shape[:2]}")
        before, composed = composed.frame, compose_step(composed, frame, step)
        light = _measure_light(key, plate, composed, gain, partial(scene.plate, before), step)
        gain = light.last
        if light.gain != 1:
            plate = remove_gain(plate, light.gain, warp(key.plate, composed.flow))
        plate = relight(plate, key.plate, composed.flow, composed.valid)
        composed = _correct_flow(key, composed, plate, scene.refine)
        box, guides = scene.box(frame) or full_box(plate.shape), scene.guides(frame)
        check_pictures(guides, plate.shape[:2])
        box_plate = box.crop(plate)
        canvas = _pack_guides(key, box_plate, [box.crop(guide) for guide in guides])
        part = Step(box.crop(step.flow), box.crop(step.consistent))
        warped = _warp_key(key, composed, plate, canvas, box)
        yield _FrameInputs(composed, light, box, part, box_plate, canvas, warped, scene.visible(frame))


def _measure_light(
    key: _Key, plate: Bytes, composed: ComposedFlow, last: float, before: Callable[[], Bytes], step: Step
) -> _Light:
    """Measure the light of a frame against the key, or where that shows too little of it, against the previous frame.

    before: reads the plate of the previous frame. last: see ``PassState``.
    """
    if is_black(key.plate):
        return _Light(1.0, last)
    gain = measure_gain(plate, key.plate, composed.flow, composed.valid)
    if gain is None:
        previous = before()
        change = None if is_black(previous) else measure_gain(plate, previous, step.flow, step.consistent)
        gain = last if change is None else last * change
    return _Light(significant(gain), gain or last)


def _correct_flow(key: _Key, composed: ComposedFlow, plate: Bytes, refine: FlowEstimator | None) -> ComposedFlow:
    """Correct the drift of flow to the key, and find again what was hidden."""
    if refine is None:
        return composed
    flow = correct_drift(composed.flow, key.plate, plate, refine)
    composed = replace(composed, flow=freeze_static(flow, key.plate, plate))
    if (composed.frame - key.frame) % REDETECTION_INTERVAL:
        return composed
    return redetect(composed, key.plate, plate)


def _initialise(key: _Key, state: PassState, inputs: _FrameInputs) -> list[Pixels]:
    """Initialise a frame from the previous one: its picture and its field, both warped, and a first guess.

    The guess blends the warped key over the warped picture by its confidence. Areas that the previous box did not cover
    are initialised from the key.
    """
    warp, previous, guess = inputs.warp, np.empty_like(inputs.warp.colour), np.empty_like(inputs.warp.colour)
    field, offset = np.empty((*guess.shape[:2], 2), np.int32), inputs.box.within(state.box).corner
    # A state that covers the whole plate repeats its border pixels outside, as any warp does; a box must not.
    partial = state.colour.shape[:2] != inputs.composed.valid.shape

    def work(band: Band) -> None:
        rows, top = band.rows, offset[1] + band.start
        step = inputs.step.flow[rows]
        np.clip(warp_rows(state.colour, step, top, offset[0], lanczos=True), 0, 1, out=previous[rows])
        # A pixel starts from the patch of its source position.
        field[rows] = gather(state.field, nearest_pixels(step, top, offset[0], state.field.shape))
        if partial:
            known = in_bounds_rows(step, top, state.field.shape, offset[0])[..., None]
            np.copyto(previous[rows], warp.colour[rows], where=~known)
            from_flow = nearest_pixels(warp.flow[rows], warp.corner[1] + band.start, warp.corner[0], key.exemplar.size)
            np.copyto(field[rows], from_flow, where=~known)
        guess[rows] = lerp(previous[rows], warp.colour[rows], warp.confidence[rows, :, None])

    for_each_band(work, guess.shape)
    return [previous, field, guess]


def _synthesise(key: _Key, inputs: _FrameInputs, initial: list[Pixels], settings: SynthesisSettings) -> StylisedFrame:
    """Synthesise a frame. initial: see ``_initialise``; it is emptied, to release arrays after use."""
    level = Level(
        settings.rounds, settings.sweeps, max(key.exemplar.size) // 2, settings.uniformity, ALLOWANCE, VOTE_SHARPNESS,
        PATCH_TOLERANCE,
    )  # fmt: skip
    job = _search_job(key, inputs, settings)
    from_flow = field_from_flow(inputs.warp.flow, inputs.warp.corner, key.exemplar.size)
    texture = optimise(job, initial.pop(), from_flow, level, initial.pop(), overwrite=True)
    del job
    composite = _composite(key, inputs, texture, initial.pop())
    del texture
    state, gain = composite.state, inputs.light.gain
    colour = apply_gain(_finish(composite), gain)
    return StylisedFrame(state.frame, colour, composite.error, state, gain)


def _warp_key(key: _Key, composed: ComposedFlow, plate: Bytes, canvas: Bytes, box: Box) -> _Warp:
    colour, residual = np.empty((*box.size, 3), F32), np.empty(box.size, F32)
    (left, top), flow = box.corner, box.crop(composed.flow)

    def work(band: Band) -> None:
        warped = warp_rows(key.colour, flow[band.rows], top + band.start, left, lanczos=True)
        np.clip(warped, 0, 1, out=colour[band.rows])
        guides = warp_rows(key.guides, flow[band.with_halo], top + band.halo_start, left)
        residual[band.rows] = key.residual(guides, canvas, band.with_halo)[band.interior]

    for_each_band(work, box.size, RESIDUAL_HALO)
    confidence = warp_confidence(flow, box.crop(composed.valid), key.plate, box.crop(plate), box.corner)
    return _Warp(flow, box.corner, confidence, colour, residual)


def _search_job(key: _Key, inputs: _FrameInputs, settings: SynthesisSettings) -> Job:
    warp, (height, width) = inputs.warp, inputs.warp.confidence.shape
    mask, local = np.empty((height, width), bool), np.empty((height, width), bool)
    (left, top), (key_height, key_width) = warp.corner, key.exemplar.size
    expected, last_pixel = np.empty((height, width, 2), np.int32), np.array([key_width - 1, key_height - 1], F32)
    # Patches overlap: those around a searched pixel must be good too.
    window = np.ones((2 * settings.radius + 1, 2 * settings.radius + 1), U8)

    def work(band: Band) -> None:
        searched = (~warp.accepted(band.with_halo)).view(U8)
        mask[band.rows] = cv2.dilate(searched, window).reshape(searched.shape)[band.interior] > 0
        if inputs.visible is not None:
            mask[band.rows] &= inputs.visible[band.rows]
        local[band.rows] = (warp.confidence[band.rows] > 0.5) & (warp.residual[band.rows] < MAX_LOCAL_RESIDUAL)
        positions = source_positions(warp.flow[band.rows], top + band.start, left)
        expected[band.rows] = to_subpixel(np.clip(positions, 0, last_pixel))

    for_each_band(work, (height, width), settings.radius)
    matcher = PatchMatchNumba(settings.radius, key.exemplar.channels)
    # The distance from the key, so that the result does not depend on where the numbers of frames start.
    prior, seed = PositionPrior(expected, settings.position), abs(inputs.composed.frame - key.frame)
    evaluated = None if inputs.visible is None else cv2.dilate(inputs.visible.view(U8), window).reshape(mask.shape) > 0
    return Job(
        matcher, key.exemplar, inputs.canvas, mask, prior, local_search=local, seed=seed,
        picture_pixels=key_height * key_width, evaluated=evaluated,
    )  # fmt: skip


@dataclass(frozen=True)
class _Composite:
    """A frame composed of warped key and texture, with what its picture still lacks.

    state, error: as of ``StylisedFrame``. energy: target energy of the finest band, float32 (H, W). change: of tone;
    see ``tone_transfer.tone_change``.
    """

    state: PassState
    error: Floats
    energy: Floats
    change: Floats


def _finish(composite: _Composite) -> Floats:
    """Restore the contrast of a composite and transfer the plate's change of tone: float32 (H, W, 3) in [0, 1]."""
    colour = restore_detail(composite.state.colour, composite.energy)
    return np.clip(np.add(colour, composite.change, out=colour), 0, 1, out=colour)


def _composite(key: _Key, inputs: _FrameInputs, texture: Texture, previous: Floats) -> _Composite:
    """Composite the warped key, where it matches the plate, and the texture, where that fits better, with a soft mask.

    previous: the previous frame's picture, warped.
    """
    warp, composed, error = inputs.warp, inputs.composed, texture.error
    left, top = warp.corner
    colour, energy, change = np.empty_like(texture.colour), np.empty_like(error), np.empty_like(texture.colour)

    def work(band: Band) -> None:
        rows, padded, field = band.rows, band.with_halo, texture.field[band.with_halo]
        texture_residual = key.residual(gather(key.guides, field), inputs.canvas, padded)
        warp_weight = warp.confidence[padded] * selection_weight(warp.residual[padded], texture_residual)
        composite = lerp(texture.colour[padded], warp.colour[padded], warp_weight[..., None])
        # Static areas are not resampled, so that nothing shimmers there.
        moving = (warp.flow[padded, :, 0] != 0) | (warp.flow[padded, :, 1] != 0)
        same_surface = inputs.step.consistent[padded] & moving
        colour[rows] = filter_flicker(composite, previous[padded], same_surface)[band.interior]
        warped_plate = warp_rows(key.plate, warp.flow[padded], top + band.halo_start, left)
        source = lerp(gather(key.plate, field).astype(F32), warped_plate.astype(F32), warp_weight[..., None])
        change[rows] = tone_change(inputs.plate[padded], source, key.slopes)[band.interior]
        warp_weight = warp_weight[band.interior]
        # In place: no other band reads these rows.
        error[rows] = lerp(error[rows], warp.residual[rows], warp_weight)
        texture_energy = gather(key.energy, field[band.interior])
        warp_energy = warp_rows(key.energy, warp.flow[rows], top + band.start, left)
        energy[rows] = lerp(texture_energy, warp_energy, warp_weight)

    for_each_band(work, error.shape, max(FILTER_HALO, TONE_HALO) + RESIDUAL_HALO)
    state = PassState(
        composed.frame, composed.flow, composed.valid, texture.field, colour, inputs.light.last, inputs.box.corner
    )
    return _Composite(state, error, energy, change)
