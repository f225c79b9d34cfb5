"""Work on the part of the frames that a matte covers: a box around it for a whole span, and a margin."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from masks.extent import Extent
from propagate.arrays import Bools, Floats, Pixels

# Pixels around what is inside, and their share of the frame's longer side: patches and flow look around themselves.
MARGIN, SHARE = 20, 0.02
# From this share of the frame on, a box saves nothing.
NEARLY_ALL = 0.9
# The least side of a box: a span of which nothing is inside costs next to nothing.
LEAST = 64
# Pixels around what is inside in which patches are sought: the next frame takes over what was found there.
AROUND = 12


@dataclass(frozen=True)
class Box:
    """Pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def facts(self) -> list[int]:
        """For fingerprints."""
        return [self.left, self.top, self.right, self.bottom]

    def of(self, picture: Pixels) -> Pixels:
        """The part of a picture, (H, W) or (H, W, C), that lies in the box."""
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])

    def onto(self, part: Pixels, size: tuple[int, int]) -> Pixels:
        """A picture of ``size`` (H, W) that is 0 but for the box, where it is ``part``."""
        whole = np.zeros((*size, *part.shape[2:]), part.dtype)
        whole[self.top : self.bottom, self.left : self.right] = part
        return whole


def around(mattes: Iterable[Floats], sway: float = 0.0) -> Bools:
    """Where any of some mattes, float32 (H, W), is not 0, and AROUND pixels about: bool (H, W).

    sway: how far, in pixels, what is drawn is displaced afterwards.
    """
    inside = np.logical_or.reduce([matte > 0 for matte in mattes])
    side = 2 * (AROUND + int(np.ceil(sway))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(inside.view(np.uint8), disc) > 0)


def box_of(extents: Iterable[Extent], size: tuple[int, int]) -> Box | None:
    """The box of a span in frames of ``size`` (width, height), from how much of each frame is inside; None for all."""
    boxes = [one.box for one in extents if one.box is not None] or [(0, 0, 1, 1)]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    margin = max(MARGIN, round(SHARE * max(size)))
    left, right = _widened(min(lefts) - margin, max(rights) + margin, size[0])
    top, bottom = _widened(min(tops) - margin, max(bottoms) + margin, size[1])
    if (right - left) * (bottom - top) >= NEARLY_ALL * size[0] * size[1]:
        return None
    return Box(left, top, right, bottom)


def _widened(low: int, high: int, side: int) -> tuple[int, int]:
    low, high = max(0, low), min(side, high)
    high = min(side, max(high, low + LEAST))
    return max(0, min(low, high - LEAST)), high
