"""Measurement of interlacing: which fields of frames belong together in time, and which repeat.

A frame has two fields, its even lines (top) and its odd lines (bottom). In interlaced footage they are half a frame
apart in time: where something moves, a field of one neighbour then fits between the lines of the frame better than the
frame's own, and that of the other neighbour does not. In progressive footage the frame's own lines fit best. Fine
stripes have lines that do not fit either, but both neighbours fit them equally well, and lines that are doubled fit
their twins. The measure is that of FFmpeg's filter idet, with a vote of the moving blocks, and with the twins: idet
itself mistakes any movie of the source testsrc2 for interlaced footage.

Film at 24 frames per second in video at 30 (telecine, 3:2 pulldown) repeats one top field and one
bottom field in every five frames, two of which are woven from two pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from propagate.arrays import F32, Bools, Floats, Pixels

FieldOrder = Literal["top", "bottom"]

# Change of a pixel, in levels of 255, above which something moves; above the noise of compressed video.
MOVING = 12
# Lines and columns of a block, the minimum share of its pixels that move for it to vote, and levels per pixel of its
# residuals that are ignored.
BLOCK, MIN_MOVING, SLACK = 16, 0.1, 0.125
# A block votes for an order whose residual is this many times smaller than that of the other order, and at most this
# many times as large as that of the frame's own lines.
MIN_RATIO, MAX_OWN = 1.5, 1.15
# Votes for interlacing: their minimum number, their minimum share of all blocks that move, and how many times as many
# there must be as for the other order. Progressive footage has up to 2 % for each order; interlaced footage 20 to 60 %,
# and 3 to 7 % after strong compression, with six times fewer or none for the wrong order.
MIN_VOTES, MIN_SHARE, MIN_LEAD = 10, 0.025, 3
# Change of a repeated field, relative to that of the frame's other field. In interlaced video both change by the same
# amount.
REPEATED = 0.4
# Frames of video in which film repeats itself, the minimum share of repeated fields at one place of it, and the minimum
# share of all votes that lies at two neighbouring places.
CADENCE, MIN_REGULAR, MIN_PAIRED = 5, 0.75, 0.8
# Frames of a run that show two cadences.
MIN_RUN = 2 * CADENCE - 1


@dataclass(frozen=True)
class FieldVotes:
    """Measure of one frame: the number of its blocks that move, and of those that vote for an order of the fields.

    repeated: the field that repeats that of the previous frame while the other one changes.
    """

    moving: int = 0
    top: int = 0
    bottom: int = 0
    repeated: FieldOrder | None = None


@dataclass(frozen=True)
class FieldVerdict:
    """Kind of footage. order: the field that is the earlier one; None for progressive footage. film: telecined."""

    order: FieldOrder | None = None
    film: bool = False


def vote_of_fields(before: Pixels, frame: Pixels, after: Pixels) -> FieldVotes:
    """Return the votes of a frame, from its luma and that of its neighbours: uint8 (H, W).

    Lines must be complete; columns may be left out. Frames smaller than a block have no votes.
    """
    previous, current, following = (luma.astype(F32) for luma in (before, frame, after))
    if min(current.shape) < BLOCK + 2:
        return FieldVotes()
    moving = np.maximum(np.abs(current - previous), np.abs(current - following)) > MOVING
    # An edge that moves shows in the lines next to it.
    moving[1:-1] |= moving[:-2] | moving[2:]
    inside = moving[1:-1]
    voters = _even(inside) + _odd(inside) > MIN_MOVING * BLOCK * BLOCK
    around = current[:-2] + current[2:]
    earlier, later = (_misfit(around, neighbour, inside) for neighbour in (previous, following))
    own = _own_misfit(current, around, inside)
    slack = SLACK * BLOCK * BLOCK
    # The even lines of these are the odd lines of the frame, its bottom field.
    top_first = _even(earlier) + _odd(later) + slack
    bottom_first = _even(later) + _odd(earlier) + slack
    top = voters & (MIN_RATIO * top_first < bottom_first) & (top_first < MAX_OWN * own + slack)
    bottom = voters & (MIN_RATIO * bottom_first < top_first) & (bottom_first < MAX_OWN * own + slack)
    change = np.where(moving, np.abs(current - previous), 0)
    return FieldVotes(int(voters.sum()), int(top.sum()), int(bottom.sum()), _repeated(change))


def judge_fields(runs: Sequence[Sequence[FieldVotes]]) -> FieldVerdict:
    """Return the kind of footage. runs: votes of consecutive frames, from several parts of the footage."""
    frames = [one for run in runs for one in run]
    top, bottom, moving = (sum(getattr(one, name) for one in frames) for name in ("top", "bottom", "moving"))
    order: FieldOrder = "bottom" if bottom > top else "top"
    most, least = max(top, bottom), min(top, bottom)
    if most < max(MIN_VOTES, MIN_SHARE * moving) or most < MIN_LEAD * least:
        return FieldVerdict()
    return FieldVerdict(order, _repeats_regularly(runs) or _is_paired(runs, order))


def _own_misfit(current: Floats, around: Floats, inside: Bools) -> Floats:
    """Return the residual per block of a frame's own lines: between their neighbours, or to twins of either parity."""
    between = _misfit(around, current, inside)
    above, below = (np.where(inside, 2 * np.abs(side - current[1:-1]), 0) for side in (current[:-2], current[2:]))
    twins = np.minimum(_even(above) + _odd(below), _odd(above) + _even(below))
    return np.minimum(_even(between) + _odd(between), twins)


