"""Nearest-neighbour fields: initialisation (from flow, evenly or at random), upsampling and lookup.

A field is int32 (H, W, 2), x then y: the centre in the source of each pixel's patch.
"""

import numpy as np

from propagate.arrays import F32, Floats, Ints, Pixels
from propagate.bands import Band, for_each_band
from propagate.box import Corner
from propagate.flow import source_positions


def field_from_flow(flow: Floats, corner: Corner, size: tuple[int, ...]) -> Ints:
    """Convert composed flow to the field of the positions in a key of ``size`` that it points to: int32 (H, W, 2)."""
    field = np.empty(flow.shape, np.int32)

    def work(band: Band) -> None:
        field[band.rows] = nearest_pixels(flow[band.rows], corner[1] + band.start, corner[0], size)

    for_each_band(work, flow.shape)
    return field


def nearest_pixels(flow: Floats, top: int, left: int, size: tuple[int, ...]) -> Ints:
    """Nearest pixels, int32 (h, W, 2), that some rows of flow point to, in a picture of ``size``.

    ``flow`` begins at row ``top`` and column ``left``.
    """
    positions = source_positions(flow, top, left)
    positions += F32(0.5)
    return np.clip(np.floor(positions, out=positions), 0, np.array([size[1] - 1, size[0] - 1], F32)).astype(np.int32)


def gather(picture: Pixels, field: Ints) -> Pixels:
    """Sample a picture, (H, W) or (H, W, C), at the positions of a field, int32 (h, w, 2): (h, w) or (h, w, C)."""
    return np.asarray(picture[field[..., 1], field[..., 0]])


def even_field(height: int, width: int, size: tuple[int, int]) -> Ints:
    """Initialise a field that maps one picture linearly onto another of ``size``: int32 (H, W, 2)."""
    ys = (np.arange(height) + 0.5) * size[0] / height
    xs = (np.arange(width) + 0.5) * size[1] / width
    return np.stack(np.meshgrid(xs, ys), axis=-1).astype(np.int32)


def random_field(height: int, width: int, size: tuple[int, int], seed: int) -> Ints:
    """Initialise a field of uniformly random positions: int32 (H, W, 2)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    xs = rng.integers(0, size[1], (height, width))
    return np.stack([xs, rng.integers(0, size[0], (height, width))], axis=-1).astype(np.int32)


def upsample_field(field: Ints, height: int, width: int, size: tuple[int, int], smaller: tuple[int, int]) -> Ints:
    """Upsample a field to the next level: int32 (H, W, 2).

    ``smaller`` and ``size`` are the style's sizes before and after.
    """
    ys = np.minimum(np.arange(height) * field.shape[0] // height, field.shape[0] - 1)
    xs = np.minimum(np.arange(width) * field.shape[1] // width, field.shape[1] - 1)
    coarse = field[ys][:, xs].astype(np.float64)
    # A fine pixel keeps its offset within the coarse one, so that patches stay contiguous.
    offset_x = (np.arange(width) + 0.5) * field.shape[1] / width - xs - 0.5
    offset_y = (np.arange(height) + 0.5) * field.shape[0] / height - ys - 0.5
    fine_x = (coarse[..., 0] + 0.5 + offset_x[None, :]) * size[1] / smaller[1] - 0.5
    fine_y = (coarse[..., 1] + 0.5 + offset_y[:, None]) * size[0] / smaller[0] - 0.5
    fine = np.stack([fine_x, fine_y], axis=-1)
    return np.clip(np.floor(fine + 0.5), 0, [size[1] - 1, size[0] - 1]).astype(np.int32)
