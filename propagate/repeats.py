"""Repeated frames: drawings on twos or threes, and film in video of a higher rate, also after lossy compression.

Equal frames repeat. Frames that are only nearly equal, as after compression, cannot be distinguished from slow motion
by how much they differ: a pan of a tenth of a pixel differs less than a repeated frame of strongly compressed video.
They are recognised by their rhythm: a repeat differs many times less than the frames before and after it, over and
over. Slow motion and locked-off shots have no such contrast, and a single pause of a movement has no rhythm.
"""

from collections.abc import Sequence

import numpy as np

from propagate.arrays import Bytes

# Side of a block, whose mean change in levels of 255 is measured. A small thing that moves changes one block by a lot.
BLOCK = 16
# Maximum change of a block between repeated frames. Measured: H.264 up to CRF 28, with and without grain, MPEG-2, VP9
# and Motion JPEG stay below 9.
MAX_CHANGE = 10.0
# How many times more the frames around a hold change, and by how much at least. Measured: repeats 10 times or more;
# slow pans and locked-off shots, compressed or with grain, below 4, and by less than 7 levels.
MIN_CONTRAST, MIN_MOTION = 5.0, 8.0
# Longest run of repeats that are not all equal, and the minimum number of repeats among the frames around one.
MAX_RUN, WINDOW, MIN_COUNT = 3, 12, 3


def change_between(before: Bytes, after: Bytes) -> float:
    """Return the largest mean change of a block, in levels; 0 for equal pictures only. uint8 (H, W, 3)."""
    if np.array_equal(before, after):
        return 0.0
    difference = np.maximum(before, after) - np.minimum(before, after)
    height, width = (size - size % BLOCK for size in difference.shape[:2])
    if not height or not width:
        return float(difference.mean()) or 1.0
    blocks = difference[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, -1)
    largest = float(blocks.mean(axis=(1, 3), dtype=np.float64).max())
    # What changes at an incomplete block only is a change nevertheless.
    return max(largest, float(difference[height:].mean() if height < difference.shape[0] else 0), 1e-6)


def find_repeats(changes: Sequence[float]) -> list[bool]:
    """Return for each change whether the frame after it repeats the one before it.

    changes: between neighbouring frames, as `change_between` returns them.
    """
    near = _contrasting(changes)
    return [
        change == 0 or (near[place] and sum(near[max(0, place - WINDOW) : place + WINDOW + 1]) >= MIN_COUNT)
        for place, change in enumerate(changes)
    ]


def _contrasting(changes: Sequence[float]) -> list[bool]:
    """Return which changes lie in a short run of small ones between two that are many times larger.

    At an end of the footage, the one on the other side suffices.
    """
    found = [False] * len(changes)
    for start in range(len(changes)):
        for end in range(start + 1, min(start + MAX_RUN, len(changes)) + 1):
            around = [*changes[max(0, start - 1) : start], *changes[end : end + 1]]
            largest = max(changes[start:end])
            if around and largest <= MAX_CHANGE and min(around) >= max(MIN_MOTION, MIN_CONTRAST * largest):
                found[start:end] = [True] * (end - start)
    return found
