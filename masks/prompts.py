"""What points a network at a subject: places and boxes in frames, in the plate's pixels from its left and top."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A place in a frame that is inside, or is not. x, y: pixels; 0, 0 is the first one of the first row."""

    frame: int
    x: float
    y: float
    inside: bool = True


@dataclass(frozen=True)
class Box:
    """A box round what is inside. x0, y0: of its left upper corner. x1, y1: of its right lower one."""

    frame: int
    x0: float
    y0: float
    x1: float
    y1: float


Prompt = Point | Box
