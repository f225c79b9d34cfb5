"""Drawings that are held for several frames: animation "on twos" and "on threes"."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from propagate.flow import Step, extend, start_at_key


def drawings(frames: Sequence[int], keys: Collection[int], every: int) -> dict[int, int]:
    """Map every frame of a shot to the drawing that it shows: itself if it is drawn, else the last one drawn before.

    frames: of one shot, ascending. Every ``every``-th frame is drawn, counted from the first, and all ``keys``. Raises
    ValueError unless ``every`` is 1 or more.
    """
    if every < 1:
        raise ValueError(f"frames must be held for 1 or more, not {every}")
    shown: dict[int, int] = {}
    last = frames[0] if frames else 0
    for place, frame in enumerate(frames):
        if place % every == 0 or frame in keys:
            last = frame
        shown[frame] = last
    return shown


def leaping(step: Callable[[int, int], Step], frames: Sequence[int]) -> Callable[[int, int], Step]:
    """Chain steps between neighbours into steps between frames that are further apart.

    step: from one of ``frames``, ascending, to the next or the previous one. A pixel is consistent if it is so in every
    step. A step from a frame to itself raises ValueError.
    """
    place = {frame: at for at, frame in enumerate(frames)}

    def leap(before: int, after: int) -> Step:
        first, last = place[before], place[after]
        way = 1 if first < last else -1
        path = [frames[at] for at in range(first, last + way, way)]
        if len(path) == 2:
            return step(before, after)
        composed = None
        for one, other in pairwise(path):
            taken = step(one, other)
            if composed is None:
                composed = start_at_key(before, *taken.flow.shape[:2])
            composed = extend(composed, other, taken)
        if composed is None:
            raise ValueError(f"a step leads from one frame to another, not from {before} to {after}")
        return Step(composed.flow, composed.valid)

    return leap
