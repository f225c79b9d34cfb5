"""Texture optimisation: alternate patch search and vote until picture and patches agree.

Kwatra, Essa, Bobick and Kwatra, "Texture optimization for example-based synthesis", SIGGRAPH 2005, with the weighted
guides of Fišer et al., "StyLit", SIGGRAPH 2016.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Ints, Longs, Shorts
from propagate.bands import Band, in_bands
from propagate.features import GROUP, STYLE_CHANNELS, blank, channels, lay, mirror, pack, pad, restyle, scales
from propagate.patchmatch import SUBPIXEL, Costs, PatchMatcher, Sweep
from propagate.patchmatch_numba import count, vote

# Radius of the random search where the right patch is known to be close.
NEAR = 2
# Expected positions when distance costs nothing: never read.
_NOWHERE = np.zeros((1, 1, 2), np.int32)


@dataclass(frozen=True)
class Level:
    """Parameters of one level of the pyramid.

    rounds: alternations of search and vote. sweeps: passes of a search over the picture. widest: radius of the random
    search in pixels, 0 for none. uniformity: penalty of an over-used patch, in mean squared difference per channel
    (0..1), for each use beyond ``allowance`` times its even share. enough: error, as of ``Texture.error``, at which a
    patch is accepted without further search. crispness: preference of the vote for better and nearer patches; at 0 all
    patches over a pixel count alike.
    """

    rounds: int = 2
    sweeps: int = 2
    widest: int = 8
    uniformity: float = 0.0
    allowance: float = 1.0
    crispness: float = 1.0
    enough: float = 0.0


@dataclass(frozen=True)
class Texture:
    """Picture synthesised from patches of the style.

    colour: float32 (H, W, 3). field: int32 (H, W, 2), x then y, centres of the patches in the style. error: float32
    (H, W), weighted mean squared difference per channel of the chosen patch, 0..1; larger is worse.
    """

    colour: Floats
    field: Ints
    error: Floats


@dataclass(frozen=True)
class Nearness:
    """Prior on the field: patches near an expected position cost less.

    expected: int32 (H, W, 2), positions in the style, see ``in_parts``. weight: cost of a square pixel of distance, in
    mean squared difference per channel. reach: distance in pixels beyond which the cost no longer grows.
    """

    expected: Ints
    weight: float
    reach: int = 12


def in_parts(places: Floats) -> Ints:
    """Convert positions in pixels, of any shape, to integers in units of 1 / ``SUBPIXEL`` pixel: int32."""
    return np.floor(places * SUBPIXEL + 0.5).astype(np.int32)


@dataclass(frozen=True)
class Exemplar:
    """Style and the source side of its guides, packed once for any number of targets.

    size: (Hs, Ws). padded: float32 (Hs + 2r, Ws + 2r, 3). packed: see ``features.pack``. style_scale, guide_scales: see
    ``features.scales``. channels: bytes of a pixel. weight: of all channels together, the largest being 1. counts:
    channels of each guide.
    """

    size: tuple[int, int]
    radius: int
    padded: Floats
    packed: Bytes
    style_scale: float
    guide_scales: tuple[float, ...]
    channels: int
    weight: float
    counts: tuple[int, ...]

    def canvas(self, targets: Sequence[Floats]) -> Bytes:
        """Pack the target side of the guides, with an empty picture; see ``features.pack``.

        targets: float32 (H, W) or (H, W, C), in the order of the sources. Raises ValueError when they differ in size.
        """
        size = targets[0].shape[:2]
        if any(target.shape[:2] != size for target in targets):
            raise ValueError(f"guides must have one size, not {[target.shape[:2] for target in targets]}")
        self._check(targets)
        nothing = np.broadcast_to(F32(0), (*size, STYLE_CHANNELS))
        return pack(nothing, self.style_scale, list(zip(targets, self.guide_scales, strict=True)), self.radius)

    def canvas_by_rows(self, height: int, width: int, targets: Callable[[Band], Sequence[Floats]], halo: int) -> Bytes:
        """Pack a canvas from guides that are computed for a few rows at a time, see ``canvas``.

        targets: computes the guides' own rows of a band with a ``halo``. They must be finite, which is not checked.
        """
        packed = blank(height, width, self.channels, self.radius)

        def work(band: Band) -> None:
            guides = targets(band)
            self._check(guides)
            lay(packed, band.first, list(zip(guides, self.guide_scales, strict=True)), self.radius, STYLE_CHANNELS)

        in_bands(work, (height, width), halo)
        mirror(packed, self.radius)
        return packed.reshape(packed.shape[0], -1)

    def _check(self, targets: Sequence[Floats]) -> None:
        counts = tuple(1 if target.ndim == 2 else target.shape[2] for target in targets)
        if counts != self.counts:
            raise ValueError(f"guides must have as many channels as the style's, {self.counts}, not {counts}")


def exemplar(style: Floats, guides: Sequence[tuple[Floats, float]], style_weight: float, radius: int) -> Exemplar:
    """Pack an exemplar. style: float32 (Hs, Ws, 3). guides: (source, weight) each, float32 (Hs, Ws) or (Hs, Ws, C)."""
    style_scale, guide_scales = scales([weight for _, weight in guides], style_weight)
    sources = [(source, scale) for (source, _), scale in zip(guides, guide_scales, strict=True)]
    packed = pack(style, style_scale, sources, radius)
    size = (style.shape[0], style.shape[1])
    weight = STYLE_CHANNELS * style_scale**2
    weight += sum(scale**2 * (1 if guide.ndim == 2 else guide.shape[2]) for guide, scale in sources)
    wide = channels([guide for guide, _ in guides])
    counts = tuple(1 if guide.ndim == 2 else guide.shape[2] for guide, _ in guides)
    return Exemplar(size, radius, pad(style, radius), packed, style_scale, tuple(guide_scales), wide, weight, counts)


@dataclass(frozen=True)
class Job:
    """One picture to synthesise. canvas: its guides, see ``Exemplar.canvas``; its style channels are scratch space.

    mask: bool (H, W), pixels to synthesise. nearness: prior on the field. wish: target picture and its strength
    relative to the agreement with patches: float32 (H, W, 3) and float32 (H, W), 0 for none. close: bool (H, W), where
    the random search stays within ``NEAR`` pixels, None for nowhere. whole: pixels of the picture that this is a part
    of, None for all of it; sets the even share of uses of the style. measured: bool (H, W), where patches have an
    error, elsewhere it is 0; must contain everything within a patch's radius of ``mask``; None for everywhere.
    """

    matcher: PatchMatcher
    exemplar: Exemplar
    canvas: Bytes
    mask: Bools
    nearness: Nearness | None = None
    wish: tuple[Floats, Floats] | None = None
    close: Bools | None = None
    seed: int = 0
    whole: int | None = None
    measured: Bools | None = None

    @property
    def unit(self) -> int:
        """Integer cost of a difference of 1 in eight channels of the largest weight."""
        return 255 * 255 * (2 * self.exemplar.radius + 1) ** 2 * GROUP

    def sought(self, colour: Floats) -> Floats:
        """Colours that patches are compared with: picture and target, merged by their strengths.

        Two squared differences from one patch equal, up to a constant, a single one from the weighted mean.
        """
        if self.wish is None:
            return colour
        found = np.empty(colour.shape, F32)
        wished, strengths = self.wish

        def work(band: Band) -> None:
            strength = strengths[band.own, :, None]
            found[band.own] = (colour[band.own] + strength * wished[band.own]) / (1 + strength)

        in_bands(work, colour.shape)
        return found

    def look(self, colour: Floats) -> None:
        """Set the picture of the canvas."""
        restyle(self.canvas, self.sought(colour), self.exemplar.style_scale, self.exemplar.radius)


def optimise(
    job: Job, colour: Floats, start: Ints, level: Level, other: Ints | None = None, *, overwrite: bool = False
) -> Texture:
    """Improve a first guess by alternating search and vote.

    colour: float32 (H, W, 3), the first guess. start: int32 (H, W, 2), the first field, x then y; the patch of
    ``other`` is taken where it is better. Outside of ``job.mask`` picture and ``start`` are unchanged. overwrite:
    ``colour`` and ``start`` become the result instead of being copied. Raises ValueError when shapes do not match, or a
    field leaves the style.
    """
    _check(job, colour, start)
    nnf = start if overwrite else start.copy()
    colour = colour if overwrite else colour.copy()
    job.look(colour)
    cost: Longs = np.zeros(job.mask.shape, np.int64)
    if other is not None:
        _check(job, colour, other)
    if job.mask.any() and level.rounds:
        costs = _costs(job, nnf, level)
        job.matcher.measure(job.canvas, job.exemplar.packed, nnf, cost, _measured(job), costs)
        if other is not None:
            job.matcher.offer(job.canvas, job.exemplar.packed, nnf, cost, job.mask, costs, other)
            del other  # as large as the field, and no longer needed
        _take_turns(job, colour, nnf, cost, level, costs)
        job.look(colour)
    return Texture(colour, nnf, _measure(job, nnf, cost))


def _take_turns(job: Job, colour: Floats, nnf: Ints, cost: Longs, level: Level, costs: Costs) -> None:
    """Alternate search and vote; updates ``colour``, ``nnf`` and ``cost``, which must hold the costs of ``nnf``."""
    example, widest = job.exemplar, _widest(job, level)
    for turn in range(level.rounds):
        if turn:
            job.look(colour)
            costs = _costs(job, nnf, level)
            job.matcher.measure(job.canvas, example.packed, nnf, cost, job.mask, costs)
        for number in range(level.sweeps):
            sweep = Sweep(2 * (turn * level.sweeps + number + 1000 * job.seed) + number % 2, widest)
            job.matcher.sweep(job.canvas, example.packed, nnf, cost, job.mask, costs, sweep)
        vote(example.padded, nnf, _say(cost, job, level), _by_distance(example.radius, level), job.mask, colour)


def measure(job: Job, colour: Floats, nnf: Ints) -> Floats:
    """Error of each pixel's patch, weighted mean squared difference per channel: float32 (H, W), 0..1."""
    job.look(colour)
    return _measure(job, nnf, np.zeros(job.mask.shape, np.int64))


