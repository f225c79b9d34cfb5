"""Carries one key through a run of frames: warped where flow can be trusted, patch synthesis elsewhere.

The guides and their weights follow Jamriška et al., "Stylizing video by example", SIGGRAPH 2019: the plate's
colours, its edges, the place in the key that flow points to, and the frame before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Ints
from propagate.detail import coarse, energy, restore
from propagate.features import edges, guides_in
from propagate.flow import ComposedFlow, Step, anchor, extend, grid, sample, settle, start_at_key
from propagate.misfit import misfit, odds
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.scene import Scene
from propagate.texture import Exemplar, Job, Level, Nearness, Texture, exemplar, optimise
from propagate.trust import trust

# Raise it whenever the same input gives other pictures.
VERSION = 2
# Difference of patches, as of ``texture.Texture.error``, that cannot be seen: such a patch is not sought any better.
ENOUGH = 1e-4


@dataclass(frozen=True)
class SynthesisSettings:
    """Weights of the guides, for each channel, against the style's own weight of 1; and how hard to search.

    colour, edge: of the plate. position: of a square pixel of distance from where flow points to, in mean
    squared difference per channel. radius: of a patch. rounds, sweeps: see ``texture.Level``.
    """

    colour: float = 12.0
    edge: float = 6.0
    position: float = 1e-6
    radius: int = 2
    rounds: int = 2
    sweeps: int = 2

    def fingerprint(self) -> str:
        """Version and all settings."""
        return f"synthesis-{VERSION}-" + "-".join(f"{value:g}" for value in asdict(self).values())


@dataclass(frozen=True)
class PassState:
    """All that is needed to go on after ``frame``, exactly.

    flow, valid: see ``ComposedFlow``. field: int32 (H, W, 2). colour: float32 (H, W, 3), the result.
    """

    frame: int
    flow: Floats
    valid: Bools
    field: Ints
    colour: Floats

    def arrays(self) -> dict[str, np.ndarray]:
        """Name to array, for keeping on disk without loss."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "PassState":
        """The inverse of ``arrays``."""
        return cls(int(arrays["frame"]), *(arrays[name] for name in ("flow", "valid", "field", "colour")))


@dataclass(frozen=True)
class Carried:
    """One stylised frame.

    colour: float32 (H, W, 3) in [0, 1]. error: float32 (H, W), mean squared difference per channel of the
    chosen patch, style and guides together; larger is worse. state: to go on from here.
    """

    frame: int
    colour: Floats
    error: Floats
    state: PassState


@dataclass(frozen=True)
class _Key:
    """The key, made ready once for a whole pass.

    guides: uint8 (H, W, G), the exemplar's own. weight: of these together. energy: of the key's finest band.
    """

    colour: Floats
    plate: Bytes
    exemplar: Exemplar
    guides: Bytes
    weight: float
    energy: Floats


def carry(
    frames: Sequence[int],
    scene: Scene,
    key: Floats,
    settings: SynthesisSettings,
    state: PassState | None = None,
) -> Iterator[Carried]:
    """Stylised frames, one by one, in the order of ``frames``, forward or backward in time.

    frames: the key's number, then the frames to make.
    key: float32 (H, W, 3), the stylised key. state: of an earlier, interrupted call with the same arguments;
    the frames after ``state.frame`` come out as they would have then, to the bit.
    Raises ValueError when key and plates differ in size.
    """
    ready = _ready(key, scene, frames[0], settings)
    if state is None:
        height, width = key.shape[:2]
        here = np.floor(grid(height, width)).astype(np.int32)
        start = start_at_key(frames[0], height, width)
        state = PassState(frames[0], start.flow, start.valid, here, key)
    at = list(frames).index(state.frame)
    for frame in frames[at + 1 :]:
        carried = _carry_on(ready, state, frame, scene, settings)
        yield carried
        state = carried.state


