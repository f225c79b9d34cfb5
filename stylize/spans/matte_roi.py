"""Region of interest of a matte: a box around the area that it covers, with a margin.

Motion is propagated in one box for a whole span, so that everything inside the matte can be traced to the key. Each
drawing is made in its own smaller box.
"""

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from masks.extent import Extent
from propagate.arrays import Bools, Floats
from propagate.box import Box

# Margin of a span's box, in pixels and as a share of the frame's longer side, because patches and flow use the
# surroundings.
SPAN_MARGIN, SPAN_MARGIN_SHARE = 20, 0.02
# Margin of a drawing's box in pixels, so that no filter of the look reaches the border of the box.
DRAWING_MARGIN = 12
# Maximum share of the frame, and of the span's box, at which a box saves time.
MAX_SPAN_SHARE, MAX_DRAWING_SHARE = 0.9, 0.97
# Minimum side of a box in pixels; a span with empty mattes takes almost no time.
MIN_SIDE = 64
# Margin in pixels in which patches are searched, because the next frame starts from the matches found there.
SEARCH_MARGIN = 8


def search_area(mattes: Iterable[Floats], wobble: float = 0.0) -> Bools:
    """Return a mask of the pixels within SEARCH_MARGIN of any nonzero matte: bool (H, W).

    mattes: float32 (H, W), at least one. wobble: maximum displacement in pixels by line boil afterwards.
    """
    inside = np.logical_or.reduce([matte > 0 for matte in mattes])
    side = 2 * (SEARCH_MARGIN + int(np.ceil(wobble))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(inside.view(np.uint8), disc) > 0)


def span_box(extents: Iterable[Extent], size: tuple[int, int]) -> Box | None:
    """Return the box of a span from the extents of its mattes, in frames of ``size`` (width, height).

    None means the whole frame.
    """
    margin = max(SPAN_MARGIN, round(SPAN_MARGIN_SHARE * max(size)))
    return _enclose(_padded(extents, margin), Box(0, 0, *size), MAX_SPAN_SHARE)


def drawing_boxes(
    extents: Mapping[int, Extent], drawing_of: Mapping[int, int], size: tuple[int, int], span: Box | None,
    wobble: float = 0.0,
) -> dict[int, Box]:  # fmt: skip
    """Return the boxes of the drawings of a span, within the span's box, omitting those that would fill it.

    A box includes the search area of the neighbouring drawings, from which a drawing is propagated.
    extents: of the mattes, by frame, in frames of ``size`` (width, height). drawing_of: the drawing that each frame
    displays. wobble: see ``search_area``.
    """
    reach = int(np.ceil(wobble))
    by_drawing: dict[int, list[Extent]] = {drawing: [] for drawing in sorted(set(drawing_of.values()))}
    for frame, drawing in drawing_of.items():
        by_drawing[drawing].append(extents[frame])
    order, boxes = list(by_drawing), {}
    for place, drawing in enumerate(order):
        neighbours = [extent for near in order[max(0, place - 1) : place + 2] for extent in by_drawing[near]]
        parts = [*_padded(by_drawing[drawing], DRAWING_MARGIN + reach), *_padded(neighbours, SEARCH_MARGIN + reach)]
        if box := _enclose(parts, span or Box(0, 0, *size), MAX_DRAWING_SHARE):
            boxes[drawing] = box
    return boxes


def covered_by_boxes(extents: Mapping[int, Extent], size: tuple[int, int]) -> float:
    """Return the mean share of frames of ``size`` (width, height) inside the boxes of their mattes: 0 to 1."""
    shares = [_share(span_box([extent], size), size) for extent in extents.values() if extent.box is not None]
    return sum(shares) / max(1, len(extents))


def _share(box: Box | None, size: tuple[int, int]) -> float:
    return 1.0 if box is None else box.size[0] * box.size[1] / (size[0] * size[1])


def _padded(extents: Iterable[Extent], margin: int) -> list[Box]:
    """Return the boxes of all nonempty extents, with a margin."""
    boxes = [extent.box for extent in extents if extent.box is not None]
    return [Box(box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin) for box in boxes]


def _enclose(boxes: Sequence[Box], bounds: Box, max_share: float) -> Box | None:
    """Return the smallest box around others, within bounds; None if it is ``max_share`` of the bounds or more."""
    boxes = boxes or [Box(bounds.left, bounds.top, bounds.left, bounds.top)]
    left, right = _side(min(one.left for one in boxes), max(one.right for one in boxes), bounds.left, bounds.right)
    top, bottom = _side(min(one.top for one in boxes), max(one.bottom for one in boxes), bounds.top, bounds.bottom)
    box = Box(left, top, right, bottom)
    (height, width), (max_height, max_width) = box.size, bounds.size
    return box if height * width < max_share * max_height * max_width else None


def _side(low: int, high: int, lower: int, upper: int) -> tuple[int, int]:
    """Clip one side of a box to bounds, and keep it at least MIN_SIDE long if the bounds are."""
    low, high = max(lower, low), min(upper, high)
    high = min(upper, max(high, low + MIN_SIDE))
    return max(lower, min(low, high - MIN_SIDE)), high
