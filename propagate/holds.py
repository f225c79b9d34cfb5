"""Drawings that are held for several frames, as animators do "on twos" and "on threes"."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from propagate.flow import Step, extend, start_at_key


def drawings(frames: Sequence[int], keys: Collection[int], every: int) -> dict[int, int]:
    """Which frame each frame of a shot shows the look of: itself, where it is drawn, or the last one drawn before.

    frames: of one shot, ascending. Drawn are every ``every``-th of them, counted from the first, and all ``keys``.
    Raises ValueError unless ``every`` is 1 or more.
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
    """Motion between frames that are not neighbours: the steps between, one after the other.

    step: from one of ``frames``, ascending, to the next or the one before. What is consistent is so on every step.
    A leap from a frame to itself raises ValueError.
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
