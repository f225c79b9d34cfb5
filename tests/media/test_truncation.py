"""Truncated files, by format."""

from fractions import Fraction
from pathlib import Path

import pytest

from stylize.media.opening import open_shot
from stylize.media.truncation import is_truncated
from tests.clips import write_movie
from tests.media.damage import damage_packets
from tests.media.shots import NOISE, PICTURES

# Formats that declare where they end.
DECLARED = [("a.mkv", "ffv1"), ("a.avi", "mjpeg"), ("a.mxf", "mpeg2video"), ("a.flv", "flv1"), ("a.wmv", "wmv2")]


def write(path: Path, codec: str) -> Path:
    layout = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    return write_movie(path, PICTURES, codec=codec, layout=layout, rate=Fraction(25), options={})


@pytest.mark.parametrize(("name", "codec"), DECLARED)
def test_missing_end_is_detected(tmp_path: Path, name: str, codec: str) -> None:
    path = write(tmp_path / name, codec)
    assert is_truncated(path) is False
    for share in (0.5, 0.8):
        cut = tmp_path / f"cut.{name}"
        cut.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        assert is_truncated(cut) is True, share


def test_damage_of_a_truncated_movie_is_reported_too(tmp_path: Path) -> None:
    path = damage_packets(write(tmp_path / "a.avi", "mjpeg"), [1], skip=8)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    first, second = open_shot(path).warnings
    assert first.startswith("a.avi: the movie is truncated: ")
    assert second.startswith("a.avi: frame 2 is not decodable")


@pytest.mark.parametrize("packet", [188, 192, 204])
@pytest.mark.parametrize("start", [0, 70])
def test_incomplete_transport_packet_is_detected(tmp_path: Path, packet: int, start: int) -> None:
    before = b"\0" * (4 if packet == 192 else 0)
    whole = b"\1" * start + (before + b"\x47" + b"\0" * (packet - 1 - len(before))) * 8
    path = tmp_path / "a.ts"
    path.write_bytes(whole)
    assert is_truncated(path) is None
    path.write_bytes(whole[:-5])
    assert is_truncated(path) is True


@pytest.mark.parametrize("rest", [0, 100])
def test_truncated_transport_stream_gives_its_readable_frames_with_a_warning(tmp_path: Path, rest: int) -> None:
    """Between two transport packets, only the last picture reveals the cut."""
    path = write_movie(tmp_path / "a.ts", NOISE, codec="mpeg2video", layout="yuv420p", rate=Fraction(25), options={})
    packets = path.stat().st_size // 188
    path.write_bytes(path.read_bytes()[: packets * 7 // 10 * 188 + rest])
    shot = open_shot(path)
    assert 3 <= len(shot.frames) < 10
    assert shot.warnings == (f"a.ts: the movie is truncated: {len(shot.frames)} frames could be read",)
