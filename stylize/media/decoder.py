"""Decode movies: their properties, and their frames one at a time. The only module that decodes video.

Frames are counted by decoding them once, since what a container declares about itself is often wrong.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from propagate.arrays import Pixels
from stylize.errors import ShotError
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, colour_from_tags, hdr_error
from stylize.media.frame_pixels import MATRICES, FrameFormat, Rotation, format_of, pixels_of, rotation_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Decoders that read the alpha of WebM: FFmpeg's own leave it out.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# RGB, unspecified and reserved.
_WITHOUT_MATRIX = (0, 2, 3)
# Failures to read in a row after which the rest of a damaged file is given up.
_MAX_READ_FAILURES = 16
# First bytes of a Matroska file, and of the box that holds its frames.
_EBML_HEADER = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


@dataclass(frozen=True)
class Movie:
    """Properties of a movie that was decoded once. `stamps` count `time_base` seconds, None where a frame has none."""

    size: tuple[int, int]
    depth: int
    alpha: bool
    stamps: tuple[int | None, ...]
    time_base: Fraction
    rates: tuple[Fraction, ...]
    pixel_aspect: Fraction
    timecode: str | None
    audio: bool
    damage: tuple[str, ...]
    notes: tuple[str, ...]
    colour: Colour


@dataclass
class _Failures:
    """Number of places where reading or decoding failed."""

    count: int = 0


@dataclass
class _Scan:
    """Intermediate results of a scan."""

    format: FrameFormat | None = None
    rotation: Rotation = Rotation()
    stamps: list[int | None] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    colour: Colour = BT709


def scan(path: Path) -> Movie:
    """Decode a movie once and return its properties.

    ShotError if it is no movie, has no frame that can be decoded, changes its size midway, has high dynamic range, or
    an unsupported colour coding.
    """
    found, failures = _Scan(), _Failures()
    with _open(path) as (container, stream):
        for frame in _frames(container, stream, failures):
            _add_frame(frame, found, path)
        if found.format is None:
            raise ShotError(f"{path}: expected video, found no frame that can be decoded: export it again")
        hints = (stream.guessed_rate, stream.average_rate)
        rates = tuple(rate for rate in hints if rate)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        return Movie(
            size=found.rotation.size(found.format.size),
            depth=found.format.depth,
            alpha=found.format.alpha,
            stamps=tuple(found.stamps),
            time_base=Fraction(stream.time_base or 1),
            rates=rates,
            pixel_aspect=1 / aspect if found.rotation.swap else aspect,
            timecode=_timecode(container),
            audio=bool(container.streams.audio),
            damage=_damage(path, len(found.stamps), stream.frames, failures),
            notes=tuple(dict.fromkeys(found.notes)),
            colour=found.colour,
        )


def decode(path: Path, positions: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
    """Yield the frames at ascending `positions` (0 is the first) with their pixels, as `Shot` describes them.

    One frame at a time is in memory. ShotError if the movie has changed and ends before the last of them.
    """
    wanted = iter(positions)
    next_wanted = next(wanted, None)
    rotation: Rotation | None = None
    with _open(path) as (container, stream):
        for position, frame in enumerate(_frames(container, stream, _Failures())):
            if next_wanted is None:
                return
            rotation = rotation or rotation_of(frame) or Rotation()
            if position == next_wanted:
                yield position, rotation.apply(pixels_of(frame))
                next_wanted = next(wanted, None)
    if next_wanted is not None:
        raise ShotError(f"{path}: frame {next_wanted + 1} cannot be decoded any more: put the movie back and run again")


@contextmanager
def _open(path: Path) -> "Iterator[tuple[InputContainer, VideoStream]]":
    import av

    try:
        # "file:" keeps a name such as take:2.mp4 from being read as a protocol.
        container = av.open(f"file:{path}", metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _not_a_movie(path, error) from error
    with container:
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            raise ShotError(f"{path}: expected video, found no frame of it in the file: choose another file")
        stream = max(streams, key=lambda stream: (stream.width or 0) * (stream.height or 0))
        stream.thread_type = "AUTO"
        yield container, stream


def _not_a_movie(path: Path, error: Exception) -> ShotError:
    if isinstance(error, PermissionError):
        return ShotError(f"{path}: the file may not be read: change its permissions")
    if _is_truncated(path):
        return ShotError(f"{path}: the movie is cut off and its index is missing: copy or export it again")
    return ShotError(f"{path}: not a movie that can be read: expected mp4, mov, mkv, webm, avi or numbered pictures")


def _is_cover(stream: "VideoStream") -> bool:
    """Return whether a stream is the cover picture of an audio file, or of an unknown codec."""
    from av.stream import Disposition

    return stream.codec_context is None or bool(stream.disposition & Disposition.attached_pic)


def _decoder(stream: "VideoStream") -> "VideoCodecContext":
    """Return the stream's own decoder, or one that reads its alpha too."""
    import av
    from av.video.codeccontext import VideoCodecContext

    context = stream.codec_context
    has_alpha = any(key.lower() == "alpha_mode" and value == "1" for key, value in stream.metadata.items())
    if not has_alpha or context.name not in _ALPHA_DECODERS:
        return context
    try:
        with_alpha = av.CodecContext.create(_ALPHA_DECODERS[context.name], "r")
    except av.FFmpegError:
        return context
    return with_alpha if isinstance(with_alpha, VideoCodecContext) else context


