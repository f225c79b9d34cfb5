"""How a movie says that it is to be turned, as phones do, and the turn itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


@dataclass(frozen=True)
class Turn:
    """How coded pixels become upright: swap the axes, then mirror left-right, then flip up-down."""

    swap: bool = False
    mirror: bool = False
    flip: bool = False

    def size(self, coded: tuple[int, int]) -> tuple[int, int]:
        """(width, height), upright, of what is coded at (width, height)."""
        return (coded[1], coded[0]) if self.swap else coded

    def pixels(self, coded: Pixels) -> Pixels:
        """(H, W, C) as coded -> (H, W, C) or (W, H, C), upright."""
        swapped = coded.transpose(1, 0, 2) if self.swap else coded
        return np.ascontiguousarray(swapped[:: -1 if self.flip else 1, :: -1 if self.mirror else 1])


def turn_of(frame: "VideoFrame") -> Turn | None:
    """The movie's own turn; None for an angle that is no quarter. To be asked of one frame only: see below."""
    from av.buffer import Buffer

    # Side data holds on to its frame and the frame to it: asked of every frame, memory grows until the collector runs.
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, Buffer):
        return Turn()
    # x' = a x + c y and y' = b x + d y, in 16.16 fixed point: whole quarter turns and mirrors have two zeros.
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if a == d == 0 and b and c:
        return Turn(True, c < 0, b < 0)
    return Turn(False, a < 0, d < 0) if b == c == 0 and a and d else None
