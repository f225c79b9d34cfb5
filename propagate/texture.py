"""Texture optimisation: search for patches and vote, in turn, until picture and patches agree.

Kwatra, Essa, Bobick and Kwatra, "Texture optimization for example-based synthesis", SIGGRAPH 2005, with the
weighted guides of Fišer et al., "StyLit", SIGGRAPH 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Ints
from propagate.features import CHANNELS, Guide, pack, pad, restyle, scales
from propagate.patchmatch import SUBPIXEL, Costs, PatchMatcher, Sweep
from propagate.patchmatch_numba import vote


@dataclass(frozen=True)
class Level:
    """How one size of the picture is worked.

    rounds: times that search and vote take turns. sweeps: passes of a search over the picture.
    widest: radius of random tries in pixels, 0 for none. uniformity: how dear an over-used patch becomes,
    in mean squared difference per channel (0..1), for each time it is used beyond its share.
    crispness: 0 lets all patches over a pixel vote alike; larger values listen to the better and the nearer.
    """

    rounds: int = 2
    sweeps: int = 2
    widest: int = 8
    uniformity: float = 0.0
    crispness: float = 1.0


@dataclass(frozen=True)
class Texture:
    """A picture put together from patches of the style.

    colour: float32 (H, W, 3). field: int32 (H, W, 2), x then y, centres of the patches in the style.
    error: float32 (H, W), mean squared difference per channel of the chosen patch; larger is worse.
    """

    colour: Floats
    field: Ints
    error: Floats


@dataclass(frozen=True)
class Nearness:
    """Holds a field near an expected one. expected: float32 (H, W, 2), positions in the style, pixels.

    weight: what a pixel of distance costs, in mean squared difference per channel; reach: distance in pixels
    beyond which no more is charged.
    """

    expected: Floats
    weight: float
    reach: int = 12


@dataclass(frozen=True)
class Job:
    """The constant part of a synthesis at one size; arrays as in ``optimise``."""

    matcher: PatchMatcher
    style: Floats
    guides: Sequence[Guide]
    style_weight: float
    mask: Bools
    nearness: Nearness | None = None
    seed: int = 0
    unit: int = field(init=False)

    def __post_init__(self) -> None:
        # What a mean squared difference of 1 per channel is in the search's integers.
        object.__setattr__(self, "unit", 255 * 255 * (2 * self.matcher.radius + 1) ** 2 * CHANNELS)


def optimise(job: Job, colour: Floats, start: Ints, level: Level) -> Texture:
    """Improves a first guess by search and vote.

    job.style: float32 (Hs, Ws, 3). job.mask: bool (H, W), pixels to work on; the others keep ``colour`` and
    ``start``. colour: float32 (H, W, 3), the first guess. start: int32 (H, W, 2), a first field, x then y.
    """
    radius = job.matcher.radius
    style_scale, guide_scales = scales(job.guides, job.style_weight)
    source = pack(job.style, style_scale, list(zip((g.source for g in job.guides), guide_scales, strict=True)), radius)
    target = pack(colour, style_scale, list(zip((g.target for g in job.guides), guide_scales, strict=True)), radius)
    padded = pad(job.style, radius)
    colour, nnf = colour.copy(), start.copy()
    cost = np.zeros(job.mask.shape, np.int64)
    for turn in range(level.rounds):
        restyle(target, colour, style_scale, radius)
        costs = _costs(job, nnf, level)
        job.matcher.measure(target, source, nnf, cost, job.mask, costs)
        for number in range(level.sweeps):
            sweep = Sweep(2 * (turn * level.sweeps + number + 1000 * job.seed) + number % 2, level.widest)
            job.matcher.sweep(target, source, nnf, cost, job.mask, costs, sweep)
        vote(padded, nnf, _say(cost, job, level), _near(radius, level), job.mask, colour)
    everywhere = np.ones_like(job.mask)
    restyle(target, colour, style_scale, radius)
    job.matcher.measure(target, source, nnf, cost, everywhere, _free(job))
    return Texture(colour, nnf, (cost / F32(job.unit)).astype(F32))


def _costs(job: Job, nnf: Ints, level: Level) -> Costs:
    stray, expected, reach = 0, np.zeros((*job.mask.shape, 2), np.int32), 0
    if job.nearness is not None:
        stray = max(1, round(job.nearness.weight * job.unit))
        expected = np.floor(job.nearness.expected * SUBPIXEL + 0.5).astype(np.int32)
        reach = job.nearness.reach
    return Costs(expected, stray, reach, _burden(job, nnf, level.uniformity))


def _free(job: Job) -> Costs:
    return Costs(np.zeros((*job.mask.shape, 2), np.int32), 0, 0, np.zeros(job.style.shape[:2], np.int32))


def usage(nnf: Ints, mask: Bools, size: tuple[int, int], radius: int) -> Floats:
    """How often each place of the style is used, relative to its even share: float32 (Hs, Ws), mean about 1.

    Kaspar, Neubert, Lischinski, Pauly and Kopf, "Self tuning texture optimization", Eurographics 2015.
    """
    flat = nnf[..., 1][mask].astype(np.int64) * size[1] + nnf[..., 0][mask]
    counts = np.bincount(flat, minlength=size[0] * size[1]).reshape(size).astype(F32)
    window = 2 * radius + 1
    spread = cv2.boxFilter(counts, -1, (window, window), borderType=cv2.BORDER_REFLECT)
    return np.asarray(spread * F32(size[0] * size[1] / max(1, len(flat))), F32)


def _burden(job: Job, nnf: Ints, uniformity: float) -> Ints:
    size = (job.style.shape[0], job.style.shape[1])
    if uniformity <= 0:
        return np.zeros(size, np.int32)
    over = np.clip(usage(nnf, job.mask, size, job.matcher.radius) - 1, 0, 10)
    return np.floor(over * F32(uniformity * job.unit)).astype(np.int32)


def _say(cost: Ints, job: Job, level: Level) -> Floats:
    """How much each patch counts in the vote: the worse it fits, the less."""
    error = cost.astype(F32) / F32(job.unit)
    return (1 / (F32(1e-3) + F32(level.crispness) * error)).astype(F32)


def _near(radius: int, level: Level) -> Floats:
    """How much a patch counts by the distance of its centre."""
    steps = np.arange(-radius, radius + 1, dtype=F32)
    fall = np.exp(-(steps**2) * F32(level.crispness) / F32(2 * radius * radius))
    return np.outer(fall, fall).astype(F32)


def evenly(height: int, width: int, size: tuple[int, int]) -> Ints:
    """A field that maps one picture onto another of another size, whole onto whole: int32 (H, W, 2)."""
    ys = (np.arange(height) + 0.5) * size[0] / height
    xs = (np.arange(width) + 0.5) * size[1] / width
    return np.stack(np.meshgrid(xs, ys), axis=-1).astype(np.int32)


def at_random(height: int, width: int, size: tuple[int, int], seed: int) -> Ints:
    """A field of places drawn evenly: int32 (H, W, 2)."""
    draw = np.random.Generator(np.random.PCG64(seed))
    xs = draw.integers(0, size[1], (height, width))
    return np.stack([xs, draw.integers(0, size[0], (height, width))], axis=-1).astype(np.int32)


def enlarge(nnf: Ints, height: int, width: int, size: tuple[int, int], smaller: tuple[int, int]) -> Ints:
    """A field for the next larger size: ``smaller`` and ``size`` are the style's sizes before and after."""
    ys = np.minimum(np.arange(height) * nnf.shape[0] // height, nnf.shape[0] - 1)
    xs = np.minimum(np.arange(width) * nnf.shape[1] // width, nnf.shape[1] - 1)
    coarse = nnf[ys][:, xs].astype(np.float64)
    # The part of a coarse pixel that a fine one sits at carries over, so that patches stay whole.
    inside_x = (np.arange(width) + 0.5) * nnf.shape[1] / width - xs - 0.5
    inside_y = (np.arange(height) + 0.5) * nnf.shape[0] / height - ys - 0.5
    fine_x = (coarse[..., 0] + 0.5 + inside_x[None, :]) * size[1] / smaller[1] - 0.5
    fine_y = (coarse[..., 1] + 0.5 + inside_y[:, None]) * size[0] / smaller[0] - 0.5
    fine = np.stack([fine_x, fine_y], axis=-1)
    return np.clip(np.floor(fine + 0.5), 0, [size[1] - 1, size[0] - 1]).astype(np.int32)
