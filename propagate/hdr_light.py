"""Light of HDR signals: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67), as Recommendation ITU-R BT.2100-2 defines both.

Light is that of a display, in cd/m². The curves compute in double precision.
"""

import numpy as np
from numpy.typing import NDArray

from propagate.arrays import F32, Floats

Doubles = NDArray[np.float64]

# Constants of PQ (BT.2100-2, table 4).
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
PQ_PEAK = 10000.0
# Constants of HLG (BT.2100-2, table 5).
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
# Peak of the display for which HLG is rendered, and the system gamma that belongs to it.
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2


def pq_to_light(signal: Doubles) -> Doubles:
    """Return the light of PQ values by the EOTF: of any shape, from 0..1 to 0..10000 cd/m²."""
    power = np.power(np.clip(signal, 0, 1), 1 / _M2)
    return np.asarray(PQ_PEAK * np.power(np.maximum(power - _C1, 0) / (_C2 - _C3 * power), 1 / _M1))


def light_to_pq(light: Doubles) -> Doubles:
    """Return the PQ values of light by the inverse EOTF: of any shape, from 0..10000 cd/m² to 0..1."""
    power = np.power(np.clip(light, 0, PQ_PEAK) / PQ_PEAK, _M1)
    return np.asarray(np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2))


def hlg_to_scene(signal: Doubles) -> Doubles:
    """Return the scene light of HLG values by the inverse OETF: of any shape, from 0..1 to 0..1."""
    values = np.clip(signal, 0, 1)
    return np.asarray(np.where(values <= 0.5, values**2 / 3, (np.exp((values - _C) / _A) + _B) / 12))


def scene_to_display(scene: Floats, luma: tuple[float, float, float]) -> Floats:
    """Return the light of a display of 1000 cd/m² that shows the scene light of HLG (OOTF, system gamma 1.2).

    scene: linear RGB, float32 (H, W, 3), 0..1. luma: weights of red, green and blue in luminance.
    """
    red, green, blue = map(F32, luma)
    luminance = scene[..., 0] * red + scene[..., 1] * green + scene[..., 2] * blue
    gain = F32(HLG_PEAK) * np.power(luminance, F32(HLG_GAMMA - 1))  # 0 in black, where the gain does not matter
    return np.asarray(scene * gain[..., None])
