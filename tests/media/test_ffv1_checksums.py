"""Checksums of FFV1 slices."""

from pathlib import Path

import av

from stylize.media.ffv1_checksums import verifies
from tests.clips import write_movie
from tests.media.shots import PICTURES


def packets(path: Path, **options: str) -> list[bytes]:
    write_movie(path, PICTURES[:2], codec="ffv1", layout="yuv420p", options={"level": "3", **options})
    with av.open(str(path)) as movie:
        return [bytes(packet) for packet in movie.demux(video=0) if packet.size]


def test_checksums_of_all_slices_are_verified(tmp_path: Path) -> None:
    for packet in packets(tmp_path / "a.mkv", slices="4", slicecrc="1"):
        assert verifies(packet)
        for place in range(0, len(packet), 7):
            changed = bytearray(packet)
            changed[place] ^= 1
            assert not verifies(bytes(changed)), place
        assert not verifies(packet[:-1])


def test_packets_without_checksums_do_not_verify(tmp_path: Path) -> None:
    assert not any(verifies(packet) for packet in (*packets(tmp_path / "a.mkv", slicecrc="0"), b"", b"\0" * 4))