def _frames(container: "InputContainer", stream: "VideoStream", failures: _Failures) -> "Iterator[VideoFrame]":
    """Yield whole frames in display order; damaged ones are omitted and counted."""
    import av

    decoder = _decoder(stream)
    for packet in _packets(container, stream, failures):
        if packet is not None and packet.size and packet.is_corrupt:
            failures.count += 1  # the last packet of a file that was cut off: half a picture
            continue
        try:
            frames = decoder.decode(packet if packet is not None and packet.size else None)
        except av.EOFError:
            continue  # the decoder was flushed before
        except av.FFmpegError:
            failures.count += 1
            continue
        for frame in frames:
            if frame.is_corrupt:
                failures.count += 1
            else:
                yield frame


def _packets(
    container: "InputContainer", stream: "VideoStream", failures: _Failures
) -> "Iterator[Packet[VideoStream] | None]":
    """Yield the stream's packets, then None; reading continues after a damaged place while packets arrive."""
    import av

    in_a_row = 0
    while in_a_row < _MAX_READ_FAILURES:
        try:
            for packet in container.demux(stream):
                in_a_row = 0
                if packet.size:
                    yield packet
            break
        except (av.FFmpegError, OSError):
            failures.count += 1
            in_a_row += 1
    yield None


def _add_frame(frame: "VideoFrame", found: _Scan, path: Path) -> None:
    """Record a frame's time stamp, and all other properties of the first frame. ShotError as `scan`."""
    coded = format_of(frame)
    if found.format is None:
        found.format = coded
        _check_colour(frame, path)
        _add_first_frame(frame, found, path.name)
    if coded != found.format:
        raise ShotError(
            f"{path}: expected one kind of picture, but after {found.format} frame {len(found.stamps) + 1} is {coded}: "
            "split it"
        )
    found.stamps.append(frame.pts)


def _add_first_frame(frame: "VideoFrame", found: _Scan, name: str) -> None:
    # RGB declares no matrix, and YUV without tags nothing, whatever matrix its height implies.
    found.colour = colour_from_tags(frame.colorspace, frame.color_primaries, frame.color_trc)
    rotation = rotation_of(frame)
    if rotation is None:
        found.notes.append(f"{name}: it is turned by {frame.rotation} degrees, which is left out")
    found.rotation = rotation or Rotation()


def _check_colour(frame: "VideoFrame", path: Path) -> None:
    if transfer := HDR_TRANSFERS.get(frame.color_trc):
        raise hdr_error(path, transfer)
    if frame.colorspace not in (*MATRICES, *_WITHOUT_MATRIX) and not frame.format.is_rgb:
        raise ShotError(
            f"{path}: expected RGB, or YUV of BT.601, BT.709 or BT.2020, found matrix {int(frame.colorspace)} of "
            "ITU-T H.273: convert it, as with ffmpeg -vf scale=out_color_matrix=bt709"
        )


def _damage(path: Path, count: int, declared: int, failures: _Failures) -> tuple[str, ...]:
    of = f" of {declared}" if declared > count else ""
    if _is_truncated(path):
        return (f"{path.name}: the movie is cut off: {count}{of} frames could be read",)
    if failures.count:
        return (f"{path.name}: the movie is damaged in {failures.count} places: {count}{of} frames could be read",)
    return ()


def _timecode(container: "InputContainer") -> str | None:
    """Return the time code of the file, or of the first stream with one; Matroska writes the key in capitals."""
    metadata = (container.metadata, *(stream.metadata for stream in container.streams))
    return next((value for entries in metadata for key, value in entries.items() if key.lower() == "timecode"), None)


def _is_truncated(path: Path) -> bool:
    """Return whether the outermost boxes of an ISO, Matroska or RIFF file extend beyond its end; False for others.

    Decoders pass over a missing end without a message; the sizes that the file itself declares reveal it. Raises
    OSError if the file cannot be read.
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
