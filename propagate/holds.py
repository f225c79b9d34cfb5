"""Drawings that are held for several frames: animation "on twos" and "on threes", and plates that repeat."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from propagate.flow import Step, compose_step, identity_flow


def drawings(
    frames: Sequence[int], keys: Collection[int], hold: int, repeats: Collection[int] = (), *, redraw: bool = False
) -> dict[int, int]:
    """Map every frame of a shot to the drawing that it shows: its own, that of an earlier frame, or that of a key.

    frames: frames of one shot, ascending. repeats: frames whose plate repeats that of the previous frame; together they
    are one hold of the plate, and show one drawing: that of a key among them, else of its first frame. All ``keys`` are
    drawn.

    hold: minimum number of frames that a drawing is shown for. Drawings begin where holds of the plate begin, once the
    last one has been shown for so long, or where the plate itself is held for so long; without ``repeats`` this is
    every ``hold``-th frame, counted from the first. redraw: draw again within longer holds of the plate, so that lines
    may wobble there. Raises ValueError unless ``hold`` is 1 or more.
    """
    if hold < 1:
        raise ValueError(f"a drawing must be held for 1 frame or more, not {hold}")
    drawing_of: dict[int, int] = {}
    age = hold
    for plate_hold in _plate_holds(frames, repeats):
        drawing = frames[0] if not drawing_of else drawing_of[max(drawing_of)]
        for place, frame in enumerate(plate_hold):
            begins = place == 0 and (age >= hold or len(plate_hold) >= hold > 1)
            if begins or (redraw and age >= hold):
                drawing, age = frame, 0
            if frame in keys:
                drawing = frame
            drawing_of[frame] = drawing
            age += 1
        if not redraw and drawing_of[plate_hold[0]] == plate_hold[0]:
            drawing_of.update(_with_key(plate_hold, keys, drawing_of))
    return drawing_of


def _plate_holds(frames: Sequence[int], repeats: Collection[int]) -> list[list[int]]:
    """Split frames into runs that show the same plate."""
    holds: list[list[int]] = []
    for place, frame in enumerate(frames):
        if place and frame in repeats:
            holds[-1].append(frame)
        else:
            holds.append([frame])
    return holds


def _with_key(plate_hold: Sequence[int], keys: Collection[int], drawing_of: dict[int, int]) -> dict[int, int]:
    """Return the drawings of the frames before the first key of a hold: that key, which shows the same plate."""
    first = next((frame for frame in plate_hold if frame in keys), None)
    return {} if first is None else {frame: first for frame in plate_hold if frame < first}


def chain_steps(step: Callable[[int, int], Step], frames: Sequence[int]) -> Callable[[int, int], Step]:
    """Chain steps between neighbours into steps between frames that are further apart.

    step: from one of ``frames``, ascending, to the next or the previous one. A pixel is consistent if it is consistent
    in every step. A step from a frame to itself raises ValueError.
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
            raise ValueError(f"a step must connect two different frames, not {before} and {after}")
        return Step(composed.flow, composed.valid)

    return chained
