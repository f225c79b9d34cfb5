"""Painting of one key by a renderer, starting from the previous key warped by flow."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Bytes, Floats
from propagate.confidence import warp_confidence
from propagate.flow import compose_step, correct_drift, identity_flow, warp
from propagate.light import apply_gain, is_black, relit
from stylize.context.keys import read_key
from stylize.context.motion import Motion
from stylize.keys.agreement import agreement
from stylize.keys.key_plan import KeyInputs, KeyPlan, PlateSource
from stylize.media.images import to_float
from stylize.renderers.protocol import RenderedKey, Renderer, RenderRequest

# Called with the number of steps done and in total.
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Attempt:
    """Seed of a picture, and the number of retries with the next seeds if it does not agree with the previous key."""

    seed: int
    retries: int = 0


def paint_key(plan: KeyPlan, number: int, attempt: Attempt, inputs: KeyInputs, on_step: OnStep) -> RenderedKey:
    """Paint a key in the shot's usual light, then apply the light of its frame. The key of a black plate is black."""
    plate = inputs.plates.colour(number)
    if is_black(plate):
        return RenderedKey(np.zeros(plate.shape, F32), notes=(f"keyframe {number} is black, as its plate is",))
    made = _render_evenly_lit(plan, number, attempt, inputs, on_step)
    return replace(made, picture=apply_gain(made.picture, plan.gain(number, plate)))


def _render_evenly_lit(plan: KeyPlan, number: int, attempt: Attempt, inputs: KeyInputs, on_step: OnStep) -> RenderedKey:
    def colour(frame: int) -> Bytes:
        plate = inputs.plates.colour(frame)
        gain = plan.gain(frame, plate)
        return plate if gain == 1 else relit(plate, 1 / gain)

    def even(key: Floats, frame: int) -> Floats:
        return apply_gain(key, 1 / plan.gain(frame, inputs.plates.colour(frame)))

    def read(frame: int) -> Floats:
        return to_float(read_key(plan.keys[frame], inputs.plates.colour(frame), inputs.plates.primaries))

    plates, conditioning = replace(inputs.plates, colour=colour), inputs.conditioning
    plate, source_key = plates.colour(number), plan.source(number)
    warped, confidence = None, None
    keys: tuple[Floats, ...] = ()
    if source_key is not None:
        warped, confidence = warp_key(plan.keys[source_key], source_key, number, plan.frames, plates, inputs.motion)
        warped = even(warped, source_key)
        kept = dict.fromkeys((min(set(plan.keys) - plan.late - {number}, default=source_key), source_key))
        keys = tuple(even(read(frame), frame) for frame in kept)
    request = RenderRequest(
        number, plate.astype(F32) / F32(255), inputs.references.picture if inputs.references else None, warped,
        confidence, attempt.seed, keys, references=inputs.references.pictures if inputs.references else (),
        **conditioning.request_fields(number),
    )  # fmt: skip
    return _render_best(request, inputs.renderer, attempt.retries, source_key, on_step)


def _render_best(
    request: RenderRequest, renderer: Renderer, retries: int, source_key: int | None, on_step: OnStep
) -> RenderedKey:
    """Render a key. An outlier is repeated with the next seeds, and the attempt that agrees best is returned."""
    attempts: list[tuple[float, RenderedKey]] = []
    for attempt in range(retries + 1):
        made = renderer.render(replace(request, seed=request.seed + attempt), _attempt(on_step, attempt, retries + 1))
        if request.warped is None or request.confidence is None:
            return made
        measured = agreement(made.picture, request.warped, request.confidence)
        if measured is None:
            return made
        note = f"keyframe {request.frame} compared with {source_key}: {measured}"
        notes = (*made.notes, f"{note}, seed {request.seed + attempt}" if retries else note)
        made = replace(made, notes=notes, agreement=asdict(measured))
        attempts.append((measured.disagreement, made))
        if not measured.outlier:
            break
    all_notes = tuple(note for _, made in attempts for note in made.notes)
    return replace(min(attempts, key=lambda one: one[0])[1], notes=all_notes)


def _attempt(on_step: OnStep, attempt: int, attempts: int) -> OnStep:
    """Return a callback for the steps of one attempt, which reports them as steps of all attempts."""
    return lambda done, total: on_step(attempt * total + done, attempts * total)


def warp_key(
    path: Path, source_key: int, number: int, frames: Sequence[int], plates: PlateSource, motion: Motion
) -> tuple[Floats, Floats]:
    """Warp a key to the frame of another one: RGB, float32 (H, W, 3), and the confidence, float32 (H, W); both 0..1.

    path: picture of the key. source_key, number: frames of the key and of the other one. frames: frames of the shot.
    """
    direction = 1 if source_key < number else -1
    between = [frame for frame in frames if min(source_key, number) <= frame <= max(source_key, number)][::direction]
    first, last = plates.colour(source_key), plates.colour(number)
    composed = identity_flow(source_key, *first.shape[:2])
    for before, after in pairwise(between):
        composed = compose_step(composed, after, motion.step(before, after))
    flow = composed.flow if motion.refine is None else correct_drift(composed.flow, first, last, motion.refine)
    key = to_float(read_key(path, first, plates.primaries))
    return np.clip(warp(key, flow, lanczos=True), 0, 1), warp_confidence(flow, composed.valid, first, last)
