"""Frames that cannot be decoded keep their numbers, and are named."""

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.errors import ShotError
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import picture, write_movie
from tests.media.damage import damage_packets, joined, without_packets
from tests.media.shots import NOISE, off_by, read

RATE = Fraction(25)
PICTURES = [picture(2 * index) for index in range(12)]
# MPEG-2 without and with B frames, and H.264 with them: decoding order 1 4 2 3 7 5 6.
PLAIN, WITH_B = {"bf": "0", "g": "6", "b": "4M"}, {"bf": "2", "b_strategy": "0", "g": "6", "b": "4M"}
H264_WITH_B = {"preset": "veryfast", "x264-params": "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0"}


def write(
    path: Path, codec: str, pictures: list[Pixels] = PICTURES, options: Mapping[str, str] | None = None, **settings: str
) -> Path:
    layout = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le", "png": "rgb24"}.get(codec, "yuv420p")
    return write_movie(path, pictures, codec=codec, layout=layout, rate=RATE, options={**(options or {}), **settings})


def check_numbers(path: Path, affected: set[int], pictures: list[Pixels] = PICTURES, allowed: int = 40) -> list[Pixels]:
    """Assert that all frames but the affected ones show their own picture. allowed: difference that codecs cause."""
    shot = open_shot(path)
    assert shot.frames == tuple(range(1, len(pictures) + 1))
    assert (shot.rate, shot.variable) == (RATE, False)
    assert [time * shot.time_base for time in shot.times] == [index / RATE for index in range(len(pictures))]
    found = read(shot)
    blue = [int(frame[..., 2].mean() // (257 if frame.dtype == np.uint16 else 1)) for frame in found]
    own = {number for number, value in enumerate(blue, 1) if abs(value - int(pictures[number - 1][..., 2].mean())) < 8}
    assert set(range(1, len(pictures) + 1)) - own <= affected
    return found


def refuses(path: Path, message: str) -> None:
    assert any(message in warning for warning in open_shot(path).warnings), open_shot(path).warnings
    with pytest.raises(ShotError, match=r"^[^\n]*leave out --strict[^\n]*$") as error:
        open_shot(path, strict=True)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "codec", "number", "affected"),
    [
        ("a.mov", "png", 4, {5}),
        ("a.avi", "mjpeg", 4, {5}),
        ("a.avi", "mjpeg", 0, {1}),
        ("a.mov", "mjpeg", 11, {12}),
        ("a.avi", "utvideo", 4, {5}),
    ],
)
def test_frame_that_cannot_be_decoded_repeats_its_neighbour(
    tmp_path: Path, name: str, codec: str, number: int, affected: set[int]
) -> None:
    path = damage_packets(write(tmp_path / name, codec), [number], skip=8)
    (lost,) = affected
    found = check_numbers(path, affected)
    np.testing.assert_array_equal(found[lost - 1], found[lost - 2 if lost > 1 else 1])
    refuses(path, f"{name}: frame {lost} is not decodable: the picture of a neighbouring frame is repeated")


def test_several_lost_frames_are_named_as_ranges(tmp_path: Path) -> None:
    path = damage_packets(write(tmp_path / "a.mov", "png"), [2, 3, 4, 8], skip=8)
    check_numbers(path, {3, 4, 5, 9})
    refuses(path, "frames 3-5, 9 are not decodable")
    shot = open_shot(path, start_number=1001, frames="1004-1012")
    assert "frames 1004-1005, 1009 are not decodable" in shot.warnings[0]
    assert open_shot(path, frames="10-12", strict=True).warnings == ()


@pytest.mark.parametrize("part", ["5-5", "5,9", "4-6"])
def test_part_of_a_damaged_movie_shows_the_same_pictures(tmp_path: Path, part: str) -> None:
    path = damage_packets(write(tmp_path / "a.mov", "png"), [3, 4], skip=8)
    whole = dict(read_frames(open_shot(path)))
    for number, pixels in read_frames(open_shot(path, frames=part)):
        np.testing.assert_array_equal(pixels, whole[number])


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mov", "prores_ks"), ("a.ts", "mpeg2video"), ("a.avi", "mpeg4"), ("a.avi", "mjpeg")]
)
def test_picture_that_the_decoder_approximates_is_named(tmp_path: Path, name: str, codec: str) -> None:
    options = PLAIN if codec.startswith("mpeg") else {}
    path = write(tmp_path / name, codec, NOISE, options)
    damage_packets(path, [8], skip={"prores_ks": 1500, "mjpeg": 900}.get(codec, 200))
    assert len(open_shot(path).frames) == 12
    refuses(path, f"{name}: frame 9 is damaged: the decoder's approximation is used")


