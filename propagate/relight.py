"""Takes a change of light out of a plate, so that the look does not flash with it.

Patches are found, and the warped key is believed, by the plate's colours. Lamps that flicker, clouds and flashes
change all of these at once; so a plate is first brought to the light of the key's plate, by a gain and an offset
of each channel, found where flow says that the two show the same thing.
"""

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats

# Rounds of a fit that leaves out what it does not explain: beyond so many medians of the residual, in levels at least.
ROUNDS, OUTLIER, LEAST = 4, 3.0, 2.0
# Least share of a frame, and least correlation, from which light is judged. White and black carry nothing.
ENOUGH, ALIKE, WHITE, BLACK = 0.05, 0.8, 250, 4
# Gains that are no light of any scene; and a change too small to be told from grain: of gain, and in 8-bit levels.
WEAKEST, STRONGEST, SAME_GAIN, SAME_LEVEL = 0.2, 5.0, 0.02, 1.5
# About how many pixels a fit looks at; more change nothing.
SAMPLES = 8000


def relight(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> Bytes:
    """``plate`` in the light of ``key_plate``: uint8 (H, W, 3); ``plate`` itself where no change of light is found.

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
    """Pixels of the plate on an even lattice, those of the key that they come from, and which tell something."""
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
    """Gain and offset that turn the one into the other, both float32 (N,) in 0..255; 1 and 0 when nothing does.

    The ratio of spreads rather than a regression, which grain on the one side would flatten; outliers are left out.
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
    """Whether a change of light cannot be told from grain, at any level."""
    return abs(gain - 1) < SAME_GAIN and abs(offset) < SAME_LEVEL + 128 * SAME_GAIN
