"""What speaks for it that a pixel is inside of a painted matte that is carried along, and what for the outside.

Patches of the key's inside, of the former frame's inside and of its outside, each moved along, are compared with what
is seen. What none of the key's patches explains may be new: then it counts with which side the pixel moves, and to
which side its colour belongs. That speaks against the inside anywhere, so that ground that comes into sight does not
stay in, and for it where the shape was not expected and nothing of the outside is seen, so that limbs that turn up
come in.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.colour_model import ColourModel
from masks.patch_distance import patch_distance
from masks.warp import warp

# Squared difference, summed over channels 0..1, beyond which a patch explains nothing; and what counts as one
# unit of evidence; the most evidence of patches that there can be.
UNLIKE, UNIT, MOST = 0.006, 0.0015, 6.0
# How much it speaks against the inside that neither side explains a pixel, 0..1, where the key explains the others.
STRICT = 0.65
# The most that a colour says, and that a pixel's motion does, in the same units.
COLOUR, MOTION = 2.0, 2.0
# What these two have to say that a pixel is taken to be what they say.
TOLD = 1.2
# Up to which distance a patch explains a pixel.
EXPLAINED = UNLIKE * 2 / 3


@dataclass(frozen=True)
class Seen:
    """A frame that is known. plate: float32 (h, w, 3) in [0, 1]. matte: float32 (h, w) in [0, 1]. sure: float32
    (h, w), 1 where there was a reason to take a pixel for inside or outside, 0 where it was hidden before, and nothing
    spoke."""

    plate: Floats
    matte: Floats
    sure: Floats


@dataclass(frozen=True)
class Ways:
    """Flow on a frame's grid, float32 (h, w, 2): to the frame before as it is estimated, as if there were only inside,
    and only outside; and that of the inside, to the key."""

    whole: Floats
    inside: Floats
    outside: Floats
    key: Floats


@dataclass(frozen=True)
class Evidence:
    """odds: float32 (h, w), logarithms, above 0 for the inside. explained: 0..1, the share of the inside that the key
    explains. behind: float32 (h, w), distance to the best patch of the outside. sure: see ``Seen``."""

    odds: Floats
    explained: float
    behind: Floats
    sure: Floats


def evidence(plate: Bytes, key: Seen, former: Seen, ways: Ways, colours: ColourModel) -> Evidence:
    """plate: uint8 (h, w, 3), the frame that is asked about."""
    here = plate.astype(F32) / F32(255)
    expected = warp(key.matte, ways.key)
    by_key = patch_distance(here, warp(key.plate, ways.key), expected)
    shape = expected > 0.5
    explained = float(((by_key < EXPLAINED) & shape).sum() / max(int(shape.sum()), 1))
    colour, motion = colours.told(plate), _by_motion(here, former, ways)
    unlabelled, behind = _by_former(here, former, ways)
    # What has turned up and was not known to be inside explains itself too: unless it moves with the inside.
    outside = behind + F32(UNLIKE) * np.maximum(motion, 0) * (1 - expected)
    # Where the key explains most of the inside it is to be believed about the rest: the former frame may be wrong.
    strict = F32(STRICT * min(1.0, 1.5 * explained)) * expected
    # What was taken in by mistake explains itself from then on: unless its colour is of the outside.
    inside = unlabelled + F32(UNLIKE) * (strict + np.maximum(-colour, 0))
    nearest = np.minimum(np.minimum(inside, by_key), F32(UNLIKE) * (1 + strict))
    by_patches = np.clip((np.minimum(outside, F32(UNLIKE)) - nearest) / F32(UNIT), -MOST, MOST)
    told = F32(COLOUR) * colour + F32(MOTION) * motion
    new = np.clip(by_key / F32(UNLIKE), 0, 1)
    unexpected = np.clip(outside / F32(UNLIKE), 0, 1) * (1 - expected)
    odds = by_patches + new * np.where(told > 0, told * unexpected, told)
    known = np.minimum(np.minimum(by_key, unlabelled), outside) < EXPLAINED
    sure = np.asarray(known | (np.abs(told) > TOLD), F32)
    return Evidence(odds.astype(F32), explained, behind, sure)


def _by_former(here: Floats, former: Seen, ways: Ways) -> tuple[Floats, Floats]:
    """Distances to the former frame's inside and to its outside."""
    inside = patch_distance(here, warp(former.plate, ways.inside), warp(former.matte * former.sure, ways.inside))
    beyond = (1 - former.matte) * former.sure
    outside = patch_distance(here, warp(former.plate, ways.outside), warp(beyond, ways.outside))
    same = _apart(here, former, ways.whole) + F32(UNLIKE) * (1 - warp(former.sure, ways.whole))
    was_inside = warp(former.matte, ways.whole) > 0.5
    inside = np.where(was_inside, np.minimum(inside, same), inside)
    outside = np.where(was_inside, outside, np.minimum(outside, same))
    return inside, outside


def _by_motion(here: Floats, former: Seen, ways: Ways) -> Floats:
    """With which side a pixel moves, whatever it was before: 1 with the inside, -1 with the outside, 0 with both."""
    inside, outside = (np.minimum(_apart(here, former, way, 3), F32(UNLIKE)) for way in (ways.inside, ways.outside))
    return np.asarray(np.clip((outside - inside) / F32(UNIT), -1, 1), F32)


def _apart(here: Floats, former: Seen, way: Floats, side: int = 5) -> Floats:
    squares = ((warp(former.plate, way) - here) ** 2).sum(axis=-1)
    return np.asarray(cv2.boxFilter(squares, -1, (side, side), borderType=cv2.BORDER_REFLECT), F32)
