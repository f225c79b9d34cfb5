"""ICC profiles embedded in pictures, and conversion of pixels from them.

A profile of three colorants and curves (ICC.1:2022, matrix/TRC) or of one grey curve is evaluated here, in any depth.
One that needs a lookup table (CMYK, printers, scanners) is evaluated in 8 bits by LittleCMS, which Pillow includes.
"""

import io
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from propagate.arrays import Bytes, Floats, Pixels
from stylize.media.colour import NAMED_PRIMARIES, Colour, colour_from_tags, matrix_product, rgb_to_xyz
from stylize.media.images.bit_depth import quantise, to_float
from stylize.media.images.icc import D50, icc_profile
from stylize.media.images.transfer import encode_srgb

Doubles = NDArray[np.float64]
Curve = Callable[[Doubles], Doubles]

_SRGB_TRANSFER = 13
_HEADER_SIZE, _TAG_SIZE = 128, 12
_COLORANTS, _CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
# Number of channels, and Pillow's mode, by colour space of the profile.
_CHANNELS: Mapping[bytes, tuple[int, str]] = {b"RGB ": (3, "RGB"), b"GRAY": (1, "L"), b"CMYK": (4, "CMYK")}
# Number of parameters of a parametric curve, by its type.
_PARAMETERS = (1, 3, 4, 5, 7)
_MAX_CURVE = 1 << 16
# Max difference to known colorants (XYZ), and to the sRGB curve (encoded).
_SAME_COLORANTS, _SAME_CURVE = 3e-3, 1.5 / 255
_MAX_NAME = 60


@dataclass(frozen=True, eq=False)
class Profile:
    """A colour profile.

    name: its description. space: `RGB `, `GRAY` or `CMYK`. data: the ICC profile, empty if it stands for other tags.
    matrix: from linear RGB to XYZ relative to D50, float64 (3, 3). curves: linear light of encoded values from 0 to 1,
    one for grey, three for RGB; none if the profile has a lookup table instead.
    """

    name: str
    space: bytes
    data: bytes
    matrix: Floats | None
    curves: tuple[Curve, ...]


@lru_cache(64)
def parse_profile(data: bytes) -> Profile:
    """Parse an ICC profile. Raises ValueError with the reason if it is damaged or of an unsupported colour space."""
    if len(data) < _HEADER_SIZE + 4 or data[36:40] != b"acsp":
        raise ValueError("it is not an ICC profile")
    space = data[16:20]
    if space not in _CHANNELS:
        raise ValueError(f"its colour space {space.decode('latin-1').strip()!r} is not RGB, grey or CMYK")
    tags = _tags(data)
    name = _description(tags.get(b"desc", b"")) or f"{space.decode().strip()} without a name"
    # A lookup table takes precedence over colorants and curves.
    if space == b"GRAY" and b"kTRC" in tags:
        return Profile(name, space, data, None, (_curve(tags[b"kTRC"]),))
    if space == b"RGB " and b"A2B0" not in tags and {*_COLORANTS, *_CURVES} <= tags.keys():
        matrix: Any = np.stack([_xyz(tags[tag]) for tag in _COLORANTS], axis=1)
        if abs(np.linalg.det(matrix)) < 1e-6:
            raise ValueError("its colorants do not span a space of colours")
        return Profile(name, space, data, matrix, tuple(_curve(tags[tag]) for tag in _CURVES))
    profile = Profile(name, space, data, None, ())
    _littlecms(np.zeros((1, 1, _CHANNELS[space][0]), np.uint8), profile, Colour())
    return profile


def gamma_profile(gamma: float, colorants: Floats | None, name: str) -> Profile:
    """Return the profile that stands for tags of a gamma and of colorants (see `colorants_of`); Rec. 709 for None."""
    matrix = rgb_to_xyz(Colour(), D50)[0] if colorants is None else colorants
    return Profile(name, b"RGB ", b"", matrix, (_power(gamma),) * 3)


def colour_of(profile: Profile) -> Colour | None:
    """Return the colour that has the primaries and the curve of a profile; None if none has."""
    if profile.space == b"GRAY":
        return Colour() if profile.curves and _is_srgb(profile.curves) else None
    if profile.matrix is None or not _is_srgb(profile.curves):
        return None
    return colour_of_colorants(profile.matrix)


def colour_of_colorants(matrix: Floats) -> Colour | None:
    """Return the colour with these colorants (RGB to XYZ relative to D50, float64 (3, 3)); None if none has them."""
    errors = {primaries: float(np.abs(known - matrix).max()) for primaries, known in _known_colorants().items()}
    nearest = min(errors, key=lambda primaries: errors[primaries])
    return colour_from_tags(0, nearest, _SRGB_TRANSFER) if errors[nearest] <= _SAME_COLORANTS else None


def fits_channels(profile: Profile, channels: int) -> bool:
    """Return whether a profile applies to pictures with this number of colour channels as stored.

    Programs embed RGB profiles in grey pictures too. The grey axis of RGB has the profile's curve.
    """
    return _CHANNELS[profile.space][0] == channels or (profile.space == b"RGB " and channels == 1)


