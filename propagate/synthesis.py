"""Carries one key through a run of frames: warped where flow can be trusted, patch synthesis elsewhere.

The guides and their weights follow Jamriška et al., "Stylizing video by example", SIGGRAPH 2019: the plate's
colours, its edges, the place in the key that flow points to, and the frame before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Ints
from propagate.detail import coarse, energy, restore
from propagate.features import edges
from propagate.flow import ComposedFlow, Step, anchor, extend, grid, sample, settle, start_at_key
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.scene import Scene
from propagate.texture import Exemplar, Job, Level, Nearness, exemplar, measure, optimise
from propagate.trust import trust

# Raise it whenever the same input gives other pictures.
VERSION = 1


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
    """The key, made ready once for a whole pass."""

    colour: Floats
    plate: Bytes
    exemplar: Exemplar
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
    seen = plate.astype(F32) / F32(255)
    guides = [(seen, settings.colour), (edges(seen), settings.edge)]
    guides += zip(scene.guides(frame), scene.weights, strict=True)
    return _Key(key, plate, exemplar(key, guides, 1.0, settings.radius), energy(key - coarse(key)))


def _carry_on(
    key: _Key, state: PassState, frame: int, scene: Scene, settings: SynthesisSettings
) -> Carried:  # fmt: skip
    after = scene.plate(frame)
    if after.shape != key.plate.shape:
        raise ValueError(f"frame {frame} is {after.shape}, the key's plate {key.plate.shape}")
    step = scene.step(state.frame, frame)
    composed = extend(ComposedFlow(state.frame, state.flow, state.valid), frame, step)
    flow = composed.flow
    if scene.refine is not None:
        flow = settle(anchor(flow, key.plate, after, scene.refine), key.plate, after)
    certain = trust(flow, composed.valid, key.plate, after)
    warped = np.clip(sample(key.colour, flow, crisp=True), 0, 1)
    former = np.clip(sample(state.colour, step.flow, crisp=True), 0, 1)
    share = certain[..., None]
    guess = share * warped + (1 - share) * former
    job = _job(key, flow, certain, after, scene.guides(frame), frame, settings)
    texture = optimise(job, guess, _start(job, guess, flow, state.field, step), _level(settings, after))
    share = (certain * _odds(job, flow, texture.field))[..., None]
    colour = share * warped + (1 - share) * texture.colour
    kept = PassState(frame, flow, composed.valid, texture.field, colour)
    return Carried(frame, restore(colour, _wanted(key, flow, certain, texture.field)), texture.error, kept)


import os

EN = 0.0
P = float(os.environ.get("P", "4"))
FL = float(os.environ.get("FL", "1e-4"))
BI = float(os.environ.get("BI", "1"))
PO = float(os.environ.get("PO", "2"))
B = 0
FL2 = 1e-4


def _odds(job, flow, field):
    r = job.exemplar.radius
    h, w = job.mask.shape
    un = lambda q, hh, ww: np.ascontiguousarray(q.reshape(hh + 2 * r, ww + 2 * r, 8)[r:-r, r:-r, 3:7])
    src = un(job.exemplar.packed, *job.exemplar.size)
    tgt = un(job.pack(np.zeros((h, w, 3), F32)), h, w)

    def err(picture):
        d = cv2.absdiff(picture, tgt).astype(F32) / 255
        e = (d * d).sum(-1) / 8
        return cv2.boxFilter(e, -1, (5, 5), borderType=cv2.BORDER_REFLECT)

    ew = err(sample(src, flow))
    et = err(src[field[..., 1], field[..., 0]])
    a = ((et + FL) / (BI * ew + FL)) ** P * (1 + B * FL2 / (ew + FL2))
    return a / (1 + a)


def _wanted(key: _Key, flow: Floats, certain: Floats, field: Ints) -> Floats:
    """The key's fine contrast where each pixel comes from."""
    height, width = certain.shape
    there = field.astype(F32) - grid(height, width)
    return sample(key.energy, np.where((certain > 0.5)[..., None], flow, there))


def _job(
    key: _Key, flow: Floats, certain: Floats, plate: Bytes, guides: Sequence[Floats], frame: int,
    settings: SynthesisSettings,
) -> Job:  # fmt: skip
    seen = plate.astype(F32) / F32(255)
    height, width = plate.shape[:2]
    # Patches overlap: those around an uncertain pixel must be good too.
    window = 2 * settings.radius + 1
    mask = cv2.dilate((certain < PO).astype(np.uint8), np.ones((window, window), np.uint8)) > 0
    near = Nearness(np.clip(flow + grid(height, width), 0, [width - 1, height - 1]).astype(F32), settings.position)
    return Job(
        PatchMatchNumba(settings.radius, key.exemplar.channels),
        key.exemplar,
        [seen, edges(seen), *guides],
        mask,
        near,
        near=certain > 0.5,
        seed=frame,
    )


def _start(job: Job, guess: Floats, flow: Floats, former: Ints, step: Step) -> Ints:
    """The better, at each pixel, of where composed flow points to and of the former frame's field, moved along."""
    height, width = job.mask.shape
    limit = [width - 1, height - 1]
    places = grid(height, width)
    by_flow = np.clip(np.floor(places + flow + 0.5), 0, limit).astype(np.int32)
    origin = np.clip(np.floor(places + step.flow + 0.5), 0, limit).astype(np.int32)
    # A pixel keeps its offset to the place in the former frame that it came from.
    moved = np.clip(former[origin[..., 1], origin[..., 0]], 0, limit).astype(np.int32)
    better = measure(job, guess, moved) < measure(job, guess, by_flow)
    return np.where((better & job.mask)[..., None], moved, by_flow)


def _level(settings: SynthesisSettings, plate: Bytes) -> Level:
    return Level(settings.rounds, settings.sweeps, widest=max(plate.shape[:2]) // 2, crispness=2.0, enough=EN)
