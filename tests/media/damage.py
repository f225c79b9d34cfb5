"""Damaged copies of movies."""

from collections.abc import Collection
from pathlib import Path

import av


def damage_packets(path: Path, numbers: Collection[int], skip: int = 20) -> Path:
    """Invert bits of packets, counted in decoding order, except for their first `skip` and last 5 bytes, in place."""
    with av.open(str(path)) as movie:
        places = [(packet.pos, packet.size) for packet in movie.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        start, size = places[number]
        assert start is not None
        for index in range(start + skip, start + size - 5):
            data[index] ^= 0x5A
    path.write_bytes(data)
    return path


def without_packets(source: Path, target: Path, numbers: Collection[int]) -> Path:
    """Copy the video of a movie without some packets, counted in decoding order."""
    return joined([source], target, numbers)


def joined(sources: Collection[Path], target: Path, left_out: Collection[int] = ()) -> Path:
    """Copy the videos of movies of ten frames at 25 per second one after the other, without some packets."""
    with av.open(str(target), "w") as output:
        stream = None
        count = 0
        for part, source in enumerate(sources):
            with av.open(str(source)) as movie:
                video = movie.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                assert video.time_base is not None
                shift = round(part * 10 / 25 / video.time_base)
                for packet in movie.demux(video):
                    if not packet.size or packet.pts is None:
                        continue
                    packet.pts, packet.stream = packet.pts + shift, stream
                    packet.dts = None if packet.dts is None else packet.dts + shift
                    if count not in left_out:
                        output.mux(packet)
                    count += 1
    return target
