"""The render stage: keys that a person painted are used unchanged, the others are painted by the renderer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from propagate.arrays import F32, Bytes, Floats, Pixels
from propagate.confidence import warp_confidence
from propagate.flow import compose_step, correct_drift, identity_flow, warp
from stylize.context.keys import read_key
from stylize.context.motion import Motion
from stylize.errors import InputError, StyleError
from stylize.keys.agreement import agreement
from stylize.media.colour import Colour
from stylize.media.images import (
    convert_to_primaries,
    image_size,
    make_folder,
    quantise,
    read_image,
    to_float,
    write_image,
)
from stylize.media.sequences import format_frames
from stylize.project import Project
from stylize.renderers.protocol import RenderedKey, Renderer, RenderRequest
from stylize.stages import cache_key, inputs_half

# Max pixels of a reference picture; a larger one would be scaled far down anyway.
MAX_STYLE_PIXELS = 100_000_000
# Folder in passes/ of the conditioning pictures of the renderer.
CONTROL_FOLDER = "control"
# Further seeds for a key that does not agree, tried before refinement adds keys.
REFINE_RETRIES = 2
# Stands for the versions of keys that were adopted from a project of an earlier schema.
UPGRADED = "upgraded"


@dataclass(frozen=True)
class Reference:
    """The reference picture. picture: float32 (H, W, 3); digest: of its file."""

    picture: Floats
    digest: str


@dataclass(frozen=True)
class PlateSource:
    """Access of rendering to the shot: the uint8 plate of a frame, and the digest of its contents."""

    colour: Callable[[int], Bytes]
    digest: Callable[[int], str]


def check_reference(path: Path) -> None:
    """Raise StyleError when the file is missing, is no picture, or is too large; read only its header."""
    try:
        width, height = image_size(path)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error
    if width * height > MAX_STYLE_PIXELS:
        raise StyleError(
            f"the reference {path} has {width}x{height} pixels, more than {MAX_STYLE_PIXELS // 10**6} million; "
            "make it smaller"
        )


def read_reference(path: Path, project: Project, colour: Colour) -> Reference:
    """Read the reference picture, over white where it is transparent, in the primaries of ``colour``, the plates'.

    Raises StyleError; see ``check_reference``.
    """
    check_reference(path)
    try:
        pixels = read_image(path)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error
    picture = to_float(np.concatenate([convert_to_primaries(pixels[..., :3], colour), pixels[..., 3:]], axis=2))
    if picture.shape[2] == 4:
        picture = picture[..., :3] * picture[..., 3:] + (1 - picture[..., 3:])
    digest = project.digest(path) if colour.has_rec709_primaries else f"{project.digest(path)} {colour.primaries}"
    return Reference(np.ascontiguousarray(picture[..., :3], F32), digest)


def _write(picture: Pixels, text: Mapping[str, str], target: Path) -> None:
    write_image(target, picture, text=text)


class Conditioning(Protocol):
    """Conditioning of the renderer besides plate, reference and earlier keys."""

    @property
    def retries(self) -> int:
        """Max number of retries for a key that disagrees with the previous one."""
        ...

    def request_fields(self, frame: int) -> dict[str, Any]:
        """Return fields of the request."""
        ...

    def cache_inputs(self, frame: int) -> list[Any]:
        """Return what these fields depend on, for cache keys; empty without conditioning."""
        ...


@dataclass(frozen=True)
class KeyPlan:
    """Plan for rendering one shot.

    keys: frame to file, ascending. painted: those not to be rendered. added: painted ones that were neither picked nor
    requested. depth: bits of a channel, 8 or 16. late: those added after all others; none of the others depends on
    them. retried: those that did not agree, and are painted with other seeds too. upgraded: those that an earlier
    version rendered from the same inputs, as far as that can be verified.
    """

    frames: tuple[int, ...]
    keys: Mapping[int, Path]
    painted: frozenset[int]
    added: frozenset[int]
    depth: int
    late: frozenset[int] = frozenset()
    retried: frozenset[int] = frozenset()
    upgraded: frozenset[int] = frozenset()

    def source(self, number: int) -> int | None:
        """Return the key that a key starts from: the previous one, or for a late key without one, the next one."""
        others = [key for key in self.keys if key not in self.late]
        before = [key for key in others if key < number]
        later = [key for key in others if key > number and number in self.late]
        return before[-1] if before else later[0] if later else None


@dataclass(frozen=True)
class KeyInputs:
    """Inputs of the keys of a shot.

    stages: of the renderer and of the motion, for cache keys. reference: None for renderers that take none.
    """

    plates: PlateSource
    renderer: Renderer
    stages: tuple[str, ...]
    reference: Reference | None
    seed: int
    motion: Motion
    conditioning: Conditioning


def render_keys(
    plan: KeyPlan, inputs: KeyInputs, project: Project, on_key: Callable[[int, bool], None],
    on_message: Callable[[str], None],
) -> list[int]:  # fmt: skip
    """Render the keys of one shot that are not painted and not done; return their numbers.

    Each later key starts from the previous one, warped by flow. A key's cache key covers the keys before it as if all
    were rendered and none added, so painting never causes other keys to be rendered again. Late keys come last. A key
    whose inputs have not changed survives a change of versions, which is reported.
    """
    rendered, survived = list[int](), list[int]()
    keys = _cache_keys(plan, inputs)
    for number in sorted(plan.keys, key=lambda number: (number in plan.late, number)):
        path = plan.keys[number]
        if number not in plan.painted and not project.fresh(path, keys[number]):
            if _survives(plan, number, keys[number], project):
                survived.append(number)
            else:
                _render_one(plan, number, keys[number], inputs, project, on_message)
                rendered.append(number)
        on_key(number, number in rendered)
    if survived:
        on_message(
            f"keyframes {format_frames(survived)} were rendered by other versions and are kept; delete their pictures "
            "to have them rendered again"
        )
    return rendered


def _survives(plan: KeyPlan, number: int, key: str, project: Project) -> bool:
    """Return whether a key was rendered from the same inputs by other versions."""
    path = plan.keys[number]
    if number in plan.upgraded and project.ours(path):
        project.record(path, f"{inputs_half(key)}-{UPGRADED}")
    return project.made_from(path, key)


def _render_one(
    plan: KeyPlan, number: int, key: str, inputs: KeyInputs, project: Project, on_message: Callable[[str], None]
) -> None:
    made = _render(plan, number, plan.source(number), inputs)
    for note in made.notes:
        on_message(note)
    path = plan.keys[number]
    _write_control_pictures(made, path, project)
    picture = quantise(made.picture, np.uint16 if plan.depth == 16 else np.uint8)
    project.place(path, key, partial(_write, picture, made.text))


def _cache_keys(plan: KeyPlan, inputs: KeyInputs) -> dict[int, str]:
    """Return the cache keys of the keys that are not added, by frame; they cover the plates since the previous key."""
    style = inputs.reference.digest if inputs.reference else ""
    keys: dict[int, str] = {}

    def key_of(number: int, first: int, last: int, *extra: object) -> str:
        between = [frame for frame in plan.frames if first <= frame <= last]
        digests = [inputs.plates.digest(frame) for frame in between]
        return cache_key(
            "keys", inputs.renderer.cache_key(), inputs.seed, plan.depth, style, digests, *extra,
            "again" if number in plan.retried else "", inputs.motion.cache_key(between),
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


def _render(plan: KeyPlan, number: int, source_key: int | None, inputs: KeyInputs) -> RenderedKey:
    plates, conditioning = inputs.plates, inputs.conditioning
    plate = plates.colour(number)
    warped, confidence = None, None
    keys: tuple[Floats, ...] = ()
    if source_key is not None:
        warped, confidence = warp_key(plan.keys[source_key], source_key, number, plan.frames, plates, inputs.motion)
        kept = dict.fromkeys((min(set(plan.keys) - plan.late - {number}, default=source_key), source_key))
        keys = tuple(to_float(read_key(plan.keys[frame], plates.colour(frame))) for frame in kept)
    request = RenderRequest(
        number, plate.astype(F32) / F32(255), inputs.reference.picture if inputs.reference else None, warped,
        confidence, inputs.seed, keys, **conditioning.request_fields(number),
    )  # fmt: skip
    retries = max(conditioning.retries, REFINE_RETRIES) if number in plan.retried else conditioning.retries
    return _render_best(request, inputs.renderer, retries, source_key)


def _render_best(request: RenderRequest, renderer: Renderer, retries: int, source_key: int | None) -> RenderedKey:
    """Render a key; repeat an outlier with the next seeds, and return the attempt that agrees best."""
    attempts: list[tuple[float, RenderedKey]] = []
    for attempt in range(retries + 1):
        made = renderer.render(replace(request, seed=request.seed + attempt), lambda done, total: None)
        if request.warped is None or request.confidence is None:
            return made
        measured = agreement(made.picture, request.warped, request.confidence)
        if measured is None:
            return made
        note = f"keyframe {request.frame} beside {source_key}: {measured}"
        made = replace(made, notes=(*made.notes, f"{note}, seed {request.seed + attempt}" if retries else note))
        attempts.append((measured.disagreement, made))
        if not measured.outlier:
            break
    notes = tuple(note for _, made in attempts for note in made.notes)
    return replace(min(attempts, key=lambda one: one[0])[1], notes=notes)


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
    """Warp a key, mostly an earlier one, to the frame of another: float32 (H, W, 3), and its confidence (H, W).

    path: of its picture. frames: of the shot.
    """
    direction = 1 if source_key < number else -1
    between = [frame for frame in frames if min(source_key, number) <= frame <= max(source_key, number)][::direction]
    first, last = plates.colour(source_key), plates.colour(number)
    composed = identity_flow(source_key, *first.shape[:2])
    for before, after in pairwise(between):
        composed = compose_step(composed, after, motion.step(before, after))
    flow = composed.flow if motion.refine is None else correct_drift(composed.flow, first, last, motion.refine)
    key = to_float(read_key(path, first))
    return np.clip(warp(key, flow, lanczos=True), 0, 1), warp_confidence(flow, composed.valid, first, last)
