"""Decoding of movies: their properties, and their frames one at a time. No other module decodes video.

A scan decodes all frames once to count them, because containers often declare a wrong number. If it finds damage, it
decodes again in one thread, where each error belongs to a packet and every run gives the same pictures.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, groupby, pairwise
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING

from propagate.arrays import Pixels
from propagate.combing import FieldOrder
from stylize.errors import ShotError
from stylize.media.clock import pad_timecode
from stylize.media.colour import BT709, HDR_TRANSFERS, Colour, colour_from_tags, hdr_error
from stylize.media.deinterlacing import Deinterlacing, FilmFrame, deinterlaced, find_film
from stylize.media.frame_map import DecodedStream, FrameMap, Losses, map_frames
from stylize.media.frame_pixels import MATRICES, FrameFormat, Rotation, format_of, pixels_of, rotation_of
from stylize.media.interlacing import FieldSampler, Interlacing
from stylize.media.picture_stream import open_stream, read_pictures
from stylize.media.premultiplied import AlphaSampler
from stylize.media.tonemap import peak_of
from stylize.media.truncation import is_truncated

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# RGB, unspecified and reserved.
_WITHOUT_MATRIX = (0, 2, 3)
_DURATION = re.compile(r"([0-9]{1,4}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?)")
# Primaries and transfers without a meaning: reserved, unspecified, reserved.
_UNSPECIFIED = (0, 2, 3)
_TIMECODE = re.compile(r"[0-9:;.]{1,32}")
# Decoders that silently return damaged pictures, with the flags that make them reject these.
_REJECTING = {"mjpeg": "explode", "png": "crccheck+explode", "apng": "crccheck+explode"}
# Decoders that report damage too late if another thread still decodes the picture, with the flags that make them reject
# it.
_LATE = {"h264": "explode", "mpeg4": "explode"}
# Decoders that report every picture whose data are incomplete, so the container's marks add nothing.
_REPORTING = frozenset({"h264", "mpeg1video", "mpeg2video", "mpeg4"})
# Formats that are cut into pictures after reading, where the picture before an incomplete one is marked.
_MARKING_PREVIOUS = frozenset({"mpegts", "mpeg"})


@dataclass(frozen=True)
class Header:
    """Properties that a container declares.

    rates: frames per second. pixel_aspect: width of a pixel divided by its height, as coded. count: number of frames, 0
    if unknown. end: end of the last frame in seconds, in Matroska files. audio: it has sound. audio_channels: number of
    those of each audio stream. colour: matrix, primaries and transfer, as code points of ITU-T H.273.
    """

    time_base: Fraction
    rates: tuple[Fraction, ...]
    pixel_aspect: Fraction
    timecode: str | None
    audio: bool
    audio_channels: tuple[int, ...]
    count: int
    end: Fraction | None
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Movie:
    """Properties of a movie, from a scan.

    formats: (position of the first frame, format) of each run of frames of one format; sizes are upright. stamps:
    presentation time of each frame in units of the header's time base; None for frames without one. frame_map: None if
    each frame shows the next decoded picture. pixel_aspect: upright. notes: messages. peak: brightest light of a movie
    with high dynamic range, in cd/m²; None of others. interlacing: as flagged and measured. looks_premultiplied: colour
    never exceeds alpha.
    """

    header: Header
    formats: tuple[tuple[int, FrameFormat], ...]
    stamps: tuple[int | None, ...]
    frame_map: FrameMap | None
    losses: Losses
    truncated: bool
    pixel_aspect: Fraction
    notes: tuple[str, ...]
    colour: Colour
    peak: float | None
    interlacing: Interlacing = Interlacing()
    looks_premultiplied: bool = False


@dataclass
class _Scan:
    """Intermediate results of a scan.

    formats: format of each picture, in the decoder's order. codec: name of the decoder. high_range, peak: see `scan`,
    `Movie`.
    """

    codec: str
    header: Header
    stream: DecodedStream = field(default_factory=DecodedStream)
    high_range: bool = False
    peak: float | None = None
    formats: list[FrameFormat] = field(default_factory=list)
    rotation: Rotation = Rotation()
    notes: list[str] = field(default_factory=list)
    colour: Colour = BT709
    fields: FieldSampler = field(default_factory=FieldSampler)
    field_order: int = 0
    transparency: AlphaSampler = field(default_factory=AlphaSampler)


def scan(path: Path, *, high_range: bool = False) -> Movie:
    """Decode a movie and return its properties: once, or two or three times if it is damaged.

    high_range: accept high dynamic range. Raises ShotError if the file is not a movie, contains no decodable frame, has
    high dynamic range that is not accepted, or has an unsupported matrix.
    """
    found, truncated = _scan(path, serial=False, high_range=high_range), is_truncated(path)
    serial = not found.stream.is_whole()
    if serial:
        found = _scan(path, serial=True, high_range=high_range)
        if changes := _format_changes(found):
            found = _scan(path, serial=True, high_range=high_range, drains=changes)
        truncated = _lacks_its_end(found.stream) if truncated is None else truncated
        _mark_damaged(path, found, bool(truncated))
        serial = not found.stream.is_whole()
    if not found.formats:
        raise ShotError(f"{path}: expected video, found no decodable frame; export it again")
    header = found.header
    frames = map_frames(found.stream, header.time_base, header.rates, serial=serial, truncated=bool(truncated))
    return Movie(
        header=header,
        formats=_format_runs(found, frames.map),
        stamps=frames.stamps,
        frame_map=frames.map,
        losses=replace(frames.losses, unread=0 if truncated else _count_unread(header, frames.stamps)),
        truncated=bool(truncated),
        pixel_aspect=1 / header.pixel_aspect if found.rotation.swap else header.pixel_aspect,
        notes=tuple(dict.fromkeys(found.notes)),
        colour=found.colour,
        peak=found.peak,
        interlacing=found.fields.result(found.field_order),
        looks_premultiplied=found.transparency.looks_premultiplied(),
    )


def scan_film(path: Path, order: FieldOrder, frame_map: FrameMap | None) -> tuple[FilmFrame, ...]:
    """Decode a telecined movie once more and return the frames of its film. frame_map: of the movie's scan."""
    with _open_pictures(path, frame_map) as pictures:
        return find_film(_in_order(pictures, frame_map), order)


