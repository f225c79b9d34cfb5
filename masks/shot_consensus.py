"""What a network is not sure of, settled by the whole shot: which regions of each frame are its subject.

A network that is asked frame by frame loses an arm here and takes in a rock there. All that it said of a place, moved
along in both directions of time, and of colours like these around there, are added up as odds; the regions are cut
out along the edges of the plate.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.colour_grid import Votes, cells, later, read, share, votes
from masks.gather import Gathered, moved_on, said, together
from masks.min_cut import min_cut
from masks.track import Flow

# The odds from which a pixel is inside, as a share: below one half, since networks leave out more than they take in.
INSIDE = 0.3
# Shares below and above are not believed: of what the network says of a place, and of colours.
BELIEVED = 0.02

# Of a frame: plate, uint8 (H, W, 3), and what the network says, float32 (H, W) in [0, 1].
See = Callable[[int], tuple[Bytes, Floats]]
# What the frames before each one say, kept until those behind are heard: float32 (4, H, W).
Kept = MutableMapping[int, Floats]


@dataclass(frozen=True)
class _Past:
    """The frame that was seen last: its plate, and all that was gathered and voted up to it, with its own."""

    plate: Bytes
    gathered: Gathered
    votes: Votes


def settled(frames: Sequence[int], see: See, kept: Kept, flow: Flow) -> Iterator[tuple[int, Floats]]:
    """Each frame with what is inside, float32 (H, W) in [0, 1], nearly always 0 or 1; in order of time from the last to
    the first.

    frames: of one shot, in order of time; all of one size. see: is asked twice for each. kept: holds a frame from its
    first turn to its second, and is empty in the end.
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
    """What the frames on one side say of this one, and what these and this one say to the next."""
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
    odds = _odds(place) + _odds(colour) - _odds(np.asarray(INSIDE, F32))
    return np.asarray(F32(0.5) - 1 / (1 + np.exp(-odds)), F32)


def _odds(share: Floats) -> Floats:
    believed = np.clip(share, F32(BELIEVED), F32(1 - BELIEVED))
    return np.asarray(np.log(believed / (1 - believed)), F32)
