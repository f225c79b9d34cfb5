"""Whether a movie file ends before its own structure says: ISO (mp4, mov), Matroska (mkv, webm) and RIFF (avi).

Decoders pass over a missing end without a word; the file's own sizes tell.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_EBML_HEADER = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def is_cut_off(path: Path) -> bool:
    """Whether the outermost parts of a movie file reach beyond its end; False for kinds that do not tell."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        if start.startswith(_EBML_HEADER):
            return _cut_matroska(file, size)
        if start.startswith(b"RIFF"):
            return _walk(file, size, _riff_length)
        if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _walk(file, size, _iso_length)
    return False


def _walk(file: BinaryIO, size: int, length: Callable[[bytes], int]) -> bool:
    """Go from part to part; `length` tells a part's bytes from its first 16, 0 for up to the end of the file."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        step = length(file.read(16))
        if step == 0:
            return False
        place += max(step, 8)
    return place > size


def _iso_length(header: bytes) -> int:
    length = int.from_bytes(header[:4], "big")
    return int.from_bytes(header[8:16], "big") if length == 1 else length


def _riff_length(header: bytes) -> int:
    if header[:4] != b"RIFF":
        return 0
    return 8 + int.from_bytes(header[4:8], "little")


def _cut_matroska(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    header = _matroska_number(file)
    if header is None:
        return False
    file.seek(header, 1)
    if file.read(4) != _SEGMENT:
        return False
    length = _matroska_number(file)
    return length is not None and file.tell() + length > size


def _matroska_number(file: BinaryIO) -> int | None:
    """A length of Matroska: its leading zero bits tell how many bytes it has; None if it is left open."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> width)]) + file.read(width - 1), "big")
    return None if value == (1 << 7 * width) - 1 else value
