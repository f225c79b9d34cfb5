"""HDR movies through --tonemap: frames with known light, in the codecs and ranges that deliver HDR."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import stylize
from propagate.arrays import Pixels
from propagate.tone_curves import CURVES
from stylize.errors import SettingsError
from stylize.interchange.timelines.timeline import make_timeline
from stylize.media.colour import BT709, Colour
from stylize.media.frame_pixels import plane_lines
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.sequences import Pattern
from stylize.media.shot import read_frames
from stylize.media.targets import parse_target
from stylize.media.tone_curve_names import TONE_CURVES
from stylize.media.tonemap import ToneMap
from tests.clips import check_stamps, picture, write_movie
from tests.fields import interlaced, moving, telecined
from tests.media import ffmpeg_tonemap

PQ, HLG, SIZE = 16, 18, (64, 48)
# Signal of 100 cd/m², and its Rec. 709 value where 203 cd/m² is white and BT.1886 is the transfer.
PQ_100, HLG_100 = 0.5080784, 0.6296
ENCODED_100 = (100 / 203) ** (1 / 2.4)


def grey(signal: float) -> Pixels:
    """Return a grey picture of one signal value, uint16, for pictures on disk."""
    return np.full((*SIZE[::-1], 3), round(signal * 65535), np.uint16)


def hdr_movie(
    path: Path, signals: Sequence[float], transfer: int, *, codec: str, layout: str, full_range: bool = False,
    options: Mapping[str, str] | None = None, rate: int = 25, tag_frames: bool = True,
) -> Path:  # fmt: skip
    """Write a frame of each grey signal value, with a white square, from code values that are filled in directly.

    tag_frames: declare the colour in the codec's frames, too, not only in the container.
    """
    check_stamps(codec, options or {}, len(signals))
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=rate, options=dict(options or {}))
        stream.width, stream.height, stream.pix_fmt = *SIZE, layout
        context = stream.codec_context
        context.color_primaries, context.color_trc = 9, transfer
        context.colorspace, context.color_range = (0, 2) if layout.startswith("gbr") else (9, 2 if full_range else 1)
        for index, signal in enumerate(signals):
            frame = grey_frame(layout, signal, full_range)
            if tag_frames:
                frame.color_primaries, frame.color_trc = 9, transfer
                frame.colorspace, frame.color_range = context.colorspace, context.color_range
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def grey_frame(layout: str, signal: float, full_range: bool) -> Any:
    frame: Any = av.VideoFrame(*SIZE, layout)
    bits = frame.format.components[0].bits
    top, step = (1 << bits) - 1, 1 << (bits - 8)
    low, high = (0, top) if full_range or layout.startswith("gbr") else (16 * step, 235 * step)
    for number in range(len(frame.planes)):
        lines = plane_lines(frame, number)
        colour = number == 0 or layout.startswith("gbr")
        # Chroma is neutral, and alpha a quarter.
        lines[:] = round(low + signal * (high - low)) if colour else 128 * step if number < 3 else round(top / 4)
        if colour:
            lines[:8, :8] = high
    return frame


X265: dict[str, Any] = {"codec": "libx265", "options": {"x265-params": "log-level=error:lossless=1:bframes=0"}}
PRORES: dict[str, Any] = {"codec": "prores_ks", "options": {"profile": "4"}, "layout": "yuva444p10le"}
FORMS: dict[str, tuple[str, int, float, dict[str, Any]]] = {
    "phone": ("a.mov", HLG, HLG_100, {**X265, "layout": "yuv420p10le"}),
    "HLG, full range": ("a.mp4", HLG, HLG_100, {**X265, "layout": "yuv420p10le", "full_range": True}),
    "HLG, 8 bits": ("a.mp4", HLG, HLG_100, {"codec": "libx264", "options": {"qp": "0"}, "layout": "yuv420p"}),
    "PQ, ProRes": ("a.mov", PQ, PQ_100, {"codec": "prores_ks", "options": {"profile": "3"}, "layout": "yuv422p10le"}),
    "PQ, ProRes 4444, tags of the container": ("a.mov", PQ, PQ_100, {**PRORES, "tag_frames": False}),
    "PQ, 16-bit RGB": ("a.mkv", PQ, PQ_100, {"codec": "ffv1", "options": {}, "layout": "gbrp16le"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_light_has_its_value_in_rec709(tmp_path: Path, form: str) -> None:
    name, transfer, signal, options = FORMS[form]
    path = hdr_movie(tmp_path / name, [signal], transfer, **options)
    shot = open_shot(path, tonemap="clip")
    assert shot.colour == BT709
    assert shot.tonemap == ToneMap("clip", Colour(9, 9, transfer), 1000)
    ((_, pixels),) = read_frames(shot)
    values = pixels / np.iinfo(pixels.dtype).max
    # An 8-bit code value of HLG is 2.6 % of light.
    np.testing.assert_allclose(values[24:, 32:, :3], ENCODED_100, atol=4e-3 if shot.depth == 16 else 8e-3)
    np.testing.assert_allclose(values[:4, :4, :3], 1, atol=2e-3)
    if shot.alpha:
        np.testing.assert_allclose(values[..., 3], 0.25, atol=2e-3)


def test_names_are_those_of_the_curves() -> None:
    assert tuple(CURVES) == TONE_CURVES


@pytest.mark.parametrize("curve", TONE_CURVES)
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_grey_stays_grey_and_rises_to_white(curve: str, transfer: int) -> None:
    ramp = np.repeat(np.linspace(0, 65535, 256).round().astype(np.uint16)[None, :, None], 3, axis=2)
    found = ToneMap(curve, Colour(9, 9, transfer), 1000.0).apply(ramp)
    assert found.dtype == np.uint16
    assert (np.ptp(found.astype(int), axis=2) <= 1).all()
    assert (np.diff(found[0, :, 0].astype(int)) >= 0).all()
    assert found[0, 0].tolist() == [0, 0, 0]
    assert found[0, -1].min() >= 65534


def test_wide_colours_are_brought_inside_of_rec709() -> None:
    """Red of Rec. 2020 has luminance 0.2627, which remains; that of Rec. 709 itself comes back as it is."""
    signal = np.zeros((1, 2, 3), np.uint16)
    signal[0, 0, 0] = round(PQ_100 * 65535)
    # Rec. 709 red at 100 cd/m² in Rec. 2020 (Recommendation ITU-R BT.2087).
    from propagate.hdr_light import light_to_pq

    signal[0, 1] = np.round(light_to_pq(100 * np.array([0.6274, 0.0691, 0.0164])) * 65535)
    found = ToneMap("clip", Colour(9, 9, PQ), 1000.0).apply(signal) / 65535
    light = found**2.4 * 203
    np.testing.assert_allclose(light[0, 0] @ np.array([0.2126, 0.7152, 0.0722]), 26.27, rtol=1e-3)
    assert light[0, 0].min() == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(light[0, 1], [100, 0, 0], atol=0.4)


@pytest.mark.parametrize(
    ("declared", "peak"),
    [
        ("max-cll=600,100:", 600),
        ("master-display={}L(40000000,50):", 4000),
        ("master-display={}L(40000000,50):max-cll=800,100:", 800),
    ],
)
def test_declared_light_sets_the_peak(tmp_path: Path, declared: str, peak: float) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)"
    params = f"{declared.format(display)}log-level=error:bframes=0"
    path = hdr_movie(
        tmp_path / "a.mkv", [0.5], PQ, codec="libx265", layout="yuv420p10le", options={"x265-params": params}
    )
    shot = open_shot(path, tonemap="bt2390")
    assert shot.tonemap is not None
    assert shot.tonemap.peak == peak
    assert shot.tonemap.text == f"PQ with a peak of {peak} cd/m² is tone-mapped to Rec. 709 with bt2390"


def test_option_is_refused_where_it_does_not_apply(tmp_path: Path) -> None:
    plain = write_movie(tmp_path / "a.mp4", [picture(1)])
    with pytest.raises(
        SettingsError, match=r"--tonemap converts high dynamic range \(PQ or HLG\), but this footage has st"
    ):
        open_shot(plain, tonemap="hable")
    write_image(tmp_path / "p.0001.png", grey(0.5))
    with pytest.raises(SettingsError, match="but this footage has standard range"):
        open_shot(tmp_path / "p.####.png", tonemap="hable")


def test_timelines_show_the_frames_of_the_run_instead_of_the_hdr_movie(tmp_path: Path) -> None:
    path = hdr_movie(tmp_path / "a.mkv", [0.5] * 3, PQ, codec="ffv1", options={}, layout="gbrp16le")
    shot = open_shot(path, tonemap="hable")
    plates = Pattern(tmp_path / "video", "a.", 4, ".png")
    timeline = make_timeline(
        shot, parse_target(str(tmp_path / "o.mov"), "a"), [(shot.frames, ())], alpha=None, plates=plates
    )
    assert timeline.plate.pattern == plates
    as_is = make_timeline(
        replace(shot, tonemap=None), parse_target(str(tmp_path / "o.mov"), "a"), [(shot.frames, ())], alpha=None,
        plates=plates,
    )  # fmt: skip
    assert as_is.plate.path == path


@pytest.mark.parametrize("curve", ffmpeg_tonemap.CURVES)
def test_ffmpeg_gives_the_same_values_inside_of_the_gamut(curve: str) -> None:
    with np.load(ffmpeg_tonemap.RECORD) as record:
        expected = record[curve] / 65535
    found = ToneMap(curve, Colour(9, 9, PQ), 1000.0).apply(ffmpeg_tonemap.signal()) / 65535
    np.testing.assert_allclose(found[:8], expected[:8], atol=2e-4)
    inside = ((expected > 0.002) & (expected < 0.998)).all(axis=2)
    assert inside.sum() > 400
    np.testing.assert_allclose(found[inside], expected[inside], atol=2e-4)


@pytest.mark.slow
def test_run_and_matte_of_a_phone_movie_write_rec709(tmp_path: Path) -> None:
    signals = [HLG_100, HLG_100]
    movie = hdr_movie(tmp_path / "phone.mov", signals, HLG, rate=30, **X265, layout="yuv420p10le")
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys/phone.0001.png", np.full((*SIZE[::-1], 3), 90, np.uint8))
    messages: list[str] = []
    options: dict[str, Any] = {"keys": tmp_path / "keys", "output": str(tmp_path / "out.mov"), "tonemap": "clip"}
    result = stylize.run(movie, **options, on_message=messages.append)
    assert "HLG with a peak of 1000 cd/m² is tone-mapped to Rec. 709 with clip" in messages
    with av.open(str(tmp_path / "out.mov")) as opened:
        context = opened.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
    plate = read_image(result.project / "video/phone.0001.png")
    np.testing.assert_allclose(plate[24:, 32:] / 65535, ENCODED_100, atol=4e-3)
    # The grey is white for this luma key only after the conversion.
    stylize.make_mattes(movie, luma="0.67:0.7", output=str(tmp_path / "m/"), tonemap="clip")
    assert (read_image(tmp_path / "m/phone.0001.png")[24:, 32:] == 65535).all()
    # Another curve gives other plates.
    stylize.run(movie, **{**options, "tonemap": "hable"}, overwrite=True)
    assert read_image(result.project / "video/phone.0001.png")[30, 40, 0] < plate[30, 40, 0] - 2000


def test_premultiplied_light_is_made_straight_before_the_curve(tmp_path: Path) -> None:
    path = hdr_movie(tmp_path / "a.mkv", [PQ_100 / 4], PQ, codec="ffv1", layout="yuva444p10le")
    shot = open_shot(path, tonemap="clip", alpha="premultiplied")
    ((_, found),) = read_frames(shot)
    np.testing.assert_allclose(found[20, 20, :3] / 65535, ENCODED_100, atol=0.01)
    assert found[20, 20, 3] / 65535 == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize(("method", "count"), [("frames", 3), ("fields", 6)])
def test_deinterlaced_frames_are_converted(tmp_path: Path, method: str, count: int) -> None:
    path = hdr_movie(tmp_path / "a.mkv", [PQ_100] * 3, PQ, codec="ffv1", layout="yuv444p10le")
    shot = open_shot(path, tonemap="clip", deinterlace=method)
    found = [pixels for _, pixels in read_frames(shot)]
    assert len(found) == len(shot.frames) == count
    np.testing.assert_allclose([one[20, 20] / 65535 for one in found], ENCODED_100, atol=0.003)


def test_each_conversion_is_part_of_the_cache_inputs(tmp_path: Path) -> None:
    path = hdr_movie(tmp_path / "a.mkv", [PQ_100 / 4], PQ, codec="ffv1", layout="yuva444p10le")
    curve = open_shot(path, tonemap="clip")
    both = open_shot(path, tonemap="clip", alpha="premultiplied", deinterlace="frames")
    assert curve.cache_inputs(0) == [0, repr(curve.tonemap)]
    assert both.cache_inputs(0) == [0, "frames", "top", "premultiplied", repr(curve.tonemap)]
    assert replace(both, tonemap=None, deinterlacing=None, premultiplied=False).cache_inputs(0) == [0]


@pytest.mark.parametrize(("method", "count"), [("film", 16), ("auto", 16), ("frames", 20)])
def test_film_in_interlaced_high_range_is_restored_before_the_curve(tmp_path: Path, method: str, count: int) -> None:
    def tag(stream: Any) -> None:
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 9, PQ

    def movie(name: str, pictures: Sequence[Pixels], rate: Fraction) -> Path:
        deep = [one.astype(np.uint16) * 128 for one in pictures]
        return write_movie(tmp_path / name, deep, codec="ffv1", layout="gbrp16le", options={}, rate=rate, prepare=tag)

    video, pictures = Fraction(30000, 1001), moving(16, (64, 48))
    shot = open_shot(movie("video.mkv", telecined(pictures), video), tonemap="hable", deinterlace=method)
    found = [pixels for _, pixels in read_frames(shot)]
    assert (len(found), shot.colour) == (count, BT709)
    assert shot.tonemap is not None
    if count == len(pictures):
        assert shot.rate == video * Fraction(4, 5)
        film = open_shot(movie("film.mkv", pictures, shot.rate), tonemap="hable")
        for one, (_, other) in zip(found, read_frames(film), strict=True):
            np.testing.assert_array_equal(one, other)
    assert np.abs(found[0].astype(int) - shot.tonemap.apply(pictures[0].astype(np.uint16) * 128)).mean() < 400


def test_interlaced_high_range_is_measured_and_reported(tmp_path: Path) -> None:
    def tag(stream: Any) -> None:
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 9, HLG

    path = write_movie(tmp_path / "a.mov", interlaced(moving(24)), codec="libx265", layout="yuv420p10le",
                       options={"x265-params": "log-level=error:lossless=1:bframes=0"}, prepare=tag)  # fmt: skip
    assert any(
        text.startswith("a.mov: interlaced, top field first") for text in open_shot(path, tonemap="clip").warnings
    )
    how = open_shot(path, tonemap="clip", deinterlace="auto").deinterlacing
    assert (how and how.method) == "frames"
