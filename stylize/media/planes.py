"""The planes of a video frame as arrays over the frame's own memory."""

from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


def plane_lines(frame: "VideoFrame", number: int) -> Pixels:
    """(H, N) of one plane, uint8 or uint16 as its samples are deep; lines in memory go on beyond the picture's width.

    What is written into it goes into the frame.
    """
    plane = frame.planes[number]
    dtype = np.dtype(np.uint8 if frame.format.components[0].bits == 8 else np.uint16)
    lines: Pixels = np.frombuffer(memoryview(plane), dtype)
    return lines.reshape(plane.height, plane.line_size // dtype.itemsize)
