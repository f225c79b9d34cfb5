"""Time and pixel aspect ratio that the header of a picture declares.

EXR has the standard attributes `framesPerSecond`, `timeCode` and `pixelAspectRatio`. DPX (SMPTE ST 268-1) has a rate in
its film header and another one in its television header, which also holds the timecode. PNG, TIFF and JPEG have a
resolution in both directions, and rate and timecode in XMP (Dynamic Media namespace).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stylize.media.clock import rate_of

if TYPE_CHECKING:
    import OpenImageIO

# Rates by name, in XMP.
_NAMED_RATES = {"NTSC": Fraction(30000, 1001), "PAL": Fraction(25)}
_MAX_RATE, _MAX_ASPECT = 1000, 16
# Resolutions are stored in whole pixels per metre or inch: 72 and 144 per inch give an aspect of 2.0004.
_RESOLUTION_ERROR = 1 / 2500
_MAX_DENOMINATOR = 1001
_NO_TIMECODE = 0xFFFFFFFF
# OpenImageIO's rate of the film and of the television header of DPX.
_FILM, _TELEVISION = "dpx:FrameRate", "dpx:TemporalFrameRate"


@dataclass(frozen=True)
class Header:
    """Time and shape that a picture declares. None stands for what it does not declare.

    rate: frames per second. other_rate: a second rate, which contradicts the first. timecode: packed as in SMPTE ST
    12-1, or as text. pixel_aspect: width of a pixel divided by its height, as stored. doubtful_aspect: a PNG that
    another program wrote declares it without a unit; FFmpeg stores the inverse of what the PNG specification says.
    """

    rate: Fraction | None = None
    other_rate: Fraction | None = None
    timecode: int | str | None = None
    pixel_aspect: Fraction | None = None
    doubtful_aspect: bool = False


def header_of(spec: "OpenImageIO.ImageSpec", kind: str) -> Header:
    """Return what a header declares. kind: OpenImageIO's name of the format, such as "jpeg"."""
    rates = _rates(spec)
    other = next((rate for rate in rates[1:] if rate != rates[0]), None)
    aspect = _pixel_aspect(spec, kind)
    ratio_only = spec.get_string_attribute("ResolutionUnit") in ("", "none")
    doubtful = kind == "png" and aspect not in (None, 1) and ratio_only and not rates
    return Header(rates[0] if rates else None, other, _timecode(spec), aspect, doubtful)


def _rates(spec: "OpenImageIO.ImageSpec") -> list[Fraction]:
    """Return all valid rates, the most specific first. FFmpeg too prefers the film header of a DPX."""
    names = ("framesPerSecond", "FramesPerSecond", _FILM, _TELEVISION, "xmpDM:videoFrameRate")
    values = (_rate(spec.getattribute(name)) for name in names)
    return [rate for rate in values if rate is not None]


def _rate(value: Any) -> Fraction | None:
    """Return a rate in frames per second. value: fraction (numerator, denominator), number, or text."""
    if isinstance(value, str) and value in _NAMED_RATES:
        return _NAMED_RATES[value]
    numbers = _numbers(value)
    if not numbers or (len(numbers) > 1 and not numbers[1]):
        return None
    rate = numbers[0] / (numbers[1] if len(numbers) > 1 else 1)
    return rate_of(rate) if 0 < rate <= _MAX_RATE else None


def _numbers(value: Any) -> list[float]:
    """Return finite numbers of an attribute, such as those of "30000/1001"; none if there are others."""
    parts = value.split("/") if isinstance(value, str) else value if isinstance(value, Iterable) else [value]
    try:
        found = [float(part) for part in parts]
    except (TypeError, ValueError):
        return []
    return found if all(map(math.isfinite, found)) else []


def _timecode(spec: "OpenImageIO.ImageSpec") -> int | str | None:
    packed = spec.getattribute("smpte:TimeCode")
    if packed is not None:
        value = int(packed[0]) & _NO_TIMECODE
        return None if value == _NO_TIMECODE else value
    text = spec.get_string_attribute("xmpDM:timeValue")
    return str(text) or None


def _pixel_aspect(spec: "OpenImageIO.ImageSpec", kind: str) -> Fraction | None:
    across, down = (_resolution(spec, name) for name in ("XResolution", "YResolution"))
    if not across or not down:
        declared = _numbers(spec.getattribute("PixelAspectRatio") or 0)[:1]
        return _sane(Fraction(declared[0]).limit_denominator(_MAX_DENOMINATOR)) if declared else None
    if spec.get_string_attribute("ResolutionUnit") not in ("", "none"):
        return _sane(_simplest(down / across))
    # Without a unit, JFIF has the aspect itself, as FFmpeg reads it; PNG and TIFF have pixels per unnamed unit.
    return _sane(Fraction(across) / Fraction(down) if kind == "jpeg" else Fraction(down) / Fraction(across))


def _resolution(spec: "OpenImageIO.ImageSpec", name: str) -> float:
    value = float(spec.get_float_attribute(name, 0))
    return value if math.isfinite(value) and value > 0 else 0


def _simplest(value: float) -> Fraction:
    """Return the fraction with the smallest denominator that a rounded resolution could stand for."""
    for denominator in range(1, _MAX_DENOMINATOR):
        fraction = Fraction(round(value * denominator), denominator)
        if abs(fraction - Fraction(value)) <= value * _RESOLUTION_ERROR:
            return fraction
    return Fraction(value).limit_denominator(_MAX_DENOMINATOR)


def _sane(aspect: Fraction) -> Fraction | None:
    """Return an aspect, or None if no lens or format has it."""
    limited = aspect.limit_denominator(_MAX_DENOMINATOR)
    return limited if Fraction(1, _MAX_ASPECT) <= limited <= _MAX_ASPECT else None
