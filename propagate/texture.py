"""Texture optimisation: alternate patch search and vote until picture and patches agree.

Kwatra, Essa, Bobick and Kwatra, "Texture optimization for example-based synthesis", SIGGRAPH 2005, with the weighted
guides of Fišer et al., "StyLit", SIGGRAPH 2016.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Bytes, Floats, Ints, Longs, Shorts
from propagate.bands import Band, for_each_band
from propagate.features import (
    CHANNEL_GROUP,
    STYLE_CHANNELS,
    channel_scales,
    empty_canvas,
    pack,
    packed_channels,
    pad,
    reflect_border,
    restyle,
    write_channels,
)
from propagate.patchmatch import BAND, SUBPIXEL, Costs, PatchMatcher, Sweep
from propagate.patchmatch_numba import count_usage, vote

# Radius of the random search where the right patch is known to be near.
LOCAL_RADIUS = 2
# Cost of a position that must not be used, more than any patch can cost: a start among usable ones stays there.
_FORBIDDEN = np.int32(2**31 - 1)
# Expected positions when distance costs nothing: never read.
_NO_POSITIONS = np.zeros((1, 1, 2), np.int32)


@dataclass(frozen=True)
class Level:
    """Parameters of one level of the pyramid.

    rounds: alternations of search and vote. sweeps: passes of a search over the picture.
    search_radius: radius of the random search in pixels, 0 for none.
    uniformity: penalty of an over-used patch, in mean squared difference per channel (0..1), for each use beyond
    ``allowance`` times its even share.
    vote_sharpness: preference of the vote for better and nearer patches; at 0 all patches over a pixel count equally.
    tolerance: error, as of ``Texture.error``, at which a patch is accepted without further search.
    smoothing: sweeps without a random search after the others of a round, in other bands (see ``Sweep.shift``). They
    propagate matches across the borders of the bands of the search, which would show as seams.
    """

    rounds: int = 2
    sweeps: int = 2
    search_radius: int = 8
    uniformity: float = 0.0
    allowance: float = 1.0
    vote_sharpness: float = 1.0
    tolerance: float = 0.0
    smoothing: int = 0

    @property
    def all_sweeps(self) -> int:
        """Number of sweeps in all rounds."""
        return self.rounds * (self.sweeps + self.smoothing)


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
class PositionPrior:
    """Prior on the field: patches near an expected position cost less.

    expected: int32 (H, W, 2), positions in the style; see ``to_subpixel``.
    weight: cost of a square pixel of distance, in mean squared difference per channel.
    max_distance: distance in pixels beyond which the cost no longer grows.
    """

    expected: Ints
    weight: float
    max_distance: int = 12


def to_subpixel(positions: Floats) -> Ints:
    """Convert positions in pixels, of any shape, to integers in units of 1 / ``SUBPIXEL`` pixel: int32."""
    return np.floor(positions * SUBPIXEL + 0.5).astype(np.int32)


@dataclass(frozen=True)
class Exemplar:
    """Style and the source side of its guides, packed once for any number of targets.

    size: (Hs, Ws). padded: float32 (Hs + 2r, Ws + 2r, 3). packed: see ``features.pack``.
    style_scale, guide_scales: see ``features.channel_scales``. channels: bytes of a pixel.
    counts: channels of each guide. weight: weight of all channels together, the largest being 1.
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
        empty = np.broadcast_to(F32(0), (*size, STYLE_CHANNELS))
        return pack(empty, self.style_scale, list(zip(targets, self.guide_scales, strict=True)), self.radius)

    def canvas_by_rows(self, height: int, width: int, targets: Callable[[Band], Sequence[Floats]], halo: int) -> Bytes:
        """Pack a canvas from guides that are computed for a few rows at a time; see ``canvas``.

        targets: computes the guides' own rows of a band with a ``halo``. They must be finite, which is not checked.
        """
        packed = empty_canvas(height, width, self.channels, self.radius)

        def work(band: Band) -> None:
            guides = targets(band)
            self._check(guides)
            write_channels(
                packed, band.start, list(zip(guides, self.guide_scales, strict=True)), self.radius, STYLE_CHANNELS
            )

        for_each_band(work, (height, width), halo)
        reflect_border(packed, self.radius)
        return packed.reshape(packed.shape[0], -1)

    def _check(self, targets: Sequence[Floats]) -> None:
        counts = tuple(1 if target.ndim == 2 else target.shape[2] for target in targets)
        if counts != self.counts:
            raise ValueError(f"guides must have as many channels as the style's, {self.counts}, not {counts}")


