"""Reference pictures on one sheet, from which patches are taken, none across a border or transparent pixels.

Each picture is surrounded by its own mirror image, so that patches and filters at its edge see nothing of the others.
Pictures stand on shelves, the highest first (Coffman, Garey, Johnson and Tarjan, "Performance bounds for
level-oriented two-dimensional packing algorithms", SIAM Journal on Computing 1980).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Floats, Ints
from propagate.palette import SAMPLES

# Width in pixels of the mirrored border: the reach of the widest filter of the guides.
_BORDER = 12
# Share of its opaque pixels that a picture keeps as centres of patches; otherwise, smaller patches must be opaque.
_MIN_KEPT = 0.25


@dataclass(frozen=True)
class Paint:
    """A picture to take patches from. picture: float32 (H, W, 3). opaque: bool (H, W), None for everywhere."""

    picture: Floats
    opaque: Bools | None = None


@dataclass(frozen=True)
class Sheet:
    """Arrangement of pictures.

    paints: the pictures. corners: (x, y) of each on the sheet. cells: (x, y, width, height) of each with its border.
    size: (Hs, Ws). usable: bool (Hs, Ws), centres of patches that are inside a picture and opaque, None for
    everywhere: a single opaque picture is its own sheet.
    """

    paints: tuple[Paint, ...]
    corners: tuple[tuple[int, int], ...]
    cells: tuple[tuple[int, int, int, int], ...]
    size: tuple[int, int]
    usable: Bools | None

    def place(self, parts: Sequence[Floats]) -> Floats:
        """Place one array for each picture, of its size and float32 (H, W) or (H, W, C): (Hs, Ws) or (Hs, Ws, C)."""
        if self.usable is None:
            return parts[0]
        sheet = np.zeros((*self.size, *parts[0].shape[2:]), F32)
        for part, (x, y), (left, top, width, height) in zip(parts, self.corners, self.cells, strict=True):
            high, wide = part.shape[:2]
            before, after = (y - top, x - left), (top + height - y - high, left + width - x - wide)
            sheet[top : top + height, left : left + width] = cv2.copyMakeBorder(
                part, before[0], after[0], before[1], after[1], cv2.BORDER_REFLECT_101
            )
        return sheet


def sample_pixels(parts: Sequence[Floats], paints: Sequence[Paint]) -> Floats:
    """Return opaque pixels of pictures, equally many of each, so that a small swatch counts as much as a painting.

    parts: an array for each picture, of its size, float32 (H, W, C). Returns float32 (..., C): all pixels, unchanged,
    of a single opaque picture, else seeded samples.
    """
    if len(paints) == 1 and paints[0].opaque is None:
        return parts[0]
    draw = np.random.Generator(np.random.PCG64(0))
    pixels = [
        part.reshape(-1, part.shape[2]) if paint.opaque is None else part[paint.opaque]
        for part, paint in zip(parts, paints, strict=True)
    ]
    return np.concatenate([some[draw.integers(0, len(some), SAMPLES)] for some in pixels])


def arrange(paints: Sequence[Paint], radius: int, step: int) -> Sheet:
    """Arrange pictures on a sheet whose sizes and positions are multiples of ``step``, the factor of a pyramid.

    radius: radius of the patches, also in the picture that is scaled down by ``step``.
    """
    if len(paints) == 1 and paints[0].opaque is None:
        size = paints[0].picture.shape
        return Sheet(tuple(paints), ((0, 0),), ((0, 0, size[1], size[0]),), (size[0], size[1]), None)
    border = step * -(-max(_BORDER, radius * step) // step)
    sides = [[2 * border + step * -(-side // step) for side in one.picture.shape[1::-1]] for one in paints]
    cells, size = _shelves(sides)
    corners = tuple((left + border, top + border) for left, top, _, _ in cells)
    usable = np.zeros(size, bool)
    for one, (x, y) in zip(paints, corners, strict=True):
        high, wide = one.picture.shape[:2]
        usable[y : y + high, x : x + wide] = True if one.opaque is None else _centres(one.opaque, radius)
    return Sheet(tuple(paints), corners, cells, size, usable)


def fill_transparent(picture: Floats, opaque: Bools) -> Floats:
    """Replace pixels that are not opaque by the nearest that are; float32 (H, W, 3) and bool (H, W), not all False."""
    rows, columns = _nearest(opaque)
    return np.ascontiguousarray(picture[rows, columns])


def shrink_usable(usable: Bools, by: int) -> Bools:
    """Return the usable positions of a sheet scaled to 1 / ``by``: those whose pixels mostly are, at least one."""
    if by == 1:
        return usable
    size = (usable.shape[1] // by, usable.shape[0] // by)
    share = cv2.resize(usable.astype(F32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(share >= min(0.5, float(share.max())))


def move_to_usable(field: Ints, usable: Bools) -> Ints:
    """Move positions of a field, int32 (H, W, 2), x then y, to the nearest usable ones; usable: bool (Hs, Ws)."""
    rows, columns = _nearest(usable)
    xs, ys = field[..., 0], field[..., 1]
    return np.stack([columns[ys, xs], rows[ys, xs]], axis=-1).astype(np.int32)


def _shelves(sides: Sequence[Sequence[int]]) -> tuple[tuple[tuple[int, int, int, int], ...], tuple[int, int]]:
    """Place rectangles of (width, height): (x, y, width, height) of each, and the size (height, width) of the sheet."""
    wide = max(max(width for width, _ in sides), int(np.sqrt(sum(width * height for width, height in sides))))
    found: dict[int, tuple[int, int, int, int]] = {}
    x = y = shelf = 0
    for index in sorted(range(len(sides)), key=lambda index: -sides[index][1]):
        width, height = sides[index]
        if x + width > wide:
            x, y, shelf = 0, y + shelf, 0
        found[index] = (x, y, width, height)
        x, shelf = x + width, max(shelf, height)
    cells = tuple(found[index] for index in range(len(sides)))
    return cells, (y + shelf, max(left + width for left, _, width, _ in cells))


def _centres(opaque: Bools, radius: int) -> Bools:
    """Return the centres of opaque patches, which are smaller if strokes are too thin for whole ones."""
    for smaller in range(radius, 0, -1):
        window = np.ones((2 * smaller + 1, 2 * smaller + 1), np.uint8)
        # Beyond its edges, a picture is mirrored, so an opaque edge stays usable.
        padded = cv2.copyMakeBorder(opaque.astype(np.uint8), smaller, smaller, smaller, smaller, cv2.BORDER_REFLECT_101)
        inner = cv2.erode(padded, window)[smaller:-smaller, smaller:-smaller].astype(bool)
        if inner.sum() >= _MIN_KEPT * opaque.sum():
            return inner
    return opaque


def _nearest(mask: Bools) -> tuple[Ints, Ints]:
    """Return row and column of the nearest True pixel of each pixel: int32 (H, W) each."""
    from scipy.ndimage import distance_transform_edt  # slow to import

    rows, columns = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return rows, columns
