"""ICC profiles for tests, built by hand."""

import struct

import numpy as np

# Colorants adapted to D50, as published: Adobe RGB (1998) and Display P3.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))
SRGB_CURVE = b"para" + struct.pack(">IHH", 0, 3, 0) + struct.pack(">5i", 157286, 62119, 3416, 5072, 2651)


def gamma_curve(gamma: float) -> bytes:
    """A curve of type `curv` with one value."""
    return b"curv" + struct.pack(">III", 0, 1, round(gamma * 256) << 16)[:10]


def rgb_profile(colorants: tuple[tuple[float, ...], ...], curve: bytes, name: str = "test") -> bytes:
    """A matrix profile of version 2."""
    points = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, colorants), strict=True))
    return _profile(b"mntr", b"RGB ", b"XYZ ", points | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve), name)


def grey_profile(curve: bytes, name: str = "grey") -> bytes:
    """A grey profile of version 2."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve}, name)


def cmyk_profile(name: str = "inks") -> bytes:
    """A printer's profile whose table has the Lab colour of each mixture of full inks; grid of 2 in 4 dimensions."""
    lab = []
    for cyan, magenta, yellow, black in np.ndindex(2, 2, 2, 2):
        light = 100 - 45 * cyan - 50 * magenta - 10 * yellow
        colour = (max(light, 10) * (1 - 0.9 * black), -35 * cyan + 70 * magenta, -45 * cyan + 90 * yellow)
        lab += [round(colour[0] * 2.55), *(int(np.clip(one * (1 - black) + 128, 0, 255)) for one in colour[1:])]
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(np.eye(3, dtype=int) * 65536).ravel())
    table = b"mft1" + struct.pack(">IBBBx", 0, 4, 3, 2) + matrix + ramp * 4 + bytes(lab) + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table}, name)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes], name: str) -> bytes:
    text = name.encode() + b"\0"
    desc = b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(78)
    tags = {b"desc": desc, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": _xyz((0.9642, 1.0, 0.8249)), **tags}
    table, data, begin = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">II", begin + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI", begin + len(data), 0x02100000) + kind + space + connection + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + table + data


def _xyz(point: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in point))
