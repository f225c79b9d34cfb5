"""ICC profiles for pictures that have no shorter way to say what their values mean: TIFF and JPEG.

Profiles of three colorants and a curve, version 4.3 (ICC.1:2010): the smallest that every reader knows. Colorants are
those of the primaries, adapted to D50 by Bradford; the curve is sRGB's, whatever the footage's transfer is called: so
our EXR are made from these values, and so screens show them.
"""

import hashlib
import struct
from functools import cache

import numpy as np

from propagate.arrays import Floats
from stylize.media.colour import Colour, to_white

# x and y of the white that profiles are seen from, as the standard has it; and X, Y, Z in 65536ths.
_D50 = (0.9642 / 2.7891, 1 / 2.7891)
_D50_XYZ = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
# Gamma, a, b, c, d of sRGB: (a v + b) ** gamma from d on, c v below.
_SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VERSION, _DATE = 0x04300000, (2026, 1, 1, 0, 0, 0)
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_HEADER, _ENTRY = 128, 12
# Behind the first marker of a JPEG; what a profile's own begins with; and what one marker can hold.
_START, _NAME, _LARGEST = b"\xff\xd8", b"ICC_PROFILE\0", 0xFFFF - 16


@cache
def icc_profile(colour: Colour) -> bytes:
    """The profile of R'G'B' in the primaries of ``colour``, encoded as sRGB is."""
    colorants, adaptation = to_white(colour, _D50)
    curve = b"para" + struct.pack(">IHH", 0, 3, 0) + _fixed(np.array(_SRGB))
    tags = {
        b"desc": _text(f"{colour.name}, sRGB curve"),
        b"cprt": _text("No copyright: facts"),
        b"wtpt": b"XYZ " + bytes(4) + _D50_XYZ,
        b"chad": b"sf32" + bytes(4) + _fixed(adaptation),
        **{name: b"XYZ " + bytes(4) + _fixed(colorants[:, place]) for place, name in enumerate(_COLORANTS)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data = struct.pack(">I", len(tags)), b""
    begin, places = _HEADER + 4 + _ENTRY * len(tags), dict[bytes, int]()
    for name, value in tags.items():
        if value not in places:  # the three curves are one
            places[value] = begin + len(data)
            data += value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", places[value], len(value))
    size = begin + len(data)
    # The identity is that of a profile without one.
    identity = hashlib.md5(_header(size, bytes(16)) + table + data, usedforsecurity=False).digest()
    return _header(size, identity) + table + data


def with_profile(jpeg: bytes, profile: bytes) -> bytes:
    """A JPEG that carries a profile, behind what says that it is one. Raises ValueError for what is no JPEG, and for a
    profile that is too long for one marker."""
    if not jpeg.startswith(_START) or len(profile) > _LARGEST:
        raise ValueError(f"expected a JPEG and at most {_LARGEST} bytes, found {len(profile)}")
    place = len(_START)
    if jpeg[place : place + 2] == b"\xff\xe0":
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    marked = _NAME + b"\x01\x01" + profile
    return jpeg[:place] + b"\xff\xe2" + struct.pack(">H", len(marked) + 2) + marked + jpeg[place:]


def _header(size: int, identity: bytes) -> bytes:
    """A display's profile, RGB to XYZ, perceptual."""
    known = struct.pack(">I4xI", size, _VERSION) + b"mntrRGB XYZ " + struct.pack(">6H", *_DATE) + b"acsp"
    return known + bytes(68 - len(known)) + _D50_XYZ + bytes(4) + identity + bytes(28)


def _fixed(values: Floats) -> bytes:
    """Numbers in 65536ths."""
    return np.round(values.ravel() * 65536).astype(">i4").tobytes()


def _text(text: str) -> bytes:
    words = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III", 0, 1, _ENTRY) + b"enUS" + struct.pack(">II", len(words), 28) + words
