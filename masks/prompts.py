"""Prompts that point a network at a subject: points and boxes, in pixels from the upper left corner of the plate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """Pixel of a frame, marked as inside or outside. x, y: pixels; 0, 0 is the first one of the first row."""

    frame: int
    x: float
    y: float
    inside: bool = True


@dataclass(frozen=True)
class Box:
    """Box around the subject in a frame. x0, y0: its upper left corner. x1, y1: its lower right corner."""

    frame: int
    x0: float
    y0: float
    x1: float
    y1: float


Prompt = Point | Box
