"""The render stage, which renders all keys that are not painted by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from propagate.arrays import F32, Bytes, Floats, Pixels
from propagate.confidence import warp_confidence
from propagate.flow import compose_step, correct_drift, identity_flow, warp
from propagate.light import apply_gain, is_black, is_blank, relit
from stylize.context.keys import read_key
from stylize.context.motion import Motion
from stylize.errors import InputError, StyleError
from stylize.keys.agreement import agreement
from stylize.media.colour import BT709, Colour
from stylize.media.images import (
    image_size,
    make_folder,
    quantise,
    read_image,
    to_float,
    write_image,
)
from stylize.media.sequences import name_frames
from stylize.project import Project
from stylize.renderers.protocol import RenderedKey, Renderer, RenderRequest
from stylize.reporter import Reporter
from stylize.stages import cache_key, inputs_half

# Folder in passes/ for the conditioning pictures of the renderer.
CONTROL_FOLDER = "control"
# Number of retries with other seeds for a key that disagrees, before refinement adds keys.
REFINE_RETRIES = 2
# Replaces the versions in the cache keys of keys that were adopted from a project of an earlier schema.
UPGRADED = "upgraded"

# Called with the number of steps done and in total.
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class References:
    """The reference pictures.

    pictures: RGB, float32 (H, W, 3) in [0, 1], or RGBA, (H, W, 4), with straight alpha. digest: digest of their files
    and primaries.
    """

    pictures: tuple[Floats, ...]
    digest: str

    @cached_property
    def picture(self) -> Floats:
        """The first picture, composited over white: float32 (H, W, 3)."""
        picture = self.pictures[0]
        if picture.shape[2] == 4:
            picture = picture[..., :3] * picture[..., 3:] + (1 - picture[..., 3:])
        return np.ascontiguousarray(picture, F32)


@dataclass(frozen=True)
class PlateSource:
    """Access to plates.

    colour: returns the plate of a frame, RGB, uint8 (H, W, 3). digest: returns its digest. primaries: primaries of the
    plates.
    """

    colour: Callable[[int], Bytes]
    digest: Callable[[int], str]
    primaries: Colour


def check_reference(path: Path) -> None:
    """Raise StyleError if the reference is missing, not a picture, or too large. Only the header is read."""
    try:
        image_size(path)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error


def read_references(paths: Sequence[Path], project: Project, colour: Colour) -> References | None:
    """Read the reference pictures, converted to the primaries of ``colour``; None without paths.

    Raises StyleError, as ``check_reference`` does, and for a picture that is transparent everywhere.
    """
    if not paths:
        return None
    pictures = tuple(_read_reference(path, colour) for path in paths)
    digest = " ".join(map(project.digest, paths))
    return References(pictures, digest if colour.has_rec709_primaries else f"{digest} {colour.primaries}")


def _read_reference(path: Path, colour: Colour) -> Floats:
    check_reference(path)
    try:
        pixels = read_image(path, colour, untagged=BT709)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error
    if pixels.shape[2] == 4 and not pixels[..., 3].any():
        raise StyleError(f"the reference {path} is transparent everywhere, expected opaque pixels; give another")
    return to_float(pixels)


def _write(picture: Pixels, text: Mapping[str, str], target: Path) -> None:
    write_image(target, picture, text=text)


class Conditioning(Protocol):
    """Additional conditioning of the renderer: the matte, and the pictures of controls."""

    @property
    def retries(self) -> int:
        """Maximum number of retries for a key that disagrees with the previous one."""
        ...

    def request_fields(self, frame: int) -> dict[str, Any]:
        """Return fields of the request for a frame."""
        ...

    def cache_inputs(self, frame: int) -> list[Any]:
        """Return the inputs of these fields, for cache keys. Empty without conditioning."""
        ...


@dataclass(frozen=True)
class KeyPlan:
    """Plan for rendering the keys of one shot.

    keys: file of each key by frame, ascending. painted: keys that are not rendered. added: painted keys that were
    neither chosen by the plan nor requested. depth: bits per channel, 8 or 16. late: keys added by refinement, on which
    other keys do not depend. retried: keys that disagreed and are also rendered with other seeds. upgraded: keys that
    an earlier version rendered from the same inputs, as far as can be verified. light: light of
    each frame, in linear light, 1 for that of most of the shot; 1 if it is not given.
    """

    frames: tuple[int, ...]
    keys: Mapping[int, Path]
    painted: frozenset[int]
    added: frozenset[int]
    depth: int
    late: frozenset[int] = frozenset()
    retried: frozenset[int] = frozenset()
    upgraded: frozenset[int] = frozenset()
    light: Mapping[int, float] = field(default_factory=dict)

    def gain(self, number: int, plate: Bytes) -> float:
        """Return the light of a frame, and 1 for a plate that is black or white."""
        gain = self.light.get(number, 1.0)
        return 1.0 if gain <= 0 or is_blank(plate) else gain

    def source(self, number: int) -> int | None:
        """Return the key that a key is warped from: the previous one, or the next one for a late key without one."""
        others = [key for key in self.keys if key not in self.late]
        before = [key for key in others if key < number]
        later = [key for key in others if key > number and number in self.late]
        return before[-1] if before else later[0] if later else None


@dataclass(frozen=True)
class KeyInputs:
    """Inputs of the keys of a shot.

    stages: names of the stages of renderer and motion, for cache keys. references: None for renderers without one.
    """

    plates: PlateSource
    renderer: Renderer
    stages: tuple[str, ...]
    references: References | None
    seed: int
    motion: Motion
    conditioning: Conditioning


def render_keys(
    plan: KeyPlan, inputs: KeyInputs, project: Project, on_key: Callable[[int, bool], None],
    reporter: Reporter, on_part: Callable[[float], None] = lambda part: None,
) -> list[int]:  # fmt: skip
    """Render the missing and outdated keys of one shot. Return their frame numbers.

    Each key after the first starts from the previous one, warped by flow. The cache key of a key covers the previous
    keys as if all were rendered and none added, so painting a key never causes other keys to be rendered again. Late
    keys are rendered last. Keys of other versions are kept if their inputs have not changed, and a message reports
    them. on_key: called with the number of each key, and whether it was rendered. on_part: called with the finished
    part, 0..1, of the key that is being rendered.
    """
    rendered, survived = list[int](), list[int]()
    keys = _cache_keys(plan, inputs)
    for number in sorted(plan.keys, key=lambda number: (number in plan.late, number)):
        path = plan.keys[number]
        if number not in plan.painted and not project.fresh(path, keys[number]):
            if _survives(plan, number, keys[number], project):
                survived.append(number)
            elif _render_one(plan, number, keys[number], inputs, project, reporter, on_part):
                rendered.append(number)
        on_key(number, number in rendered)
    if survived:
        reporter.message(
            "kept although rendered by another version of stylize or for other plates: "
            f"{name_frames(survived, 'keyframe')}; delete a picture to render it again"
        )
    return rendered


def keys_to_render(plan: KeyPlan, inputs: KeyInputs, project: Project) -> list[int]:
    """Return the frame numbers of the keys that `render_keys` would render."""
    keys = _cache_keys(plan, inputs)
    return [
        number for number, path in plan.keys.items()
        if number not in plan.painted and not project.made_from(path, keys[number])
        and not (number in plan.upgraded and project.ours(path))
    ]  # fmt: skip


def _survives(plan: KeyPlan, number: int, key: str, project: Project) -> bool:
    """Return whether a key was rendered from the same inputs by other versions, so that it is kept."""
    path = plan.keys[number]
    if number in plan.upgraded and project.ours(path):
        project.relabel(path, f"{inputs_half(key)}-{UPGRADED}")
    return project.made_from(path, key)


def _render_one(
    plan: KeyPlan, number: int, key: str, inputs: KeyInputs, project: Project, reporter: Reporter,
    on_part: Callable[[float], None],
) -> bool:  # fmt: skip
    """Render a key. Return whether it was stored; it is not if the user painted the key in the meantime."""

    def on_step(done: int, total: int) -> None:
        # The key itself counts once it is written.
        if 0 < done < total:
            on_part(done / total)
        reporter.check()

    made = _render(plan, number, plan.source(number), inputs, on_step)
    for note in made.notes:
        reporter.message(note)
    path = plan.keys[number]
    if project.is_changed(path):  # rendering may take minutes
        reporter.message(f"{path} was painted while this run rendered the key and is kept; run again to use it")
        return False
    _write_control_pictures(made, path, project)
    picture = quantise(made.picture, np.uint16 if plan.depth == 16 else np.uint8)
    project.place(path, key, partial(_write, picture, made.text))
    return True


def _cache_keys(plan: KeyPlan, inputs: KeyInputs) -> dict[int, str]:
    """Return the cache key of each key that is not added, by frame. It covers the plates since the previous key."""
    style = inputs.references.digest if inputs.references else ""
    keys: dict[int, str] = {}

    def key_of(number: int, first: int, last: int, *extra: object) -> str:
        between = [frame for frame in plan.frames if first <= frame <= last]
        digests = [inputs.plates.digest(frame) for frame in between]
        return cache_key(
            "keys", inputs.renderer.cache_key(), inputs.seed, plan.depth, style, digests, *extra,
            "again" if number in plan.retried else "", _light_inputs(plan, number), inputs.motion.cache_key(between),
            inputs.conditioning.cache_inputs(number), uses=inputs.stages,
        )  # fmt: skip

    own = [number for number in plan.keys if number not in plan.added | plan.late]
    before, first = "", plan.frames[0]
    for number in own:
        first = first if before else number
        keys[number] = key_of(number, first, number, before)
        before, first = inputs_half(keys[number]), number
    for number in sorted(plan.late - plan.added):
        near = max((key for key in own if key < number), default=own[0] if own else number)
        start = inputs_half(keys.get(near, ""))
        keys[number] = key_of(number, min(near, number), max(near, number), "late", number, start)
    return keys


def _light_inputs(plan: KeyPlan, number: int) -> list[float]:
    """Return the light that a key depends on: of its frame, and of the keys; nothing in a shot that is lit evenly."""
    gains = [plan.light.get(frame, 1.0) for frame in (number, *plan.keys)]
    return [round(gain, 6) for gain in gains] if any(gain != 1 for gain in gains) else []


def _render(plan: KeyPlan, number: int, source_key: int | None, inputs: KeyInputs, on_step: OnStep) -> RenderedKey:
    """Render a key in the shot's usual light, then apply the light of its frame. A black plate is black."""
    plate = inputs.plates.colour(number)
    if is_black(plate):
        return RenderedKey(np.zeros(plate.shape, F32), notes=(f"keyframe {number} is black, as its plate is",))
    made = _render_evenly_lit(plan, number, source_key, inputs, on_step)
    return replace(made, picture=apply_gain(made.picture, plan.gain(number, plate)))


