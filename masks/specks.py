"""Takes holes and islands out of a matte that nothing accounts for."""

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Floats

# What becomes of a hole, and of an island.
FILLED, CLEARED = F32(0.99), F32(0.01)


def without_specks(likely: Floats, expected: Floats, behind: Bools) -> Floats:
    """``likely`` without holes that are not expected and show nothing of the outside, and without islands that are not
    expected: float32 (H, W).

    likely, expected: float32 (H, W) in [0, 1]. behind: (H, W), where the outside is seen. A hole is what the largest
    part of the outside does not reach, and no border of the picture; an island what the largest part of the inside
    does not. One that is expected, or shows the outside, in more than half of its pixels stays.
    """
    inside, shape = likely > 0.5, expected > 0.5
    holes = _apart(~inside, ~shape | behind) & ~_at_border(~inside)
    islands = _apart(inside, shape)
    return np.where(holes, FILLED, np.where(islands, CLEARED, likely)).astype(F32)


def _apart(layer: Bools, accounted: Bools) -> Bools:
    """Pixels of those parts of a layer that are not its largest, and mostly not accounted for."""
    count, names, facts, _ = cv2.connectedComponentsWithStats(layer.astype(U8), connectivity=4)
    areas = facts[:, cv2.CC_STAT_AREA]
    found = np.bincount(names.ravel(), accounted.ravel(), count) <= 0.5 * areas
    found[0] = False
    if count > 1:
        found[1 + int(np.argmax(areas[1:]))] = False
    return np.asarray(found[names])


def _at_border(layer: Bools) -> Bools:
    """Pixels of those parts of a layer that the border of the picture cuts."""
    count, names = cv2.connectedComponents(layer.astype(U8), connectivity=4)
    found = np.zeros(count, np.bool_)
    for line in (names[0], names[-1], names[:, 0], names[:, -1]):
        found[line] = True
    found[0] = False
    return np.asarray(found[names])