def convert(pixels: Pixels, profile: Profile, target: Colour) -> Pixels:
    """Convert pixels from a profile to R'G'B' with the primaries of `target` and the sRGB curve.

    pixels: uint8 or uint16 (H, W, C), C as in the profile; grey may be stored as RGB. Returns (H, W, 3) of the same
    type. Colours that `target` cannot represent are clipped. A lookup table is evaluated in 8 bits.
    """
    if not profile.curves:
        eight = pixels if pixels.dtype == np.uint8 else quantise(to_float(pixels), np.uint8)
        converted = _littlecms(eight, profile, target)
        return converted if pixels.dtype == np.uint8 else converted.astype(np.uint16) * 257
    curves = profile.curves * (3 // len(profile.curves))
    codes = np.linspace(0, 1, int(np.iinfo(pixels.dtype).max) + 1)
    tables = [curve(codes).astype(np.float32) for curve in curves]
    linear = np.stack([table[pixels[..., channel]] for channel, table in enumerate(tables)], axis=-1)
    if profile.matrix is not None:
        linear = matrix_product(linear, np.asarray(np.linalg.inv(rgb_to_xyz(target, D50)[0]) @ profile.matrix))
    return quantise(encode_srgb(np.clip(linear, 0, 1)), pixels.dtype)


def _littlecms(pixels: Bytes, profile: Profile, target: Colour) -> Bytes:
    """Convert 8-bit pixels (H, W, C) with LittleCMS, relative colorimetric, with black point compensation.

    Raises ValueError if LittleCMS rejects the profile.
    """
    from PIL import Image, ImageCms

    mode = _CHANNELS[profile.space][1]
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if mode == "L" else pixels), mode)
    try:
        source, result = (ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (profile.data, icc_profile(target)))
        converted: Any = ImageCms.profileToProfile(
            picture, source, result, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    except (ImageCms.PyCMSError, OSError) as error:
        raise ValueError("LittleCMS cannot use it") from error
    return np.asarray(converted, np.uint8)


@cache
def _known_colorants() -> dict[int, Floats]:
    return {primaries: rgb_to_xyz(Colour(primaries=primaries), D50)[0] for primaries in NAMED_PRIMARIES}


def _is_srgb(curves: Sequence[Curve]) -> bool:
    codes = np.linspace(0, 1, 256)
    return all(
        np.abs(encode_srgb(np.clip(curve(codes), 0, 1).astype(np.float32)) - codes).max() <= _SAME_CURVE
        for curve in curves
    )


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, _HEADER_SIZE)
    if _HEADER_SIZE + 4 + count * _TAG_SIZE > len(data):
        raise ValueError("it is truncated")
    found = {}
    for place in range(_HEADER_SIZE + 4, _HEADER_SIZE + 4 + count * _TAG_SIZE, _TAG_SIZE):
        name, begin, size = struct.unpack_from(">4sII", data, place)
        if begin + size > len(data):
            raise ValueError("it is truncated")
        found[name] = data[begin : begin + size]
    return found


def _description(tag: bytes) -> str:
    """Return the text of a description: type `desc` of version 2, `mluc` of version 4. Empty if it has none."""
    if tag[:4] == b"desc" and len(tag) > 12:
        size = int.from_bytes(tag[8:12], "big")
        text = tag[12 : 12 + size].split(b"\0")[0].decode("ascii", "replace")
    elif tag[:4] == b"mluc" and len(tag) >= 28:
        size, begin = struct.unpack_from(">II", tag, 20)
        text = tag[begin : begin + size].decode("utf-16-be", "replace").split("\0")[0]
    else:
        text = ""
    return text.strip()[:_MAX_NAME]


def _xyz(tag: bytes) -> Doubles:
    if tag[:4] != b"XYZ " or len(tag) < 20:
        raise ValueError("a colorant is damaged")
    return np.frombuffer(tag[8:20], ">i4").astype(np.float64) / 65536


def _curve(tag: bytes) -> Curve:
    """Return a curve, of type `curv` or `para`. Raises ValueError if it is damaged."""
    if tag[:4] == b"curv" and len(tag) >= 12:
        count = int.from_bytes(tag[8:12], "big")
        values = np.frombuffer(tag[12 : 12 + 2 * min(count, _MAX_CURVE)], ">u2").astype(np.float64)
        if values.size != count:
            raise ValueError("a curve is damaged")
        if count < 2:
            return _power(values[0] / 256 if count else 1.0)
        return lambda codes: np.interp(codes, np.linspace(0, 1, values.size), values / 65535)
    kind = int.from_bytes(tag[8:10], "big")
    if tag[:4] != b"para" or kind >= len(_PARAMETERS) or len(tag) < 12 + 4 * _PARAMETERS[kind]:
        raise ValueError("a curve is damaged")
    numbers = np.frombuffer(tag[12 : 12 + 4 * _PARAMETERS[kind]], ">i4").astype(np.float64) / 65536
    return _parametric(kind, numbers.tolist())


def _power(gamma: float) -> Curve:
    if not 0 < gamma < 16:
        raise ValueError("a curve is damaged")
    return lambda codes: np.power(codes, gamma)


def _parametric(kind: int, numbers: list[float]) -> Curve:
    """Return a parametric curve (ICC.1:2022, 10.18): (a x + b) ** gamma + e from `start` on, c x + f below."""
    if kind == 0:
        return _power(numbers[0])
    gamma, a, b, *rest = numbers
    c, start, e, f = 0.0, -b / a if a else 0.0, 0.0, 0.0
    if kind == 2:
        e = f = rest[0]
    elif kind >= 3:
        c, start = rest[:2]
    if kind == 4:
        e, f = rest[2:]
    if not 0 < gamma < 16:
        raise ValueError("a curve is damaged")

    def curve(codes: Doubles) -> Doubles:
        above = np.power(np.maximum(a * codes + b, 0), gamma) + e
        return np.asarray(np.where(codes >= start, above, c * codes + f))

    return curve
