"""Recognition of footage whose colour is premultiplied with alpha, which no movie format and no PNG declares."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import SettingsError
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
        self.measure(pixels_of(frame))

    def measure(self, picture: Pixels) -> None:
        """Measure a picture, uint8 or uint16 (H, W, 4)."""
        pixels = to_float(picture)
        alpha, brightest = pixels[..., 3], pixels[..., :3].max(axis=2)
        self._soft += int(np.count_nonzero((alpha > SOFT[0]) & (alpha < SOFT[1])))
        self._transparent += int(np.count_nonzero(alpha < SOFT[1]))
        self._exceeding += int(np.count_nonzero((alpha < SOFT[1]) & (brightest > alpha + SLACK)))

    def looks_premultiplied(self) -> bool:
        """Return whether there are soft edges, and colour exceeds alpha in none of the transparent pixels."""
        return self._soft >= MIN_SOFT and self._exceeding <= MAX_SHARE * self._transparent


def look_premultiplied(pictures: Iterable[Pixels]) -> bool:
    """Return whether pictures look premultiplied, of which those with alpha, (H, W, 4), are measured."""
    sampler = AlphaSampler()
    for picture in pictures:
        if picture.shape[2] == 4:
            sampler.measure(picture)
    return sampler.looks_premultiplied()


def alpha_notes(path: Path, looks_premultiplied: bool, has_alpha: bool, requested: str | None) -> tuple[str, ...]:
    """Return the message about alpha that looks premultiplied. Raises SettingsError for `requested` without alpha.

    requested: `straight` or `premultiplied`; None if nothing is.
    """
    if requested is not None and not has_alpha:
        raise SettingsError(f"{path}: --alpha {requested} is given, but the footage has no alpha; leave it out")
    if requested is not None or not looks_premultiplied:
        return ()
    return (
        f"{path.name}: colour never exceeds alpha, as if premultiplied; its alpha is taken as straight: give --alpha "
        "premultiplied, or --alpha straight to confirm it",
    )
