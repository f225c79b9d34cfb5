"""Movies: the output, read back by the decoder, equals the input."""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

from propagate.arrays import Pixels
from stylize.delivery.movie import write_movie
from stylize.errors import InputError, OutputError, ShotError
from stylize.media.codecs import CODECS
from stylize.media.colour import Colour
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.shot import Shot, read_frames
from tests.clips import write_movie as write_tagged

CHART = (
    (115, 82, 68),
    (194, 150, 130),
    (98, 122, 157),
    (87, 108, 67),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (8, 133, 161),
)
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
AUDIO_RATE = 48000


def source(
    path: Path,
    *,
    rate: Fraction | int = 25,
    stamps: Sequence[int] = tuple(range(12)),
    unit: Fraction | None = None,
    size: tuple[int, int] = (64, 48),
    audio: str | None = None,
    metadata: dict[str, str] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """A movie of grey noise with a frame at each of `stamps` (counts of `unit`, else 1 / rate) and audible noise."""
    unit = unit or 1 / Fraction(rate)
    rng = np.random.default_rng(3)
    with av.open(str(path), "w") as movie:
        video: Any = movie.add_stream("libx264", rate=Fraction(rate))
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.time_base = video.codec_context.time_base = unit
        video.metadata.update(metadata or {})
        if aspect:
            video.codec_context.sample_aspect_ratio = aspect
        sound: Any = movie.add_stream(audio, rate=AUDIO_RATE, layout="stereo") if audio else None
        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (size[1], size[0]), np.uint8), format="gray")
            frame.pts, frame.time_base = stamp, unit
            movie.mux(video.encode(frame.reformat(format="yuv420p")))
        movie.mux(video.encode(None))
        if sound is not None:
            for packet in noise(sound, float((stamps[-1] + 1) * unit)):
                movie.mux(packet)
    return path


def noise(sound: Any, seconds: float) -> list[Any]:
    resampler = av.AudioResampler(
        format=sound.codec_context.format.name, layout="stereo", rate=AUDIO_RATE, frame_size=sound.frame_size or 1024
    )
    samples = np.random.default_rng(5).normal(0, 3000, (1, 2 * round(seconds * AUDIO_RATE))).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
    frame.sample_rate, frame.pts = AUDIO_RATE, 0
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    return [packet for piece in [*pieces, None] for packet in sound.encode(piece)]


def results(shot: Shot, folder: Path, pixels: Pixels | None = None) -> dict[int, Path]:
    """Use one picture of the shot's size for all frames."""
    if pixels is None:
        width, height = shot.size
        pixels = np.random.default_rng(9).integers(0, 255, (height, width, 3), np.uint8)
    write_image(folder / "result.png", pixels)
    return dict.fromkeys(shot.frames, folder / "result.png")


def packets_of(path: Path, number: int = 0) -> list[tuple[Fraction, Fraction, bytes]]:
    """Start, end and bytes of every audio packet."""
    with av.open(str(path)) as movie:
        packets = [packet for packet in movie.demux(movie.streams.audio[number]) if packet.size]
        return [(p.pts * p.time_base, (p.pts + p.duration) * p.time_base, bytes(p)) for p in packets]  # type: ignore


def frame_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as movie:
        return [frame.pts * frame.time_base for frame in movie.decode(video=0)]  # type: ignore


