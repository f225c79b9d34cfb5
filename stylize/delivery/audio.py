"""Stream copy of the source's audio: packets are copied without decoding or encoding.

Every track keeps its title, its language and its disposition (FFmpeg's word for flags such as default, comment or
hearing impaired), as far as the container can store them.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stylize.visible_text import visible

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Disposition, Stream

# The language that MP4 declares for a track without one.
_UNDETERMINED = "und"
# Containers that store no title, but a handler's name, which players show as the track's title.
_WITHOUT_TITLE = ("mp4", "mov")


@dataclass(frozen=True)
class Description:
    """Declarations of a stream about its contents. flags: FFmpeg's disposition."""

    title: str
    language: str
    handler: str
    flags: "Disposition"

    @classmethod
    def of(cls, stream: "Stream") -> "Description":
        """Read the description of a stream."""
        known = {key.lower(): value for key, value in stream.metadata.items()}
        language = known.get("language", "")
        title, handler = known.get("title", ""), known.get("handler_name", "")
        return cls(title, "" if language == _UNDETERMINED else language, handler, stream.disposition)

    def put(self, target: "Stream", kind: str) -> None:
        """Write the title and the language to a stream of a container of this kind."""
        handler = (kind in _WITHOUT_TITLE and self.title) or self.handler
        found = {"title": self.title, "language": self.language, "handler_name": handler}
        target.metadata.update({key: value for key, value in found.items() if value})

    def missing_in(self, written: "Description") -> list[str]:
        """Return what another description lacks, as text."""
        lost = [f"title {self.title}"] if self.title not in ("", written.title, written.handler) else []
        lost += [f"language {self.language}"] if self.language not in ("", written.language) else []
        flags = self.flags & ~written.flags
        return lost + [flag.name for flag in type(flags) if flag in flags and flag.name]


@dataclass(frozen=True)
class TimeRange:
    """Part of a source that a shot covers, in seconds of the source's clock.

    `origin` becomes 0 in the result. Packets that end at or before `begin` or start at or after `end` are dropped. None
    keeps all packets on that side.
    """

    origin: Fraction
    begin: Fraction | None
    end: Fraction | None

    def overlaps(self, start: Fraction, stop: Fraction) -> bool:
        """Return whether a packet from `start` to `stop` overlaps the range."""
        return (self.begin is None or stop > self.begin) and (self.end is None or start < self.end)


@dataclass
class Track:
    """An audio stream being copied.

    description: of the source. packets: number copied so far. last: last timestamp written, None at first.
    """

    source: "AudioStream"
    target: "AudioStream"
    description: Description
    packets: int = 0
    last: int | None = None


def add_tracks(source: "InputContainer", output: "OutputContainer", kind: str) -> tuple[list[Track], tuple[str, ...]]:
    """Add a stream to `output` for each audio stream that the container supports.

    kind: FFmpeg's name of the container format, such as "mp4". Returns the tracks, and messages about unsupported
    streams.
    """
    tracks, notes = [], []
    for number, stream in enumerate(source.streams.audio, start=1):
        if not _can_carry(stream, kind):
            codec = stream.codec_context.name
            notes.append(f"audio stream {number} ({codec}) was left out: .{kind} does not support {codec}")
            continue
        target = output.add_stream_from_template(stream)
        description = Description.of(stream)
        description.put(target, kind)
        target.disposition = description.flags
        tracks.append(Track(stream, target, description))
    return tracks, tuple(notes)


def lost_descriptions(written: "InputContainer", tracks: Sequence[Track], suffix: str) -> tuple[str, ...]:
    """Return messages about titles, languages and dispositions that a container did not keep.

    written: the movie, read back. suffix: of its file.
    """
    # A missing track is an error, which the caller raises.
    pairs = enumerate(zip(tracks, written.streams.audio, strict=False), start=1)
    lost = {number: track.description.missing_in(Description.of(stream)) for number, (track, stream) in pairs}
    return tuple(
        f"audio track {number} lost what {suffix} does not store: {visible(', '.join(parts))}"
        for number, parts in lost.items()
        if parts
    )


def uncopied_streams(source: "InputContainer") -> Iterator[str]:
    """Yield messages about subtitles and data, which are not copied. Timecode tracks are written again."""
    for stream in source.streams:
        if stream.type == "subtitle" or (stream.type == "data" and "timecode" not in stream.metadata):
            codec = stream.codec_context.name if stream.codec_context else "unknown"
            yield f"stream {stream.index} ({stream.type}, {codec}) was left out: a result has pictures and sound only"


def copy_packets(
    source: "InputContainer", tracks: Sequence[Track], time_range: TimeRange
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Yield (start, packet) for each packet of `tracks` in `time_range`, in file order. start: in seconds.

    Timestamps are shifted so that `time_range.origin` is 0. A packet that straddles `time_range.begin` may start below
    0; players skip that part. Raises av.FFmpegError if reading the source fails.
    """
    by_index = {track.source.index: track for track in tracks}
    for packet in source.demux(*(track.source for track in tracks)) if tracks else ():
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or not packet.size:
            continue
        start = stamp * packet.time_base
        if time_range.overlaps(start, start + (packet.duration or 0) * packet.time_base):
            _restamp(packet, by_index[packet.stream.index], start - time_range.origin)
            yield start - time_range.origin, packet


def _restamp(packet: "Packet[Any]", track: Track, start: Fraction) -> None:
    unit = track.target.time_base
    assert unit is not None  # the header has been written
    stamp = round(start / unit)
    if track.last is not None:
        stamp = max(stamp, track.last + 1)  # sources with coarse clocks may repeat a timestamp
    packet.duration = round((packet.duration or 0) * packet.time_base / unit)
    packet.pts = packet.dts = stamp
    packet.time_base = unit
    packet.stream = track.target
    track.packets += 1
    track.last = stamp


def _can_carry(stream: "AudioStream", kind: str) -> bool:
    """Return whether a container of `kind` accepts the stream. This is tried out: lists of codecs are unreliable."""
    import av

    try:
        with av.open(io.BytesIO(), "w", format=kind) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
