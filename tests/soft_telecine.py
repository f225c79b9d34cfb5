"""Movies whose flags repeat fields, as DVDs and broadcasts carry film: soft telecine."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from propagate.arrays import Pixels
from tests.clips import coded

VIDEO = Fraction(30000, 1001)
_EXTENSION = b"\x00\x00\x01\xb5"
_SEQUENCE, _PICTURE = 1, 8
# top_field_first and repeat_first_field of four frames of film, and the fields that each is shown for.
_CADENCE = ((True, True), (False, False), (False, True), (True, False))


def write_soft_telecine(
    path: Path, pictures: Sequence[Pixels], *, video: Sequence[Pixels] = (), first: int = 0
) -> Path:
    """Write film as MPEG-2 at 29.97 frames per second, without B frames, and then frames of video.

    FFmpeg's encoder sets no such flags, so they are set in its packets. first: place of the first frame in the cadence.
    """
    source: Any = av.CodecContext.create("mpeg2video", "w")
    source.width, source.height, source.pix_fmt = pictures[0].shape[1], pictures[0].shape[0], "yuv420p"
    source.time_base, source.framerate = 1 / VIDEO, VIDEO
    source.options = {"bf": "0", "g": "1", "qmin": "1", "qmax": "1"}
    packets = []
    for index, pixels in enumerate([*pictures, *video]):
        frame = coded(pixels, "yuv420p", 5, False, True)
        frame.pts = index
        packets += source.encode(frame)
    packets += source.encode(None)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mpeg2video", rate=VIDEO)
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
        stream.time_base = Fraction(1, 90000)
        fields = 0
        for index, packet in enumerate(packets):
            film = index < len(pictures)
            top, repeat = _CADENCE[(index + first) % 4] if film else (True, False)
            flagged = av.Packet(_flagged(bytes(packet), top, repeat))
            flagged.pts = flagged.dts = round(fields / (2 * VIDEO) * 90000)
            flagged.time_base, flagged.stream, flagged.is_keyframe = Fraction(1, 90000), stream, True
            output.mux(flagged)
            fields += 3 if repeat else 2
    return path


def _flagged(data: bytes, top: bool, repeat: bool) -> bytes:
    """Return the data of a picture (ISO/IEC 13818-2) that is progressive, in a sequence that is not, with its flags."""
    changed = bytearray(data)
    place = changed.find(_EXTENSION)
    while place >= 0:
        start = place + len(_EXTENSION)
        kind = changed[start] >> 4
        if kind == _SEQUENCE:
            changed[start + 1] &= ~0x08
        elif kind == _PICTURE:
            changed[start + 3] = changed[start + 3] & ~0x82 | (top << 7) | (repeat << 1)
            changed[start + 4] |= 0x80
        place = changed.find(_EXTENSION, start)
    return bytes(changed)