def exemplar(style: Floats, guides: Sequence[tuple[Floats, float]], style_weight: float, radius: int) -> Exemplar:
    """Pack an exemplar. style: float32 (Hs, Ws, 3). guides: (source, weight) each, float32 (Hs, Ws) or (Hs, Ws, C)."""
    style_scale, guide_scales = channel_scales([weight for _, weight in guides], style_weight)
    sources = [(source, scale) for (source, _), scale in zip(guides, guide_scales, strict=True)]
    packed = pack(style, style_scale, sources, radius)
    size = (style.shape[0], style.shape[1])
    weight = STYLE_CHANNELS * style_scale**2
    weight += sum(scale**2 * (1 if guide.ndim == 2 else guide.shape[2]) for guide, scale in sources)
    packed_width = packed_channels([guide for guide, _ in guides])
    counts = tuple(1 if guide.ndim == 2 else guide.shape[2] for guide, _ in guides)
    return Exemplar(
        size, radius, pad(style, radius), packed, style_scale, tuple(guide_scales), packed_width, weight, counts
    )


@dataclass(frozen=True)
class Job:
    """One picture to synthesise.

    canvas: its guides; see ``Exemplar.canvas``; its style channels are scratch space.
    mask: bool (H, W), pixels to synthesise.
    prior: prior on the field.
    target_colour: target picture and its strength relative to the agreement with patches, 0 for none:
    float32 (H, W, 3) and float32 (H, W).
    local_search: bool (H, W), where the random search stays within ``LOCAL_RADIUS`` pixels, None for nowhere.
    picture_pixels: number of pixels that sets the even share of uses of the style, where this is a part of a picture.
    evaluated: bool (H, W), where patches have an error, 0 elsewhere, None for everywhere; must contain everything
    within a patch's radius of ``mask``.
    usable: bool (Hs, Ws), positions in the style that patches may have, None for all. A start must have no others.
    """

    matcher: PatchMatcher
    exemplar: Exemplar
    canvas: Bytes
    mask: Bools
    prior: PositionPrior | None = None
    target_colour: tuple[Floats, Floats] | None = None
    local_search: Bools | None = None
    seed: int = 0
    picture_pixels: int | None = None
    evaluated: Bools | None = None
    usable: Bools | None = None

    @property
    def unit(self) -> int:
        """Integer cost of a difference of 1 in eight channels of the largest weight."""
        return 255 * 255 * (2 * self.exemplar.radius + 1) ** 2 * CHANNEL_GROUP

    def compared_colours(self, colour: Floats) -> Floats:
        """Colours that patches are compared with: picture and target, merged by their strengths.

        Two squared differences from one patch equal, up to a constant, a single one from the weighted mean.
        """
        if self.target_colour is None:
            return colour
        result = np.empty(colour.shape, F32)
        target, strengths = self.target_colour

        def work(band: Band) -> None:
            strength = strengths[band.rows, :, None]
            result[band.rows] = (colour[band.rows] + strength * target[band.rows]) / (1 + strength)

        for_each_band(work, colour.shape)
        return result

    def set_picture(self, colour: Floats) -> None:
        """Set the picture of the canvas."""
        restyle(self.canvas, self.compared_colours(colour), self.exemplar.style_scale, self.exemplar.radius)


