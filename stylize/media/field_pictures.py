"""Numbered pictures as frames of libavfilter: measurement of their fields, and deinterlacing.

A picture becomes planar RGB of its own depth, which the filters accept, and comes back without loss.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels
from propagate.combing import FieldOrder
from stylize.media.deinterlacing import Deinterlacing, FilmFrame, deinterlaced, find_film
from stylize.media.frame_pixels import plane_lines
from stylize.media.interlacing import FieldSampler, Interlacing

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Channels of RGBA in the order of the planes of FFmpeg's GBRA.
_PLANES = (1, 2, 0, 3)
# Order of fields that pictures declare: none (AVFieldOrder).
_UNDECLARED = 0


def interlacing_of_pictures(pictures: Iterable[Pixels]) -> Interlacing:
    """Return the measured interlacing of consecutive pictures, (H, W, 3 or 4), uint8 or uint16."""
    sampler = FieldSampler()
    for frame in map(_frame, pictures):
        sampler.add(frame)
    return sampler.result(_UNDECLARED)


def film_of_pictures(pictures: Iterable[Pixels], order: FieldOrder) -> tuple[FilmFrame, ...]:
    """Return the frames of the film that telecined pictures carry. pictures: all of them."""
    return find_film(map(_frame, pictures), order)


def conformed_pictures(pictures: Iterable[Pixels], how: Deinterlacing, positions: Sequence[int]) -> Iterator[Pixels]:
    """Yield the conformed frames at some positions, ascending, with the shape and type of the pictures.

    pictures: all of the sequence, of one shape and type; no more of them are read than are needed. Raises ShotError if
    they are too small.
    """
    wanted = set(positions)
    for position, frame in enumerate(deinterlaced(map(_frame, pictures), how)):
        if position in wanted:
            yield _pixels(frame)
        if position >= max(wanted, default=-1):
            return


def _frame(pixels: Pixels) -> "VideoFrame":
    """Return a picture, uint8 or uint16 (H, W, 3 or 4), as a frame of planar RGB."""
    import av

    height, width, channels = pixels.shape
    layout = ("gbrp" if channels == 3 else "gbrap") + ("" if pixels.dtype == np.uint8 else "16le")
    frame = av.VideoFrame(width, height, layout)
    for number, channel in enumerate(_PLANES[:channels]):
        plane_lines(frame, number)[:, :width] = pixels[..., channel]
    return frame


def _pixels(frame: "VideoFrame") -> Pixels:
    """Return a frame of planar RGB as a picture."""
    count = len(frame.planes)
    picture = np.empty((frame.height, frame.width, count), plane_lines(frame, 0).dtype)
    for number, channel in enumerate(_PLANES[:count]):
        picture[..., channel] = plane_lines(frame, number)[:, : frame.width]
    return picture
