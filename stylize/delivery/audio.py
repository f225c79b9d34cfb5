"""Stream copy of the source's audio, packet for packet, without decoding or encoding."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet


@dataclass(frozen=True)
class TimeRange:
    """Part of a source that a shot covers, in seconds of the source's own clock.

    `origin` becomes 0 in the result. Packets that end at or before `begin`, or start at or after `end`, are omitted;
    None omits nothing on that side.
    """

    origin: Fraction
    begin: Fraction | None
    end: Fraction | None

    def overlaps(self, start: Fraction, stop: Fraction) -> bool:
        """Return whether any of a packet from `start` to `stop` is audible."""
        return (self.begin is None or stop > self.begin) and (self.end is None or start < self.end)


@dataclass
class Track:
    """An audio stream being copied: its source, its target, the number of packets copied, the last time stamp."""

    source: "AudioStream"
    target: "AudioStream"
    packets: int = 0
    last: int | None = None


def add_tracks(source: "InputContainer", output: "OutputContainer", kind: str) -> tuple[list[Track], tuple[str, ...]]:
    """Open a track in `output` (a container of `kind`, "mp4" or "mov") for every audio stream that it can carry.

    Returns the tracks, and messages about streams that could not be copied.
    """
    tracks, notes = [], []
    for number, stream in enumerate(source.streams.audio, start=1):
        if not _can_carry(stream, kind):
            codec = stream.codec_context.name
            notes.append(f"audio stream {number} ({codec}) was left out: .{kind} cannot carry {codec}")
            continue
        target = output.add_stream_from_template(stream)
        if "language" in stream.metadata:
            target.metadata["language"] = stream.metadata["language"]
        tracks.append(Track(stream, target))
    return tracks, tuple(notes)


def copy_packets(
    source: "InputContainer", tracks: Sequence[Track], time_range: TimeRange
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Yield the packets of `tracks` in `time_range`, in the file's order, with the second at which each one starts.

    Time stamps are shifted so that `time_range.origin` is 0. A packet that contains `time_range.begin` starts below 0;
    players skip that part. Raises av.FFmpegError if reading the source fails.
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
        stamp = max(stamp, track.last + 1)  # sources with coarse clocks give two packets one time stamp
    packet.duration = round((packet.duration or 0) * packet.time_base / unit)
    packet.pts = packet.dts = stamp
    packet.time_base = unit
    packet.stream = track.target
    track.packets += 1
    track.last = stamp


def _can_carry(stream: "AudioStream", kind: str) -> bool:
    """Return whether a container of `kind` accepts the stream, by trying it: lists of codecs are unreliable."""
    import av

    try:
        with av.open(io.BytesIO(), "w", format=kind) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
