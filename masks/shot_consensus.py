"""Consensus of a whole shot on the regions of a subject that a network finds frame by frame.

Frame by frame, a network may miss an arm in one frame and include a rock in another. Two probabilities are added as
log-odds: the mean of its mattes, warped along the motion, forward and backward in time, and that of similar colours
nearby. A minimum cut along the edges of the plate then gives the regions.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.colour_grid import Votes, accumulate, assign_cells, inside_probability, slice_grid, votes
from masks.min_cut import min_cut
from masks.recursive_filter import WeightedSum, add, advance, weigh
from masks.track import Flow

# Probability from which a pixel is inside: below one half, because networks miss more than they add.
INSIDE_THRESHOLD = 0.3
# Lower limit of a probability, and distance of the upper limit from 1.
MIN_PROBABILITY = 0.02

# Reads a frame: plate, uint8 (H, W, 3), and the network's matte, float32 (H, W) in [0, 1].
ReadFrame = Callable[[int], tuple[Bytes, Floats]]
# Results of the forward pass by frame, stored until the backward pass reads them: float32 (4, H, W).
ForwardStore = MutableMapping[int, Floats]


@dataclass(frozen=True)
class _State:
    """State of the filter after a frame: its plate, and the mattes and votes accumulated up to and including it."""

    plate: Bytes
    accumulated: WeightedSum
    votes: Votes


def consensus_regions(
    frames: Sequence[int], read_frame: ReadFrame, forward_store: ForwardStore, flow: Flow
) -> Iterator[tuple[int, Floats]]:
    """Yield every frame with its regions, from the last frame to the first: float32 (H, W) in [0, 1], mostly 0 or 1.

    frames: frames of one shot, in order of time; all of one size. read_frame: reads a frame; called twice for each.
    forward_store: holds the results of the forward pass, and is empty at the end.
    """
    state: _State | None = None
    for frame in frames:
        prediction, state = _filter_step(state, *read_frame(frame), flow)
        forward_store[frame] = np.stack(
            [prediction[0].inside, prediction[0].weight, prediction[1].inside, prediction[1].total]
        )
    state = None
    for frame in reversed(frames):
        plate, matte = read_frame(frame)
        (accumulated, predicted_votes), state = _filter_step(state, plate, matte, flow)
        stored = forward_store.pop(frame)
        motion = add(weigh(matte), accumulated, WeightedSum(stored[0], stored[1]))
        cells = assign_cells(plate)
        colour = inside_probability(
            slice_grid(votes(cells, matte), cells), predicted_votes, Votes(stored[2], stored[3])
        )
        yield frame, min_cut(_unary_cost(motion.inside / motion.weight, colour), plate)


def _filter_step(
    state: _State | None, plate: Bytes, matte: Floats, flow: Flow
) -> tuple[tuple[WeightedSum, Votes], _State]:
    """Advance the filter by one frame: return the prediction of the frames before it, and the new state."""
    cells, zeros = assign_cells(plate), np.zeros_like(matte)
    current = votes(cells, matte)
    if state is None:
        return (WeightedSum(zeros, zeros), Votes(zeros, zeros)), _State(
            plate, weigh(matte), accumulate(_NO_VOTES, current)
        )
    to_previous, to_current = flow(state.plate, plate), flow(plate, state.plate)
    accumulated = advance(state.accumulated, state.plate, plate, to_previous, to_current)
    prediction = accumulated, slice_grid(state.votes, cells)
    return prediction, _State(plate, add(accumulated, weigh(matte)), accumulate(state.votes, current))


_NO_VOTES = Votes(np.zeros((), F32), np.zeros((), F32))


def _unary_cost(motion: Floats, colour: Floats) -> Floats:
    """Cost of labelling a pixel inside, -0.5..0.5: float32 (H, W). motion, colour: probabilities, float32 (H, W)."""
    log_odds = _log_odds(motion) + _log_odds(colour) - _log_odds(np.asarray(INSIDE_THRESHOLD, F32))
    return np.asarray(F32(0.5) - 1 / (1 + np.exp(-log_odds)), F32)


def _log_odds(inside_probability: Floats) -> Floats:
    """Log-odds of a probability, within its limits."""
    clipped = np.clip(inside_probability, F32(MIN_PROBABILITY), F32(1 - MIN_PROBABILITY))
    return np.asarray(np.log(clipped / (1 - clipped)), F32)
