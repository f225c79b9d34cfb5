"""Drawings that are held for several frames: animation "on twos" and "on threes"."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from propagate.flow import Step, compose_step, identity_flow


def drawings(frames: Sequence[int], keys: Collection[int], hold: int) -> dict[int, int]:
    """Map every frame of a shot to the drawing that it shows: itself if it is drawn, else the last one drawn before.

    frames: of one shot, ascending. Every ``hold``-th frame is drawn, counted from the first, and all ``keys``. Raises
    ValueError unless ``hold`` is 1 or more.
    """
    if hold < 1:
        raise ValueError(f"frames must be held for 1 or more, not {hold}")
    drawing_of: dict[int, int] = {}
    drawing = frames[0] if frames else 0
    for index, frame in enumerate(frames):
        if index % hold == 0 or frame in keys:
            drawing = frame
        drawing_of[frame] = drawing
    return drawing_of


def chain_steps(step: Callable[[int, int], Step], frames: Sequence[int]) -> Callable[[int, int], Step]:
    """Chain steps between neighbours into steps between frames that are further apart.

    step: from one of ``frames``, ascending, to the next or the previous one. A pixel is consistent if it is so in every
    step. A step from a frame to itself raises ValueError.
    """
    index_of = {frame: index for index, frame in enumerate(frames)}

    def chained(before: int, after: int) -> Step:
        first, last = index_of[before], index_of[after]
        direction = 1 if first < last else -1
        path = [frames[index] for index in range(first, last + direction, direction)]
        if len(path) == 2:
            return step(before, after)
        composed = None
        for current, following in pairwise(path):
            following_step = step(current, following)
            if composed is None:
                composed = identity_flow(before, *following_step.flow.shape[:2])
            composed = compose_step(composed, following, following_step)
        if composed is None:
            raise ValueError(f"a step leads from one frame to another, not from {before} to {after}")
        return Step(composed.flow, composed.valid)

    return chained
