"""Movies and sequences as shots."""

import gc
import struct
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.errors import FrameRangeError, InputError, SequenceError, SettingsError, ShotError
from stylize.footage.images import write_image
from stylize.footage.shot import Shot, open_shot, read_frames
from tests.clips import FILM_RATE, picture, write_movie

PICTURES = [picture(index) for index in range(10)]


def read(shot: Shot) -> list[Pixels]:
    numbers, frames = zip(*read_frames(shot), strict=True)
    assert numbers == shot.frames
    return list(frames)


def off_by(found: Pixels, expected: Pixels) -> int:
    """The largest difference, in 1/255."""
    assert found.shape == expected.shape
    scale = 257 if found.dtype == np.uint16 else 1
    wide = expected.astype(int) * (scale if expected.dtype == np.uint8 else 1)
    return int(np.ceil(np.abs(found.astype(int) - wide).max() / scale))


# Movies


def test_facts_of_a_movie(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "my shot.v2.mp4", PICTURES, audio=True)
    shot = open_shot(path)
    assert (shot.path, shot.name, shot.kind) == (path, "my shot.v2", "movie")
    assert shot.frames == tuple(range(1, 11))
    assert (shot.size, shot.depth, shot.alpha, shot.audio) == ((64, 48), 8, False, True)
    assert (shot.rate, shot.variable, shot.losses) == (FILM_RATE, False, ())
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
def test_kinds_of_movies(tmp_path: Path, name: str, codec: str, layout: str) -> None:
    options = {"qp": "0"} if codec == "libx264" else {"qscale": "1"} if codec == "mpeg4" else {"crf": "1"}
    if codec in ("ffv1", "rawvideo", "qtrle", "mjpeg"):
        options = {}
    # AVI and MPEG-4 keep no tags: what is this small is then taken for bt601.
    matrix = 5 if name == "a.avi" or codec == "mpeg4" else 1
    path = write_movie(tmp_path / name, PICTURES, codec=codec, layout=layout, options=options, matrix=matrix)
    shot = open_shot(path)
    assert (len(shot.frames), shot.rate, shot.variable, shot.losses) == (10, FILM_RATE, False, ())
    allowed = 24 if codec in ("mpeg4", "mjpeg") else 4  # coarse codecs
    assert max(off_by(found, PICTURES[index]) for index, found in enumerate(read(shot))) <= allowed


def test_numbers_start_where_told_and_a_part_keeps_them(tmp_path: Path) -> None:
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
    with pytest.raises(FrameRangeError, match=r"frames 5-11 were asked for, but the frames are 1-10"):
        open_shot(path, frames="5-11")
    with pytest.raises(SettingsError, match="cannot be read"):
        open_shot(path, frames="some")


def test_pictures_have_their_own_numbers(tmp_path: Path) -> None:
    write_sequence(tmp_path / "in", range(1001, 1003))
    with pytest.raises(SettingsError, match="leave out --start-number"):
        open_shot(tmp_path / "in", start_number=5)


