"""Carries one key through a run of frames: warped where that shows what the plate shows, patches of it elsewhere.

The guides are those of Jamriška et al., "Stylizing video by example", SIGGRAPH 2019: the plate's colours, its edges,
the place in the key that flow points to, and the frame before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace

import cv2
import numpy as np

from propagate.ahead import one_ahead
from propagate.arrays import F32, U8, Bools, Bytes, Floats, Ints
from propagate.detail import coarse, energy, lerp, restore
from propagate.features import edges, guides_in
from propagate.flow import ComposedFlow, FlowEstimator, Step, anchor, extend, grid, sample, settle, start_at_key
from propagate.misfit import GRAIN, misfit, odds
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.relight import relight
from propagate.scene import Scene
from propagate.steady import steady
from propagate.texture import Exemplar, Job, Level, Nearness, Texture, exemplar, optimise
from propagate.trust import trust

# Raise it whenever the same input gives other pictures.
VERSION = 4
# Difference of patches, as of ``texture.Texture.error``, that cannot be seen: such a patch is not sought any better.
ENOUGH = 1e-4
# A place of the key may be used so many times its share before it becomes dear: lower makes moving things boil.
ALLOWANCE = 5.0
# How much the vote listens to the better and nearer patches, see ``Level``.
CRISPNESS = 2.0
# Trust in the warped key that leaves nothing to be sought.
WHOLE = 0.98
# Misfit of the warped guides from which on the right patch may be far away, whatever the flow says.
MISPLACED = 0.02


@dataclass(frozen=True)
class SynthesisSettings:
    """Weights of the guides, for each channel, against the style's own weight of 1; and how hard to search.

    colour, edge: of the plate. position: of a square pixel of distance from where flow points to, in mean
    squared difference per channel. radius: of a patch. rounds, sweeps, uniformity: see ``texture.Level``.
    """

    colour: float = 12.0
    edge: float = 6.0
    position: float = 1e-6
    radius: int = 2
    rounds: int = 2
    sweeps: int = 2
    uniformity: float = 0.004

    def fingerprint(self) -> str:
        """Version and all settings."""
        return f"synthesis-{VERSION}-" + "-".join(f"{value:g}" for value in asdict(self).values())


@dataclass(frozen=True)
class PassState:
    """All that is needed to go on after ``frame``, exactly.

    flow, valid: see ``ComposedFlow``. field: int32 (H, W, 2). colour: float32 (H, W, 3), the picture before its
    contrast is given back: the next frame starts from it, and must not sharpen what is sharpened.
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
        """The inverse of ``arrays``. Raises KeyError or ValueError for what is no state."""
        size = arrays["flow"].shape[:2]
        expected = {"flow": (*size, 2), "valid": size, "field": (*size, 2), "colour": (*size, 3)}
        if any(arrays[name].shape != shape for name, shape in expected.items()):
            raise ValueError(f"a state must have arrays of one size, not {[arrays[name].shape for name in expected]}")
        return cls(int(arrays["frame"]), *(arrays[name] for name in expected))


@dataclass(frozen=True)
class Carried:
    """One stylised frame.

    colour: float32 (H, W, 3) in [0, 1]. error: float32 (H, W), 0..1, weighted mean squared difference per channel
    between what is shown and what is wanted, larger is worse: of guides where the key is warped, of guides and style
    where patches are put together. state: to go on from here.
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

    def asked(self, canvas: Bytes) -> Bytes:
        """The guides of a frame as they lie in its canvas: uint8 (H, W, G)."""
        return guides_in(canvas, self.exemplar.size, self.exemplar.radius, self.guides.shape[2])


@dataclass(frozen=True)
class _Warp:
    """The key, warped to a frame.

    flow: to the key. certain: see ``trust``. colour: float32 (H, W, 3). misfit: of the guides that come along.
    """

    flow: Floats
    certain: Floats
    colour: Floats
    misfit: Floats

    def whole(self) -> Bools:
        """Where nothing better can be found."""
        return np.asarray((self.certain > WHOLE) & (self.misfit < GRAIN))


@dataclass(frozen=True)
class _View:
    """What is known of a frame before it is drawn. canvas: its guides, see ``Exemplar.canvas``."""

    composed: ComposedFlow
    step: Step
    canvas: Bytes
    warp: _Warp


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
    for view in one_ahead(_views(ready, state, frames[at + 1 :], scene)):
        carried = _carry_on(ready, state, view, settings)
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


def _views(key: _Key, state: PassState, frames: Sequence[int], scene: Scene) -> Iterator[_View]:
    """All that a frame's picture depends on beside the picture before, frame by frame."""
    composed = ComposedFlow(state.frame, state.flow, state.valid)
    for frame in frames:
        plate, step = scene.plate(frame), scene.step(composed.frame, frame)
        if plate.shape != key.plate.shape:
            raise ValueError(f"frame {frame} is {plate.shape}, the key's plate {key.plate.shape}")
        if step.flow.shape[:2] != plate.shape[:2]:
            raise ValueError(f"the flow of frame {frame} is {step.flow.shape[:2]}, its plate {plate.shape[:2]}")
        composed = extend(composed, frame, step)
        plate = relight(plate, key.plate, composed.flow, composed.valid)
        composed = _follow(key, composed, plate, scene.refine)
        canvas = key.exemplar.canvas(_guides(plate, scene.guides(frame)))
        yield _View(composed, step, canvas, _warp(key, composed, plate, canvas))