def test_damage_of_a_reordered_picture_names_its_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "libx264", NOISE, H264_WITH_B)
    whole = read(open_shot(path))
    damage_packets(path, [2])
    shot = open_shot(path)
    assert len(shot.frames) == 12
    refuses(path, "a.mp4: frame 2 is damaged: the decoder's approximation is used")
    changed = [number for number, (a, b) in enumerate(zip(read(shot), whole, strict=True), 1) if (a != b).any()]
    assert changed == [2]


def test_repeated_runs_give_the_same_pictures_and_warnings(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "libx264", NOISE, {"preset": "ultrafast"})
    damage_packets(path, [3, 7])
    shots = [open_shot(path) for _ in range(4)]
    assert len({(shot.warnings, shot.frame_map) for shot in shots}) == 1
    first = read(shots[0])
    for shot in shots[1:]:
        for a, b in zip(first, read(shot), strict=True):
            np.testing.assert_array_equal(a, b)


def test_failed_checksum_of_ffv1_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", "ffv1", NOISE, level="3", slicecrc="1", g="1")
    assert open_shot(path, strict=True).warnings == ()
    damage_packets(path, [5], skip=600)
    assert len(open_shot(path).frames) == 12
    refuses(path, "a.mkv: frame 6 is damaged")


def test_ffv1_without_checksums_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", "ffv1", level="3", slicecrc="0", g="1")
    assert open_shot(path, strict=True).warnings == ()


# Packets that are missing


@pytest.mark.parametrize(
    ("name", "codec", "options", "packet", "frame"),
    [
        ("a.mkv", "libx264", H264_WITH_B, 5, 5),
        ("a.mp4", "libx264", H264_WITH_B, 2, 2),
        ("a.ts", "mpeg2video", WITH_B, 5, 5),
        ("a.avi", "mjpeg", {}, 4, 5),
        ("a.mov", "png", {}, 4, 5),
    ],
)
def test_frame_missing_from_a_regular_series_keeps_its_place(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], packet: int, frame: int
) -> None:
    whole = write(tmp_path / f"whole.{name}", codec, options=options)
    path = without_packets(whole, tmp_path / name, [packet])
    found = check_numbers(path, {frame})
    np.testing.assert_array_equal(found[frame - 1], found[frame - 2])
    refuses(path, f"{name}: frame {frame} is missing from the file: the previous picture is repeated")


def test_variable_rate_is_not_filled(tmp_path: Path) -> None:
    """Recorders of screens leave out many frames on purpose."""
    stamps = [0, 40, 80, 200, 240, 280, 400, 440, 480, 520, 680, 720]
    path = write_movie(tmp_path / "a.mkv", PICTURES, rate=RATE, stamps=stamps, time_base=Fraction(1, 1000))
    shot = open_shot(path, strict=True)
    assert (len(shot.frames), shot.variable, shot.warnings) == (12, True, ())


@pytest.mark.parametrize(("name", "codec", "display_bit"), [("a.webm", "libvpx", 0x10), ("a.nut", "libvpx-vp9", 0x02)])
def test_packets_of_reference_only_are_no_lost_frames(tmp_path: Path, name: str, codec: str, display_bit: int) -> None:
    """WebM joins such packets of VP9 with the next one."""
    path = tmp_path / name
    whole = write(tmp_path / "whole.webm", codec, options={"g": "4", "crf": "4", "b": "4M", "cpu-used": "8"})
    with av.open(str(whole)) as movie, av.open(str(path), "w") as output:
        video = movie.streams.video[0]
        stream = output.add_stream_from_template(video)
        for packet in movie.demux(video):
            if not packet.size or packet.pts is None:
                continue
            if packet.is_keyframe and packet.pts:
                data = bytes(packet)
                hidden = av.Packet(bytes([data[0] & ~display_bit]) + data[1:])
                hidden.pts = hidden.dts = packet.pts - 10
                hidden.time_base, hidden.stream = packet.time_base, stream
                output.mux(hidden)
            packet.stream = stream
            output.mux(packet)
    with av.open(str(path)) as movie:
        assert sum(packet.size > 0 for packet in movie.demux(video=0)) > len(PICTURES)
    check_numbers(path, set())
    assert open_shot(path, strict=True).frame_map is None


def test_lost_transport_packets_shift_no_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ts", "mpeg2video", NOISE, {"g": "3"})
    whole = read(open_shot(path))
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 6 * 188 :])
    shot = open_shot(path)
    assert len(shot.frames) == 12
    same = [number for number, (a, b) in enumerate(zip(read(shot), whole, strict=True), 1) if (a == b).all()]
    assert len(same) >= 8
    assert {1, 2, 11, 12} <= set(same)
    refuses(path, "frame")