def test_a_movie_has_its_own_rate(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    assert open_shot(path, rate=FILM_RATE).rate == FILM_RATE
    with pytest.raises(SettingsError, match="24000/1001"):
        open_shot(path, rate=Fraction(25))


def test_one_frame(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", PICTURES[:1], rate=Fraction(30)))
    assert (shot.frames, shot.times, shot.rate, shot.variable) == ((1,), (0,), Fraction(30), False)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_rate_keeps_its_time_stamps(tmp_path: Path, name: str) -> None:
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
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    odd = [picture(index, size) for index in range(3)]
    shot = open_shot(write_movie(tmp_path / "a.mkv", odd, codec="ffv1", layout="yuv420p", options={}))
    assert shot.size == size
    frames = read(shot)
    assert all(frame.shape == (size[1], size[0], 3) for frame in frames)
    assert off_by(frames[1], odd[1]) <= (4 if min(size) > 1 else 60)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_rotation_is_applied(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    path = write_movie(
        tmp_path / "a.mp4", PICTURES, prepare=lambda stream: stream.set_display_rotation(degrees, hflip=mirrored)
    )
    shot = open_shot(path)
    upright = np.rot90(PICTURES[3], degrees // 90)
    upright = upright[:, ::-1] if mirrored else upright
    assert shot.size == ((48, 64) if degrees % 180 else (64, 48))
    assert off_by(read(shot)[3], upright) <= 2


def test_rotation_as_a_phone_writes_it(tmp_path: Path) -> None:
    """The matrix in the track's header is changed by hand: 90 degrees clockwise."""
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    assert struct.unpack_from(">9i", data, matrix)[:5] == (65536, 0, 0, 0, 65536)
    struct.pack_into(">9i", data, matrix, 0, 65536, 0, -65536, 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(data)
    shot = open_shot(path)
    assert shot.size == (48, 64)
    assert off_by(read(shot)[0], np.rot90(PICTURES[0], -1)) <= 2


def test_a_crooked_rotation_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES, prepare=lambda stream: stream.set_display_rotation(45))
    shot = open_shot(path)
    assert shot.size == (64, 48)
    assert "turned by 45 degrees" in shot.losses[0]


def test_pixels_that_are_not_square_are_told(tmp_path: Path) -> None:
    def squeeze(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2)

    assert open_shot(write_movie(tmp_path / "a.mp4", PICTURES, prepare=squeeze)).pixel_aspect == 2


# Colour: flat patches with known YUV, so that nothing but the conversion is measured


KR_KB = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}


def truth(codes: tuple[int, int, int], matrix: int, full_range: bool, bits: int) -> list[float]:
    """RGB in [0, 1] of YUV `codes`, by the definition."""
    kr, kb = KR_KB[matrix]
    scale = 1 << (bits - 8)
    luma = codes[0] / ((1 << bits) - 1) if full_range else (codes[0] / scale - 16) / 219
    u, v = ((code - 128 * scale) / (((1 << bits) - 1) if full_range else 224 * scale) for code in codes[1:])
    red, blue = luma + 2 * (1 - kr) * v, luma + 2 * (1 - kb) * u
    return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue]


def write_codes(path: Path, codes: tuple[int, int, int], layout: str, colour: tuple[int, int], height: int) -> Path:
    """A movie of one flat frame of these YUV codes, 64 wide, with colour (matrix, range) tags as given; 2, 0: none."""
    frame = av.VideoFrame(64, height, layout)
    for plane, code in zip(frame.planes, codes, strict=False):
        deep = frame.format.components[0].bits > 8
        plane.update(np.full(plane.buffer_size // (2 if deep else 1), code, np.uint16 if deep else np.uint8).tobytes())
    frame.colorspace, frame.color_range, frame.pts = *colour, 0
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, height, layout
        stream.codec_context.colorspace, stream.codec_context.color_range = colour
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize(("layout", "bits"), [("yuv420p", 8), ("yuv444p", 8), ("yuv422p10le", 10), ("yuv444p12le", 12)])
@pytest.mark.parametrize("codes", [(120, 100, 150), (60, 140, 110), (235, 128, 128), (16, 128, 128)])
def test_colour_is_exact(
    tmp_path: Path, matrix: int, full_range: bool, layout: str, bits: int, codes: tuple[int, int, int]
) -> None:
    y, u, v = (code << (bits - 8) for code in codes)
    path = write_codes(tmp_path / "a.mkv", (y, u, v), layout, (matrix, 2 if full_range else 1), 16)
    (found,) = read(open_shot(path))
    top = 255 if bits == 8 else 65535
    expected = np.clip(truth((y, u, v), matrix, full_range, bits), 0, 1) * top
    # 8 bits: the nearest value. 16 bits: within a tenth of an 8-bit step.
    np.testing.assert_allclose(found[8, 32], expected, atol=0.52 if bits == 8 else 26)


@pytest.mark.parametrize(("height", "matrix"), [(576, 5), (720, 1)])
def test_untagged_colour_goes_by_height(tmp_path: Path, height: int, matrix: int) -> None:
    path = write_codes(tmp_path / "a.mkv", (120, 100, 150), "yuv444p", (2, 0), height)
    (found,) = read(open_shot(path))
    np.testing.assert_allclose(found[8, 32], np.array(truth((120, 100, 150), matrix, False, 8)) * 255, atol=0.52)


@pytest.mark.parametrize(("layout", "white"), [("gray", 255), ("gray10le", 1023), ("gray16le", 65535)])
def test_grey_movies(tmp_path: Path, layout: str, white: int) -> None:
    path = write_codes(tmp_path / "a.mkv", (white, 0, 0), layout, (2, 0), 16)
    (found,) = read(open_shot(path))
    assert np.all(found == np.iinfo(found.dtype).max)


def test_ten_bits_are_kept(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 1024).astype(np.uint16)
    pixels = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (16, 1024, 3)))
    shot = open_shot(write_movie(tmp_path / "a.mkv", [pixels], codec="ffv1", layout="gbrp10le", options={}))
    (found,) = read(shot)
    assert (shot.depth, found.dtype) == (16, np.uint16)
    assert len(np.unique(found[..., 0])) >= 1000
    assert off_by(found, pixels) <= 1


# Alpha


def with_alpha(index: int, dtype: type = np.uint8) -> Pixels:
    top = np.iinfo(dtype).max
    colour = (picture(index).astype(np.float64) / 255 * top).round()
    ramp = np.broadcast_to(np.linspace(0, top, 64).round()[None, :, None], (48, 64, 1))
    return np.ascontiguousarray(np.concatenate([colour, ramp], axis=2).astype(dtype))


@pytest.mark.parametrize(
    ("name", "codec", "layout", "depth", "allowed"),
    [
        ("a.mov", "prores_ks", "yuva444p10le", 16, 4),
        ("a.mov", "qtrle", "argb", 8, 0),
        ("a.mov", "png", "rgba", 8, 0),
        ("a.mov", "png", "rgba64be", 16, 0),
        ("a.mkv", "ffv1", "yuva444p", 8, 2),
        ("a.mkv", "ffv1", "gbrap12le", 16, 1),
    ],
)
def test_alpha_is_read_straight(tmp_path: Path, name: str, codec: str, layout: str, depth: int, allowed: int) -> None:
    pictures = [with_alpha(index, np.uint8 if depth == 8 else np.uint16) for index in range(3)]
    shot = open_shot(write_movie(tmp_path / name, pictures, codec=codec, layout=layout, options={}))
    assert (shot.alpha, shot.depth) == (True, depth)
    for found, expected in zip(read(shot), pictures, strict=True):
        assert off_by(found, expected) <= allowed
        assert found[0, -1, 3] == np.iinfo(found.dtype).max  # opaque stays opaque to the last bit


def test_alpha_of_webm(tmp_path: Path) -> None:
    def announce(stream: av.VideoStream) -> None:
        stream.metadata["alpha_mode"] = "1"

    pictures = [with_alpha(index) for index in range(4)]
    path = write_movie(
        tmp_path / "a.webm", pictures, codec="libvpx-vp9", layout="yuva420p", options={"crf": "1"}, prepare=announce
    )
    shot = open_shot(path)
    assert (shot.alpha, shot.rate) == (True, FILM_RATE)
    for found, expected in zip(read(shot), pictures, strict=True):
        assert off_by(found[..., 3], expected[..., 3]) <= 6
        assert off_by(found[..., :3], expected[..., :3]) <= 12


# Time codes


def test_timecode_of_a_part(tmp_path: Path) -> None:
    def mark(stream: av.VideoStream) -> None:
        stream.metadata["timecode"] = "01:00:00:00"

    path = write_movie(tmp_path / "a.mov", PICTURES, rate=Fraction(25), prepare=mark)
    assert open_shot(path).timecode == "01:00:00:00"
    assert open_shot(path, frames="4-6").timecode == "01:00:00:03"


# Bad movies


@pytest.mark.parametrize(
    ("name", "codec", "layout"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "ffv1", "yuv420p"),
    ],
)
def test_a_movie_cut_off_gives_what_it_has_and_says_so(tmp_path: Path, name: str, codec: str, layout: str) -> None:
    noise = [np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8) for index in range(24)]
    front = {"movflags": "faststart"} if name in ("a.mp4", "a.mov") else {}
    path = write_movie(tmp_path / name, noise, codec=codec, layout=layout, options={}, container=front)
    whole = read(open_shot(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    shot = open_shot(path)
    assert 8 <= len(shot.frames) < 20
    assert (shot.rate, shot.variable) == (FILM_RATE, False)
    assert f"{name}: the movie is cut off: {len(shot.frames)}" in shot.losses[0]
    for found, expected in zip(read(shot), whole, strict=False):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ShotError, match=r"^[^\n]*cut off[^\n]*$"):
        open_shot(path, strict=True)


def test_a_movie_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ShotError, match="cut off and its index is missing"):
        open_shot(path)