def _render_evenly_lit(
    plan: KeyPlan, number: int, source_key: int | None, inputs: KeyInputs, on_step: OnStep
) -> RenderedKey:
    def colour(frame: int) -> Bytes:
        plate = inputs.plates.colour(frame)
        gain = plan.gain(frame, plate)
        return plate if gain == 1 else relit(plate, 1 / gain)

    def even(key: Floats, frame: int) -> Floats:
        return apply_gain(key, 1 / plan.gain(frame, inputs.plates.colour(frame)))

    def read(frame: int) -> Floats:
        return to_float(read_key(plan.keys[frame], inputs.plates.colour(frame), inputs.plates.primaries))

    plates, conditioning = replace(inputs.plates, colour=colour), inputs.conditioning
    plate = plates.colour(number)
    warped, confidence = None, None
    keys: tuple[Floats, ...] = ()
    if source_key is not None:
        warped, confidence = warp_key(plan.keys[source_key], source_key, number, plan.frames, plates, inputs.motion)
        warped = even(warped, source_key)
        kept = dict.fromkeys((min(set(plan.keys) - plan.late - {number}, default=source_key), source_key))
        keys = tuple(even(read(frame), frame) for frame in kept)
    request = RenderRequest(
        number, plate.astype(F32) / F32(255), inputs.references.picture if inputs.references else None, warped,
        confidence, inputs.seed, keys, references=inputs.references.pictures if inputs.references else (),
        **conditioning.request_fields(number),
    )  # fmt: skip
    retries = max(conditioning.retries, REFINE_RETRIES) if number in plan.retried else conditioning.retries
    return _render_best(request, inputs.renderer, retries, source_key, on_step)


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
        made = replace(made, notes=(*made.notes, f"{note}, seed {request.seed + attempt}" if retries else note))
        attempts.append((measured.disagreement, made))
        if not measured.outlier:
            break
    notes = tuple(note for _, made in attempts for note in made.notes)
    return replace(min(attempts, key=lambda one: one[0])[1], notes=notes)


def _attempt(on_step: OnStep, attempt: int, attempts: int) -> OnStep:
    """Return a receiver of one attempt's steps, which reports them as steps of all attempts."""
    return lambda done, total: on_step(attempt * total + done, attempts * total)


def _write_control_pictures(made: RenderedKey, key: Path, project: Project) -> None:
    """Write the conditioning pictures of the renderer to passes/control/, for inspection."""
    folder = project.folder("passes") / CONTROL_FOLDER
    if made.control_pictures:
        make_folder(folder)
    for name, picture in made.control_pictures.items():
        write_image(folder / f"{name}.{key.stem}.png", quantise(picture, np.uint8))


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
