"""Work on the part of the frames that a matte covers: a box around it, and a margin.

Motion is followed in a box for a whole span, so that wherever a matte goes, what it reaches is known to come from the
key. Each drawing is made in a box of its own.
"""

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from masks.extent import Extent
from propagate.arrays import Bools, Floats
from propagate.box import Box

# Pixels around what is inside, and their share of the frame's longer side: patches and flow look around themselves.
MARGIN, SHARE = 20, 0.02
# Pixels around what is inside of a drawing: no filter that its look goes through sees the border of its box from there.
DRAWN = 12
# From this share of the frame on, a box saves nothing; and so does that of a drawing from this share of the span's.
NEARLY_ALL, HARDLY_LESS = 0.9, 0.97
# The least side of a box: a span of which nothing is inside costs next to nothing.
LEAST = 64
# Pixels around what is inside in which patches are sought: the next frame takes over what was found there.
AROUND = 8


def around(mattes: Iterable[Floats], wobble: float = 0.0) -> Bools:
    """Where any of some mattes, float32 (H, W), is not 0, and AROUND pixels about: bool (H, W).

    wobble: how far, in pixels, what is drawn is displaced afterwards.
    """
    inside = np.logical_or.reduce([matte > 0 for matte in mattes])
    side = 2 * (AROUND + int(np.ceil(wobble))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(inside.view(np.uint8), disc) > 0)


def box_of(extents: Iterable[Extent], size: tuple[int, int]) -> Box | None:
    """The box of a span in frames of ``size`` (width, height), from how much of each frame is inside; None for all."""
    margin = max(MARGIN, round(SHARE * max(size)))
    return _box_in(Box(0, 0, *size), _widened(extents, margin), NEARLY_ALL)


def boxes_of(
    extents: Mapping[int, Extent],
    shown: Mapping[int, int],
    size: tuple[int, int],
    span: Box | None,
    wobble: float = 0.0,
) -> dict[int, Box]:
    """The boxes of the drawings of a span, by their numbers, inside of the span's own; none where all of it is made.

    Each holds where patches are sought for the drawings beside it too: what enters the one from a standstill was made
    in the other. extents: of frames of ``size`` (width, height). shown: which drawing each frame of the span shows.
    wobble: see ``around``.
    """
    further = int(np.ceil(wobble))
    showing: dict[int, list[Extent]] = {drawing: [] for drawing in sorted(set(shown.values()))}
    for frame, drawing in shown.items():
        showing[drawing].append(extents[frame])
    order, found = list(showing), {}
    for place, drawing in enumerate(order):
        beside = [one for near in order[max(0, place - 1) : place + 2] for one in showing[near]]
        wide = [*_widened(showing[drawing], DRAWN + further), *_widened(beside, AROUND + further)]
        if box := _box_in(span or Box(0, 0, *size), wide, HARDLY_LESS):
            found[drawing] = box
    return found


def covered_by_boxes(extents: Mapping[int, Extent], size: tuple[int, int]) -> float:
    """The share of frames of ``size`` (width, height) that lies in boxes around what is inside, on average: 0 to 1."""
    shares = [_share(box_of([one], size), size) for one in extents.values() if one.box is not None]
    return sum(shares) / max(1, len(extents))


def _share(box: Box | None, size: tuple[int, int]) -> float:
    return 1.0 if box is None else box.size[0] * box.size[1] / (size[0] * size[1])


def _widened(extents: Iterable[Extent], margin: int) -> list[Box]:
    """Boxes around what is inside, if anything is."""
    boxes = [one.box for one in extents if one.box is not None]
    return [Box(box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin) for box in boxes]


def _box_in(most: Box, boxes: Sequence[Box], share: float) -> Box | None:
    """A box around some others, as far as it lies in ``most``; None if that is this share of it, or more."""
    boxes = boxes or [Box(most.left, most.top, most.left, most.top)]
    left, right = _side(min(one.left for one in boxes), max(one.right for one in boxes), most.left, most.right)
    top, bottom = _side(min(one.top for one in boxes), max(one.bottom for one in boxes), most.top, most.bottom)
    box = Box(left, top, right, bottom)
    (height, width), (high, wide) = box.size, most.size
    return box if height * width < share * high * wide else None


def _side(low: int, high: int, least: int, most: int) -> tuple[int, int]:
    """A side of a box, as far as it lies between two bounds, and as long as can be worked on."""
    low, high = max(least, low), min(most, high)
    high = min(most, max(high, low + LEAST))
    return max(least, min(low, high - LEAST)), high