def _measure(job: Job, nnf: Ints, cost: Longs) -> Floats:
    """Error of the canvas as it is, see ``measure``; overwrites ``cost``."""
    still = Costs(_NOWHERE, 0, 0, np.zeros(job.exemplar.size, np.int32))
    job.matcher.measure(job.canvas, job.exemplar.packed, nnf, cost, _measured(job), still)
    error = np.empty(cost.shape, F32)

    def work(band: Band) -> None:
        error[band.own] = cost[band.own] / F32(job.unit * job.exemplar.weight / GROUP)

    in_bands(work, cost.shape)
    return error


def _measured(job: Job) -> Bools:
    return np.ones_like(job.mask) if job.measured is None else job.measured


def _widest(job: Job, level: Level) -> Shorts:
    widest = np.full(job.mask.shape, level.widest, np.int16)
    if job.close is not None:
        widest[job.close] = min(NEAR, level.widest)
    return widest


def _check(job: Job, colour: Floats, start: Ints) -> None:
    size = job.mask.shape
    padded = (size[0] + 2 * job.exemplar.radius, (size[1] + 2 * job.exemplar.radius) * job.exemplar.channels)
    if colour.shape != (*size, 3) or start.shape != (*size, 2) or job.canvas.shape != padded:
        shapes = [colour.shape, start.shape, job.canvas.shape]
        raise ValueError(f"picture, field and packed guides must have the mask's size {size}, not {shapes}")
    besides: list[tuple[int, ...]] = [] if job.nearness is None else [job.nearness.expected.shape[:2]]
    besides += [] if job.wish is None else [job.wish[0].shape[:2], job.wish[1].shape]
    besides += [one.shape for one in (job.close, job.measured) if one is not None]
    if any(shape != size for shape in besides):
        raise ValueError(f"nearness, wish and what is close must have the mask's size {size}, not {besides}")
    high, wide = job.exemplar.size
    if start.size and (start.min() < 0 or start[..., 0].max() >= wide or start[..., 1].max() >= high):
        raise ValueError(f"the field must stay inside the style of {wide}x{high} pixels")
    if (job.matcher.radius, job.matcher.channels) != (job.exemplar.radius, job.exemplar.channels):
        raise ValueError("matcher and exemplar must have the same radius and channels")