def _misfit(around: Floats, lines: Floats, inside: Bools) -> Floats:
    """Return how far lines differ from the mean of the lines around them, doubled: float32 (H - 2, W)."""
    return np.where(inside, np.abs(around - 2 * lines[1:-1]), F32(0))


def _even(values: Floats | Bools) -> Floats:
    return _block_sums(values[0::2])


def _odd(values: Floats | Bools) -> Floats:
    return _block_sums(values[1::2])


def _block_sums(field: Floats | Bools) -> Floats:
    """Return the sums of the blocks of one field; an incomplete block at an edge is left out."""
    rows, columns = field.shape[0] // (BLOCK // 2), field.shape[1] // BLOCK
    blocks = field[: rows * BLOCK // 2, : columns * BLOCK].reshape(rows, BLOCK // 2, columns, BLOCK)
    sums: Floats = blocks.sum(axis=(1, 3), dtype=np.float64)
    return sums


def _repeated(change: Floats) -> FieldOrder | None:
    """Return the field that repeats. change: from the previous frame, float32 (H, W), 0 where nothing moves."""
    top, bottom = (float(change[first::2].mean(dtype=np.float64)) for first in (0, 1))
    if top < REPEATED * bottom:
        return "top"
    return "bottom" if bottom < REPEATED * top else None


def _repeats_regularly(runs: Sequence[Sequence[FieldVotes]]) -> bool:
    """Return whether each field repeats once in a cadence. A cut may move the cadence between two runs."""
    regular = {"top": 0, "bottom": 0}
    repeated = dict(regular)
    for run in runs:
        for field in regular:
            places = np.bincount([place % CADENCE for place, one in enumerate(run) if one.repeated == field] or [0])
            count = sum(one.repeated == field for one in run)
            regular[field] += int(places.max()) if count else 0
            repeated[field] += count
    return all(repeated[field] >= 2 and regular[field] >= MIN_REGULAR * repeated[field] for field in regular)


def _is_paired(runs: Sequence[Sequence[FieldVotes]], order: FieldOrder) -> bool:
    """Return whether most votes lie at two neighbouring places of a cadence, those of its woven frames."""
    paired = total = 0
    for run in runs:
        if len(run) < MIN_RUN:
            continue
        votes = np.zeros(CADENCE, np.int64)
        for place, one in enumerate(run):
            votes[place % CADENCE] += getattr(one, order)
        paired += int((votes + np.roll(votes, 1)).max())
        total += int(votes.sum())
    return total >= MIN_VOTES and paired >= MIN_PAIRED * total
