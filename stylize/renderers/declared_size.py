"""Read the sizes that PNG, JPEG and WebP declare in their first bytes, before any decoder opens them."""

import struct

_PNG, _JPEG, _RIFF, _WEBP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF", b"WEBP"
# JPEG: markers of frames (SOF0 to SOF15 without tables and extensions), and of the compressed data.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_VP8_START, _VP8L_START = b"\x9d\x01\x2a", b"\x2f"


def suffix_of(data: bytes) -> str | None:
    """Return ".png", ".jpg" or ".webp" by the first bytes; None for anything else."""
    if data.startswith(_PNG):
        return ".png"
    if data.startswith(_JPEG):
        return ".jpg"
    return ".webp" if data.startswith(_RIFF) and data[8:12] == _WEBP else None


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Return the (width, height) that a PNG, JPEG or WebP declares, without rotation; None if it declares none."""
    reader = {".png": _png_size, ".jpg": _jpeg_size, ".webp": _webp_size}.get(suffix_of(data) or "")
    try:
        size = reader and reader(data)
    except (struct.error, IndexError):
        return None
    return size if size and min(size) > 0 else None


def _png_size(data: bytes) -> tuple[int, int] | None:
    length, kind, width, height = struct.unpack_from(">I4sII", data, len(_PNG))
    return (width, height) if (length, kind) == (13, b"IHDR") else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    place = len(_JPEG)
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker == _SCAN:
            return None
        # A length below 2, the size of the length itself, would loop forever.
        place += 2 + max(2, *struct.unpack_from(">H", data, place + 2))
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8 " and data[23:26] == _VP8_START:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[20:21] == _VP8L_START:
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None