def _follow(key: _Key, composed: ComposedFlow, plate: Bytes, refine: FlowEstimator | None) -> ComposedFlow:
    """Flow to the key, without its drift."""
    if refine is None:
        return composed
    return replace(composed, flow=settle(anchor(composed.flow, key.plate, plate, refine), key.plate, plate))


def _carry_on(key: _Key, state: PassState, view: _View, settings: SynthesisSettings) -> Carried:
    warp, canvas = view.warp, view.canvas
    former = np.clip(sample(state.colour, view.step.flow, crisp=True), 0, 1)
    guess = lerp(former, warp.colour, warp.certain[..., None])
    level = Level(
        settings.rounds, settings.sweeps, max(guess.shape[:2]) // 2, settings.uniformity, ALLOWANCE, CRISPNESS, ENOUGH
    )  # fmt: skip
    job = _job(key, warp, canvas, view.composed.frame, settings)
    texture = optimise(job, guess, _by_flow(warp.flow), level, other=_moved_along(state.field, view.step))
    return _compose(key, view, texture, former)


def _warp(key: _Key, composed: ComposedFlow, plate: Bytes, canvas: Bytes) -> _Warp:
    colour = np.clip(sample(key.colour, composed.flow, crisp=True), 0, 1)
    certain = trust(composed.flow, composed.valid, key.plate, plate)
    apart = misfit(sample(key.guides, composed.flow), key.asked(canvas), key.weight)
    return _Warp(composed.flow, certain, colour, apart)


def _job(key: _Key, warp: _Warp, canvas: Bytes, frame: int, settings: SynthesisSettings) -> Job:
    height, width = warp.certain.shape
    # Patches overlap: those around a pixel that is sought must be good too.
    window = np.ones((2 * settings.radius + 1, 2 * settings.radius + 1), U8)
    mask = cv2.dilate((~warp.whole()).astype(U8), window) > 0
    expected = np.clip(warp.flow + grid(height, width), 0, [width - 1, height - 1]).astype(F32)
    matcher = PatchMatchNumba(settings.radius, key.exemplar.channels)
    near = Nearness(expected, settings.position)
    return Job(
        matcher, key.exemplar, canvas, mask, near, close=(warp.certain > 0.5) & (warp.misfit < MISPLACED), seed=frame
    )


def _by_flow(flow: Floats) -> Ints:
    """The field of where composed flow points to."""
    height, width = flow.shape[:2]
    return np.clip(np.floor(grid(height, width) + flow + F32(0.5)), 0, [width - 1, height - 1]).astype(np.int32)


def _moved_along(former: Ints, step: Step) -> Ints:
    """The former frame's field; a pixel has the patch of the place that it came from."""
    origin = _by_flow(step.flow)
    return former[origin[..., 1], origin[..., 0]]


def _compose(key: _Key, view: _View, texture: Texture, former: Floats) -> Carried:
    """The warped key where it shows what the plate shows, the texture where that fits better, soft between."""
    warp, composed, field = view.warp, view.composed, texture.field
    by_texture = misfit(key.guides[field[..., 1], field[..., 0]], key.asked(view.canvas), key.weight)
    share = warp.certain * odds(warp.misfit, by_texture)
    # What stands where it stood in the key is shown without resampling: nothing shimmers there.
    moved = (composed.flow[..., 0] != 0) | (composed.flow[..., 1] != 0)
    colour = steady(lerp(texture.colour, warp.colour, share[..., None]), former, view.step.consistent & moved)
    error = lerp(texture.error, warp.misfit, share)
    wanted = lerp(key.energy[field[..., 1], field[..., 0]], sample(key.energy, warp.flow), share)
    state = PassState(composed.frame, composed.flow, composed.valid, field, colour)
    return Carried(composed.frame, restore(colour, wanted), error, state)