def psnr(found: Pixels, expected: Pixels) -> float:
    error = np.mean((found.astype(float) - expected) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def chart(width: int, height: int) -> Pixels:
    """Patches with soft borders: hard ones lose colour to 4:2:0 under any matrix."""
    patches = np.array(CHART, np.uint8).reshape(2, 4, 3)
    large = cv2.resize(patches, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(large, (0, 0), 4)  # type: ignore[return-value]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("size", "layout"), [((192, 108), "yuv420p"), ((191, 107), "yuv444p")])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_colour_is_converted_and_tagged_as_bt709(
    tmp_path: Path, suffix: str, size: tuple[int, int], layout: str, dtype: type
) -> None:
    picture = chart(*size)
    write_image(tmp_path / "p.0001.png", picture)
    shot = open_shot(tmp_path / "p.####.png")
    deep = picture.astype(np.uint16) * 257 if dtype is np.uint16 else picture
    notes = write_movie(shot, results(shot, tmp_path, deep), tmp_path / f"m{suffix}")
    assert [note for note in notes if "4:4:4" in note] == list(notes)
    assert bool(notes) == (layout == "yuv444p")
    with av.open(str(tmp_path / f"m{suffix}")) as movie:
        frame = next(movie.decode(video=0))
        tags: Any = movie.streams.video[0].codec_context
    assert (frame.width, frame.height, frame.format.name) == (*size, layout)
    for tagged in (frame, tags):
        assert tagged.colorspace == Colorspace.ITU709
        assert tagged.color_range == ColorRange.MPEG
        assert tagged.color_primaries == ColorPrimaries.BT709
        assert tagged.color_trc == ColorTrc.BT709
    back = frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=EXACT,
    )
    assert psnr(back.to_ndarray(), picture) >= 45  # 39 with colour half a pixel off, 29 with the wrong matrix


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30, 50, Fraction(60000, 1001)])
def test_rate_is_exact_and_frames_are_on_its_grid(tmp_path: Path, rate: Fraction | int) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", rate=rate))
    write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    assert open_shot(tmp_path / "m.mp4").rate == rate
    assert frame_times(tmp_path / "m.mp4") == [number / Fraction(rate) for number in range(12)]
    with av.open(str(tmp_path / "m.mp4")) as movie:
        assert movie.streams.video[0].average_rate == rate
        assert movie.streams.video[0].frames == 12


def test_rounded_timestamps_of_a_container_become_exact(tmp_path: Path) -> None:
    rate = Fraction(24000, 1001)
    shot = open_shot(source(tmp_path / "s.mkv", rate=rate, stamps=range(50)))
    assert shot.time_base == Fraction(1, 1000)
    write_movie(shot, results(shot, tmp_path), tmp_path / "m.mov")
    assert frame_times(tmp_path / "m.mov") == [number / rate for number in range(50)]