def decode(
    path: Path, positions: Sequence[int], frame_map: FrameMap | None = None, how: Deinterlacing | None = None
) -> Iterator[tuple[int, Pixels]]:
    """Yield (position, pixels) of selected frames. One frame is in memory at a time, or a few to be deinterlaced or of
    a damaged stream.

    positions: ascending, 0 for the first frame; of conformed frames, if `how` states how to deinterlace them.
    frame_map: frame map of the movie's scan. Pixels: upright, as in `read_frames`. Raises ShotError if the movie has
    changed and ends before the last position.
    """
    yielded = 0
    with _open_pictures(path, frame_map) as opened:
        first = next(opened, None)
        rotation = (first and rotation_of(first[1])) or Rotation()
        pictures: Iterator[tuple[int | None, VideoFrame]] = chain([first] if first else [], opened)
        numbers: Sequence[int] = positions
        if how is not None:
            pictures = enumerate(deinterlaced(_in_order(pictures, frame_map), how))
        elif frame_map is not None:
            numbers = [frame_map.packets[position] for position in positions]
        chosen = _choose(pictures, numbers)
        for position, frame in zip(positions, chosen, strict=False):
            yield position, rotation.apply(pixels_of(frame))
            yielded += 1
    if yielded < len(positions):
        missing = positions[yielded] + 1
        raise ShotError(f"{path}: frame {missing} can no longer be decoded; restore the movie and run again")


@contextmanager
def _open_pictures(path: Path, frame_map: FrameMap | None) -> "Iterator[Iterator[tuple[int | None, VideoFrame]]]":
    """Open the pictures of a movie, with the number of their packet; without a map, with their position."""
    with open_stream(path, serial=frame_map is not None and frame_map.serial) as (container, stream):
        log = DecodedStream(verify=False, drains=frame_map.drains if frame_map else frozenset())
        pictures = read_pictures(container, stream, log)
        yield pictures if frame_map else enumerate(frame for _, frame in pictures)


