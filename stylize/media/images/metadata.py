"""A frame's place in time, as EXR and DPX say it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from stylize.media.clock import packed_timecode

if TYPE_CHECKING:
    import OpenImageIO


@dataclass(frozen=True)
class Stamp:
    """What EXR and DPX say of a frame's place in time: its number, frames per second, time code; and its pixels' shape.

    `pixel_aspect`: width of a pixel over its height.
    """

    number: int
    rate: Fraction
    timecode: str | None
    pixel_aspect: Fraction = Fraction(1)


def put_stamp(spec: "OpenImageIO.ImageSpec", suffix: str, stamp: Stamp) -> None:
    """Say in what is to become an EXR or a DPX, by its suffix, when its frame is shown."""
    from OpenImageIO import TypeDesc

    if suffix == ".exr":
        spec.attribute("FramesPerSecond", TypeDesc("rational"), (stamp.rate.numerator, stamp.rate.denominator))
    else:
        spec.attribute("dpx:FrameRate", float(stamp.rate))
        spec.attribute("dpx:FramePosition", TypeDesc("uint"), stamp.number)
    spec.attribute("PixelAspectRatio", float(stamp.pixel_aspect))
    packed = stamp.timecode and packed_timecode(stamp.timecode, stamp.rate)
    if packed is not None and stamp.timecode:
        spec.attribute("smpte:TimeCode", TypeDesc("timecode"), (packed, 0))
