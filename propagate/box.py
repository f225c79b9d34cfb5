"""Rectangle of a picture that is processed on its own."""

from dataclasses import dataclass

import numpy as np

from propagate.arrays import Pixels

# Position of the first pixel of a crop in the whole picture: x, y.
Corner = tuple[int, int]
# Corner of a whole picture.
ORIGIN: Corner = (0, 0)


@dataclass(frozen=True)
class Box:
    """Rectangle in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def corner(self) -> Corner:
        """Position of the first pixel: x, y."""
        return self.left, self.top

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def bounds(self) -> list[int]:
        """Return left, top, right and bottom, for cache keys."""
        return [self.left, self.top, self.right, self.bottom]

    def within(self, other: "Box") -> "Box":
        """The same rectangle, relative to the corner of a box that contains it."""
        left, top = other.corner
        return Box(self.left - left, self.top - top, self.right - left, self.bottom - top)

    def crop(self, picture: Pixels) -> Pixels:
        """Crop a picture, (H, W) or (H, W, C), to the box."""
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])

    def put(self, part: Pixels, picture: Pixels) -> None:
        """Paste a crop, (h, w) or (h, w, C), into a picture, in place."""
        picture[self.top : self.bottom, self.left : self.right] = part

    def zero_pad(self, part: Pixels, size: tuple[int, int]) -> Pixels:
        """Expand a crop to a picture of ``size`` (H, W) that is 0 outside the box."""
        full = np.zeros((*size, *part.shape[2:]), part.dtype)
        self.put(part, full)
        return full


def full_box(size: tuple[int, ...]) -> Box:
    """Box of a whole picture of ``size`` (H, W, ...)."""
    return Box(0, 0, size[1], size[0])
