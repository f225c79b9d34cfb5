"""Consensus of a whole shot on the regions of a subject that a network finds frame by frame.

Frame by frame, a network loses an arm here and includes a rock there. Two probabilities are added as log-odds: the mean
of its mattes, warped along the motion from both directions of time, and that of similar colours nearby. A minimum cut
along the edges of the plate then gives the regions.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.colour_grid import Votes, cells, later, read, share, votes
from masks.gather import Gathered, moved_on, said, together
from masks.min_cut import min_cut
from masks.track import Flow

# Probability from which a pixel is inside: below one half, because networks miss more than they add.
INSIDE = 0.3
# Lower limit of a probability, and distance of the upper limit from 1.
BELIEVED = 0.02

# Reads a frame: plate, uint8 (H, W, 3), and the network's matte, float32 (H, W) in [0, 1].
See = Callable[[int], tuple[Bytes, Floats]]
# Results of the forward pass by frame, stored until the backward pass reads them: float32 (4, H, W).
Kept = MutableMapping[int, Floats]


@dataclass(frozen=True)
class _Past:
    """State of the filter after a frame: its plate, and the mattes and votes accumulated up to and including it."""

    plate: Bytes
    gathered: Gathered
    votes: Votes


def settled(frames: Sequence[int], see: See, kept: Kept, flow: Flow) -> Iterator[tuple[int, Floats]]:
    """Yield every frame with its regions, float32 (H, W) in [0, 1], nearly always 0 or 1; from the last frame to the
    first.

    frames: of one shot, in order of time; all of one size. see: reads a frame; called twice for each.
    kept: stores the forward pass, and is empty in the end.
    """
    past: _Past | None = None
    for frame in frames:
        told, past = _told(past, *see(frame), flow)
        kept[frame] = np.stack([told[0].inside, told[0].weight, told[1].inside, told[1].all])
    past = None
    for frame in reversed(frames):
        plate, matte = see(frame)
        (gathered, voted), past = _told(past, plate, matte, flow)
        earlier = kept.pop(frame)
        place = together(said(matte), gathered, Gathered(earlier[0], earlier[1]))
        where = cells(plate)
        colour = share(read(votes(where, matte), where), voted, Votes(earlier[2], earlier[3]))
        yield frame, min_cut(_against(place.inside / place.weight, colour), plate)


def _told(past: _Past | None, plate: Bytes, matte: Floats, flow: Flow) -> tuple[tuple[Gathered, Votes], _Past]:
    """Advance the filter by one frame: return the prediction of the frames before it, and the new state."""
    where, nothing = cells(plate), np.zeros_like(matte)
    own = votes(where, matte)
    if past is None:
        return (Gathered(nothing, nothing), Votes(nothing, nothing)), _Past(plate, said(matte), later(_NONE, own))
    there, back = flow(past.plate, plate), flow(plate, past.plate)
    gathered = moved_on(past.gathered, past.plate, plate, there, back)
    told = gathered, read(past.votes, where)
    return told, _Past(plate, together(gathered, said(matte)), later(past.votes, own))


_NONE = Votes(np.zeros((), F32), np.zeros((), F32))


def _against(place: Floats, colour: Floats) -> Floats:
    """Cost of labelling a pixel inside, -0.5..0.5: float32 (H, W). place, colour: probabilities, float32 (H, W)."""
    odds = _odds(place) + _odds(colour) - _odds(np.asarray(INSIDE, F32))
    return np.asarray(F32(0.5) - 1 / (1 + np.exp(-odds)), F32)


def _odds(share: Floats) -> Floats:
    """Log-odds of a probability, within its limits."""
    believed = np.clip(share, F32(BELIEVED), F32(1 - BELIEVED))
    return np.asarray(np.log(believed / (1 - believed)), F32)
