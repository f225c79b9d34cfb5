"""Movies: facts and frames, one at a time. The only place that decodes video.

What a container says about itself is not believed: frames are counted by decoding them once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import ShotError
from stylize.footage.colour import BT709, HDR_TRANSFERS, Colour, colour_of, high_range
from stylize.footage.containers import is_cut_off
from stylize.footage.planes import plane_lines

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Decoders for the alpha of WebM: the ones that would be chosen leave it out.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# AVColorSpace -> the matrix that the scaler knows it by; the rest are untagged or not in use.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT709, _BT601 = 1, 5
_LIMITED, _FULL = 1, 2
_LARGEST_UNTAGGED_SD = 576
# RGB, nothing said, and a number that says nothing.
_WITHOUT_MATRIX = (0, 2, 3)
_PATIENCE = 16
# Of a picture whose halved colour is one sample wide, nothing is between two.
_FEWEST_COLUMNS = 3


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


@dataclass(frozen=True)
class _Look:
    """How the pixels of a frame are coded."""

    size: tuple[int, int]
    depth: int
    alpha: bool


@dataclass(frozen=True)
class _Turn:
    """How coded pixels become upright: swap the axes, then mirror left-right, then flip up-down."""

    swap: bool = False
    mirror: bool = False
    flip: bool = False

    def size(self, coded: tuple[int, int]) -> tuple[int, int]:
        return (coded[1], coded[0]) if self.swap else coded

    def pixels(self, coded: Pixels) -> Pixels:
        swapped = coded.transpose(1, 0, 2) if self.swap else coded
        return np.ascontiguousarray(swapped[:: -1 if self.flip else 1, :: -1 if self.mirror else 1])


@dataclass
class _Seen:
    """What a scan gathers on its way."""

    first: _Look | None = None
    turn: _Turn = _Turn()
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
    turn: _Turn | None = None
    with _open(path) as (container, stream):
        for position, frame in enumerate(_frames(container, stream, _Trouble())):
            if next_wanted is None:
                return
            turn = turn or _turn(frame) or _Turn()
            if position == next_wanted:
                yield position, turn.pixels(_pixels(frame))
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
    look = _look(frame)
    if seen.first is None:
        seen.first = look
        _check_colour(frame, path)
        _note_first(frame, seen, path.name)
    if look != seen.first:
        expected, found, number = _spell(seen.first), _spell(look), len(seen.stamps) + 1
        raise ShotError(
            f"{path}: expected one kind of picture, but after {expected} frame {number} is {found}: split it"
        )
    seen.stamps.append(frame.pts)


def _note_first(frame: "VideoFrame", seen: _Seen, name: str) -> None:
    # Of RGB, a matrix is not told; of YUV without a tag nothing is, whatever its height makes us take.
    seen.colour = colour_of(frame.colorspace, frame.color_primaries, frame.color_trc)
    turn = _turn(frame)
    if turn is None:
        seen.notes.append(f"{name}: it is turned by {frame.rotation} degrees, which is left out")
    seen.turn = turn or _Turn()


def _check_colour(frame: "VideoFrame", path: Path) -> None:
    if transfer := HDR_TRANSFERS.get(frame.color_trc):
        raise high_range(path, transfer)
    if frame.colorspace not in (*_MATRICES, *_WITHOUT_MATRIX) and not frame.format.is_rgb:
        raise ShotError(
            f"{path}: expected RGB, or YUV of BT.601, BT.709 or BT.2020, found matrix {int(frame.colorspace)} of "
            "ITU-T H.273: convert it, as with ffmpeg -vf scale=out_color_matrix=bt709"
        )


def _look(frame: "VideoFrame") -> _Look:
    components = frame.format.components
    return _Look(
        size=(frame.width, frame.height),
        depth=16 if any(component.bits > 8 for component in components) else 8,
        alpha=any(component.is_alpha for component in components),
    )


def _spell(look: _Look) -> str:
    return f"{look.size[0]}x{look.size[1]} of {look.depth} bits" + (" with alpha" if look.alpha else "")


def _turn(frame: "VideoFrame") -> _Turn | None:
    """The movie's own turn; None for an angle that is no quarter. To be asked of one frame only: see below."""
    from av.buffer import Buffer

    # Side data holds on to its frame and the frame to it: asked of every frame, memory grows until the collector runs.
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, Buffer):
        return _Turn()
    # x' = a x + c y and y' = b x + d y, in 16.16 fixed point: whole quarter turns and mirrors have two zeros.
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if a == d == 0 and b and c:
        return _Turn(True, c < 0, b < 0)
    return _Turn(False, a < 0, d < 0) if b == c == 0 and a and d else None


