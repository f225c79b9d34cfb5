"""Choice of the further key that reduces the error of a result most.

Errors grow with the distance to the nearest key. A further key reduces the error of a frame by the share by which it is
nearer. The error that frames have next to a key, from grain and whatever no key fixes, stays.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

# Frames on either side in the median filter: an error in fewer than half of these is a flash.
FILTER_REACH = 2
# Maximum number of frames of a span that are tried.
MAX_TRIED = 2000


def error_floor(frames: Sequence[int], errors: Mapping[int, float], keys: Collection[int]) -> float:
    """Return the median error of the frames next to a key; 0 if every frame is a key.

    frames: of one shot, ascending. errors: of each, at least 0.
    """
    near = [
        errors[frame]
        for place, frame in enumerate(frames)
        if frame not in keys and any(other in keys for other in frames[max(0, place - 1) : place + 2])
    ]
    return float(np.median(near)) if near else 0.0


def shot_error(frames: Sequence[int], errors: Mapping[int, float], floor: float) -> float:
    """Return the mean error of a shot; no frame counts less than ``floor``, so that a key is no gain by itself."""
    return float(np.mean([max(errors[frame], floor) for frame in frames]))


def best_frame(
    frames: Sequence[int], errors: Mapping[int, float], keys: Collection[int], floor: float, min_gap: int,
    excluded: Collection[int] = (),
) -> tuple[int, float] | None:  # fmt: skip
    """Return the frame that reduces the error most as a key, and the reduction summed over all frames.

    min_gap: minimum distance in frames to any key. excluded: frames that must not be keys. None if no frame reduces
    the error. Of equals the earliest. In spans of more than MAX_TRIED frames not every frame is tried.
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
    """Return the distance from each position to the nearest of the ascending places."""
    after = np.searchsorted(places, positions)
    to_next = np.abs(places[np.minimum(after, len(places) - 1)] - positions)
    return np.asarray(np.minimum(to_next, np.abs(positions - places[np.maximum(after - 1, 0)])))


def _median_filtered(values: Doubles) -> Doubles:
    """Return the running median of the values, over FILTER_REACH values on either side."""
    padded = np.pad(values, FILTER_REACH, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * FILTER_REACH + 1), axis=1))
