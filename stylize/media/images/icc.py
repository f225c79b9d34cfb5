"""ICC profiles for TIFF and JPEG, which have no shorter way to declare the meaning of their values.

Matrix profiles of three colorants and a curve, version 4.3 (ICC.1:2010): the smallest kind that every reader knows.
Colorants are those of the primaries, adapted to D50 by Bradford. The curve is sRGB's, whatever the footage declares its
transfer to be: EXR are made from the values by that curve, and screens show them by it.
"""

import hashlib
import struct
from functools import cache

import numpy as np

from propagate.arrays import Floats
from stylize.media.colour import Colour, rgb_to_xyz

# x and y of the white of the profile connection space, as in the standard; and its X, Y, Z in 65536ths.
_D50 = (0.9642 / 2.7891, 1 / 2.7891)
_D50_XYZ = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
# Gamma, a, b, c, d of sRGB: (a v + b) ** gamma from d on, c v below.
_SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VERSION, _DATE = 0x04300000, (2026, 1, 1, 0, 0, 0)
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_HEADER_SIZE, _TAG_SIZE = 128, 12
# JPEG: the first marker, the start of a profile's segment, and the maximum size of one segment.
_JPEG_START, _SEGMENT_NAME, _MAX_SEGMENT = b"\xff\xd8", b"ICC_PROFILE\0", 0xFFFF - 16


@cache
def icc_profile(colour: Colour) -> bytes:
    """Return the profile of R'G'B' in the primaries of ``colour``, encoded by the curve of sRGB."""
    colorants, adaptation = rgb_to_xyz(colour, _D50)
    curve = b"para" + struct.pack(">IHH", 0, 3, 0) + _fixed_point(np.array(_SRGB))
    tags = {
        b"desc": _text(f"{colour.name}, sRGB curve"),
        b"cprt": _text("No copyright: facts"),
        b"wtpt": b"XYZ " + bytes(4) + _D50_XYZ,
        b"chad": b"sf32" + bytes(4) + _fixed_point(adaptation),
        **{name: b"XYZ " + bytes(4) + _fixed_point(colorants[:, place]) for place, name in enumerate(_COLORANTS)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data = struct.pack(">I", len(tags)), b""
    begin, offsets = _HEADER_SIZE + 4 + _TAG_SIZE * len(tags), dict[bytes, int]()
    for name, value in tags.items():
        if value not in offsets:  # the three curves are stored once
            offsets[value] = begin + len(data)
            data += value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", offsets[value], len(value))
    size = begin + len(data)
    # The profile's ID is the digest of the profile with an empty ID.
    profile_id = hashlib.md5(_header(size, bytes(16)) + table + data, usedforsecurity=False).digest()
    return _header(size, profile_id) + table + data


def with_profile(jpeg: bytes, profile: bytes) -> bytes:
    """Insert a profile into a JPEG, after its JFIF segment.

    Raises ValueError for data that is no JPEG, and for a profile that is too long for one segment.
    """
    if not jpeg.startswith(_JPEG_START) or len(profile) > _MAX_SEGMENT:
        raise ValueError(f"expected a JPEG and at most {_MAX_SEGMENT} bytes, found {len(profile)}")
    place = len(_JPEG_START)
    if jpeg[place : place + 2] == b"\xff\xe0":
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    segment = _SEGMENT_NAME + b"\x01\x01" + profile
    return jpeg[:place] + b"\xff\xe2" + struct.pack(">H", len(segment) + 2) + segment + jpeg[place:]


def _header(size: int, profile_id: bytes) -> bytes:
    """Return the header of a display profile, RGB to XYZ, perceptual."""
    start = struct.pack(">I4xI", size, _VERSION) + b"mntrRGB XYZ " + struct.pack(">6H", *_DATE) + b"acsp"
    return start + bytes(68 - len(start)) + _D50_XYZ + bytes(4) + profile_id + bytes(28)


def _fixed_point(values: Floats) -> bytes:
    """Pack numbers as 65536ths (s15Fixed16)."""
    return np.round(values.ravel() * 65536).astype(">i4").tobytes()


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III", 0, 1, _TAG_SIZE) + b"enUS" + struct.pack(">II", len(encoded), 28) + encoded
