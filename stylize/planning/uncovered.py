"""Where a result falls short of what it is next to a key, and which frame would mend most as a further key.

Errors rise with the way that paint has gone. A key takes from a frame the part of its error by which it is nearer than
the nearest key so far; what a frame has next to a key, for grain and what no key mends, stays.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

# Frames on either side that a frame is compared with: what is poor in fewer than half of these is a flash.
FILTER_REACH = 2
# Frames of a span that are tried.
MAX_TRIED = 2000


def error_floor(frames: Sequence[int], errors: Mapping[int, float], keys: Collection[int]) -> float:
    """The error that frames have next to a key: the median; 0 where every frame is a key.

    frames: of one shot, ascending. errors: of each, at least 0.
    """
    near = [
        errors[frame]
        for place, frame in enumerate(frames)
        if frame not in keys and any(other in keys for other in frames[max(0, place - 1) : place + 2])
    ]
    return float(np.median(near)) if near else 0.0


def shot_error(frames: Sequence[int], errors: Mapping[int, float], floor: float) -> float:
    """The mean error of a shot; no frame counts less than ``floor``, so that a key is no gain by itself."""
    return float(np.mean([max(errors[frame], floor) for frame in frames]))


def best_frame(
    frames: Sequence[int], errors: Mapping[int, float], keys: Collection[int], floor: float, min_gap: int,
    excluded: Collection[int] = (),
) -> tuple[int, float] | None:  # fmt: skip
    """The frame that would mend most as a key, and by how much the errors of all frames together would fall.

    min_gap: least frames to any key. excluded: frames that must not be keys. None where nothing can be mended. Of
    equals the earliest. In spans of more than MAX_TRIED frames not every frame is tried.
    """
    places = [place for place, frame in enumerate(frames) if frame in keys]
    if not places:
        return None
    excess = _median_filtered(np.array([max(errors[frame] - floor, 0.0) for frame in frames]))
    excess[places] = 0
    positions = np.arange(len(frames))
    distance = _distance_to_nearest(positions, np.array(places))
    best: tuple[int, float] | None = None
    for first, last in zip([-1, *places], [*places, len(frames)], strict=True):
        inner = slice(first + 1, last)
        for place in range(first + 1, last, 1 + (last - first) // MAX_TRIED):
            if distance[place] < min_gap or frames[place] in excluded:
                continue
            share_taken = np.clip(1 - np.abs(positions[inner] - place) / distance[inner], 0, None)
            gain = float((excess[inner] * share_taken).sum())
            if gain > 0 and (best is None or gain > best[1]):
                best = frames[place], gain
    return best


def _distance_to_nearest(positions: Ints, places: Ints) -> Ints:
    """From each number to the nearest of the ascending places."""
    after = np.searchsorted(places, positions)
    to_next = np.abs(places[np.minimum(after, len(places) - 1)] - positions)
    return np.asarray(np.minimum(to_next, np.abs(positions - places[np.maximum(after - 1, 0)])))


def _median_filtered(values: Doubles) -> Doubles:
    """The median of each value and those around it."""
    padded = np.pad(values, FILTER_REACH, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * FILTER_REACH + 1), axis=1))
