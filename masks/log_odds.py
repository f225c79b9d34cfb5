"""Per-pixel log-odds of the inside of a painted matte that is tracked.

Patches of the frame are compared with those of the key's inside, and of the previous frame's inside and outside, each
warped by its own motion. Where no patch of the key matches, the pixel may be newly visible: its motion and its colour
then vote for one side. They count against the inside everywhere, so that uncovered ground does not stay inside. They
count for it only beyond the expected shape and where the outside does not match, so that limbs that appear come in.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.colour_model import ColourModel
from masks.patch_distance import patch_distance
from masks.warp import warp

# Squared difference, summed over channels in 0..1, beyond which a patch does not match; the difference that makes one
# unit of log-odds; the largest log-odds of patches.
UNLIKE, UNIT, MOST = 0.006, 0.0015, 6.0
# Penalty of the inside, 0..1, where no side matches a pixel and the key matches most of the others: an occluder.
STRICT = 0.65
# Largest log-odds of a colour, and of the motion of a pixel.
COLOUR, MOTION = 2.0, 2.0
# Log-odds of colour and motion from which they decide a pixel.
TOLD = 1.2
# Distance up to which a patch matches a pixel.
EXPLAINED = UNLIKE * 2 / 3


@dataclass(frozen=True)
class Seen:
    """A frame with a known matte. plate: float32 (h, w, 3) in [0, 1]. matte: float32 (h, w) in [0, 1].
    sure: float32 (h, w), 1 where evidence decided the label, 0 where a newly visible pixel had none."""

    plate: Floats
    matte: Floats
    sure: Floats


@dataclass(frozen=True)
class Ways:
    """Flows on a frame's grid, float32 (h, w, 2). whole: to the previous frame, without layers. inside, outside:
    to the previous frame, extrapolated from one layer. key: of the inside, to the key."""

    whole: Floats
    inside: Floats
    outside: Floats
    key: Floats


@dataclass(frozen=True)
class Evidence:
    """Evidence of a frame's labels. odds: float32 (h, w), above 0 for the inside. explained: 0..1, fraction of the
    inside that matches the key. behind: float32 (h, w), to the best patch of the outside.
    sure: float32 (h, w), as in ``Seen``."""

    odds: Floats
    explained: float
    behind: Floats
    sure: Floats


def evidence(plate: Bytes, key: Seen, former: Seen, ways: Ways, colours: ColourModel) -> Evidence:
    """Collect the evidence of one frame. plate: uint8 (h, w, 3) of that frame."""
    here = plate.astype(F32) / F32(255)
    expected = warp(key.matte, ways.key)
    by_key = patch_distance(here, warp(key.plate, ways.key), expected)
    shape = expected > 0.5
    explained = float(((by_key < EXPLAINED) & shape).sum() / max(int(shape.sum()), 1))
    colour, motion = colours.told(plate), _by_motion(here, former, ways)
    unlabelled, behind = _by_former(here, former, ways)
    # Newly visible parts of the inside also match themselves in the previous frame, unless they move with the inside.
    outside = behind + F32(UNLIKE) * np.maximum(motion, 0) * (1 - expected)
    # A key that matches most of the inside is right about the rest too: the previous frame may be wrong.
    strict = F32(STRICT * min(1.0, 1.5 * explained)) * expected
    # Pixels included by mistake match themselves from then on, unless their colour is of the outside.
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
    """Patch distances to the inside and to the outside of the previous frame: float32 (h, w) each."""
    inside = patch_distance(here, warp(former.plate, ways.inside), warp(former.matte * former.sure, ways.inside))
    beyond = (1 - former.matte) * former.sure
    outside = patch_distance(here, warp(former.plate, ways.outside), warp(beyond, ways.outside))
    same = _apart(here, former, ways.whole) + F32(UNLIKE) * (1 - warp(former.sure, ways.whole))
    was_inside = warp(former.matte, ways.whole) > 0.5
    inside = np.where(was_inside, np.minimum(inside, same), inside)
    outside = np.where(was_inside, outside, np.minimum(outside, same))
    return inside, outside


def _by_motion(here: Floats, former: Seen, ways: Ways) -> Floats:
    """Score of a pixel's motion, whatever its label was: float32 (h, w), from -1 (outside) to 1 (inside)."""
    inside, outside = (np.minimum(_apart(here, former, way, 3), F32(UNLIKE)) for way in (ways.inside, ways.outside))
    return np.asarray(np.clip((outside - inside) / F32(UNIT), -1, 1), F32)


def _apart(here: Floats, former: Seen, way: Floats, side: int = 5) -> Floats:
    """Squared difference to the warped previous frame, averaged over a window of ``side`` pixels: float32 (h, w)."""
    squares = ((warp(former.plate, way) - here) ** 2).sum(axis=-1)
    return np.asarray(cv2.boxFilter(squares, -1, (side, side), borderType=cv2.BORDER_REFLECT), F32)
