"""Line boil: small displacements and changes of tone from drawing to drawing, as in hand-drawn animation.

The picture is displaced along a smooth noise field without sources or sinks (the curl of a random stream function:
Bridson, Houriham and Nordenstam, "Curl-noise for procedural fluid flow", SIGGRAPH 2007), so that shapes wobble and keep
their area. Its tone varies by a few per cent in broad patches, as if the paint were mixed separately for each drawing.
"""

import numpy as np

from propagate.arrays import F32, Floats
from propagate.flow import warp

# Scales of the displacement: size of a swirl and RMS length at strength 1, both in picture heights.
SCALES = ((1 / 3, 0.0050), (1 / 9, 0.0032), (1 / 24, 0.0011))
# Scale of the variation of tone, in picture heights, and its RMS at strength 1.
TONE_SCALE, TONE_RMS = 1 / 5, 0.025
# RMS slope of noise of unit variance whose swirls have unit size.
NOISE_SLOPE = 1.6
# Noise is clipped at this many standard deviations, so that no drawing jumps.
MAX_SIGMAS = 2.5


def boil(colour: Floats, strength: float, seed: int, drawing: int) -> Floats:
    """Apply line boil to a picture: float32 (H, W, 3) in [0, 1], like ``colour``.

    strength: 0 returns ``colour`` itself, 1 is the maximum; see ``SCALES`` and ``TONE_RMS``.
    seed, drawing: determine the displacement field, whatever the picture shows. The field scales with its height.
    Raises ValueError unless strength is between 0 and 1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"the strength of line boil must be between 0 and 1, not {strength}")
    if strength == 0:
        return colour
    height, width = colour.shape[:2]
    flow = displacement(height, width, seed, drawing) * F32(strength)
    tone = 1 + _noise(height, width, TONE_SCALE, (seed, drawing, len(SCALES))) * F32(TONE_RMS * strength)
    warped = warp(colour, flow, lanczos=True)
    return np.clip(warped * tone[..., None], 0, 1).astype(F32)


def max_wobble(height: int, strength: float) -> float:
    """Maximum wobble in pixels for a picture of this height; only where all scales add up can it be larger."""
    return MAX_SIGMAS * sum(length for _, length in SCALES) * height * strength / 2


def displacement(height: int, width: int, seed: int, drawing: int) -> Floats:
    """Displacement field of a drawing at strength 1, for backward warping: float32 (H, W, 2), x then y, pixels.

    The field runs along the border of the picture, so that nothing is read from outside.
    """
    total = np.zeros((height, width, 2), F32)
    for index, (scale, length) in enumerate(SCALES):
        size = scale * height
        stream = _noise(height, width, scale, (seed, drawing, index)) * _border_falloff(height, width, size)
        dy = np.gradient(stream, axis=0) if height > 1 else np.zeros_like(stream)
        dx = np.gradient(stream, axis=1) if width > 1 else np.zeros_like(stream)
        total += np.stack([dy, -dx], axis=-1) * F32(length * height * size / NOISE_SLOPE)
    return total


def _border_falloff(height: int, width: int, reach: float) -> Floats:
    """Falloff towards the border: 0 there, 1 from ``reach`` pixels on, smooth: float32 (H, W)."""
    return np.outer(_edge_ramp(height, reach), _edge_ramp(width, reach)).astype(F32)


def _edge_ramp(length: int, reach: float) -> Floats:
    distance = np.minimum(np.arange(length) + 0.5, np.arange(length)[::-1] + 0.5)
    t = np.clip(distance / max(reach, 1.0), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), F32)


def _noise(height: int, width: int, scale: float, seeds: tuple[int, int, int]) -> Floats:
    """Smooth noise of mean 0 and standard deviation about 1, with swirls of ``scale`` heights: float32 (H, W).

    Random values on a lattice are interpolated by cubic B-splines, which leave no trace of the lattice.
    """
    cell = scale * height
    rows, columns = int(np.ceil(height / cell)) + 4, int(np.ceil(width / cell)) + 4
    rng = np.random.Generator(np.random.PCG64(list(seeds)))
    # Random values are drawn column by column, so that a wider picture shows more of the same field.
    lattice = np.clip(rng.standard_normal((columns, rows)).T, -MAX_SIGMAS, MAX_SIGMAS).astype(F32)
    # Standard deviation of unit noise after both splines.
    return _interpolate_spline(_interpolate_spline(lattice, height, cell).T, width, cell).T / F32(0.48)


def _interpolate_spline(knots: Floats, length: int, cell: float) -> Floats:
    """Interpolate knots (K, N), ``cell`` apart, along the first axis by cubic B-splines: float32 (length, N)."""
    position = (np.arange(length) + 0.5) / cell
    first = np.floor(position).astype(np.int64)
    t = position - first
    weights = ((1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6)
    total = np.zeros((length, knots.shape[1]), F32)
    for offset, weight in enumerate(weights):
        total += weight.astype(F32)[:, None] * knots[first + offset]
    return total