def test_variable_timestamps_are_kept(tmp_path: Path) -> None:
    stamps = (0, 40, 80, 113, 200, 240, 333, 400, 700)
    shot = open_shot(source(tmp_path / "s.mkv", stamps=stamps, unit=Fraction(1, 1000)))
    assert shot.variable
    (note,) = write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    assert "variable frame rate, which is kept; give --fps RATE for a constant one" in note
    assert frame_times(tmp_path / "m.mp4") == [Fraction(stamp, 1000) for stamp in stamps]


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25)])
def test_frames_are_conformed_to_the_requested_rate(tmp_path: Path, fps: Fraction) -> None:
    stamps = (0, 40, 80, 113, 200, 240, 333, 400, 700)
    shot = open_shot(source(tmp_path / "s.mkv", stamps=stamps, unit=Fraction(1, 1000), audio="aac"))
    (note,) = write_movie(shot, results(shot, tmp_path), tmp_path / "m.mov", fps=fps)
    lasts = float(len(stamps) / fps)
    durations = f"the movie lasts {lasts:.3f} s instead of 0.740 s"
    assert note == f"conformed to {fps} fps: {durations}; the audio keeps its original timing"
    assert frame_times(tmp_path / "m.mov") == [index / fps for index in range(len(stamps))]
    assert [packet[2] for packet in packets_of(tmp_path / "m.mov")] == [packet[2] for packet in packets_of(shot.path)]


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h264-10", "h265", "prores-4444", "dnxhr-hqx", "ffv1"])
def test_encoders_are_deterministic(tmp_path: Path, codec: str) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", size=(256, 144)))
    suffix = CODECS[codec].suffixes[-1]
    for name in "ab":
        write_movie(shot, results(shot, tmp_path), tmp_path / f"{name}{suffix}", codec=codec)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_size_that_a_codec_refuses_is_an_error(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4"))
    with pytest.raises(OutputError, match=r"DNxHR HQX does not accept 64x48 at 25 fps .*use another --codec, or -o F"):
        write_movie(shot, results(shot, tmp_path), tmp_path / "m.mov", codec="dnxhr-hqx")
    assert not (tmp_path / "m.mov").exists()


@pytest.mark.parametrize("codec", ["prores-422hq", "prores-4444", "h265-10"])
def test_odd_sizes_keep_their_last_column_and_row(tmp_path: Path, codec: str) -> None:
    picture = chart(191, 107)
    write_image(tmp_path / "p.0001.png", picture)
    shot = open_shot(tmp_path / "p.####.png")
    write_movie(shot, {1: tmp_path / "p.0001.png"}, tmp_path / "m.mov", codec=codec)
    ((_, back),) = read_frames(open_shot(tmp_path / "m.mov"))
    assert back.shape == (107, 191, 3)
    assert psnr(back[-2:, -2:] / 257, picture[-2:, -2:]) >= 40


def test_every_second_frame_keeps_its_time(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4"), frames="2-10x2")
    write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    assert frame_times(tmp_path / "m.mp4") == [Fraction(step * 2, 25) for step in range(5)]


@pytest.mark.parametrize(
    ("name", "codec", "target"),
    [
        ("s.mp4", "aac", "m.mp4"),
        ("s.mp4", "aac", "m.mov"),
        ("s.mov", "pcm_s16le", "m.mov"),
        ("s.mkv", "libopus", "m.mp4"),
        ("s.avi", "libmp3lame", "m.mp4"),
        ("s.mkv", "flac", "m.mp4"),
    ],
)
def test_audio_is_copied_packet_for_packet(tmp_path: Path, name: str, codec: str, target: str) -> None:
    shot = open_shot(source(tmp_path / name, audio=codec, stamps=range(30)))
    assert write_movie(shot, results(shot, tmp_path), tmp_path / target) == ()
    before, after = packets_of(tmp_path / name), packets_of(tmp_path / target)
    assert [packet[2] for packet in after] == [packet[2] for packet in before]
    shifts = [late[0] - early[0] + shot.start for early, late in zip(before, after, strict=True)]
    assert max(map(abs, shifts)) < Fraction(3, 1000)  # rounding of Matroska's milliseconds


@pytest.mark.slow
@pytest.mark.parametrize("frames", ["11-20", "1-10", "21-30", "7"])
@pytest.mark.parametrize("start_number", [1, 1001])
def test_frame_range_takes_its_part_of_the_audio(tmp_path: Path, frames: str, start_number: int) -> None:
    path = source(tmp_path / "s.mp4", audio="aac", stamps=range(30))
    wanted = "-".join(str(int(number) - 1 + start_number) for number in frames.split("-"))
    shot = open_shot(path, frames=wanted, start_number=start_number)
    write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    first, last = (int(number) for number in (frames.split("-") * 2)[:2])
    begin, end = Fraction(first - 1, 25), Fraction(last, 25)
    whole = packets_of(path)
    wanted_packets = [
        packet for packet in whole if (packet[1] > begin or first == 1) and (packet[0] < end or last == 30)
    ]
    after = packets_of(tmp_path / "m.mp4")
    assert 0 < len(after) < len(whole)
    assert [packet[2] for packet in after] == [packet[2] for packet in wanted_packets]
    for early, late in zip(wanted_packets, after, strict=True):
        assert abs(late[0] - (early[0] - begin)) <= Fraction(1, AUDIO_RATE)


def test_unsupported_audio_is_left_out_with_a_note(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mkv", audio="libopus"))
    (note,) = write_movie(shot, results(shot, tmp_path), tmp_path / "m.mov")
    assert "audio stream 1 (opus) was left out: .mov does not support opus" in note
    assert not open_shot(tmp_path / "m.mov").audio


@pytest.mark.parametrize(
    ("rate", "timecode", "frames", "expected"),
    [
        (25, "01:00:00:00", None, "01:00:00:00"),
        (25, "01:00:00:20", "7-12", "01:00:01:01"),
        (Fraction(30000, 1001), "00:59:59;25", None, "00:59:59;25"),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_time_code_is_kept(
    tmp_path: Path, suffix: str, rate: Fraction | int, timecode: str, frames: str | None, expected: str
) -> None:
    path = source(tmp_path / "s.mov", rate=rate, metadata={"timecode": timecode})
    shot = open_shot(path, frames=frames)
    assert write_movie(shot, results(shot, tmp_path), tmp_path / f"m{suffix}") == ()
    assert open_shot(tmp_path / f"m{suffix}").timecode == expected


def test_impossible_time_code_gives_a_note(tmp_path: Path) -> None:
    shot = replace(open_shot(source(tmp_path / "s.mp4")), timecode="01:00:00;00")
    (note,) = write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    assert "timecode 01:00:00;00 does not fit 25 fps" in note


def test_time_code_below_10_frames_per_second_is_kept(tmp_path: Path) -> None:
    """FFmpeg writes the number of the frame with one digit then."""
    for number in (1001, 1002):
        write_image(tmp_path / f"p.{number}.png", chart(64, 48))
    shot = open_shot(tmp_path / "p.####.png", rate=Fraction(8))
    notes = write_movie(shot, dict(zip(shot.frames, shot.files, strict=True)), tmp_path / "m.mp4")
    assert (notes, shot.timecode, open_shot(tmp_path / "m.mp4").timecode) == ((), "00:02:05:01", "00:02:05:01")


def test_lost_pixel_aspect_is_reported(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", aspect=Fraction(2)))
    notes = write_movie(shot, results(shot, tmp_path), tmp_path / "m.mkv", codec="ffv1")
    assert notes == (
        ".mkv with FFV1 does not store the pixel aspect ratio 2: set it in the program that reads it, or "
        "use another --codec",
    )
    assert write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4") == ()


def test_pixel_aspect_is_kept(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", aspect=Fraction(16, 15)))
    write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    assert open_shot(tmp_path / "m.mp4").pixel_aspect == Fraction(16, 15)


def test_alpha_is_composited_over_black_with_a_note(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4"))
    pixels = np.full((48, 64, 4), (255, 255, 255, 0), np.uint8)
    (note,) = write_movie(shot, results(shot, tmp_path, pixels), tmp_path / "m.mp4")
    assert "no alpha" in note
    with av.open(str(tmp_path / "m.mp4")) as movie:
        assert next(movie.decode(video=0)).to_ndarray(format="gray").max() <= 16


def test_same_results_give_the_same_bits(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", audio="aac", metadata={"timecode": "01:00:00:00"}))
    for name in ("a.mp4", "b.mp4"):
        write_movie(shot, results(shot, tmp_path), tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (17, 9)])
def test_tiny_and_odd_sizes_can_be_encoded(tmp_path: Path, size: tuple[int, int]) -> None:
    write_image(tmp_path / "p.0001.png", np.zeros((size[1], size[0], 3), np.uint8))
    shot = open_shot(tmp_path / "p.####.png")
    write_movie(shot, results(shot, tmp_path), tmp_path / "m.mp4")
    assert open_shot(tmp_path / "m.mp4").size == size


def test_foreign_movie_is_overwritten_only_on_request(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4"))
    target = tmp_path / "m.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"m\.mp4 already exists.*--overwrite"):
        write_movie(shot, results(shot, tmp_path), target)
    assert target.read_bytes() == b"precious"
    write_movie(shot, results(shot, tmp_path), target, overwrite=True)
    write_movie(shot, results(shot, tmp_path), target, ours=lambda path: path == target)
    assert len(frame_times(target)) == 12


def test_source_is_never_overwritten_under_any_name(tmp_path: Path) -> None:
    path = source(tmp_path / "s.mp4")
    before = path.read_bytes()
    (tmp_path / "other.mp4").hardlink_to(path)
    shot = open_shot(path)
    for target in (path, tmp_path / "other.mp4"):
        with pytest.raises(OutputError, match="is one of the input files"):
            write_movie(shot, results(shot, tmp_path), target, overwrite=True)
    assert path.read_bytes() == before


def test_names_with_spaces_colons_and_other_letters_work(tmp_path: Path) -> None:
    folder = tmp_path / "Zürich: take 2"
    folder.mkdir()
    shot = open_shot(source(folder / "größe 1.mp4", audio="aac"))
    write_movie(shot, results(shot, folder), folder / "take:2 é.mp4")
    assert len(frame_times(folder / "take:2 é.mp4")) == 12


def test_full_disk_leaves_no_partial_movie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = open_shot(source(tmp_path / "s.mp4"))
    target = tmp_path / "new/m.mp4"

    def full(*_: object, **__: object) -> None:
        raise av.error.OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "m.mp4")

    monkeypatch.setattr("stylize.delivery.movie.heapq.merge", full)
    with pytest.raises(OutputError, match=r"m\.mp4 cannot be written: the disk is full"):
        write_movie(shot, results(shot, tmp_path), target)
    assert list(target.parent.iterdir()) == []


def test_missing_and_wrong_results_leave_no_movie(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4"))
    good = results(shot, tmp_path)
    target = tmp_path / "new/m.mp4"
    with pytest.raises(OutputError, match="results of frames 2-12 are missing"):
        write_movie(shot, {1: good[1]}, target)
    write_image(tmp_path / "small.png", np.zeros((24, 32, 3), np.uint8))
    with pytest.raises(OutputError, match="frame 12 is 32x24, expected 64x48"):
        write_movie(shot, {**good, 12: tmp_path / "small.png"}, target)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match=r"text\.png"):
        write_movie(shot, {**good, 12: tmp_path / "text.png"}, target)
    assert list(target.parent.iterdir()) == []


def test_missing_source_is_reported(tmp_path: Path) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", audio="aac"))
    paths = results(shot, tmp_path)
    shot.path.unlink()
    with pytest.raises(ShotError, match=r"s\.mp4 can no longer be read"):
        write_movie(shot, paths, tmp_path / "m.mp4")
    assert not (tmp_path / "m.mp4").exists()


@pytest.mark.slow
def test_bits_do_not_depend_on_uninitialised_memory(tmp_path: Path) -> None:
    # Rate control by macroblock trees reads memory that the encoder has not initialised.
    shot = open_shot(Path(__file__).parents[2] / "examples" / "bunny.mp4", frames="1-24")
    (tmp_path / "small").mkdir()
    for number, pixels in read_frames(shot):
        held = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        write_image(tmp_path / "small" / f"f.{number:04d}.png", held)
    export = (
        "import sys; from pathlib import Path; import numpy as np; from stylize.media.opening import open_shot;"
        "from stylize.delivery.movie import write_movie;"
        "folder = Path(sys.argv[1]); shot = open_shot(folder / 'small');"
        "litter = [np.random.default_rng(n).integers(0, 255, 2**16, np.uint8) for n in range(int(sys.argv[2]))];"
        "del litter;"
        "write_movie(shot, dict(zip(shot.frames, shot.files)), folder / f'{sys.argv[2]}.mp4')"
    )
    made = set()
    for litter in ("0", "500", "2000"):
        words = [sys.executable, "-c", export, str(tmp_path), litter]
        subprocess.run(words, check=True, cwd=Path(__file__).parents[2])
        made.add((tmp_path / f"{litter}.mp4").read_bytes())
    assert len(made) == 1


def tagged_source(path: Path, colour: Colour, full: bool) -> Path:
    """A chart, encoded and tagged with these properties."""

    def prepare(stream: Any) -> None:
        stream.codec_context.color_primaries, stream.codec_context.color_trc = colour.primaries, colour.transfer

    return write_tagged(path, [chart(288, 256)], matrix=colour.matrix, full_range=full, prepare=prepare)


@pytest.mark.slow
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "colour", [Colour(5, 5, 6), Colour(5, 6, 6), Colour(9, 9, 14), Colour(1, 12, 13)], ids=["625", "525", "2020", "P3"]
)
@pytest.mark.parametrize("codec", CODECS)
def test_other_colour_spaces_are_converted_by_their_matrix_and_tagged(
    tmp_path: Path, codec: str, colour: Colour, full: bool
) -> None:
    shot = open_shot(tagged_source(tmp_path / "s.mp4", colour, full))
    assert shot.colour == colour
    ((number, plate),) = read_frames(shot)
    assert psnr(plate, chart(288, 256)) >= 48
    write_image(tmp_path / "r.png", plate)
    target = tmp_path / f"m{CODECS[codec].suffixes[0]}"
    write_movie(shot, {number: tmp_path / "r.png"}, target, codec=codec)
    with av.open(str(target)) as movie:
        frame = next(movie.decode(video=0))
    matrix = {"ffv1": 0}.get(codec, CODECS[codec].matrix or colour.matrix)
    assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (matrix, colour.primaries, colour.transfer)
    assert frame.color_range == (ColorRange.JPEG if codec == "ffv1" else ColorRange.MPEG)
    ((_, back),) = read_frames(open_shot(target))
    assert psnr(back / (257 if back.dtype == np.uint16 else 1), plate) >= (130 if codec == "ffv1" else 45)
    if codec != "ffv1" and matrix != 1:  # decoded with the default matrix, the difference would be visible
        kind = {"src_color_range": ColorRange.MPEG, "dst_color_range": ColorRange.JPEG, "interpolation": EXACT}
        wrong = frame.reformat(format="rgb24", src_colorspace=1, dst_colorspace=1, **kind)
        assert psnr(wrong.to_ndarray(), plate) < 40


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h265", "h265-10", "h264"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_movies_of_few_frames_are_deterministic(tmp_path: Path, codec: str, count: int) -> None:
    shot = open_shot(source(tmp_path / "s.mp4", stamps=range(count)))
    for name in "abc":  # x265's output for so few frames depended on uninitialised memory
        write_movie(shot, results(shot, tmp_path), tmp_path / f"{name}.mov", codec=codec)
        assert frame_times(tmp_path / f"{name}.mov") == [Fraction(n, 25) for n in range(count)]
    assert (tmp_path / "a.mov").read_bytes() == (tmp_path / "c.mov").read_bytes()
