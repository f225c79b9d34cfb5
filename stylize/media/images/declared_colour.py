"""Colour that the header of a picture declares.

It is declared by code points, by an ICC profile, by gamma and chromaticities, or by the EXIF tags of cameras.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Floats
from stylize.media.colour import BT709, Colour, chromaticities_to_xyz, colour_from_tags
from stylize.media.images import png
from stylize.media.images.icc import D50
from stylize.media.images.profile import (
    Profile,
    colour_of,
    colour_of_colorants,
    fits_channels,
    gamma_profile,
    parse_profile,
)

if TYPE_CHECKING:
    import OpenImageIO

# DPX: primaries, by OpenImageIO's name of the colorimetric specification.
_DPX_PRIMARIES = {"ITU-R 601-5 system B or G": 5, "ITU-R 601-5 system M": 6}
# Range of gAMA that stands for displays and video, whose curves are not distinguished, as in movies: from 1/2.6 of
# DCI-P3 to 1/1.961, which FFmpeg writes for BT.709. 1/1.8 of old Macs is above, linear light far above.
_DISPLAY_GAMMA = (0.38, 0.53)
# EXIF: value of ColorSpace, and the directory with the index of interoperability.
_UNCALIBRATED, _INTEROPERABILITY = 0xFFFF, 0xA005
_ADOBE_RGB, _ADOBE_GAMMA = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329), 563 / 256


@dataclass(frozen=True)
class DeclaredColour:
    """Colour of a picture as stored.

    colour: colour of the pixels after conversion from `profile`. tagged: the file declares it. profile: to convert the
    stored pixels from; None if they have `colour` as stored. fault: why a declared profile is ignored, empty if it is
    not.
    """

    colour: Colour = BT709
    tagged: bool = False
    profile: Profile | None = None
    fault: str = ""

    @property
    def name(self) -> str:
        """Name of the profile, or of the primaries."""
        return self.profile.name if self.profile else self.colour.name


def declared_colour(spec: "OpenImageIO.ImageSpec", path: Path, channels: int) -> DeclaredColour:
    """Return the colour that an integer file declares.

    channels: colour channels as stored, 1, 3, or 4 for CMYK. Of several declarations the first counts, in the order of
    the PNG specification: code points (cICP), profile, sRGB, gamma and chromaticities.
    """
    chunks = png.colour_chunks(path)
    tags = spec.getattribute("CICP")
    if tags is not None:
        return DeclaredColour(colour_from_tags(0, tags[0], tags[1]), tagged=True)
    try:
        data = png.embedded_profile(chunks[b"iCCP"]) if b"iCCP" in chunks else spec.getattribute("ICCProfile")
        if data is not None:
            return _from_profile(bytes(data), channels)
    except (ValueError, zlib.error) as error:
        return DeclaredColour(fault=f"its colour profile is ignored, because {_reason(error)}")
    if b"sRGB" not in chunks and (b"gAMA" in chunks or b"cHRM" in chunks) and channels == 3:
        return _from_numbers(chunks)
    if channels == 3 and _is_adobe_rgb(spec, path):
        matrix = chromaticities_to_xyz(_ADOBE_RGB, D50)
        return DeclaredColour(tagged=True, profile=gamma_profile(_ADOBE_GAMMA, matrix, "Adobe RGB, by its EXIF tags"))
    primaries = _DPX_PRIMARIES.get(spec.get_string_attribute("dpx:Colorimetric"))
    return DeclaredColour() if primaries is None else DeclaredColour(colour_from_tags(0, primaries, 0), tagged=True)


def _is_adobe_rgb(spec: "OpenImageIO.ImageSpec", path: Path) -> bool:
    """Return whether a picture is a camera's in Adobe RGB without a profile (DCF 2.0: option file R03)."""
    if spec.get_int_attribute("Exif:ColorSpace", 0) != _UNCALIBRATED:
        return False
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return str(picture.getexif().get_ifd(_INTEROPERABILITY).get(1, "")).startswith("R03")
    except (OSError, ValueError, SyntaxError):
        return False


def _reason(error: Exception) -> str:
    return "it is damaged" if isinstance(error, zlib.error) else str(error)


def _from_profile(data: bytes, channels: int) -> DeclaredColour:
    profile = parse_profile(data)
    if not fits_channels(profile, channels):
        space = profile.space.decode().strip()
        raise ValueError(f"it is for {space}, which the picture is not")
    colour = colour_of(profile)
    if colour is None:
        return DeclaredColour(BT709, tagged=True, profile=profile)
    return DeclaredColour(colour, tagged=True)


def _from_numbers(chunks: dict[bytes, bytes]) -> DeclaredColour:
    """Return the colour of the chunks `gAMA` and `cHRM`, which hold integers in units of 1/100000."""
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] / 1e5 if len(chunks.get(b"gAMA", b"")) == 4 else 0.0
    matrix = _colorants(chunks.get(b"cHRM", b""))
    colour = BT709 if matrix is None else colour_of_colorants(matrix)
    displayed = not gamma or _DISPLAY_GAMMA[0] <= gamma <= _DISPLAY_GAMMA[1]
    if displayed and colour is not None:
        return DeclaredColour(colour, tagged=not colour.has_rec709_primaries)
    name = f"gamma {gamma or 1 / 2.2:.4g}" + ("" if colour is BT709 else " and its chromaticities")
    try:
        return DeclaredColour(BT709, tagged=True, profile=gamma_profile(1 / gamma if gamma else 2.2, matrix, name))
    except ValueError:
        return DeclaredColour(fault="its gamma is ignored, because it is out of range")


def _colorants(chunk: bytes) -> Floats | None:
    """Return the matrix from linear RGB to XYZ relative to D50 of a `cHRM` chunk; None if it has no valid one."""
    if len(chunk) != 32:
        return None
    white, *primaries = np.frombuffer(chunk, ">u4").reshape(4, 2).astype(np.float64) / 1e5
    points = np.concatenate([*primaries, white])
    try:
        matrix = chromaticities_to_xyz(tuple(points.tolist()), D50)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    return matrix if np.isfinite(matrix).all() else None
