"""Kinds of source by kinds of export: read back by our decoder and by other programs, the output equals the input."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.delivery.movie import write_movie
from stylize.delivery.sequence import write_sequence
from stylize.interchange.timelines.edl import edl_of
from stylize.interchange.timelines.otio import otio_of
from stylize.interchange.timelines.timeline import make_timeline
from stylize.media.clock import offset_timecode
from stylize.media.codecs import CODECS
from stylize.media.images import to_float, write_image
from stylize.media.opening import open_shot
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot, read_frames
from stylize.media.targets import Encoding, check_encoding, parse_target
from tests.clips import coded
from tests.delivery.test_movie import chart, frame_times, noise, packets_of

SIZE = (256, 120)  # minimum size of DNxHR
COUNT = 5
FILM, NTSC, FAST = Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)


@dataclass(frozen=True)
class Kind:
    """A kind of source. stamps: timestamps in milliseconds, if the rate varies."""

    name: str
    codec: str = "libx264"
    layout: str = "yuv420p"
    rate: Fraction = Fraction(25)
    stamps: tuple[int, ...] = ()
    audio: str | None = None
    timecode: str | None = None
    deep: bool = False
    alpha: bool = False
    turned: bool = False

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height of the stored frames, which lie on their side if they are turned."""
        return SIZE[::-1] if self.turned else SIZE


KINDS = {
    kind.name: kind
    for kind in (
        Kind("film.mp4", rate=FILM, audio="aac"),
        Kind("ten bits.mp4", layout="yuv420p10le", timecode="10:00:00:00", deep=True),
        Kind("drop.mov", rate=NTSC, audio="pcm_s16le", timecode="00:59:59;27"),
        Kind("fast.mov", rate=FAST, timecode="00:00:59;58", audio="aac"),
        Kind("uneven.mkv", rate=Fraction(25), stamps=(0, 40, 80, 193, 233), audio="flac"),
        Kind("alpha.mov", codec="prores_ks", layout="yuva444p10le", rate=FILM, deep=True, alpha=True),
        Kind("turned.mov", turned=True, timecode="01:00:00:00"),
        Kind("eight.####.png", timecode="00:00:40:01"),  # of frame 1001
        Kind("sixteen.####.png", rate=FILM, deep=True, alpha=True, timecode="00:00:41:17"),
    )
}
# Minimum PSNR in dB of a chart whose soft borders survive 4:2:0; None for bit-identical results.
BOUNDS: dict[str, float | None] = {
    "h264": 40, "h264-10": 40, "h265": 40, "h265-10": 40, "prores-422hq": 50, "prores-4444": 50,
    "dnxhr-hq": 45, "dnxhr-hqx": 50, "dnxhr-444": 50, "ffv1": None,
}  # fmt: skip
MOVIES = [(name, suffix) for name, codec in CODECS.items() for suffix in codec.suffixes]
SEQUENCES = [(".png", None), (".png", 8), (".png", 16), (".tif", 8), (".tif", 16), (".exr", None), (".dpx", None)]


