"""Rate, timecode and pixel aspect ratio in PNG, TIFF and JPEG, which have no headers for rate and timecode.

They are stored as XMP (ISO 16684-1) in the Dynamic Media namespace, which compositing and editing programs read. The
aspect is stored as the resolution that each format has. Files are edited as bytes; their pixels do not change.
"""

import struct
from fractions import Fraction
from pathlib import Path

from stylize.media.clock import is_drop_frame
from stylize.media.images import png
from stylize.media.images.icc import insert_segment

XMP_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/" xmpDM:videoFrameRate="{rate:.6f}">{start}'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)
_START = (
    '<xmpDM:startTimecode rdf:parseType="Resource"><xmpDM:timeFormat>{name}</xmpDM:timeFormat>'
    "<xmpDM:timeValue>{timecode}</xmpDM:timeValue></xmpDM:startTimecode>"
)
# Rates that the namespace has names for, by 100 times the rate.
_FORMATS = {2398: "23976", 2400: "24", 2500: "25", 2997: "2997", 3000: "30", 5000: "50", 5994: "5994", 6000: "60"}
_XMP_KEY = b"XML:com.adobe.xmp"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JFIF = b"\xff\xe0\0\x10JFIF\0"
# TIFF: tags of the resolution and of XMP, and the types SHORT, RATIONAL and BYTE.
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _XMP = 282, 283, 296, 700
_SHORT, _RATIONAL, _BYTE = 3, 5, 1
_MAX_DENSITY = 0xFFFF


def declare(path: Path, suffix: str, rate: Fraction | None, timecode: str | None, pixel_aspect: Fraction) -> None:
    """Add rate, timecode and pixel aspect ratio to a PNG, TIFF or JPEG. What it declared of these before is replaced.

    path: the file, which may have another suffix. suffix: one of XMP_SUFFIXES. rate: frames per second; None for a file
    without rate and timecode. Raises ValueError if the file does not
    have this format, OSError if it cannot be written.
    """
    packet = b"" if rate is None else xmp_packet(rate, timecode)
    aspect = None if pixel_aspect == 1 else pixel_aspect
    data = path.read_bytes()
    if suffix == ".png":
        data = _in_png(data, packet, aspect)
    elif suffix in (".jpg", ".jpeg"):
        data = _in_jpeg(data, packet, aspect)
    else:
        data = _in_tiff(data, packet, aspect)
    path.write_bytes(data)


def xmp_packet(rate: Fraction, timecode: str | None) -> bytes:
    """Return the XMP packet that declares a rate and the timecode of a frame."""
    start = ""
    if timecode is not None and (name := _format_name(rate, timecode)):
        start = _START.format(name=name, timecode=timecode)
    return _PACKET.format(rate=float(rate), start=start).encode()


def _format_name(rate: Fraction, timecode: str) -> str | None:
    """Return the name of a kind of timecode, such as 2997DropTimecode. None if the namespace has none."""
    name = _FORMATS.get(round(rate * 100))
    if name not in ("2997", "5994"):
        return name and f"{name}Timecode"
    return f"{name}{'Drop' if is_drop_frame(timecode, rate) else 'NonDrop'}Timecode"


def _in_png(data: bytes, packet: bytes, aspect: Fraction | None) -> bytes:
    bare = png.without_chunks(data, lambda kind, content: kind == b"pHYs" or content.startswith(_XMP_KEY))
    chunks = png.chunk(b"iTXt", _XMP_KEY + bytes(5) + packet) if packet else b""
    if aspect is not None:
        # Pixels per unit across and down, with unit 0: only their ratio counts.
        chunks += png.chunk(b"pHYs", struct.pack(">IIB", aspect.denominator, aspect.numerator, 0))
    return png.insert_chunks(bare, chunks)


def _in_jpeg(data: bytes, packet: bytes, aspect: Fraction | None) -> bytes:
    if aspect is not None and data[2:].startswith(_JFIF):
        ratio = aspect.limit_denominator(_MAX_DENSITY)
        density = struct.pack(">BHH", 0, ratio.numerator, ratio.denominator)
        place = 2 + len(_JFIF) + 2  # after the version
        data = data[:place] + density + data[place + len(density) :]
    return insert_segment(data, 0xE1, _JPEG_XMP + packet) if packet else data


def _in_tiff(data: bytes, packet: bytes, aspect: Fraction | None) -> bytes:
    """Append a directory with the additional tags, and point the header of the file to it."""
    if data[:4] not in (b"II*\0", b"MM\0*"):
        raise ValueError("expected a TIFF of at most 4 GiB")
    order = "<" if data[:2] == b"II" else ">"
    (begin,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, begin)
    places = range(begin + 2, begin + 2 + 12 * count, 12)
    added: dict[int, bytes] = {}
    after = data[begin + 2 + 12 * count : begin + 6 + 12 * count]
    data += bytes(len(data) % 2)
    if packet:
        added[_XMP] = struct.pack(f"{order}HHII", _XMP, _BYTE, len(packet), len(data))
        data += packet + bytes(len(packet) % 2)
    if aspect is not None:
        for tag, value in ((_X_RESOLUTION, aspect.denominator), (_Y_RESOLUTION, aspect.numerator)):
            added[tag] = struct.pack(f"{order}HHII", tag, _RATIONAL, 1, len(data))
            data += struct.pack(f"{order}II", value, 1)
        # No unit: only the ratio counts.
        added[_RESOLUTION_UNIT] = struct.pack(f"{order}HHIHH", _RESOLUTION_UNIT, _SHORT, 1, 1, 0)
    # Tags ascend, and some files have one twice.
    kept = [(struct.unpack_from(f"{order}H", data, place)[0], data[place : place + 12]) for place in places]
    entries = sorted([*(one for one in kept if one[0] not in added), *added.items()], key=lambda one: one[0])
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entry for _, entry in entries) + after
    return data[:4] + struct.pack(f"{order}I", len(data)) + data[8:] + directory
