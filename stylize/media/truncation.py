"""Detection of movie files that are cut off: ISO (mp4, mov), Matroska (mkv, webm) and RIFF (avi).

Decoders ignore a missing end without a message; the sizes that the file itself declares reveal it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_EBML_HEADER = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def is_truncated(path: Path) -> bool:
    """Return whether the outermost boxes of a movie file extend beyond its end; False for other formats.

    Raises OSError if the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        if start.startswith(_EBML_HEADER):
            return _is_cut_matroska(file, size)
        if start.startswith(b"RIFF"):
            return _is_cut(file, size, _riff_length)
        if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _is_cut(file, size, _iso_length)
    return False


def _is_cut(file: BinaryIO, size: int, length: Callable[[bytes], int]) -> bool:
    """Walk from box to box; `length` reads a box's bytes from its first 16, 0 for up to the end of the file."""
    offset = 0
    while offset + 8 <= size:
        file.seek(offset)
        step = length(file.read(16))
        if step == 0:
            return False
        offset += max(step, 8)
    return offset > size


def _iso_length(header: bytes) -> int:
    length = int.from_bytes(header[:4], "big")
    return int.from_bytes(header[8:16], "big") if length == 1 else length


def _riff_length(header: bytes) -> int:
    if header[:4] != b"RIFF":
        return 0
    return 8 + int.from_bytes(header[4:8], "little")


def _is_cut_matroska(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    header = _matroska_size(file)
    if header is None:
        return False
    file.seek(header, 1)
    if file.read(4) != _SEGMENT:
        return False
    length = _matroska_size(file)
    return length is not None and file.tell() + length > size


def _matroska_size(file: BinaryIO) -> int | None:
    """Read a size of Matroska, whose leading zero bits give its number of bytes; None if it is unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> width)]) + file.read(width - 1), "big")
    return None if value == (1 << 7 * width) - 1 else value
