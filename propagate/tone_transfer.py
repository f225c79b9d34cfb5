"""Transfer broad changes of tone from the plate to the picture.

The key's pixels that a frame is made from rarely have exactly the frame's tone: surfaces turn towards the light,
shadows pass, and the best patch of a key is only nearly right. The broad part of the difference between the two plates
is added to the picture, in the proportion in which paint follows the plate within the key. Paint that does not follow
its plate is left as it is.
"""

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats

# Standard deviation in pixels below which differences are detail, which is left to warp and patches.
SIGMA = 2.0
# Rows that its blur reads on each side.
HALO = 8
# Differences that grain could cause, which are ignored, and the largest change: a larger difference has another cause.
IGNORED, MAX_CHANGE = F32(1 / 255), F32(40 / 255)
# Standard deviations in pixels of the band in which paint and plate are compared; largest slope.
FINE, BROAD, MAX_SLOPE = 3.0, 12.0, 1.2
# Deviation of a plate in that band, a quarter of an 8-bit level, below which the slope is uncertain and tends to 0.
UNCERTAIN = 0.25 / 255


def tone_slopes(plate: Bytes, key: Floats) -> Floats:
    """Fit the change of the key's paint per change of its plate, for each channel: float32 (3,) in [0, MAX_SLOPE].

    plate: uint8 (H, W, 3). key: float32 (H, W, 3) in [0, 1].
    """
    of_plate, of_key = _band(plate.astype(F32) / F32(255)), _band(key)
    products = [(of_plate[..., c] * of_key[..., c]).sum(dtype=np.float64) for c in range(3)]
    squares = [(of_plate[..., c] * of_plate[..., c]).sum(dtype=np.float64) for c in range(3)]
    floor = UNCERTAIN**2 * plate.shape[0] * plate.shape[1]
    slopes = [product / (square + floor) for product, square in zip(products, squares, strict=True)]
    return np.clip(np.array(slopes, F32), 0, F32(MAX_SLOPE))


def _band(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), FINE) - cv2.GaussianBlur(picture, (0, 0), BROAD), F32)


def tone_change(plate: Bytes, source: Floats, slopes: Floats) -> Floats:
    """Change of the picture, float32 (H, W, 3), for a frame whose plate differs from that of its source.

    plate: uint8 (H, W, 3). source: float32 (H, W, 3) in 0..255, the key's plate, warped or taken patch by patch like
    the picture. slopes: of ``tone_slopes``.
    """
    broad = cv2.GaussianBlur((plate.astype(F32) - source) / F32(255), (0, 0), SIGMA)
    return np.asarray(np.sign(broad) * np.clip(np.abs(broad) - IGNORED, 0, MAX_CHANGE) * slopes, F32)
