"""Linear working spaces of EXR, and conversion between them with OpenColorIO's built-in configuration."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from propagate.arrays import Floats

REC709 = "rec709"
_OCIO_NAMES = {REC709: "Linear Rec.709 (sRGB)", "acescg": "ACEScg", "aces2065-1": "ACES2065-1"}
# Chromaticities that an EXR declares: x and y of red, green, blue and white.
CHROMATICITIES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        REC709: (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
        "acescg": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767),
        "aces2065-1": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
    }
)
WORKING_SPACES = tuple(_OCIO_NAMES)
_OCIO_CONFIG = "ocio://default"
_LARGEST_HALF = 65504


def to_space(linear: "Floats", source: str, target: str) -> "Floats":
    """Convert linear light, float32 (H, W, C), from one of `WORKING_SPACES` to another.

    The first 3 channels are RGB; others are not changed. RGB is clipped to the range of half float. Pictures with fewer
    than 3 channels are returned unchanged. Raises OSError if OpenColorIO fails.
    """
    if source == target or linear.shape[2] < 3:
        return linear
    import numpy as np
    from OpenImageIO import ImageBuf, ImageBufAlgo

    finite = np.clip(linear[..., :3], -_LARGEST_HALF, _LARGEST_HALF)
    pixels = ImageBuf(np.ascontiguousarray(finite))
    result = ImageBufAlgo.colorconvert(pixels, _OCIO_NAMES[source], _OCIO_NAMES[target], False, "", "", _OCIO_CONFIG)
    if result.has_error:
        raise OSError(f"OpenColorIO: {result.geterror()}")
    return np.concatenate([np.asarray(result.get_pixels(), np.float32), linear[..., 3:]], axis=2)


def space_of(chromaticities: Sequence[float] | None) -> str:
    """Return the working space with these chromaticities. Rec. 709 for unknown ones and for None."""
    return REC709 if chromaticities is None else _known_space(chromaticities) or REC709


def is_known(chromaticities: Sequence[float] | None) -> bool:
    """Return whether a working space has these chromaticities. Without any, Rec. 709 is assumed."""
    return chromaticities is None or _known_space(chromaticities) is not None


def _known_space(chromaticities: Sequence[float]) -> str | None:
    for name, known in CHROMATICITIES.items():
        if all(abs(a - b) < 5e-4 for a, b in zip(chromaticities, known, strict=True)):
            return name
    return None