def test_a_movie_damaged_in_the_middle_says_so(tmp_path: Path) -> None:
    noise = [np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8) for index in range(24)]
    path = write_movie(tmp_path / "a.mov", noise, codec="png", layout="rgb24", options={})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 500] = bytes(500)
    path.write_bytes(data)
    shot = open_shot(path)
    assert 18 <= len(shot.frames) < 24
    assert "damaged" in shot.losses[0]
    assert len(read(shot)) == len(shot.frames)


@pytest.mark.parametrize("content", [b"", b"only words, no movie\n" * 50, bytes(5000)])
def test_what_is_no_movie_is_refused(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ShotError, match=r"^[^\n]*a\.mp4: not a movie[^\n]*$"):
        open_shot(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "ffv1")])
def test_a_movie_without_frames_is_refused(tmp_path: Path, name: str, codec: str) -> None:
    with av.open(str(tmp_path / name), "w") as output:
        stream = output.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.start_encoding()
    with pytest.raises(ShotError, match="no frame"):
        open_shot(tmp_path / name)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        output.mux(stream.encode(sound))
    with pytest.raises(ShotError, match="no frame of it"):
        open_shot(path)


@pytest.mark.parametrize("name", ["none.mp4", "none", "none.####.tga"])
def test_nothing_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ShotError, match=r"^[^\n]*no such file[^\n]*: check the (path|name)$"):
        open_shot(tmp_path / name)


