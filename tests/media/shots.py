"""Reading and comparing frames of shots."""

import numpy as np

from propagate.arrays import Pixels
from stylize.media.shot import Shot, read_frames
from tests.clips import picture

PICTURES = [picture(index) for index in range(10)]
# Packets of noise are large enough to be damaged in part.
NOISE = [np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8) for index in range(12)]


def read(shot: Shot) -> list[Pixels]:
    """Read every frame; assert that the numbers are those of the shot."""
    numbers, frames = zip(*read_frames(shot), strict=True)
    assert numbers == shot.frames
    return list(frames)


def off_by(found: Pixels, expected: Pixels) -> int:
    """Maximum difference, in 1/255."""
    assert found.shape == expected.shape
    scale = 257 if found.dtype == np.uint16 else 1
    wide = expected.astype(int) * (scale if expected.dtype == np.uint8 else 1)
    return int(np.ceil(np.abs(found.astype(int) - wide).max() / scale))


def with_alpha(index: int, dtype: type = np.uint8) -> Pixels:
    """A picture whose alpha is a ramp from left to right."""
    top = np.iinfo(dtype).max
    colour = (picture(index).astype(np.float64) / 255 * top).round()
    ramp = np.broadcast_to(np.linspace(0, top, 64).round()[None, :, None], (48, 64, 1))
    return np.ascontiguousarray(np.concatenate([colour, ramp], axis=2).astype(dtype))
