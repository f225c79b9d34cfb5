"""Movies and sequences as shots."""

import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize.errors import FrameRangeError, InputError, SequenceError, SettingsError
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import FILM_RATE, picture, write_movie
from tests.media.shots import PICTURES, off_by, read, with_alpha

# Movies


def test_movie_properties_are_read(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "my shot.v2.mp4", PICTURES, audio=True)
    shot = open_shot(path)
    assert (shot.path, shot.name, shot.kind) == (path, "my shot.v2", "movie")
    assert shot.frames == tuple(range(1, 11))
    assert (shot.size, shot.depth, shot.alpha, shot.audio) == ((64, 48), 8, False, True)
    assert (shot.rate, shot.variable, shot.warnings) == (FILM_RATE, False, ())
    assert [time * shot.time_base for time in shot.times] == [index / FILM_RATE for index in range(10)]
    assert all(off_by(found, PICTURES[index]) <= 2 for index, found in enumerate(read(shot)))


@pytest.mark.parametrize(
    ("name", "codec", "layout"),
    [
        ("a.mov", "libx264", "yuv420p"),
        ("a.mkv", "ffv1", "yuv444p"),
        ("a.avi", "ffv1", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mp4", "mpeg4", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.avi", "rawvideo", "bgr24"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.mov", "qtrle", "rgb24"),
    ],
)
def test_common_movie_formats_are_read(tmp_path: Path, name: str, codec: str, layout: str) -> None:
    options = {"qp": "0"} if codec == "libx264" else {"qscale": "1"} if codec == "mpeg4" else {"crf": "1"}
    if codec in ("ffv1", "rawvideo", "qtrle", "mjpeg"):
        options = {}
    # AVI and MPEG-4 store no tags: small pictures are then taken for bt601.
    matrix = 5 if name == "a.avi" or codec == "mpeg4" else 1
    path = write_movie(tmp_path / name, PICTURES, codec=codec, layout=layout, options=options, matrix=matrix)
    shot = open_shot(path)
    assert (len(shot.frames), shot.rate, shot.variable, shot.warnings) == (10, FILM_RATE, False, ())
    allowed = 24 if codec in ("mpeg4", "mjpeg") else 4  # low-quality codecs
    assert max(off_by(found, PICTURES[index]) for index, found in enumerate(read(shot))) <= allowed


def test_start_number_applies_and_ranges_keep_numbers(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    shot = open_shot(path, start_number=1001, frames="1003-1009x3")
    assert shot.frames == (1003, 1006, 1009)
    assert shot.positions == (2, 5, 8)
    assert shot.source_frames == 10
    assert [time * shot.time_base * FILM_RATE for time in shot.times] == [0, 3, 6]
    assert shot.start == 2 / FILM_RATE
    assert all(off_by(found, PICTURES[at]) <= 2 for found, at in zip(read(shot), (2, 5, 8), strict=True))


def test_frames_outside_the_movie_are_refused(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    with pytest.raises(FrameRangeError, match=r"frames 5-11 were requested, but the frames are 1-10"):
        open_shot(path, frames="5-11")
    with pytest.raises(SettingsError, match="cannot read 'some' as frames"):
        open_shot(path, frames="some")


def test_start_number_is_refused_for_sequences(tmp_path: Path) -> None:
    write_sequence(tmp_path / "in", range(1001, 1003))
    with pytest.raises(SettingsError, match="--start-number applies to movies"):
        open_shot(tmp_path / "in", start_number=5)


def test_conflicting_rate_of_a_movie_is_refused(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    assert open_shot(path, rate=FILM_RATE).rate == FILM_RATE
    with pytest.raises(SettingsError, match="24000/1001"):
        open_shot(path, rate=Fraction(25))


def test_movie_of_one_frame_is_read(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", PICTURES[:1], rate=Fraction(30)))
    assert (shot.frames, shot.times, shot.rate, shot.variable) == ((1,), (0,), Fraction(30), False)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_rate_keeps_its_timestamps(tmp_path: Path, name: str) -> None:
    stamps = [0, 40, 80, 200, 240, 260, 300, 340, 700, 740]
    path = write_movie(tmp_path / name, PICTURES, rate=Fraction(25), stamps=stamps, time_base=Fraction(1, 1000))
    shot = open_shot(path)
    assert shot.variable
    assert shot.rate == 25
    assert [time * shot.time_base for time in shot.times] == [Fraction(stamp, 1000) for stamp in stamps]
    part = open_shot(path, frames="4-6")
    assert [time * part.time_base for time in part.times] == [0, Fraction(1, 25), Fraction(3, 50)]
    assert part.start == Fraction(1, 5)


@pytest.mark.parametrize("size", [(63, 47), (1, 1), (17, 64), (64, 17)])
def test_odd_sizes_are_read(tmp_path: Path, size: tuple[int, int]) -> None:
    odd = [picture(index, size) for index in range(3)]
    shot = open_shot(write_movie(tmp_path / "a.mkv", odd, codec="ffv1", layout="yuv420p", options={}))
    assert shot.size == size
    frames = read(shot)
    assert all(frame.shape == (size[1], size[0], 3) for frame in frames)
    assert off_by(frames[1], odd[1]) <= (4 if min(size) > 1 else 60)


def test_pixel_aspect_is_read(tmp_path: Path) -> None:
    def squeeze(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2)

    assert open_shot(write_movie(tmp_path / "a.mp4", PICTURES, prepare=squeeze)).pixel_aspect == 2


# Timecodes


def test_time_code_of_a_frame_range_is_offset(tmp_path: Path) -> None:
    def mark(stream: av.VideoStream) -> None:
        stream.metadata["timecode"] = "01:00:00:00"

    path = write_movie(tmp_path / "a.mov", PICTURES, rate=Fraction(25), prepare=mark)
    assert open_shot(path).timecode == "01:00:00:00"
    assert open_shot(path, frames="4-6").timecode == "01:00:00:03"


# Sequences


def write_sequence(folder: Path, numbers: range, suffix: str = ".png", dtype: type = np.uint8) -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        pixels = picture(number)
        write_image(folder / f"plate.{number:04d}{suffix}", pixels if dtype == np.uint8 else pixels.astype(dtype) * 257)
    return folder


@pytest.mark.parametrize("text", ["", "plate.####.png", "plate.%04d.png", "plate.@.png"])
def test_sequence_properties_are_read(tmp_path: Path, text: str) -> None:
    write_sequence(tmp_path / "in", range(1001, 1006))
    shot = open_shot(tmp_path / "in" / text)
    assert (shot.name, shot.kind, shot.frames) == ("plate", "sequence", (1001, 1002, 1003, 1004, 1005))
    assert (shot.size, shot.depth, shot.alpha) == ((64, 48), 8, False)
    assert (shot.rate, shot.time_base, shot.times, shot.variable) == (24, Fraction(1, 24), (0, 1, 2, 3, 4), False)
    for number, pixels in read_frames(shot):
        np.testing.assert_array_equal(pixels, picture(number))


def test_sequence_may_have_any_rate_and_no_name(tmp_path: Path) -> None:
    folder = tmp_path / "hill 丘"
    folder.mkdir()
    write_image(folder / "0007.tif", picture(0))
    shot = open_shot(folder, rate=FILM_RATE)
    assert (shot.name, shot.frames, shot.rate, shot.time_base) == ("hill 丘", (7,), FILM_RATE, 1 / FILM_RATE)
    with pytest.raises(SettingsError, match="above 0"):
        open_shot(folder, rate=Fraction(0))


@pytest.mark.parametrize(("suffix", "depth"), [(".png", 8), (".png", 16), (".tif", 16), (".exr", 16), (".jpg", 8)])
def test_common_picture_formats_are_read(tmp_path: Path, suffix: str, depth: int) -> None:
    write_sequence(tmp_path, range(3), suffix, np.uint8 if depth == 8 else np.uint16)
    shot = open_shot(tmp_path)
    assert shot.depth == depth
    assert max(off_by(found, picture(index)) for index, found in enumerate(read(shot))) <= (
        4 if suffix == ".jpg" else 1
    )


def test_gap_is_reported_and_can_be_excluded(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1001, 1004))
    write_sequence(tmp_path, range(1007, 1011))
    with pytest.raises(SequenceError, match="frames 1004-1006 are missing"):
        open_shot(tmp_path)
    with pytest.raises(FrameRangeError, match="frames 1004-1006 were requested"):
        open_shot(tmp_path, frames="1002-1008")
    assert open_shot(tmp_path, frames="1007-1010").frames == (1007, 1008, 1009, 1010)


def test_every_second_frame_can_be_read(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1001, 1010, 2))
    shot = open_shot(tmp_path, frames="1001-1009x2")
    assert shot.frames == (1001, 1003, 1005, 1007, 1009)
    assert shot.times == (0, 2, 4, 6, 8)


def test_first_frame_of_another_size_is_named(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1, 6))
    for number in (3, 5):
        write_image(tmp_path / f"plate.{number:04d}.png", picture(0, (60, 48)))
    with pytest.raises(SequenceError, match=r"plate\.0003\.png: expected 64x48 .* found 60x48"):
        open_shot(tmp_path)
    assert open_shot(tmp_path, frames="1-2").size == (64, 48)


def test_mixed_depth_and_alpha_are_unified(tmp_path: Path) -> None:
    write_image(tmp_path / "a.1.png", picture(0))
    write_image(tmp_path / "a.2.png", with_alpha(1, np.uint16))
    shot = open_shot(tmp_path)
    assert (shot.depth, shot.alpha) == (16, True)
    first, second = read(shot)
    np.testing.assert_array_equal(first[..., :3], picture(0).astype(np.uint16) * 257)
    assert (first[..., 3] == 65535).all()
    np.testing.assert_array_equal(second, with_alpha(1, np.uint16))


def test_single_picture_is_a_shot_of_one_frame(tmp_path: Path) -> None:
    write_image(tmp_path / "still.png", picture(0))
    shot = open_shot(tmp_path / "still.png")
    assert (shot.name, shot.frames) == ("still", (1,))
    np.testing.assert_array_equal(read(shot)[0], picture(0))


def test_broken_picture_is_named(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1, 4))
    (tmp_path / "plate.0002.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"plate\.0002\.png: not a readable picture"):
        open_shot(tmp_path)


def test_positions_count_from_the_first_existing_picture(tmp_path: Path) -> None:
    for number in (3, 4, 5, 9):
        write_image(tmp_path / f"p.{number:04d}.png", np.zeros((4, 4, 3), np.uint8))
    shot = open_shot(tmp_path, frames="4,5,9")
    assert (shot.positions, shot.source_frames, shot.times) == ((1, 2, 6), 7, (0, 1, 5))


# Memory


def test_sequence_is_read_one_picture_at_a_time(tmp_path: Path) -> None:
    for index in range(40):
        write_image(tmp_path / f"a.{index}.png", picture(index, (320, 240)))
    shot = open_shot(tmp_path)
    tracemalloc.start()
    for _ in read_frames(shot):
        pass
    assert tracemalloc.get_traced_memory()[1] < 6 * picture(0, (320, 240)).nbytes
    tracemalloc.stop()