@pytest.mark.parametrize("name", ["take 3: Überblick – 映画.mp4", "me@home.mp4", "50%d take #3.mp4", "file:a.mp4"])
def test_names_with_spaces_signs_and_other_alphabets(tmp_path: Path, name: str) -> None:
    made = write_movie(tmp_path / "a.mp4", PICTURES[:3])
    shot = open_shot(made.rename(tmp_path / name))
    assert shot.name == name.removesuffix(".mp4")
    assert len(read(shot)) == 3


def test_a_movie_that_has_become_shorter_is_noticed(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", PICTURES))
    write_movie(tmp_path / "a.mp4", PICTURES[:5])
    with pytest.raises(ShotError, match="frame 6 cannot be decoded any more"):
        read(shot)


# Sequences


def write_sequence(folder: Path, numbers: range, suffix: str = ".png", dtype: type = np.uint8) -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        pixels = picture(number)
        write_image(folder / f"plate.{number:04d}{suffix}", pixels if dtype == np.uint8 else pixels.astype(dtype) * 257)
    return folder


@pytest.mark.parametrize("text", ["", "plate.####.png", "plate.%04d.png", "plate.@.png"])
def test_facts_of_a_sequence(tmp_path: Path, text: str) -> None:
    write_sequence(tmp_path / "in", range(1001, 1006))
    shot = open_shot(tmp_path / "in" / text)
    assert (shot.name, shot.kind, shot.frames) == ("plate", "sequence", (1001, 1002, 1003, 1004, 1005))
    assert (shot.size, shot.depth, shot.alpha) == ((64, 48), 8, False)
    assert (shot.rate, shot.time_base, shot.times, shot.variable) == (24, Fraction(1, 24), (0, 1, 2, 3, 4), False)
    for number, pixels in read_frames(shot):
        np.testing.assert_array_equal(pixels, picture(number))


def test_a_sequence_may_have_any_rate_and_no_name(tmp_path: Path) -> None:
    folder = tmp_path / "hill 丘"
    folder.mkdir()
    write_image(folder / "0007.tif", picture(0))
    shot = open_shot(folder, rate=FILM_RATE)
    assert (shot.name, shot.frames, shot.rate, shot.time_base) == ("hill 丘", (7,), FILM_RATE, 1 / FILM_RATE)
    with pytest.raises(SettingsError, match="above 0"):
        open_shot(folder, rate=Fraction(0))


@pytest.mark.parametrize(("suffix", "depth"), [(".png", 8), (".png", 16), (".tif", 16), (".exr", 16), (".jpg", 8)])
def test_kinds_of_sequences(tmp_path: Path, suffix: str, depth: int) -> None:
    write_sequence(tmp_path, range(3), suffix, np.uint8 if depth == 8 else np.uint16)
    shot = open_shot(tmp_path)
    assert shot.depth == depth
    assert max(off_by(found, picture(index)) for index, found in enumerate(read(shot))) <= (
        4 if suffix == ".jpg" else 1
    )


def test_a_gap_is_named_and_can_be_left_out(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1001, 1004))
    write_sequence(tmp_path, range(1007, 1011))
    with pytest.raises(SequenceError, match="gaps, 1004-1006 missing"):
        open_shot(tmp_path)
    with pytest.raises(FrameRangeError, match="frames 1004-1006 were asked for"):
        open_shot(tmp_path, frames="1002-1008")
    assert open_shot(tmp_path, frames="1007-1010").frames == (1007, 1008, 1009, 1010)


