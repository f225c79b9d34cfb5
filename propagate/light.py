"""Light of a plate relative to that of a key: a gain in linear light, measured along the motion, and its application.

A look follows the light of its shot. The gain is taken out of a plate before patches are searched, so that the search
compares surfaces and not exposures, and put on the propagated picture at the end. Pictures are assumed to be sRGB
(IEC 61966-2-1).
"""

from functools import lru_cache

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Pixels

# Levels of 255 from which a channel counts as clipped, and below which a sample of the key has no light to compare.
CLIPPED, DARK = 250, 12
# Approximate number of samples of a measurement; more do not improve it.
SAMPLES = 8000
# Minimum share of samples that can be compared; minimum share of the key's light in them that one gain explains; and
# the difference up to which a gain explains a sample: as a share of its light, and in levels.
MIN_SHARE, MIN_SUPPORT, MAX_DEVIATION, LEVEL_SLACK = 0.05, 0.5, 0.25, 1.5
ROUNDS = 3
# Logarithm of the gain below which the median counts too: the sum of all light also changes where things shine or turn.
SMALL = 0.1
# Logarithm of the gain up to which a change cannot be distinguished from grain and reflections; it
# counts in full from twice that on. In between it grows continuously, so that nothing jumps in a slow drift.
TOLERANCE = 0.02
# Share of clipped samples above which the gain is only known to be large; and the largest gain that is assumed then.
WHITE_SHARE, WHITE_QUANTILE, MAX_GAIN = 0.6, 0.1, 16.0
# Deviation of a plate from the warped key's plate, in levels, that a change in content is expected to cause; and the
# noise of a level, from rounding and grain. Where a dark level is amplified, the warped key holds more information than
# the plate.
CONTENT_LEVELS, NOISE_LEVELS = 12.0, 1.0

# A picture is black if no block of it, about BLOCK pixels wide, exceeds BLACK levels on average; or the black of video,
# 16, if none exceeds VIDEO_BLACK and all are equal. No pixel may exceed SPARK after a slight blur: a night has lights.
BLOCK, BLACK, VIDEO_BLACK, BLACK_RANGE, SPARK = 8, 5.0, 22.0, 3.0, 40.0
# Blocks along the longer side when two neighbours are compared without motion.
BLOCKS = 32
# Logarithm of the gain from which neighbours are matched before their motion is estimated; and the minimum share of
# blocks that agree about it, to within a third of it.
MATCH_FROM, MATCH_SHARE = 0.06, 0.6

_RED, _GREEN, _BLUE = F32(0.2126), F32(0.7152), F32(0.0722)


