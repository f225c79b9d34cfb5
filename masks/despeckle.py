"""Removal of unexpected holes and islands from a matte."""

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Floats

# Probability of the inside in a filled hole, and in a removed island.
FILLED, CLEARED = F32(0.99), F32(0.01)


def despeckle(probability: Floats, expected: Floats, outside_visible: Bools) -> Floats:
    """Fill unexpected holes that do not show the outside, and remove unexpected islands: float32 (H, W) in [0, 1].

    probability: float32 (H, W) in [0, 1], of the inside. expected: float32 (H, W) in [0, 1], the expected matte.
    outside_visible: bool (H, W), where the outside is visible.

    A hole is a component of the outside that is neither the largest one nor at the border of the picture; an island is
    a component of the inside that is not the largest one. A component stays if more than half of its pixels are
    expected, or show the outside.
    """
    inside, shape = probability > 0.5, expected > 0.5
    holes = _minor_components(~inside, ~shape | outside_visible) & ~_at_border(~inside)
    islands = _minor_components(inside, shape)
    return np.where(holes, FILLED, np.where(islands, CLEARED, probability)).astype(F32)


def _minor_components(layer: Bools, explained: Bools) -> Bools:
    """Pixels of the components of a layer, except the largest, that are mostly unexplained: bool (H, W)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(layer.astype(U8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    selected = np.bincount(labels.ravel(), explained.ravel(), count) <= 0.5 * areas
    selected[0] = False
    if count > 1:
        selected[1 + int(np.argmax(areas[1:]))] = False
    return np.asarray(selected[labels])


def _at_border(layer: Bools) -> Bools:
    """Pixels of the components of a layer that touch the border of the picture: bool (H, W)."""
    count, labels = cv2.connectedComponents(layer.astype(U8), connectivity=4)
    selected = np.zeros(count, np.bool_)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        selected[edge] = True
    selected[0] = False
    return np.asarray(selected[labels])