def _in_order(
    pictures: "Iterator[tuple[int | None, VideoFrame]]", frame_map: FrameMap | None
) -> "Iterator[VideoFrame]":
    """Yield the picture of every frame of a movie."""
    return (frame for _, frame in pictures) if frame_map is None else _choose(pictures, frame_map.packets)


def _choose(pictures: "Iterator[tuple[int | None, VideoFrame]]", numbers: Sequence[int]) -> "Iterator[VideoFrame]":
    """Yield the picture of each of `numbers`, which may repeat. Pictures that come before their turn are kept."""
    remaining, early = set(numbers), dict[int | None, "VideoFrame"]()
    shown: int | None = None
    frame: VideoFrame | None = None
    for number in numbers:
        if number != shown:
            frame = early.pop(number, None)
            while frame is None:
                found, picture = next(pictures, (None, None))
                if picture is None:
                    return
                if found == number:
                    frame = picture
                elif found in remaining:
                    early[found] = picture
            shown = number
            remaining.discard(number)
        assert frame is not None
        yield frame


def _scan(path: Path, *, serial: bool, high_range: bool, drains: frozenset[int] = frozenset()) -> _Scan:
    """Decode all frames. high_range: as in `scan`. drains: as in `FrameMap`. Raises ShotError, as `scan` does."""
    with open_stream(path, serial=serial) as (container, stream):
        header, log = _header(container, stream), DecodedStream(drains=drains)
        found = _Scan(stream.codec_context.name, header, log, high_range)
        checks = _REJECTING | _LATE
        if not serial and found.codec in checks:
            stream.codec_context.options = {"err_detect": checks[found.codec]}
        found.field_order = int(stream.codec_context.field_order)
        for number, frame in read_pictures(container, stream, found.stream):
            if frame.is_corrupt and number is not None:
                found.stream.damaged.add(number)
            found.stream.pictures.append(number)
            _add_frame(frame, found, path)
        if container.format.name in _MARKING_PREVIOUS:
            found.stream.suspect = {min(number + 1, len(found.stream.stamps) - 1) for number in found.stream.suspect}
    found.stream.add_checksums()
    return found


def _lacks_its_end(stream: DecodedStream) -> bool:
    """Return whether the last packet is incomplete, as in a truncated file of a format that declares no length."""
    last = len(stream.stamps) - 1
    return last in stream.damaged | stream.suspect or last not in stream.pictures


def _mark_damaged(path: Path, found: _Scan, truncated: bool) -> None:
    """Add damaged pictures that the decoder did not report."""
    stream = found.stream
    stream.damaged |= stream.rejected
    if truncated or found.codec not in _REPORTING:
        stream.damaged |= stream.suspect
    if found.codec not in _REJECTING:
        return
    strict = DecodedStream()
    with open_stream(path, serial=True) as (container, video):
        video.codec_context.options = {"err_detect": _REJECTING[found.codec]}
        for _ in read_pictures(container, video, strict):
            pass
    stream.damaged |= strict.rejected


def _add_frame(frame: "VideoFrame", found: _Scan, path: Path) -> None:
    """Record a frame's format, and all properties of the first frame. Raises ShotError, as `scan` does."""
    coded = format_of(frame)
    if not found.formats:
        _check_colour(frame, found, path)
        _add_first_frame(frame, found, path.name)
    found.fields.add(frame)
    if coded.alpha:
        found.transparency.add(frame)
    # One object for all frames of a run saves memory.
    found.formats.append(found.formats[-1] if found.formats and found.formats[-1] == coded else coded)


def _format_changes(found: _Scan) -> frozenset[int]:
    """Return the first packet of each run of pictures of one format, except the first run."""
    both = zip(found.formats, found.stream.pictures, strict=True)
    runs = [[number for _, number in run if number is not None] for _, run in groupby(both, lambda one: one[0])]
    return frozenset(min(run) for run in runs[1:] if run)


def _format_runs(found: _Scan, frame_map: FrameMap | None) -> tuple[tuple[int, FrameFormat], ...]:
    """Return the upright formats, as in `Movie`."""
    formats = found.formats
    if frame_map is not None:
        by_packet = dict(zip(found.stream.pictures, formats, strict=True))
        formats = [by_packet[number] for number in frame_map.packets]
    runs: list[tuple[int, FrameFormat]] = []
    for position, coded in enumerate(formats):
        if position == 0 or coded != formats[position - 1]:
            runs.append((position, replace(coded, size=found.rotation.size(coded.size))))
    return tuple(runs)