@pytest.mark.parametrize(("codec", "options"), [("mpeg2video", PLAIN), ("libx264", {"preset": "ultrafast", "g": "6"})])
def test_stream_that_starts_without_a_key_frame_is_reported(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    whole = write(tmp_path / "whole.ts", codec, options=options)
    path = without_packets(whole, tmp_path / "a.ts", [0])
    found = check_numbers(path, set(range(1, 6)), PICTURES[1:])
    for frame in found[:5]:
        np.testing.assert_array_equal(frame, found[5])
    refuses(path, "a.ts: frames 1-5 are before the first key frame, and not decodable: the picture of frame 6 is")
    advice = "--frames 6-11 leaves them out"
    assert advice in open_shot(path).warnings[0]
    assert open_shot(path, frames="6-11", strict=True).warnings == ()


def test_pictures_in_a_wrong_order_are_shown_in_theirs(tmp_path: Path) -> None:
    """MPEG-2 without one of its P frames gives B frames early."""
    whole = write(tmp_path / "whole.ts", "mpeg2video", options=WITH_B)
    path = without_packets(whole, tmp_path / "a.ts", [1])
    found = check_numbers(path, {2, 3, 4, 5, 6})
    assert len(found) == 12
    refuses(path, "a.ts: frame 4 is missing from the file")


def test_marks_of_a_transport_stream_name_the_damaged_picture(tmp_path: Path) -> None:
    """Decoders of HEVC report nothing."""
    options = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=1"}
    path = write(tmp_path / "a.ts", "libx265", NOISE, options)
    whole = read(open_shot(path))
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 2 * 188 :])
    shot = open_shot(path)
    (changed,) = [number for number, (a, b) in enumerate(zip(read(shot), whole, strict=True), 1) if (a != b).any()]
    refuses(path, f"a.ts: frame {changed} is damaged")


def test_broken_structure_of_a_file_shifts_no_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", "ffv1", NOISE, g="1")
    whole = read(open_shot(path))
    with av.open(str(path)) as movie:
        place = [packet.pos for packet in movie.demux(video=0) if packet.size][6]
    data = path.read_bytes()
    assert place is not None
    path.write_bytes(data[:place] + b"\xff" * 40 + data[place + 40 :])
    found = read(open_shot(path))
    same = [number for number, (a, b) in enumerate(zip(found, whole, strict=True), 1) if (a == b).all()]
    assert same == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
    refuses(path, "a.mkv: frame 7 is missing from the file")


def test_frames_that_the_file_declares_after_the_last_one_are_reported(tmp_path: Path) -> None:
    """Matroska's reader may stop without an error where the structure of a file is broken."""
    path = write(tmp_path / "a.mkv", "ffv1")
    for declared, message in (("00:00:00.520", None), ("00:00:00.560", "frames after 12 cannot be read: the file")):
        path.write_bytes(re.sub(rb"00:00:00\.\d{3}", declared.encode(), path.read_bytes()))
        if message:
            refuses(path, f"a.mkv: {message} declares 2 more")
        else:
            assert open_shot(path, strict=True).warnings == ()


def test_stream_without_any_key_frame_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.ts", "mpeg2video", options={"g": "60"})
    with pytest.raises(ShotError, match="no decodable frame"):
        open_shot(without_packets(whole, tmp_path / "a.ts", [0]))


# Formats that change


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_change_of_size_names_the_frame_and_the_frames_to_choose(tmp_path: Path, codec: str) -> None:
    small = [picture(index, (48, 32)) for index in range(10)]
    options = {"preset": "ultrafast"} if codec == "libx264" else {}
    parts = [
        write(tmp_path / "a.ts", codec, PICTURES[:10], options), write(tmp_path / "b.ts", codec, small, options),
    ]  # fmt: skip
    path = joined(parts, tmp_path / "c.ts")
    with pytest.raises(ShotError, match=r"found 48x32 .* from frame 11 on; .* --frames 1-10 or --frames 11-20"):
        open_shot(path)
    first, second = open_shot(path, frames="1-10", strict=True), open_shot(path, frames="11-20", strict=True)
    assert (first.size, second.size) == ((64, 48), (48, 32))
    assert max(off_by(found, PICTURES[index]) for index, found in enumerate(read(first))) < 40
    assert max(off_by(found, small[index]) for index, found in enumerate(read(second))) < 40
    # Appended files: timestamps start again, and the container marks the last picture before.
    path.write_bytes(parts[0].read_bytes() + parts[1].read_bytes())
    with pytest.raises(ShotError, match=r"from frame 11 on; .* --frames 1-10 or --frames 11-20"):
        open_shot(path)
    np.testing.assert_array_equal(read(open_shot(path, frames="1-10")), read(first))