def _ready(key: Floats, scene: Scene, frame: int, settings: SynthesisSettings) -> _Key:
    plate = scene.plate(frame)
    if key.shape != plate.shape:
        raise ValueError(f"a key must have the size of its plate, {plate.shape}, not {key.shape}")
    guides = _guides(plate, scene.guides(frame))
    weights = [settings.colour, settings.edge, *scene.weights]
    example = exemplar(key, list(zip(guides, weights, strict=True)), 1.0, settings.radius)
    counts = [1 if guide.ndim == 2 else guide.shape[2] for guide in guides]
    inner = guides_in(example.packed, example.size, example.radius, sum(counts))
    weight = sum(count * scale**2 for count, scale in zip(counts, example.guide_scales, strict=True))
    return _Key(key, plate, example, inner, weight, energy(key - coarse(key)))


def _guides(plate: Bytes, own: Sequence[Floats]) -> list[Floats]:
    seen = plate.astype(F32) / F32(255)
    return [seen, edges(seen), *own]


def _carry_on(key: _Key, state: PassState, frame: int, scene: Scene, settings: SynthesisSettings) -> Carried:
    plate, step = scene.plate(frame), scene.step(state.frame, frame)
    if plate.shape != key.plate.shape:
        raise ValueError(f"frame {frame} is {plate.shape}, the key's plate {key.plate.shape}")
    composed = extend(ComposedFlow(state.frame, state.flow, state.valid), frame, step)
    flow = composed.flow
    if scene.refine is not None:
        flow = settle(anchor(flow, key.plate, plate, scene.refine), key.plate, plate)
    certain = trust(flow, composed.valid, key.plate, plate)
    warped = np.clip(sample(key.colour, flow, crisp=True), 0, 1)
    former = np.clip(sample(state.colour, step.flow, crisp=True), 0, 1)
    guess = certain[..., None] * warped + (1 - certain[..., None]) * former
    job = _job(key, flow, certain, _guides(plate, scene.guides(frame)), frame, settings)
    level = Level(settings.rounds, settings.sweeps, max(plate.shape[:2]) // 2, crispness=2.0, enough=ENOUGH)
    texture = optimise(job, guess, _by_flow(flow), level, other=_moved_along(state.field, step))
    return _compose(key, job, frame, composed, flow, certain, warped, texture)


def _job(
    key: _Key, flow: Floats, certain: Floats, guides: Sequence[Floats], frame: int, settings: SynthesisSettings
) -> Job:
    height, width = certain.shape
    near = Nearness(np.clip(flow + grid(height, width), 0, [width - 1, height - 1]).astype(F32), settings.position)
    matcher = PatchMatchNumba(settings.radius, key.exemplar.channels)
    return Job(matcher, key.exemplar, guides, np.ones(certain.shape, bool), near, near=certain > 0.5, seed=frame)


def _by_flow(flow: Floats) -> Ints:
    """The field of where composed flow points to."""
    height, width = flow.shape[:2]
    return np.clip(np.floor(grid(height, width) + flow + F32(0.5)), 0, [width - 1, height - 1]).astype(np.int32)


def _moved_along(former: Ints, step: Step) -> Ints:
    """The former frame's field; a pixel has the patch of the place that it came from."""
    origin = _by_flow(step.flow)
    return former[origin[..., 1], origin[..., 0]]


def _compose(
    key: _Key, job: Job, frame: int, composed: ComposedFlow, flow: Floats, certain: Floats, warped: Floats,
    texture: Texture,
) -> Carried:  # fmt: skip
    """The warped key where it shows what the plate shows, the texture where that fits better, soft between."""
    asked = guides_in(job.guides, key.exemplar.size, key.exemplar.radius, key.guides.shape[2])
    by_warp = misfit(sample(key.guides, flow), asked, key.weight)
    by_texture = misfit(key.guides[texture.field[..., 1], texture.field[..., 0]], asked, key.weight)
    share = certain * odds(by_warp, by_texture)
    colour = share[..., None] * warped + (1 - share[..., None]) * texture.colour
    error = share * by_warp + (1 - share) * texture.error
    kept = PassState(frame, flow, composed.valid, texture.field, colour)
    return Carried(frame, restore(colour, _wanted(key, flow, share, texture.field)), error, kept)


def _wanted(key: _Key, flow: Floats, share: Floats, field: Ints) -> Floats:
    """The key's fine contrast where each pixel comes from."""
    return share * sample(key.energy, flow) + (1 - share) * key.energy[field[..., 1], field[..., 0]]
