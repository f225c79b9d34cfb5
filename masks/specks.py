"""Removal of unexpected holes and islands from a matte."""

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Floats

# Probability of the inside in a filled hole, and in a removed island.
FILLED, CLEARED = F32(0.99), F32(0.01)


def without_specks(likely: Floats, expected: Floats, behind: Bools) -> Floats:
    """Fill unexpected holes that do not show the outside, and remove unexpected islands: float32 (H, W) in [0, 1].

    likely: float32 (H, W) in [0, 1], of the inside. expected: float32 (H, W) in [0, 1], the expected matte.
    behind: bool (H, W), where the outside is visible.

    A hole is a component of the outside that is neither the largest one nor at the border of the picture; an island is
    a component of the inside that is not the largest one. A component stays if more than half of its pixels are
    expected, or show the outside.
    """
    inside, shape = likely > 0.5, expected > 0.5
    holes = _apart(~inside, ~shape | behind) & ~_at_border(~inside)
    islands = _apart(inside, shape)
    return np.where(holes, FILLED, np.where(islands, CLEARED, likely)).astype(F32)


def _apart(layer: Bools, accounted: Bools) -> Bools:
    """Pixels of components of a layer that are not its largest one and mostly not accounted for: bool (H, W)."""
    count, names, facts, _ = cv2.connectedComponentsWithStats(layer.astype(U8), connectivity=4)
    areas = facts[:, cv2.CC_STAT_AREA]
    found = np.bincount(names.ravel(), accounted.ravel(), count) <= 0.5 * areas
    found[0] = False
    if count > 1:
        found[1 + int(np.argmax(areas[1:]))] = False
    return np.asarray(found[names])


def _at_border(layer: Bools) -> Bools:
    """Pixels of the components of a layer that touch the border of the picture: bool (H, W)."""
    count, names = cv2.connectedComponents(layer.astype(U8), connectivity=4)
    found = np.zeros(count, np.bool_)
    for line in (names[0], names[-1], names[:, 0], names[:, -1]):
        found[line] = True
    found[0] = False
    return np.asarray(found[names])
