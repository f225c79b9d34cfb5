"""Motion of a small, fast layer, by matching it as a template.

Dense flow searches from coarse to fine, and misses a layer that moves farther than its own size, because a coarse
picture does not show it. The layer itself is easily found: its pixels are compared with the new picture at each
displacement within reach, by the sum of squared differences over the pixels of the layer only.
"""

import cv2
import numpy as np

from masks.arrays import F32, U8, Bools, Bytes

# Largest displacement that is searched, as a fraction of the picture's longest side.
REACH = 0.15
# Side in pixels of the smallest layer that is searched for: fewer pixels match anywhere.
MIN_LAYER_SIDE = 6


def template_motion(source: Bytes, layer: Bools, target: Bytes) -> tuple[int, int] | None:
    """Displacement of a layer from ``source`` to ``target`` in whole pixels, x then y; None for too small a layer.

    source, target: uint8 (H, W, 3). layer: bool (H, W), of ``source``.
    """
    reach = round(REACH * max(layer.shape))
    x, y, width, height = cv2.boundingRect(layer.astype(U8))
    if min(width, height) < MIN_LAYER_SIDE:
        return None
    template = source[y : y + height, x : x + width].astype(F32)
    mask = np.repeat(layer[y : y + height, x : x + width, None], 3, axis=2).astype(F32)
    # Beyond the border of the picture nothing is known; the repeated pixels there match no textured layer.
    padded = cv2.copyMakeBorder(target, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    window = padded[y : y + height + 2 * reach, x : x + width + 2 * reach].astype(F32)
    difference = cv2.matchTemplate(window, template, cv2.TM_SQDIFF, mask=mask)
    down, across = np.unravel_index(int(np.argmin(difference)), difference.shape)
    return int(across) - reach, int(down) - reach
