"""Detection of truncated movie files, from the sizes that they declare. Decoders do not report a missing end."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

# First bytes of a Matroska file, and the ID of the element that contains its frames.
_EBML_HEADER = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_ISO_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
# First bytes of an ASF (WMV) file, of an MXF file with its header partition pack, and of an FLV file.
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MXF_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
_FLV_HEADER = b"FLV\x01"
_FLV_TAG_HEADER = 11
# Sizes of transport packets: plain, preceded by a timecode (Blu-ray, AVCHD), and followed by parity.
_TS_PACKETS = (188, 192, 204)
_TS_SYNC = 0x47
_TS_PROBED = 5
_MAX_TS_START = 1024
_HEADER = 64


def is_truncated(path: Path) -> bool | None:
    """Return whether a movie file ends before its declared end. None if its format declares none.

    Known are ISO (MP4, MOV), Matroska, RIFF, ASF, MXF, FLV and MPEG transport streams. The last declare no length, but
    consist of packets of one size; a stream that is cut between two packets gives None. Raises OSError if the file is
    unreadable.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_HEADER)
        if start.startswith(_EBML_HEADER):
            return _is_cut_matroska(file, size)
        if start.startswith(b"RIFF"):
            return _is_cut(file, size, _riff_length)
        if start.startswith(_ASF_HEADER):
            return _is_cut(file, size, _asf_length)
        if start[4:8] in _ISO_BOXES:
            return _is_cut(file, size, _iso_length)
        if start.startswith(_MXF_PARTITION):
            return _is_cut_mxf(start, size)
        if start.startswith(_FLV_HEADER):
            return _is_cut_flv(file, size)
        return _is_cut_transport_stream(file, size)


def _is_cut(file: BinaryIO, size: int, length: Callable[[bytes], int]) -> bool:
    """Return whether the last box extends beyond the end of the file.

    length: returns a box's number of bytes from its first 24 bytes; 0 if the box extends to the end of the file.
    """
    offset = 0
    while offset + 8 <= size:
        file.seek(offset)
        step = length(file.read(24))
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


def _asf_length(header: bytes) -> int:
    return int.from_bytes(header[16:24], "little")


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
    """Read a variable-length size, whose leading zero bits give its number of bytes. None if the size is unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0xFF >> width)]) + file.read(width - 1), "big")
    return None if value == (1 << 7 * width) - 1 else value


def _is_cut_mxf(start: bytes, size: int) -> bool | None:
    """Return whether the footer is missing at the place that a closed header partition declares (SMPTE ST 377-1)."""
    # After the key of 16 bytes: the length, whose first byte gives the size of the length if it is above 0x80.
    length = start[16] & 0x7F if start[16] & 0x80 else 0
    footer = int.from_bytes(start[17 + length + 24 :][:8], "big")
    return footer >= size if footer else None


def _is_cut_flv(file: BinaryIO, size: int) -> bool:
    """Return whether the file does not end with a tag and its size."""
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4), "big")
    if length < _FLV_TAG_HEADER or length + 4 > size:
        return True
    file.seek(size - 4 - length)
    return int.from_bytes(file.read(4)[1:], "big") != length - _FLV_TAG_HEADER


def _is_cut_transport_stream(file: BinaryIO, size: int) -> bool | None:
    """Return True if the last transport packet is incomplete, and None otherwise or for another format."""
    file.seek(0)
    start = file.read(_MAX_TS_START + max(_TS_PACKETS) * _TS_PROBED)
    for packet in _TS_PACKETS:
        for offset in range(min(_MAX_TS_START, len(start))):
            syncs = start[offset : offset + packet * _TS_PROBED : packet]
            if len(syncs) == _TS_PROBED and set(syncs) == {_TS_SYNC}:
                # The timecode precedes the sync byte.
                return True if (size - offset + (4 if packet == 192 else 0)) % packet else None
    return None