def test_frames_on_twos(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1001, 1010, 2))
    shot = open_shot(tmp_path, frames="1001-1009x2")
    assert shot.frames == (1001, 1003, 1005, 1007, 1009)
    assert shot.times == (0, 2, 4, 6, 8)


def test_the_first_frame_of_another_size_is_named(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1, 6))
    for number in (3, 5):
        write_image(tmp_path / f"plate.{number:04d}.png", picture(0, (60, 48)))
    with pytest.raises(SequenceError, match=r"plate\.0003\.png: expected 64x48 .* found 60x48"):
        open_shot(tmp_path)
    assert open_shot(tmp_path, frames="1-2").size == (64, 48)


def test_mixed_depth_and_alpha_become_one(tmp_path: Path) -> None:
    write_image(tmp_path / "a.1.png", picture(0))
    write_image(tmp_path / "a.2.png", with_alpha(1, np.uint16))
    shot = open_shot(tmp_path)
    assert (shot.depth, shot.alpha) == (16, True)
    first, second = read(shot)
    np.testing.assert_array_equal(first[..., :3], picture(0).astype(np.uint16) * 257)
    assert (first[..., 3] == 65535).all()
    np.testing.assert_array_equal(second, with_alpha(1, np.uint16))


def test_one_picture_is_a_shot_of_one_frame(tmp_path: Path) -> None:
    write_image(tmp_path / "still.png", picture(0))
    shot = open_shot(tmp_path / "still.png")
    assert (shot.name, shot.frames) == ("still", (1,))
    np.testing.assert_array_equal(read(shot)[0], picture(0))


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    write_sequence(tmp_path, range(1, 4))
    (tmp_path / "plate.0002.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"plate\.0002\.png: not a picture"):
        open_shot(tmp_path)


# Memory


def test_one_picture_of_a_sequence_at_a_time_is_in_memory(tmp_path: Path) -> None:
    for index in range(40):
        write_image(tmp_path / f"a.{index}.png", picture(index, (320, 240)))
    shot = open_shot(tmp_path)
    tracemalloc.start()
    for _ in read_frames(shot):
        pass
    assert tracemalloc.get_traced_memory()[1] < 6 * picture(0, (320, 240)).nbytes
    tracemalloc.stop()


def test_frames_of_a_movie_do_not_wait_for_the_collector(tmp_path: Path) -> None:
    """A decoded frame that is part of a cycle keeps its picture: memory would grow with the length of the movie."""
    path = write_movie(tmp_path / "a.mp4", [picture(index % 24) for index in range(60)])
    gc.collect()
    gc.disable()
    try:
        for _ in read_frames(open_shot(path)):
            pass
        alive = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert alive <= 4


@pytest.mark.parametrize(("layout", "deep"), [("yuv422p", 1), ("yuv422p10le", 4), ("yuva422p10le", 4)])
def test_halved_colour_lies_on_the_left_of_two_columns(tmp_path: Path, layout: str, deep: int) -> None:
    """4:2:2 of editing says nothing of its place: it is that of ITU-R BT.601 and BT.709."""
    with av.open(str(tmp_path / "a.mkv"), "w") as movie:
        stream = movie.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 65, 16, layout
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        frame = av.VideoFrame(65, 16, layout)
        for number, plane in enumerate(frame.planes):
            lines = np.frombuffer(memoryview(plane), np.uint8 if deep == 1 else np.uint16).reshape(plane.height, -1)
            lines[:] = (126 if number == 0 else 128) * deep if number < 3 else 1023
            if number == 2:
                lines[:, :33] = deep * (64 + 2 * np.arange(33) * 2)
        frame.pts = 0
        movie.mux([*stream.encode(frame), *stream.encode(None)])
    ((_, found),) = read_frames(open_shot(tmp_path / "a.mkv"))
    red = 110 / 219 + 1.5748 * (64 + 2 * np.arange(65) - 128) / 224
    inner = slice(2, 62)
    top = np.iinfo(found.dtype).max
    np.testing.assert_allclose(found[5, inner, 0] / top, red[inner].clip(0, 1), atol=0.6 / 255)  # 0.007 if it is moved


def test_places_are_counted_from_the_first_picture_there_is(tmp_path: Path) -> None:
    for number in (3, 4, 5, 9):
        write_image(tmp_path / f"p.{number:04d}.png", np.zeros((4, 4, 3), np.uint8))
    shot = open_shot(tmp_path, frames="4,5,9")
    assert (shot.positions, shot.source_frames, shot.times) == ((1, 2, 6), 7, (0, 1, 5))
