"""Recognition of movies whose colour is premultiplied with alpha, which no movie format declares."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stylize.media.frame_pixels import pixels_of
from stylize.media.images.bit_depth import to_float

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Frames that are measured: every so many, up to so many.
STEP, MAX_FRAMES = 12, 8
# Alpha of soft pixels, the minimum number of them, how far colour may exceed alpha by rounding and compression, and the
# share of pixels in which it may exceed it further.
SOFT, MIN_SOFT, SLACK, MAX_SHARE = (0.05, 0.95), 64, 0.03, 0.005


@dataclass
class AlphaSampler:
    """Measurement of a movie while its frames are decoded."""

    _count: int = 0
    _soft: int = 0
    _transparent: int = 0
    _exceeding: int = 0

    def add(self, frame: "VideoFrame") -> None:
        """Add the next frame of a movie with alpha."""
        place, self._count = self._count, self._count + 1
        if place % STEP or place >= STEP * MAX_FRAMES:
            return
        pixels = to_float(pixels_of(frame))
        alpha, brightest = pixels[..., 3], pixels[..., :3].max(axis=2)
        self._soft += int(np.count_nonzero((alpha > SOFT[0]) & (alpha < SOFT[1])))
        self._transparent += int(np.count_nonzero(alpha < SOFT[1]))
        self._exceeding += int(np.count_nonzero((alpha < SOFT[1]) & (brightest > alpha + SLACK)))

    def looks_premultiplied(self) -> bool:
        """Return whether there are soft edges, and colour exceeds alpha in none of the transparent pixels."""
        return self._soft >= MIN_SOFT and self._exceeding <= MAX_SHARE * self._transparent