def _add_first_frame(frame: "VideoFrame", found: _Scan, name: str) -> None:
    # RGB declares no matrix, and untagged YUV declares nothing, although its height implies a matrix.
    found.colour = colour_from_tags(*_known_tags(frame, found.header))
    if found.colour.transfer in HDR_TRANSFERS:
        found.peak = peak_of(frame, found.colour.transfer)
    rotation = rotation_of(frame)
    if rotation is None:
        found.notes.append(f"{name}: its rotation by {frame.rotation} degrees is not supported and was ignored")
    found.rotation = rotation or Rotation()


def _colour_tags(declared: "VideoFrame | VideoCodecContext") -> tuple[int, int, int]:
    """Return matrix, primaries and transfer, as code points of ITU-T H.273."""
    return int(declared.colorspace), int(declared.color_primaries), int(declared.color_trc)


def _known_tags(frame: "VideoFrame", header: Header) -> tuple[int, int, int]:
    """Return the colour that a frame declares, or what the container declares where the frame leaves it unspecified.

    The matrix is that of the frame, since RGB has none, and since its pixels are converted with it.
    """
    matrix, primaries, transfer = _colour_tags(frame)
    return (
        matrix,
        header.colour[1] if primaries in _UNSPECIFIED else primaries,
        header.colour[2] if transfer in _UNSPECIFIED else transfer,
    )


def _check_colour(frame: "VideoFrame", found: _Scan, path: Path) -> None:
    transfer = HDR_TRANSFERS.get(_known_tags(frame, found.header)[2])
    if transfer and not found.high_range:
        raise hdr_error(path, transfer)
    if frame.colorspace not in (*MATRICES, *_WITHOUT_MATRIX) and not frame.format.is_rgb:
        raise ShotError(
            f"{path}: expected RGB, or YUV of BT.601, BT.709 or BT.2020, found matrix {int(frame.colorspace)} of "
            "ITU-T H.273; convert it, for example with ffmpeg -vf scale=out_color_matrix=bt709"
        )


def _header(container: "InputContainer", stream: "VideoStream") -> Header:
    return Header(
        time_base=Fraction(stream.time_base or 1),
        rates=tuple(rate for rate in (stream.guessed_rate, stream.average_rate) if rate),
        pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
        timecode=_timecode(container),
        audio=bool(container.streams.audio),
        audio_channels=tuple(audio.channels for audio in container.streams.audio),
        count=stream.frames,
        end=_declared_end(stream),
        # Decoders overwrite what the container declares with what the frames declare, even if that is nothing.
        colour=_colour_tags(stream.codec_context),
    )


def _declared_end(stream: "VideoStream") -> Fraction | None:
    """Return the end of the last frame in seconds, which programs write into a tag of each stream of Matroska."""
    match = _DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    return match and 3600 * Fraction(match[1]) + 60 * Fraction(match[2]) + Fraction(match[3])


def _count_unread(header: Header, stamps: Sequence[int | None]) -> int:
    """Return how many frames a file declares after the last one. One may be due to rounding, and is not counted."""
    known = [stamp for stamp in stamps if stamp is not None]
    gaps = [after - before for before, after in pairwise(known)]
    if header.end is None or not gaps or min(gaps) <= 0:
        return 0
    interval = median_low(gaps) * header.time_base
    count = round((header.end - known[-1] * header.time_base) / interval) - 1
    return count if count > 1 else 0


def _timecode(container: "InputContainer") -> str | None:
    """Return the timecode of the file, or of the first stream that has one. Matroska has an upper-case key.

    Metadata are untrusted and timecodes are printed and written to files, so texts with other characters are ignored.
    """
    metadata = (container.metadata, *(stream.metadata for stream in container.streams))
    found = (value for entries in metadata for key, value in entries.items() if key.lower() == "timecode")
    return next((pad_timecode(value) for value in found if _TIMECODE.fullmatch(value)), None)
