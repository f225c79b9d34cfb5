"""Movies: facts and frames, one at a time. The only place that decodes video.

What a container says about itself is not believed: frames are counted by decoding them once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from propagate.arrays import Pixels
from stylize.errors import ShotError
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, colour_of, high_range
from stylize.media.containers import is_cut_off
from stylize.media.frame_pixels import MATRICES, Coding, coding_of, pixels_of, spelt
from stylize.media.rotation import Turn, turn_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Decoders for the alpha of WebM: the ones that would be chosen leave it out.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# RGB, nothing said, and a number that says nothing.
_WITHOUT_MATRIX = (0, 2, 3)
_PATIENCE = 16


@dataclass(frozen=True)
class Movie:
    """What decoding a movie once has shown. `stamps` count `time_base` seconds, None where a frame has none."""

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
class _Trouble:
    """How often reading and decoding failed."""

    places: int = 0


@dataclass
class _Seen:
    """What a scan gathers on its way."""

    first: Coding | None = None
    turn: Turn = Turn()
    stamps: list[int | None] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    colour: Colour = BT709


def scan(path: Path) -> Movie:
    """Decode a movie once and tell what it holds.

    ShotError if it is no movie, has no frame that can be decoded, changes its size on the way, or has colours of high
    dynamic range or of a coding that is not read.
    """
    seen, trouble = _Seen(), _Trouble()
    with _open(path) as (container, stream):
        for frame in _frames(container, stream, trouble):
            _note(frame, seen, path)
        if seen.first is None:
            raise ShotError(f"{path}: expected video, found no frame that can be decoded: export it again")
        hints = (stream.guessed_rate, stream.average_rate)
        rates = tuple(rate for rate in hints if rate)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        return Movie(
            size=seen.turn.size(seen.first.size),
            depth=seen.first.depth,
            alpha=seen.first.alpha,
            stamps=tuple(seen.stamps),
            time_base=Fraction(stream.time_base or 1),
            rates=rates,
            pixel_aspect=1 / aspect if seen.turn.swap else aspect,
            timecode=_timecode(container),
            audio=bool(container.streams.audio),
            damage=_damage(path, len(seen.stamps), stream.frames, trouble),
            notes=tuple(dict.fromkeys(seen.notes)),
            colour=seen.colour,
        )


def decode(path: Path, positions: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
    """The frames at ascending `positions` (0 is the first) with their pixels, as `Shot` describes them.

    One frame at a time is in memory. ShotError if the movie has changed and ends before the last of them.
    """
    wanted = iter(positions)
    next_wanted = next(wanted, None)
    turn: Turn | None = None
    with _open(path) as (container, stream):
        for position, frame in enumerate(_frames(container, stream, _Trouble())):
            if next_wanted is None:
                return
            turn = turn or turn_of(frame) or Turn()
            if position == next_wanted:
                yield position, turn.pixels(pixels_of(frame))
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
    if is_cut_off(path):
        return ShotError(f"{path}: the movie is cut off and its index is missing: copy or export it again")
    return ShotError(f"{path}: not a movie that can be read: expected mp4, mov, mkv, webm, avi or numbered pictures")


def _is_cover(stream: "VideoStream") -> bool:
    """Whether a stream is the cover picture of a sound file, or of an unknown codec."""
    from av.stream import Disposition

    return stream.codec_context is None or bool(stream.disposition & Disposition.attached_pic)


def _decoder(stream: "VideoStream") -> "VideoCodecContext":
    """The stream's own decoder, or the one that reads its alpha too."""
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


def _frames(container: "InputContainer", stream: "VideoStream", trouble: _Trouble) -> "Iterator[VideoFrame]":
    """Whole frames in the order they are shown; what is damaged is left out and counted."""
    import av

    decoder = _decoder(stream)
    for packet in _packets(container, stream, trouble):
        if packet is not None and packet.size and packet.is_corrupt:
            trouble.places += 1  # the last one of a file that was cut off: half a picture
            continue
        try:
            frames = decoder.decode(packet if packet is not None and packet.size else None)
        except av.EOFError:
            continue  # it was told the end before
        except av.FFmpegError:
            trouble.places += 1
            continue
        for frame in frames:
            if frame.is_corrupt:
                trouble.places += 1
            else:
                yield frame


def _packets(
    container: "InputContainer", stream: "VideoStream", trouble: _Trouble
) -> "Iterator[Packet[VideoStream] | None]":
    """The stream's packets, then None; reading goes on behind a damaged place, as long as anything comes."""
    import av

    failures = 0
    while failures < _PATIENCE:
        try:
            for packet in container.demux(stream):
                failures = 0
                if packet.size:
                    yield packet
            break
        except (av.FFmpegError, OSError):
            trouble.places += 1
            failures += 1
    yield None


def _note(frame: "VideoFrame", seen: _Seen, path: Path) -> None:
    coding = coding_of(frame)
    if seen.first is None:
        seen.first = coding
        _check_colour(frame, path)
        _note_first(frame, seen, path.name)
    if coding != seen.first:
        expected, found, number = spelt(seen.first), spelt(coding), len(seen.stamps) + 1
        raise ShotError(
            f"{path}: expected one kind of picture, but after {expected} frame {number} is {found}: split it"
        )
    seen.stamps.append(frame.pts)


def _note_first(frame: "VideoFrame", seen: _Seen, name: str) -> None:
    # Of RGB, a matrix is not told; of YUV without a tag nothing is, whatever its height makes us take.
    seen.colour = colour_of(frame.colorspace, frame.color_primaries, frame.color_trc)
    turn = turn_of(frame)
    if turn is None:
        seen.notes.append(f"{name}: it is turned by {frame.rotation} degrees, which is left out")
    seen.turn = turn or Turn()


def _check_colour(frame: "VideoFrame", path: Path) -> None:
    if transfer := HDR_TRANSFERS.get(frame.color_trc):
        raise high_range(path, transfer)
    if frame.colorspace not in (*MATRICES, *_WITHOUT_MATRIX) and not frame.format.is_rgb:
        raise ShotError(
            f"{path}: expected RGB, or YUV of BT.601, BT.709 or BT.2020, found matrix {int(frame.colorspace)} of "
            "ITU-T H.273: convert it, as with ffmpeg -vf scale=out_color_matrix=bt709"
        )


def _damage(path: Path, count: int, announced: int, trouble: _Trouble) -> tuple[str, ...]:
    of = f" of {announced}" if announced > count else ""
    if is_cut_off(path):
        return (f"{path.name}: the movie is cut off: {count}{of} frames could be read",)
    if trouble.places:
        return (f"{path.name}: the movie is damaged in {trouble.places} places: {count}{of} frames could be read",)
    return ()


def _timecode(container: "InputContainer") -> str | None:
    """What the file, or the first stream that has one, says; Matroska writes the word in capitals."""
    metadata = (container.metadata, *(stream.metadata for stream in container.streams))
    return next((value for entries in metadata for key, value in entries.items() if key.lower() == "timecode"), None)
