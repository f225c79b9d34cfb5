"""Tone curves, which compress the light of HDR pictures into the range of a standard display.

Light is relative to `WHITE`, the diffuse white of HDR programmes (Report ITU-R BT.2408), which becomes the white of the
standard display: 1 is its peak. Each curve rises from 0 at 0 to 1 at the peak of the source.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from propagate.arrays import Floats
from propagate.hdr_light import Doubles, light_to_pq, pq_to_light

WHITE = 203.0
# Light up to this keeps its value with Mobius.
_MOBIUS_KNEE = 0.3


def bt2390(light: Doubles, peak: float) -> Doubles:
    """Return the curve of Report ITU-R BT.2390, section 5.4.1: a Hermite spline in PQ above a knee, unchanged below."""
    top = float(light_to_pq(np.array(peak * WHITE)))
    target = float(light_to_pq(np.array(WHITE))) / top
    knee = max(1.5 * target - 0.5, 0.0)
    value = light_to_pq(light * WHITE) / top
    place = np.clip((value - knee) / (1 - knee), 0, 1)
    square, cube = place**2, place**3
    spline = (
        (2 * cube - 3 * square + 1) * knee
        + (cube - 2 * square + place) * (1 - knee)
        + (-2 * cube + 3 * square) * target
    )
    return np.asarray(pq_to_light(np.where(value < knee, value, spline) * top) / WHITE)


def mobius(light: Doubles, peak: float) -> Doubles:
    """Return a Mobius transform above 0.3, with equal slope where it begins, and unchanged light below."""
    knee = _MOBIUS_KNEE
    shift = -(knee**2) * (peak - 1) / (knee**2 - 2 * knee + peak)
    spread = (knee**2 - 2 * knee * peak + peak) / (peak - 1)
    scale = (spread**2 + 2 * spread * knee + knee**2) / (spread - shift)
    curve = scale * (light + shift) / (np.maximum(light, knee) + spread)
    return np.where(light <= knee, light, curve)


def hable(light: Doubles, peak: float) -> Doubles:
    """Return Hable's filmic curve ("Uncharted 2", GDC 2010), scaled so that the peak becomes 1."""
    return np.asarray(_filmic(light) / _filmic(np.array(peak)))


def reinhard(light: Doubles, peak: float) -> Doubles:
    """Return Reinhard's curve with a white point at the peak (Reinhard et al. 2002, equation 4)."""
    return np.asarray(light * (1 + light / peak**2) / (1 + light))


def clip(light: Doubles, peak: float) -> Doubles:
    """Return light unchanged up to white, and white above it."""
    return np.minimum(light, 1)


CURVES: Mapping[str, Callable[[Doubles, float], Doubles]] = MappingProxyType(
    {"bt2390": bt2390, "mobius": mobius, "hable": hable, "reinhard": reinhard, "clip": clip}
)


def compress(linear: Floats, curve: str, peak: float) -> Floats:
    """Apply a curve to the largest channel of each pixel, and scale the others with it, so that hues are kept.

    linear: RGB, float32 (H, W, 3), 0 or more. curve: a name in `CURVES`. peak: of the source, above which light is
    clipped; a source whose peak is 1 or less needs no curve. Returns RGB in [0, 1], of the same shape and type.
    """
    largest = np.max(linear, axis=2).astype(np.float64)
    target = CURVES[curve](np.minimum(largest, peak), peak) if peak > 1 else np.minimum(largest, 1)
    gain = np.divide(target, largest, out=np.zeros_like(largest), where=largest > 0)
    return np.clip(linear * gain.astype(np.float32)[..., None], 0, 1)


def _filmic(light: Doubles) -> Doubles:
    a, b, c, d, e, f = 0.15, 0.5, 0.1, 0.2, 0.02, 0.3
    return np.asarray((light * (a * light + c * b) + d * e) / (light * (a * light + b) + d * f) - e / f)
