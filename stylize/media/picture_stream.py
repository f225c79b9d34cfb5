"""Pictures of a video stream, each with the number of its packet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stylize.errors import ShotError
from stylize.limits import oversize
from stylize.media.ffv1_checksums import verifies
from stylize.media.frame_map import DecodedStream
from stylize.media.movie_file import open_movie_file
from stylize.media.truncation import is_truncated

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Decoders that read the alpha of WebM, which FFmpeg's native ones ignore.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Max consecutive read failures before the rest of a damaged file is skipped.
_MAX_READ_FAILURES = 16
# Bits of the first byte of a VP8 or VP9 frame, which are 0 in frames that are only for reference.
_VP8_SHOWN = 0x10
_VP9_SHOWN, _VP9_REPEAT = 0x02, 0x08
# Packets without checksums at the start of an FFV1 stream after which none are expected.
_MAX_UNVERIFIED = 16


@contextmanager
def open_stream(path: Path, *, serial: bool = False) -> "Iterator[tuple[InputContainer, VideoStream]]":
    """Open a movie. serial: decode in one thread, and return damaged pictures instead of discarding them."""
    import av
    from av.codec.context import Flags

    try:
        container = open_movie_file(path, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _not_a_movie(path, error) from error
    with container:
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            raise ShotError(f"{path}: expected video, found no video stream; choose another file")
        stream = max(streams, key=lambda stream: (stream.width or 0) * (stream.height or 0))
        if fault := oversize(stream.width or 0, stream.height or 0):
            raise ShotError(f"{path}: {fault}")
        stream.thread_type = "NONE" if serial else "AUTO"
        if serial:
            stream.codec_context.thread_count = 1
            stream.codec_context.flags |= Flags.output_corrupt
        yield container, stream


def _not_a_movie(path: Path, error: Exception) -> ShotError:
    if isinstance(error, PermissionError):
        return ShotError(f"{path}: permission to read the file is denied: change its permissions")
    if is_truncated(path):
        return ShotError(f"{path}: the movie is truncated and its index is missing; copy or export it again")
    return ShotError(
        f"{path}: not a readable movie: expected mp4, mov, mkv, webm, avi or numbered pictures; convert the file"
    )


def _is_cover(stream: "VideoStream") -> bool:
    """Return whether a stream is cover art or has an unknown codec."""
    from av.stream import Disposition

    return stream.codec_context is None or bool(stream.disposition & Disposition.attached_pic)


def read_pictures(
    container: "InputContainer", stream: "VideoStream", log: DecodedStream
) -> "Iterator[tuple[int | None, VideoFrame]]":
    """Yield (number of the packet, picture) in the decoder's order. Packets and failures are added to `log`.

    A damaged picture before the first intact or key picture is not yielded, because it would be meaningless.
    """
    import av

    decoder = _decoder(stream)
    started = False
    for packet in _packets(container, stream, log):
        number = _add_packet(packet, decoder.name, log) if packet is not None else None
        try:
            frames = _drained(decoder) if number in log.drains else []
            frames += decoder.decode(packet)
        except av.EOFError:
            continue  # the decoder is already flushed
        except av.FFmpegError:
            log.failures += 1
            if number is not None:
                log.rejected.add(number)
            continue
        for frame in frames:
            started = started or frame.key_frame or not frame.is_corrupt
            if started:
                yield _packet_of(frame, decoder.name, log), frame


def _drained(decoder: "VideoCodecContext") -> "list[VideoFrame]":
    """Return all pictures that a decoder still holds, and make it ready for more packets."""
    frames = decoder.decode(None)
    decoder.flush_buffers()
    return frames


def _packet_of(frame: "VideoFrame", codec: str, log: DecodedStream) -> int | None:
    """Return the number of a picture's packet, which is its timestamp (see `_add_packet`). None if it has none."""
    number = frame.pts
    if number is None or not 0 <= number < len(log.stamps):
        return None
    if codec == "h264" and frame.interlaced_frame:
        log.fields.add(number)
    return number


def _packets(
    container: "InputContainer", stream: "VideoStream", log: DecodedStream
) -> "Iterator[Packet[VideoStream] | None]":
    """Yield the stream's packets, then None. After a failure, reading continues while packets arrive."""
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
            log.failures += 1
            in_a_row += 1
    yield None


def _add_packet(packet: "Packet[VideoStream]", codec: str, log: DecodedStream) -> int:
    """Record a packet, and return its number, which replaces its timestamp: the decoder copies that to the picture."""
    number = len(log.stamps)
    log.stamps.append(packet.pts)
    if packet.is_keyframe and log.first_key is None:
        log.first_key = number
    log.all_keys = log.all_keys and packet.is_keyframe
    if packet.is_corrupt:
        log.suspect.add(number)
    if packet.is_discard or _is_only_reference(packet, codec):
        log.without_picture.add(number)
    if codec == "ffv1" and log.verify and (log.verified or number < _MAX_UNVERIFIED):
        if verifies(bytes(packet)):
            log.verified += 1
        else:
            log.unverified.add(number)
    packet.pts = number
    return number


def _is_only_reference(packet: "Packet[VideoStream]", codec: str) -> bool:
    """Return whether a VP8 or VP9 packet holds a picture that is not displayed (RFC 6386; VP9 specification, 6.2)."""
    data = memoryview(packet)
    if codec in ("vp8", "libvpx"):
        return not data[0] & _VP8_SHOWN
    if codec in ("vp9", "libvpx-vp9"):
        superframe = data[-1] & 0xE0 == 0xC0
        shift = 1 if data[0] & 0x30 == 0x30 else 0  # profile 3 has one more bit in front
        return not superframe and not data[0] & ((_VP9_SHOWN | _VP9_REPEAT) >> shift)
    return False


def _decoder(stream: "VideoStream") -> "VideoCodecContext":
    """Return the stream's default decoder, or one that also reads its alpha."""
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