def frames_of(kind: Kind) -> list[Pixels]:
    """A moving chart, so that no two frames are alike."""
    half = chart(SIZE[0] // 2, SIZE[1]).astype(np.uint16)
    base = np.hstack([half, half[:, ::-1]])
    frames = []
    for index in range(COUNT):
        pixels = np.roll(base, index * 6, axis=1)
        if kind.alpha:
            ramp = np.linspace(0, 255, SIZE[0]).round().astype(np.uint16)
            pixels = np.dstack([pixels, np.broadcast_to(ramp, SIZE[::-1])])
        pixels = pixels.swapaxes(0, 1) if kind.turned else pixels
        frames.append(pixels * 257 if kind.deep else pixels.astype(np.uint8))
    return frames


def make(kind: Kind, folder: Path) -> Shot:
    folder.mkdir()
    frames = frames_of(kind)
    if kind.name.endswith(".png"):
        for number, pixels in enumerate(frames, 1001):
            write_image(folder / kind.name.replace("####", str(number)), pixels)
        return open_shot(folder / kind.name, rate=kind.rate)
    path, unit = folder / kind.name, Fraction(1, 1000) if kind.stamps else 1 / kind.rate
    with av.open(str(path), "w") as movie:
        options = {"crf": "1"} if kind.codec == "libx264" else {"profile": "4", "alpha_bits": "16"}
        video: Any = movie.add_stream(kind.codec, rate=kind.rate, options=options)
        video.width, video.height, video.pix_fmt = *kind.stored_size, kind.layout
        video.time_base = video.codec_context.time_base = unit
        video.metadata.update({"timecode": kind.timecode} if kind.timecode else {})
        sound: Any = movie.add_stream(kind.audio, rate=48000, layout="stereo") if kind.audio else None
        for index, pixels in enumerate(frames):
            frame = coded(pixels, kind.layout, 1, False, True)
            frame.pts, frame.time_base = kind.stamps[index] if kind.stamps else index, unit
            movie.mux(video.encode(frame))
        movie.mux(video.encode(None))
        for packet in noise(sound, 0.3) if sound is not None else ():
            movie.mux(packet)
    if kind.turned:
        turn(path)
    return open_shot(path, start_number=1001)


def turn(path: Path) -> None:
    """Tag a QuickTime file as rotated by a quarter turn."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    data[place : place + 36] = b"".join(
        value.to_bytes(4, "big", signed=True) for value in (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    )
    path.write_bytes(bytes(data))


# The fast tests see a movie and a sequence, which differ in every respect; the matrix is wide.
FEW = ("film.mp4", "sixteen.####.png")


@pytest.fixture(
    scope="module", params=[name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in KINDS]
)
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Kind, Shot, list[Path]]:
    """A source, and its own frames as the result, so that any difference is due to the export."""
    kind = KINDS[request.param]
    folder = tmp_path_factory.mktemp("Größe 1")
    shot = make(kind, folder / "in")
    paths = []
    for number, pixels in read_frames(shot):
        paths.append(folder / f"r.{number}.png")
        write_image(paths[-1], pixels)
    assert (len(shot.frames), shot.frames[0]) == (COUNT, 1001)
    assert (shot.depth, shot.alpha) == (16 if kind.deep else 8, kind.alpha)
    assert shot.size == SIZE
    assert shot.rate == kind.rate
    assert shot.timecode == kind.timecode
    return kind, shot, paths


def psnr(found: Pixels, expected: Pixels) -> float:
    channels = min(found.shape[2], expected.shape[2])
    error = np.mean((to_float(found[..., :channels]) - to_float(expected[..., :channels])).astype(float) ** 2)
    return float(10 * np.log10(1 / max(error, 1e-12)))


def over_black(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 3:
        return pixels
    mixed = to_float(pixels[..., :3]) * to_float(pixels[..., 3:])
    return (mixed * np.iinfo(pixels.dtype).max).round().astype(pixels.dtype)


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "suffix"), MOVIES)
def test_movie_export_preserves_the_source(
    given: tuple[Kind, Shot, list[Path]], codec: str, suffix: str, tmp_path: Path
) -> None:
    kind, shot, paths = given
    target, results = tmp_path / f"out é{suffix}", dict(zip(shot.frames, paths, strict=True))
    check_encoding(Encoding(codec=codec), parse_target(str(target), shot.name), shot.size)
    notes = write_movie(shot, results, target, codec=codec)
    back = open_shot(target, start_number=1001)
    assert back.frames == shot.frames
    assert back.timecode == kind.timecode
    assert (back.rate, back.variable, back.size) == (kind.rate, bool(kind.stamps), shot.size)
    if suffix != ".mkv":
        due = [Fraction(stamp, 1000) for stamp in kind.stamps] or [index / kind.rate for index in range(COUNT)]
        assert frame_times(target) == due
    left_out = [note for note in notes if "audio" in note]
    assert bool(left_out) == (kind.audio == "flac" and suffix == ".mov")
    if kind.audio and not left_out:
        assert [packet[2] for packet in packets_of(target)] == [packet[2] for packet in packets_of(shot.path)]
    keeps = kind.alpha and CODECS[codec].alpha_format is not None
    assert back.alpha == keeps
    assert any("no alpha" in note for note in notes) == (kind.alpha and not keeps)
    assert any("variable" in note for note in notes) == bool(kind.stamps)
    bound = BOUNDS[codec]
    for (_, found), (_, plate) in zip(read_frames(back), read_frames(shot), strict=True):
        expected = plate if keeps else over_black(plate)
        if bound is None:
            np.testing.assert_array_equal(found, expected)
        else:
            assert psnr(found, expected) >= bound
        if keeps:
            assert np.abs(to_float(found[..., 3]) - to_float(expected[..., 3])).max() <= 0.5 / 1023 + 1e-3


@pytest.mark.parametrize(("suffix", "bits"), SEQUENCES)
def test_sequence_export_preserves_the_source(
    given: tuple[Kind, Shot, list[Path]], suffix: str, bits: int | None, tmp_path: Path
) -> None:
    kind, shot, paths = given
    pattern, encoding = Pattern(tmp_path / "out é", "x 1.", 6, suffix), Encoding(bits=bits)
    check_encoding(encoding, parse_target(str(pattern), shot.name), shot.size)
    notes = write_sequence(zip(shot.frames, paths, strict=True), pattern, shot=shot, encoding=encoding, workers=3)
    assert sorted(path.name for path in (tmp_path / "out é").iterdir()) == [
        f"x 1.{number:06d}{suffix}" for number in shot.frames
    ]
    back = open_shot(tmp_path / "out é", rate=kind.rate)
    assert back.frames == shot.frames
    deep = bits == 16 or suffix in (".exr", ".dpx") or (bits is None and kind.deep)
    assert (back.depth, back.alpha, back.size) == (16 if deep else 8, kind.alpha and suffix != ".dpx", shot.size)
    assert any("no alpha" in note for note in notes) == (kind.alpha and suffix == ".dpx")
    assert any("--bits 8" in note for note in notes) == (kind.deep and bits == 8)
    for (_, found), (_, plate) in zip(read_frames(back), read_frames(shot), strict=True):
        expected = over_black(plate) if suffix == ".dpx" else plate
        error = np.abs(to_float(found) - to_float(expected))
        if suffix == ".exr" and kind.alpha:
            error = error[to_float(expected[..., 3]) > 0.02]  # no colour remains under transparent pixels
        lossy = {".dpx": 0.5 / 1023 + 2e-5, ".exr": 1.2e-3 if kind.alpha else 5e-4}.get(suffix)
        eight = kind.deep and bits == 8
        assert error.max() <= (lossy or (0.5 / 255 + 1e-5 if eight else 0))


def ffprobe(path: Path, *entries: str) -> dict[str, Any]:
    words = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_streams", "-of", "json"]
    done = subprocess.run([*words, *entries, str(path)], capture_output=True, check=True, text=True)
    stream: dict[str, Any] = json.loads(done.stdout)["streams"][0]
    return stream


READ_BY_OTHERS = [("h264", ".mp4"), ("prores-4444", ".mov"), ("ffv1", ".mkv")]


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize(("codec", "suffix"), READ_BY_OTHERS)
def test_ffprobe_reads_the_properties_of_the_source(
    given: tuple[Kind, Shot, list[Path]], codec: str, suffix: str, tmp_path: Path
) -> None:
    """Compare frames, rate, timestamps, timecode, alpha, rotation and sound of every kind of source."""
    kind, shot, paths = given
    target = tmp_path / f"o é{suffix}"
    write_movie(shot, dict(zip(shot.frames, paths, strict=True)), target, codec=codec)
    words = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_packets", "-of", "json", str(target)]
    reported = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    by_type = {stream["codec_type"]: stream for stream in reported["streams"]}
    video = by_type["video"]
    assert (video["nb_read_packets"], (video["width"], video["height"])) == (str(COUNT), shot.size)
    assert not any("rotation" in side for side in video.get("side_data_list", ()))  # it is already upright
    assert ("a" in video["pix_fmt"].removeprefix("yuv").removeprefix("gbr")) == (
        kind.alpha and CODECS[codec].alpha_format is not None
    )
    times = sorted(float(p["pts_time"]) for p in reported["packets"] if p["stream_index"] == video["index"])
    due = [stamp / 1000 for stamp in kind.stamps] or [float(index / kind.rate) for index in range(COUNT)]
    rounding = 1.1e-3 if suffix == ".mkv" else 1e-6
    np.testing.assert_allclose(np.array(times) - (times[0] if suffix == ".mkv" else 0), due, atol=rounding)
    tags = [{key.lower(): value for key, value in stream.get("tags", {}).items()} for stream in reported["streams"]]
    assert {tag["timecode"] for tag in tags if "timecode" in tag} == ({kind.timecode} if kind.timecode else set())
    tracks = [stream for stream in reported["streams"] if stream["codec_tag_string"] == "tmcd"]
    assert len(tracks) == (1 if kind.timecode and suffix != ".mkv" else 0)
    if kind.audio and (suffix, kind.audio) != (".mov", "flac"):
        assert int(by_type["audio"]["nb_read_packets"]) == len(packets_of(shot.path))
        assert by_type["audio"]["codec_name"] == kind.audio
    else:
        assert "audio" not in by_type


# The last kind alone has timecodes.
READ_BY_OIIOTOOL = [
    (".png", 8, "uint8 png"), (".png", 16, "uint16 png"), (".tif", 16, "uint16 tiff"), (".exr", None, "half openexr"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("oiiotool") is None, reason="oiiotool is not installed")
def test_oiiotool_reads_the_properties_of_the_source(given: tuple[Kind, Shot, list[Path]], tmp_path: Path) -> None:
    """Compare size, channels, depth and timecode of every kind of file; oiiotool takes long to start."""
    kind, shot, paths = given
    files = []
    for suffix, bits, _ in READ_BY_OIIOTOOL:
        pattern = Pattern(tmp_path / f"o é{bits}{suffix}", "f.", 4, suffix)
        write_sequence(zip(shot.frames, paths, strict=True), pattern, shot=shot, encoding=Encoding(bits=bits))
        files += sorted(pattern.folder.iterdir())
    words = ["oiiotool", "--info", "-v", *map(str, files)]
    reported = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    width, height = shot.size
    for _, _, kind_of_file in READ_BY_OIIOTOOL:
        found = re.findall(rf"{width} x +{height}, {4 if kind.alpha else 3} channel, {kind_of_file}", reported)
        assert len(found) == COUNT
    of_exr = reported[reported.index(str(files[-COUNT])) :]
    if kind.timecode:
        for index in range(COUNT):
            code = offset_timecode(kind.timecode, index, kind.rate).replace(";", ":")
            assert code in of_exr or kind.rate > 30  # above 30 fps, two frames share an SMPTE timecode


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize(("codec", "suffix"), MOVIES)
def test_ffprobe_agrees_with_our_decoder(codec: str, suffix: str, tmp_path: Path) -> None:
    shot = make(KINDS["drop.mov"], tmp_path / "in")
    for number, pixels in read_frames(shot):
        write_image(tmp_path / f"r.{number}.png", pixels)
    write_movie(shot, {n: tmp_path / f"r.{n}.png" for n in shot.frames}, tmp_path / f"m{suffix}", codec=codec)
    reported = ffprobe(tmp_path / f"m{suffix}")
    assert reported["nb_read_frames"] == str(COUNT)
    assert Fraction(reported["r_frame_rate"]) == NTSC
    rgb = codec == "ffv1"
    assert reported["color_space"] == ("gbr" if rgb else "bt709")
    assert reported["color_range"] == ("pc" if rgb else "tv")
    assert (reported["color_primaries"], reported["color_transfer"]) == ("bt709", "bt709")
    tags = {key.lower(): value for key, value in reported["tags"].items()}
    assert tags["timecode"] == "00:59:59;27"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("exrheader") is None, reason="exrheader is not installed")
def test_exrheader_agrees_with_our_reader(tmp_path: Path) -> None:
    shot = make(KINDS["drop.mov"], tmp_path / "in")
    for number, pixels in read_frames(shot):
        write_image(tmp_path / f"r.{number}.png", pixels)
    frames = [(number, tmp_path / f"r.{number}.png") for number in shot.frames]
    write_sequence(frames, Pattern(tmp_path / "o", "f.", 4, ".exr"), shot=shot, encoding=Encoding(space="acescg"))
    for index, number in enumerate(shot.frames):
        words = ["exrheader", str(tmp_path / f"o/f.{number}.exr")]
        reported = subprocess.run(words, capture_output=True, check=True, text=True).stdout
        hours, minutes, seconds, frame = offset_timecode("00:59:59;27", index, NTSC).replace(";", ":").split(":")
        assert f"time {hours}:{minutes}:{seconds}:{frame}" in reported
        assert "drop frame 1" in reported
        assert "30000/1001" in reported
        assert "zip" in reported
        assert "16-bit floating-point" in reported
        assert "red   (0.713 0.293)" in reported
    assert "time 01:00:00:01" in reported  # drop-frame timecode skips no number in the first minute of an hour


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("oiiotool") is None, reason="oiiotool is not installed")
def test_oiiotool_agrees_with_our_reader(tmp_path: Path) -> None:
    shot = make(KINDS["drop.mov"], tmp_path / "in")
    for number, pixels in read_frames(shot):
        write_image(tmp_path / f"r.{number}.png", pixels)
    frames = [(number, tmp_path / f"r.{number}.png") for number in shot.frames]
    write_sequence(frames, Pattern(tmp_path / "o", "f.", 4, ".dpx"), shot=shot)
    words = ["oiiotool", "--info", "-v", str(tmp_path / "o/f.1003.dpx")]
    reported = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    for word in ("uint10 dpx", "dpx:FramePosition: 1003", "dpx:FrameRate: 29.97", 'dpx:TimeCode: "00:59:59;29"'):
        assert word in reported


def test_timelines_preserve_frames_rate_and_time_code(given: tuple[Kind, Shot, list[Path]], tmp_path: Path) -> None:
    """The cut of every kind of source has its frames, rate and timecode."""
    kind, shot, _ = given
    fps = kind.rate if kind.stamps else None
    frame_times = [(shot.frames[:2], shot.frames[:1]), (shot.frames[2:], ())]
    plates = Pattern(tmp_path / "video", "p.", 4, ".png")
    timeline = make_timeline(
        shot, parse_target(str(tmp_path / "o.mov"), shot.name), frame_times, alpha=None, fps=fps, plates=plates
    )
    assert (timeline.rate, timeline.count, timeline.size) == (kind.rate, COUNT, shot.size)
    assert timeline.timecode(timeline.start) == (kind.timecode or "00:00:00:00")
    assert (timeline.plate.count, timeline.result.count) == (COUNT, COUNT)
    assert (timeline.plate.pattern is None) == (not kind.name.endswith(".png") and not kind.stamps)
    parsed = json.loads(otio_of(timeline))
    for track in parsed["tracks"]["children"][:2]:
        spans = [clip["source_range"] for clip in track["children"]]
        assert [span["duration"]["value"] for span in spans] == [2, 3]
        assert [span["start_time"]["value"] - timeline.start for span in spans] == [0, 2]
        assert {span["start_time"]["rate"] for span in spans} == {float(kind.rate)}
    lists = edl_of(timeline, "result")
    end = offset_timecode(kind.timecode or "00:00:00:00", COUNT, kind.rate)
    assert f"{timeline.timecode(timeline.start + 2)} {end}\n" in lists