def _encode(linear: Floats) -> Floats:
    low = linear * 12.92
    return np.where(linear <= 0.0031308, low, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


@lru_cache(maxsize=2)
def _linear_table(levels: int) -> Floats:
    """Linear light of every level: float64 (levels,), 0..1; read-only."""
    encoded = np.arange(levels, dtype=np.float64) / (levels - 1)
    table = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    table.setflags(write=False)
    return table


def apply_gain(picture: Floats, gain: float) -> Floats:
    """Multiply the linear light of a picture: float32 (H, W, 3), display-encoded, in [0, 1]; clipped to that range.

    Returns ``picture`` itself for a gain of 1.
    """
    if gain == 1:
        return picture
    table = np.asarray(_encode(np.clip(_linear_table(65536) * gain, 0, 1)), F32)
    return np.take(table, np.floor(np.clip(picture, 0, 1) * F32(65535) + F32(0.5)).astype(np.uint16))


def agree_in_light(forward: tuple[Pixels, float], backward: tuple[Pixels, float], t: float) -> tuple[Pixels, Pixels]:
    """Return the two passes of a frame in the same light.

    forward, backward: uint16 (H, W, 3) and the gain relative to the key; see ``synthesis.StylisedFrame``. t: position
    in time between the keys, 0 at the left, 1 at the right.

    If the light has changed from key to key and a painter has not painted that change, each pass follows the plate from
    its own key, and they differ. The part of the change that is not in the keys is then spread over the span, so that
    each pass is as it was at its key.
    """
    (left, left_gain), (right, right_gain) = forward, backward
    if min(left_gain, right_gain) <= 0:
        return left, right
    change = float(np.log(left_gain / right_gain))
    if abs(change) < SMALL:
        return left, right
    light = [float(_linear_table(65536)[picture].mean()) for picture in (left, right)]
    apart = float(np.log(max(light[0], 1e-6) / max(light[1], 1e-6)))
    apart = min(max(apart, min(change, 0.0)), max(change, 0.0))
    if abs(apart) < SMALL:
        return left, right
    left_lit, right_lit = (
        apply_gain(picture.astype(F32) / F32(65535), float(np.exp(exponent)))
        for picture, exponent in ((left, -apart * t), (right, apart * (1 - t)))
    )
    return left_lit, right_lit


def is_black(plate: Bytes) -> bool:
    """Return whether a plate shows nothing but black, with the noise of a camera or the lift of video.

    plate: uint8 (H, W, 3). A dark picture of a night is not black.
    """
    if cv2.blur(plate, (3, 3)).max() > SPARK:
        return False
    blocks = _blocks(plate, max(1, max(plate.shape[:2]) // BLOCK))
    high, low = float(blocks.max()), float(blocks.min())
    return high <= BLACK or (high <= VIDEO_BLACK and high - low <= BLACK_RANGE)


def is_blank(plate: Bytes) -> bool:
    """Return whether a plate, uint8 (H, W, 3), is black, or white nearly everywhere: no motion can be seen in it."""
    return bool((plate.min(axis=2) >= CLIPPED).mean() > 0.95) or is_black(plate)


def _blocks(plate: Bytes, count: int) -> Floats:
    """Means of square blocks, ``count`` of them along the longer side: float32 (h, w, 3)."""
    height, width = plate.shape[:2]
    longer = max(height, width)
    size = (max(1, round(width * count / longer)), max(1, round(height * count / longer)))
    return np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), F32).reshape(size[1], size[0], 3)


def luminance(samples: Bytes) -> Floats:
    """Linear luminance of uint8 (..., 3): float32 (...), 0..1."""
    linear = np.asarray(_linear_table(256), F32)[samples]
    return np.asarray(_RED * linear[..., 0] + _GREEN * linear[..., 1] + _BLUE * linear[..., 2], F32)


def measure_gain(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> float | None:
    """Measure the gain in linear light that turns the light of ``key_plate`` into that of ``plate``.

    plate, key_plate: uint8 (H, W, 3). flow, valid: composed flow to the key, on the grid of ``plate``. Returns 0 for a
    black plate, and None where nothing can be compared or no single gain explains the difference.
    """
    if is_black(plate):
        return 0.0
    plate_samples, key_samples, known = lattice_samples(plate, key_plate, flow, valid)
    if known.size == 0:
        return None
    clipped = plate_samples.max(axis=-1) >= CLIPPED
    comparable = known & (key_samples.max(axis=-1) < CLIPPED) & (key_samples.max(axis=-1) >= DARK)
    if (comparable & ~clipped).mean() >= MIN_SHARE:
        comparable &= ~clipped
        return _fit(luminance(plate_samples[comparable]), luminance(key_samples[comparable]))
    if clipped.mean() > WHITE_SHARE:
        return _white_gain(luminance(plate_samples[clipped]), luminance(key_samples[clipped]))
    return None


def lattice_samples(plate: Bytes, key_plate: Bytes, flow: Floats, valid: Bools) -> tuple[Bytes, Bytes, Bools]:
    """Pixels of the plate on a regular lattice, those of the key that they come from, and a mask of the known ones."""
    height, width = valid.shape
    stride = max(1, round((height * width / SAMPLES) ** 0.5))
    lattice = slice(stride // 2, None, stride), slice(stride // 2, None, stride)
    xs, ys = np.arange(width)[lattice[1]], np.arange(height)[lattice[0]]
    positions = flow[lattice] + np.stack(np.meshgrid(xs, ys), axis=-1).astype(F32)
    key_samples = cv2.remap(key_plate, positions, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return plate[lattice], key_samples, valid[lattice]


def _fit(light: Floats, key_light: Floats) -> float | None:
    """Fit a gain to samples of linear light, float32 (N,): the ratio of sums over what it explains."""
    order = np.argsort(light / key_light, kind="stable")
    middle = np.searchsorted(np.cumsum(key_light[order], dtype=np.float64), key_light.sum(dtype=np.float64) / 2)
    first = order[min(int(middle), len(order) - 1)]
    median = gain = float(light[first] / key_light[first])
    slack = LEVEL_SLACK * _level_step(light)
    support = 0.0
    for _ in range(ROUNDS):
        expected = F32(gain) * key_light
        explained = np.abs(light - expected) <= F32(MAX_DEVIATION) * (light + expected) / 2 + slack
        explained_light = float(key_light[explained].sum(dtype=np.float64))
        support = explained_light / float(key_light.sum(dtype=np.float64))
        if explained_light == 0:
            return None
        gain = float(light[explained].sum(dtype=np.float64)) / explained_light
    if support < MIN_SUPPORT:
        return None
    if _distance(gain) < SMALL:
        return min(gain, median, key=_distance)
    return gain


def _distance(gain: float) -> float:
    """Return the absolute logarithm of a gain."""
    return abs(float(np.log(max(gain, 1e-6))))


def _level_step(light: Floats) -> Floats:
    """Linear light of one level of 255 at a given light."""
    table = _linear_table(256)
    step = np.diff(table, append=2 * table[-1] - table[-2])
    return np.asarray(step[np.clip(np.searchsorted(table, light), 0, 255)], F32)


def _white_gain(light: Floats, key_light: Floats) -> float:
    """Return the gain that clips nearly all of the samples which are clipped."""
    dark = float(np.quantile(key_light, WHITE_QUANTILE))
    return float(np.clip(float(np.median(light)) / max(dark, 1e-6), 1, MAX_GAIN))


def significant(gain: float) -> float:
    """Return 1 for a gain indistinguishable from grain, the gain itself for a clear one, and something in between."""
    if gain <= 0:
        return 0.0
    logarithm = float(np.log(gain))
    share = float(np.clip(abs(logarithm) / TOLERANCE - 1, 0, 1))
    return float(np.exp(logarithm * share)) if share > 0 else 1.0


def remove_gain(plate: Bytes, gain: float, expected: Bytes) -> Bytes:
    """Return a plate in the light of the key: uint8 (H, W, 3).

    expected: uint8 (H, W, 3), the key's plate warped to the frame. It stands in where the plate holds no information:
    where it is clipped, and where a few dark levels would be amplified.
    """
    if gain <= 0:
        return expected
    levels = 255 * _encode(np.clip(_linear_table(256) / gain, 0, 1))
    noise = (np.gradient(levels) * NOISE_LEVELS) ** 2
    own = np.asarray(levels, F32)[plate]
    weights = np.asarray(noise / (noise + CONTENT_LEVELS**2), F32)[plate]
    blended = own + weights * (expected - own)
    if gain > 1:
        blended = np.where(plate >= CLIPPED, np.maximum(blended, expected), blended)
    return np.asarray(np.floor(blended + F32(0.5)), U8)


def match_neighbours(one: Bytes, other: Bytes) -> tuple[Bytes, Bytes]:
    """Return two neighbouring plates in the same light, that of the brighter one: uint8 (H, W, 3).

    Their motion is not known yet: blocks at the same place are compared, and most must agree about the gain. Returns
    the plates themselves if no change of light is found.
    """
    if one.shape != other.shape:
        return one, other
    gain = block_gain(one, other)
    if gain == 1:
        return one, other
    return (one, relit(other, 1 / gain)) if gain < 1 else (relit(one, gain), other)


def relit(plate: Bytes, gain: float) -> Bytes:
    """Return a plate with its linear light multiplied by ``gain``: uint8 (H, W, 3), clipped."""
    levels = 255 * _encode(np.clip(_linear_table(256) * gain, 0, 1))
    return np.asarray(cv2.LUT(plate, np.asarray(np.rint(levels), U8)), U8).reshape(plate.shape)


def block_gain(one: Bytes, other: Bytes) -> float:
    """Return the gain in linear light from ``one`` to ``other``, both uint8 (H, W, 3); 1 if blocks do not agree."""
    first, second = (_blocks(plate, BLOCKS) for plate in (one, other))
    usable = (np.maximum(first, second).max(axis=2) < CLIPPED) & (np.minimum(first, second).max(axis=2) >= DARK / 2)
    if usable.mean() < MIN_SHARE:
        return 1.0
    # Means of levels instead of means of light: close enough for blocks of one surface.
    lights = [luminance(np.rint(blocks[usable]).astype(U8)) for blocks in (first, second)]
    ratios = np.log(np.maximum(lights[1], F32(1e-5)) / np.maximum(lights[0], F32(1e-5)))
    middle = float(np.median(ratios))
    if abs(middle) < MATCH_FROM:
        return 1.0
    agree = np.abs(ratios - middle) < max(abs(middle) / 3, MATCH_FROM)
    return float(np.exp(middle)) if agree.mean() >= MATCH_SHARE else 1.0
