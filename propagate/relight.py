"""Compensate changes of light in a plate, so that the look does not flash with them.

Patch search and warp confidence rely on the plate's colours. Flickering lamps, clouds and flashes change all of them at
once. A plate is therefore brought to the light of the key's plate by a gain and an offset for each channel, fitted
where flow says that both show the same surface.
"""

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats

# Rounds of the robust fit; outliers are beyond this many medians of the residual, and at least this many levels.
ROUNDS, OUTLIER, LEAST = 4, 3.0, 2.0
# Minimum share of the frame and minimum correlation for a fit. Clipped white and black are ignored.
ENOUGH, ALIKE, WHITE, BLACK = 0.05, 0.8, 250, 4
# Range of plausible gains; and changes that cannot be distinguished from grain: of gain, and in 8-bit levels.
WEAKEST, STRONGEST, SAME_GAIN, SAME_LEVEL = 0.2, 5.0, 0.02, 1.5
# Approximate number of pixels in a fit; more do not improve it.
SAMPLES = 8000


def relight(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> Bytes:
    """Match the light of ``plate`` to ``key_plate``: uint8 (H, W, 3); returns ``plate`` itself if no change is found.

    flow, valid: composed flow to the key, on the grid of ``plate``.
    """
    ours, theirs, clear = _samples(plate, key_plate, flow, valid)
    if clear.mean() < ENOUGH:
        return plate
    one, other = ours[clear].astype(F32), theirs[clear].astype(F32)
    lights = [fit(one[:, channel], other[:, channel]) for channel in range(3)]
    if all(same(*light) for light in lights):
        return plate
    levels = np.arange(256, dtype=F32)
    table = np.stack([np.clip(levels * F32(gain) + F32(offset + 0.5), 0, 255) for gain, offset in lights], axis=-1)
    return np.asarray(cv2.LUT(plate, table.astype(U8)[None]))


def _samples(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> tuple[Bytes, Bytes, Bools]:
    """Pixels of the plate on a regular lattice, those of the key that they come from, and a mask of the usable ones."""
    height, width = valid.shape
    apart = max(1, round((height * width / SAMPLES) ** 0.5))
    lattice = slice(apart // 2, None, apart), slice(apart // 2, None, apart)
    across, down = np.arange(width)[lattice[1]], np.arange(height)[lattice[0]]
    where = flow[lattice] + np.stack(np.meshgrid(across, down), axis=-1).astype(F32)
    theirs = cv2.remap(key_plate, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    ours = plate[lattice]
    most = ours.max(axis=-1)
    return ours, theirs, valid[lattice] & (most < WHITE) & (most > BLACK) & (theirs.max(axis=-1) < WHITE)


def fit(ours: Floats, theirs: Floats) -> tuple[float, float]:
    """Fit gain and offset that map ``ours`` to ``theirs``, both float32 (N,) in 0..255; 1 and 0 if nothing fits.

    The gain is the ratio of standard deviations: a regression would be biased by grain. Outliers are left out.
    """
    inside = np.ones(len(ours), bool)
    gain, offset, alike = 1.0, 0.0, 0.0
    for _ in range(ROUNDS):
        one, other = ours[inside], theirs[inside]
        spread = float(one.std()), float(other.std())
        if min(spread) < 1:
            return 1.0, 0.0
        alike = float(((one - one.mean()) * (other - other.mean())).mean()) / (spread[0] * spread[1])
        gain = spread[1] / spread[0]
        offset = float(other.mean()) - gain * float(one.mean())
        apart = np.abs(F32(gain) * ours + F32(offset) - theirs)
        inside = apart <= max(OUTLIER * float(np.median(apart)), LEAST)
    known = alike >= ALIKE and WEAKEST <= gain <= STRONGEST
    return (gain, offset) if known else (1.0, 0.0)


def same(gain: float, offset: float) -> bool:
    """Return whether a change of light cannot be distinguished from grain at any level."""
    return abs(gain - 1) < SAME_GAIN and abs(offset) < SAME_LEVEL + 128 * SAME_GAIN
