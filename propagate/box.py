"""A rectangle of a picture that is worked on by itself."""

from dataclasses import dataclass

import numpy as np

from propagate.arrays import Pixels

# Where the first pixel of a part lies in the whole: columns, rows.
Corner = tuple[int, int]
# Of a picture that is a part of nothing.
ORIGIN: Corner = (0, 0)


@dataclass(frozen=True)
class Box:
    """Pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def corner(self) -> Corner:
        """Where its first pixel lies."""
        return self.left, self.top

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def bounds(self) -> list[int]:
        """Return left, top, right and bottom, for cache keys."""
        return [self.left, self.top, self.right, self.bottom]

    def within(self, other: "Box") -> "Box":
        """The same rectangle, told from the corner of another one that holds it."""
        left, top = other.corner
        return Box(self.left - left, self.top - top, self.right - left, self.bottom - top)

    def of(self, picture: Pixels) -> Pixels:
        """The part of a picture, (H, W) or (H, W, C), that lies in the box."""
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])

    def put(self, part: Pixels, picture: Pixels) -> None:
        """Lays a part, (h, w) or (h, w, C), into a picture in its place."""
        picture[self.top : self.bottom, self.left : self.right] = part

    def onto(self, part: Pixels, size: tuple[int, int]) -> Pixels:
        """A picture of ``size`` (H, W) that is 0 but for the box, where it is ``part``."""
        whole = np.zeros((*size, *part.shape[2:]), part.dtype)
        self.put(part, whole)
        return whole


def all_of(size: tuple[int, ...]) -> Box:
    """The box of a whole picture of ``size`` (H, W, ...)."""
    return Box(0, 0, size[1], size[0])