def _costs(job: Job, nnf: Ints, level: Level) -> Costs:
    stray, expected, reach = 0, _NOWHERE, 0
    if job.nearness is not None:
        stray = max(1, round(job.nearness.weight * job.unit))
        expected, reach = job.nearness.expected, job.nearness.reach
    enough = int(level.enough * job.unit * job.exemplar.weight / GROUP)
    return Costs(expected, stray, reach, _burden(job, nnf, level), enough)


def usage(nnf: Ints, mask: Bools, size: tuple[int, int], radius: int) -> Floats:
    """Uses of each position of the style by masked pixels: float32 (Hs, Ws), 1 for an even share of the picture.

    Kaspar, Neubert, Lischinski, Pauly and Kopf, "Self tuning texture optimization", Eurographics 2015.
    """
    return _spread(count(nnf, mask, size), size[0] * size[1] / max(1, mask.size), radius)


def _spread(counts: Ints, share: float, radius: int) -> Floats:
    """Mean count in the window around each position. Counts are integers: the filter's running sums are exact."""
    window = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.boxFilter(counts.astype(F32), -1, window, borderType=cv2.BORDER_REFLECT) * F32(share), F32)


def _burden(job: Job, nnf: Ints, level: Level) -> Ints:
    size, radius = job.exemplar.size, job.exemplar.radius
    burden = np.zeros(size, np.int32)
    if level.uniformity <= 0:
        return burden
    # Where the right patch is known to be close, repetition is no fault.
    free = job.mask if job.close is None else job.mask & ~job.close
    counts, share = count(nnf, free, size), size[0] * size[1] / max(1, job.whole or free.size)

    def work(band: Band) -> None:
        used = _spread(counts[band.wide], share, radius)[band.inner]
        over = np.clip(used - level.allowance, 0, 10)
        burden[band.own] = np.floor(over * F32(level.uniformity * job.unit))

    in_bands(work, size, radius)
    return burden


def _say(cost: Longs, job: Job, level: Level) -> Floats:
    """Weight of each patch in the vote: the larger its error, the smaller."""
    says = np.empty(cost.shape, F32)

    def work(band: Band) -> None:
        error = cost[band.own].astype(F32) / F32(job.unit)
        says[band.own] = 1 / (F32(1e-3) + F32(level.crispness) * error)

    in_bands(work, cost.shape)
    return says


def _by_distance(radius: int, level: Level) -> Floats:
    """Weight of a patch in the vote by the offset of its centre: float32 (2r + 1, 2r + 1)."""
    steps = np.arange(-radius, radius + 1, dtype=F32)
    fall = np.exp(-(steps**2) * F32(level.crispness) / F32(2 * radius * radius))
    return np.outer(fall, fall).astype(F32)
