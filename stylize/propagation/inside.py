"""Work on the part of the frames that a matte covers: a box around it for a whole span, and a margin."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from masks.extent import Extent
from propagate.arrays import Pixels
from propagate.flow import Step

# Pixels around what is inside, and their share of the frame's longer side: patches and flow look around themselves.
MARGIN, SHARE = 32, 0.03
# From this share of the frame on, a box saves nothing.
NEARLY_ALL = 0.9
# The least side of a box: a span of which nothing is inside costs next to nothing.
LEAST = 64


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

    def step(self, step: Callable[[int, int], Step]) -> Callable[[int, int], Step]:
        """Motion in the box; what leads out of it is told from what is consistent where it is composed."""

        def inside(before: int, after: int) -> Step:
            whole = step(before, after)
            return Step(self.of(whole.flow), self.of(whole.consistent))

        return inside


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