def optimise(
    job: Job, colour: Floats, start: Ints, level: Level, alternative: Ints | None = None, *, overwrite: bool = False,
    on_sweep: Callable[[], None] = lambda: None,
) -> Texture:  # fmt: skip
    """Improve a first guess by alternating search and vote.

    colour: float32 (H, W, 3), the first guess. start: int32 (H, W, 2), the first field, x then y; the patch of
    ``alternative`` is taken where it is better. Outside ``job.mask``, picture and ``start`` are unchanged. overwrite:
    ``colour`` and ``start`` become the result instead of being copied. on_sweep: called after each of
    ``level.all_sweeps`` sweeps, unless the mask is empty. Raises ValueError when shapes do not match, or a field leaves
    the style.
    """
    _check(job, colour, start)
    field = start if overwrite else start.copy()
    colour = colour if overwrite else colour.copy()
    job.set_picture(colour)
    cost: Longs = np.zeros(job.mask.shape, np.int64)
    if alternative is not None:
        _check(job, colour, alternative)
    if job.mask.any() and level.rounds:
        costs = _costs(job, field, level)
        job.matcher.evaluate(job.canvas, job.exemplar.packed, field, cost, _evaluated_mask(job), costs)
        if alternative is not None:
            job.matcher.merge(job.canvas, job.exemplar.packed, field, cost, job.mask, costs, alternative)
            del alternative  # as large as the field, and no longer needed
        _search_and_vote(job, colour, field, cost, level, costs, on_sweep)
        job.set_picture(colour)
    return Texture(colour, field, _patch_error(job, field, cost))


def _search_and_vote(
    job: Job, colour: Floats, field: Ints, cost: Longs, level: Level, costs: Costs, on_sweep: Callable[[], None]
) -> None:  # fmt: skip
    """Alternate search and vote; updates ``colour``, ``field`` and ``cost``, which must hold the costs of ``field``."""
    example, radii = job.exemplar, _search_radii(job, level)
    kernel = _vote_kernel(example.radius, level)
    for iteration in range(level.rounds):
        if iteration:
            job.set_picture(colour)
            costs = _costs(job, field, level)
            job.matcher.evaluate(job.canvas, example.packed, field, cost, job.mask, costs)
        for index in range(level.sweeps):
            sweep = Sweep(2 * (iteration * level.sweeps + index + 1000 * job.seed) + index % 2, radii)
            job.matcher.sweep(job.canvas, example.packed, field, cost, job.mask, costs, sweep)
            on_sweep()
        for index in range(level.smoothing):
            sweep = Sweep(index, np.zeros_like(radii), BAND // 2)
            job.matcher.sweep(job.canvas, example.packed, field, cost, job.mask, costs, sweep)
            on_sweep()
        vote(example.padded, field, _vote_weights(cost, job, level), kernel, job.mask, colour)


def patch_error(job: Job, colour: Floats, field: Ints) -> Floats:
    """Error of each pixel's patch, weighted mean squared difference per channel: float32 (H, W), 0..1."""
    job.set_picture(colour)
    return _patch_error(job, field, np.zeros(job.mask.shape, np.int64))


def _patch_error(job: Job, field: Ints, cost: Longs) -> Floats:
    """Error of the canvas as it is; see ``patch_error``; overwrites ``cost``."""
    costs = Costs(_NO_POSITIONS, 0, 0, np.zeros(job.exemplar.size, np.int32))
    job.matcher.evaluate(job.canvas, job.exemplar.packed, field, cost, _evaluated_mask(job), costs)
    error = np.empty(cost.shape, F32)

    def work(band: Band) -> None:
        error[band.rows] = cost[band.rows] / F32(job.unit * job.exemplar.weight / CHANNEL_GROUP)

    for_each_band(work, cost.shape)
    return error


def _evaluated_mask(job: Job) -> Bools:
    return np.ones_like(job.mask) if job.evaluated is None else job.evaluated


def _search_radii(job: Job, level: Level) -> Shorts:
    radii = np.full(job.mask.shape, level.search_radius, np.int16)
    if job.local_search is not None:
        radii[job.local_search] = min(LOCAL_RADIUS, level.search_radius)
    return radii


def _check(job: Job, colour: Floats, start: Ints) -> None:
    size = job.mask.shape
    padded = (size[0] + 2 * job.exemplar.radius, (size[1] + 2 * job.exemplar.radius) * job.exemplar.channels)
    if colour.shape != (*size, 3) or start.shape != (*size, 2) or job.canvas.shape != padded:
        shapes = [colour.shape, start.shape, job.canvas.shape]
        raise ValueError(f"picture, field and packed guides must have the mask's size {size}, not {shapes}")
    others: list[tuple[int, ...]] = [] if job.prior is None else [job.prior.expected.shape[:2]]
    others += [] if job.target_colour is None else [job.target_colour[0].shape[:2], job.target_colour[1].shape]
    others += [optional.shape for optional in (job.local_search, job.evaluated) if optional is not None]
    if any(other != size for other in others):
        raise ValueError(f"prior, target and local search must have the mask's size {size}, not {others}")
    source_height, source_width = job.exemplar.size
    if start.size and (start.min() < 0 or start[..., 0].max() >= source_width or start[..., 1].max() >= source_height):
        raise ValueError(f"the field must stay inside the style of {source_width}x{source_height} pixels")
    if (job.matcher.radius, job.matcher.channels) != (job.exemplar.radius, job.exemplar.channels):
        raise ValueError("matcher and exemplar must have the same radius and channels")


def _costs(job: Job, field: Ints, level: Level) -> Costs:
    distance_cost, expected, max_distance = 0, _NO_POSITIONS, 0
    if job.prior is not None:
        distance_cost = max(1, round(job.prior.weight * job.unit))
        expected, max_distance = job.prior.expected, job.prior.max_distance
    tolerance = int(level.tolerance * job.unit * job.exemplar.weight / CHANNEL_GROUP)
    return Costs(expected, distance_cost, max_distance, _usage_costs(job, field, level), tolerance)


def usage(field: Ints, mask: Bools, size: tuple[int, int], radius: int) -> Floats:
    """Uses of each position of the style by masked pixels: float32 (Hs, Ws), 1 for an even share of the picture.

    Kaspar, Neubert, Lischinski, Pauly and Kopf, "Self tuning texture optimization", Eurographics 2015.
    """
    return _windowed_usage(count_usage(field, mask, size), size[0] * size[1] / max(1, mask.size), radius)


def _windowed_usage(counts: Ints, share: float, radius: int) -> Floats:
    """Mean count in the window around each position. Counts are integers: the filter's running sums are exact."""
    window = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.boxFilter(counts.astype(F32), -1, window, borderType=cv2.BORDER_REFLECT) * F32(share), F32)


