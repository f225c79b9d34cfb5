"""ICC profiles that declare the primaries of PNG, TIFF and JPEG files.

The profiles are matrix profiles of version 4.3 (ICC.1:2010), which all readers support: three colorants and one curve.
The colorants are the primaries, adapted to D50 (Bradford). The curve is always that of sRGB, even if the footage
declares another transfer, because conversion to EXR and displays use it too.
"""

import hashlib
import struct
from functools import cache

import numpy as np

from propagate.arrays import Floats
from stylize.media.colour import Colour, rgb_to_xyz

# White of the profile connection space: (x, y), and (X, Y, Z) as s15Fixed16, both as in the standard.
D50 = (0.9642 / 2.7891, 1 / 2.7891)
_D50_XYZ = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
# Parameters gamma, a, b, c, d of the sRGB curve: (a v + b) ** gamma for v >= d, else c v.
_SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VERSION, _DATE = 0x04300000, (2026, 1, 1, 0, 0, 0)
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_HEADER_SIZE, _TAG_SIZE = 128, 12
# JPEG: the start marker, the identifier of a profile segment, and the maximum size of a profile in one segment.
_JPEG_START, _SEGMENT_NAME, _MAX_SEGMENT = b"\xff\xd8", b"ICC_PROFILE\0", 0xFFFF - 16


@cache
def icc_profile(colour: Colour) -> bytes:
    """Return the profile of R'G'B' with the primaries of ``colour`` and the sRGB curve."""
    colorants, adaptation = rgb_to_xyz(colour, D50)
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
    # The profile ID is the digest of the profile with a zero ID.
    profile_id = hashlib.md5(_header(size, bytes(16)) + table + data, usedforsecurity=False).digest()
    return _header(size, profile_id) + table + data


def with_profile(jpeg: bytes, profile: bytes) -> bytes:
    """Return a JPEG with a profile inserted after its JFIF segment.

    Raises ValueError if the data are not a JPEG, or if the profile does not fit into one segment.
    """
    if not jpeg.startswith(_JPEG_START) or len(profile) > _MAX_SEGMENT:
        raise ValueError(f"expected a JPEG and at most {_MAX_SEGMENT} bytes, found {len(profile)}")
    return insert_segment(jpeg, 0xE2, _SEGMENT_NAME + b"\x01\x01" + profile)


def insert_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """Return a JPEG with a segment inserted after its JFIF segment. marker: second byte of its marker, 0xE1 for APP1.

    Raises ValueError if the data are not a JPEG.
    """
    if not jpeg.startswith(_JPEG_START):
        raise ValueError("expected a JPEG")
    place = len(_JPEG_START)
    if jpeg[place : place + 2] == b"\xff\xe0":
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return jpeg[:place] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + jpeg[place:]


def _header(size: int, profile_id: bytes) -> bytes:
    """Return the header of a display profile from RGB to XYZ with perceptual intent."""
    start = struct.pack(">I4xI", size, _VERSION) + b"mntrRGB XYZ " + struct.pack(">6H", *_DATE) + b"acsp"
    return start + bytes(68 - len(start)) + _D50_XYZ + bytes(4) + profile_id + bytes(28)


def _fixed_point(values: Floats) -> bytes:
    """Pack numbers as s15Fixed16, big endian."""
    return np.round(values.ravel() * 65536).astype(">i4").tobytes()


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III", 0, 1, _TAG_SIZE) + b"enUS" + struct.pack(">II", len(encoded), 28) + encoded