def _pixels(frame: "VideoFrame") -> Pixels:
    """uint8 or uint16 (H, W, 3 or 4), display-encoded, straight alpha, as coded: not turned."""
    look = _look(frame)
    return _deep(frame, look) if look.depth == 16 else _convert(frame, "rgba" if look.alpha else "rgb24")


def _deep(frame: "VideoFrame", look: _Look) -> Pixels:
    """uint16 with white at 65535. The scaler shifts bits to the left, and so leaves white at 255/256 for instance."""
    pixels = _convert(frame, "rgba64le" if look.alpha else "rgb48le")
    bits = max(component.bits for component in frame.format.components)
    alpha_top = colour_top = 65535 - 65535 // (1 << bits)
    if frame.format.is_rgb:
        return pixels
    if _range(frame) == _LIMITED:
        colour_top = 255 << 8
    widened = np.empty_like(pixels)
    for channels, top in ((slice(0, 3), colour_top), (slice(3, 4), alpha_top)):
        wide = (pixels[..., channels].astype(np.uint32) * 65535 + top // 2) // top
        widened[..., channels] = np.minimum(wide, 65535)
    return widened


def _convert(frame: "VideoFrame", layout: str) -> Pixels:
    """RGB by the frame's own matrix and range. The rounding is exact, and colour is smooth between its samples."""
    from av.video.reformatter import Interpolation

    how = (
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.BITEXACT
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP
    )
    matrix = _BT709 if frame.format.is_rgb else _matrix(frame)
    converted = _beside(frame).reformat(
        format=layout,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=_range(frame),
        dst_color_range=_FULL,
        interpolation=how,
    )
    pixels: Pixels = converted.to_ndarray()
    return pixels


def _beside(frame: "VideoFrame") -> "VideoFrame":
    """4:2:2 as 4:4:4, each sample of colour on the left one of its two columns, as ITU-R BT.601 and BT.709 place it.

    The scaler puts it between the two unless a stream says otherwise, and those of editing (ProRes, DNxHR) say
    nothing: half a pixel, which costs 15 dB at colour edges. Samples between are cubic. Others are given back.
    """
    from av.video.frame import VideoFrame

    layout = frame.format.name
    if not layout.startswith(("yuv422p", "yuva422p")) or _range(frame) != _LIMITED or frame.width < _FEWEST_COLUMNS:
        return frame
    wide = VideoFrame(frame.width, frame.height, layout.replace("422", "444"))
    wide.colorspace, wide.color_range = frame.colorspace, frame.color_range
    for number in range(len(frame.planes)):
        values = _plane(frame, number)
        whole = values.shape[1] == frame.width
        _plane(wide, number)[:] = values if whole else _widened(values, frame.width, frame.format.components[0].bits)
    return wide


def _plane(frame: "VideoFrame", number: int) -> Pixels:
    """(H, W) of one plane: the frame's own memory."""
    return plane_lines(frame, number)[:, : frame.planes[number].width]


def _widened(plane: Pixels, width: int, bits: int) -> Pixels:
    """(H, (W + 1) / 2) -> (H, W): what is there stays in even columns, cubic between (-1, 9, 9, -1) / 16."""
    padded = np.pad(plane, ((0, 0), (1, 2)), mode="edge").astype(np.int32)
    between = 9 * (padded[:, 1:-2] + padded[:, 2:-1]) - padded[:, :-3] - padded[:, 3:]
    wide = np.empty((plane.shape[0], 2 * plane.shape[1]), plane.dtype)
    wide[:, 0::2] = plane
    wide[:, 1::2] = np.clip((between + 8) >> 4, 0, (1 << bits) - 1)
    return wide[:, :width]


def _matrix(frame: "VideoFrame") -> int:
    untagged = _BT601 if frame.height <= _LARGEST_UNTAGGED_SD else _BT709
    return _MATRICES.get(frame.colorspace, untagged)


def _range(frame: "VideoFrame") -> int:
    """Limited or full. RGB and grey are full whatever the tags say, as every tool of FFmpeg's family takes them."""
    name = frame.format.name
    if frame.format.is_rgb or name.startswith(("gray", "ya", "yuvj")):
        return _FULL
    return frame.color_range if frame.color_range in (_LIMITED, _FULL) else _LIMITED


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