def _usage_costs(job: Job, field: Ints, level: Level) -> Ints:
    size, radius = job.exemplar.size, job.exemplar.radius
    penalty = np.zeros(size, np.int32)
    if job.usable is not None:
        penalty[~job.usable] = _FORBIDDEN
    if level.uniformity <= 0:
        return penalty
    # Where the right patch is known to be near, repetition is not a fault.
    repeating = job.mask if job.local_search is None else job.mask & ~job.local_search
    counts = count_usage(field, repeating, size)
    positions = size[0] * size[1] if job.usable is None else np.count_nonzero(job.usable)
    share = positions / max(1, job.picture_pixels or repeating.size)

    def work(band: Band) -> None:
        used = _windowed_usage(counts[band.with_halo], share, radius)[band.interior]
        excess = np.clip(used - level.allowance, 0, 10)
        costs = np.floor(excess * F32(level.uniformity * job.unit)).astype(np.int32)
        penalty[band.rows] = costs if job.usable is None else np.where(job.usable[band.rows], costs, _FORBIDDEN)

    for_each_band(work, size, radius)
    return penalty


def _vote_weights(cost: Longs, job: Job, level: Level) -> Floats:
    """Weight of each patch in the vote: the larger its error, the smaller."""
    weights = np.empty(cost.shape, F32)

    def work(band: Band) -> None:
        error = cost[band.rows].astype(F32) / F32(job.unit)
        weights[band.rows] = 1 / (F32(1e-3) + F32(level.vote_sharpness) * error)

    for_each_band(work, cost.shape)
    return weights


def _vote_kernel(radius: int, level: Level) -> Floats:
    """Weight of a patch in the vote by the offset of its centre: float32 (2r + 1, 2r + 1)."""
    offsets = np.arange(-radius, radius + 1, dtype=F32)
    falloff = np.exp(-(offsets**2) * F32(level.vote_sharpness) / F32(2 * radius * radius))
    return np.outer(falloff, falloff).astype(F32)
