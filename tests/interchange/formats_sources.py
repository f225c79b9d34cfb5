"""Sources of the table of formats: what a camera, a renderer or a phone delivers, made by other libraries' writers.

Each has two frames of the same picture. OpenImageIO writes pictures, PyAV (FFmpeg) writes movies; none of our writers
takes part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO

from propagate.arrays import Floats
from tests.clips import check_stamps

SIZE = (32, 24)  # Blender's script for pictures of several layers expects it
SCALE = 8  # of movies over SIZE
RATE, TIMECODE = 25, "01:23:45:10"
_PACKED_TIMECODE = 0x01234510
AUDIO_RATE = 48000


@dataclass(frozen=True)
class Source:
    """A source of the table.

    make: writes it to a folder, and returns what to open. options: of `open_shot`. tolerance: max error of the picture
    read, of 1, in its middle; None where the source is refused or its values are meant to change.
    """

    name: str
    make: Callable[[Path], Path]
    options: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float | None = 0.002


def picture(alpha: bool = False) -> Floats:
    """Return a smooth picture: float32 (H, W, 3 or 4) in [0.2, 0.8], alpha 0.5."""
    width, height = SIZE
    x, y = np.linspace(0, 1, width)[None, :], np.linspace(0, 1, height)[:, None]
    planes = [0.2 + 0.6 * x + 0 * y, 0.2 + 0.6 * y + 0 * x, 0.5 + 0 * x * y, *([0.5 + 0 * x * y] if alpha else [])]
    return np.stack(planes, axis=2).astype(np.float32)


# Pictures

Attributes = Mapping[str, Any]


def _oiio_file(path: Path, frame: int, parts: Sequence[tuple[Floats, Sequence[str], str, Attributes]]) -> None:
    """Write a file of one or several parts: (values, channels, type, attributes) each. frame: 0 for the first one."""
    specs = []
    for values, channels, kind, attributes in parts:
        spec = OpenImageIO.ImageSpec(*SIZE, values.shape[2], kind)
        spec.channelnames = tuple(channels)
        spec.attribute("framesPerSecond", OpenImageIO.TypeDesc("rational"), (RATE, 1))
        spec.attribute("smpte:TimeCode", OpenImageIO.TypeTimeCode, (_PACKED_TIMECODE + frame, 0))
        if path.suffix == ".dpx":
            spec.attribute("dpx:FrameRate", float(RATE))
            spec.attribute("dpx:TemporalFrameRate", float(RATE))
        for name, value in attributes.items():
            spec.attribute(name, *value) if isinstance(value, tuple) else spec.attribute(name, value)
        specs.append(spec)
    target = OpenImageIO.ImageOutput.create(path.suffix[1:])
    done = target.open(str(path), tuple(specs) if len(specs) > 1 else specs[0])
    for index, (values, *_) in enumerate(parts):
        done = done and (index == 0 or target.open(str(path), specs[index], "AppendSubimage"))
        done = done and target.write_image(np.ascontiguousarray(values))
    assert target.close(), path
    assert done, f"{path}: {target.geterror()}"


def pictures(suffix: str, kind: str, *, alpha: bool = False, attributes: Attributes | None = None) -> Any:
    """Return the maker of a sequence of one-part files. kind: OpenImageIO's name of the type of the pixels."""

    def make(folder: Path) -> Path:
        values = picture(alpha)
        if suffix == ".exr":
            values[..., :3] = linear(values[..., :3]) * (0.5 if alpha else 1)
        for number in (1001, 1002):
            _oiio_file(
                folder / f"plate.{number}{suffix}",
                number - 1001,
                [(values, "RGBA"[: values.shape[2]], kind, attributes or {})],
            )
        return folder

    return make


def premultiplied_png(folder: Path) -> Path:
    """Write PNG files with premultiplied alpha, against their specification."""
    values = picture(True)
    values[..., :3] *= values[..., 3:]
    for number in (1001, 1002):
        _oiio_file(folder / f"plate.{number}.png", number - 1001, [(values, "RGBA", "uint16", _STRAIGHT)])
    return folder


def parts_exr(folder: Path) -> Path:
    """Write EXR files of two parts: the picture, then depth."""
    colour, depth = linear(picture()), picture()[..., :1] * 100
    for number in (1001, 1002):
        parts = [(colour, "RGB", "half", {"oiio:subimagename": "beauty"}),
                 (depth, ("Z",), "float", {"oiio:subimagename": "depth"})]  # fmt: skip
        _oiio_file(folder / f"plate.{number}.exr", number - 1001, parts)
    return folder


def linear(encoded: Floats) -> Floats:
    """Return linear light by the curve of sRGB (IEC 61966-2-1)."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


# Movies


def movie(
    name: str, codec: str, layout: str, *, options: Mapping[str, str] | None = None,
    colour: tuple[int, int, int] = (1, 1, 1), tracks: Sequence[str] = (), sound: str = "pcm_s16le",
    aspect: int = 1, timecode: bool = False, full: bool = False,
) -> Any:  # fmt: skip
    """Return the maker of a movie. colour: matrix, primaries, transfer (H.273). tracks: layout of each audio track."""

    def make(folder: Path) -> Path:
        path = folder / name
        check_stamps(codec, options or {}, 2)
        with av.open(str(path), "w") as output:
            stream: Any = output.add_stream(codec, rate=RATE, options=dict(options or {}))
            stream.width, stream.height, stream.pix_fmt = SCALE * SIZE[0], SCALE * SIZE[1], layout
            _tag(stream.codec_context, layout, colour, full)
            stream.codec_context.sample_aspect_ratio = Fraction(aspect)
            if timecode:
                stream.metadata["timecode"] = TIMECODE
            sounds = [output.add_stream(sound, rate=AUDIO_RATE, layout=one) for one in tracks]
            output.start_encoding()
            for index in range(2):
                frame = _frame(layout, colour, full)
                _tag(frame, layout, colour, full)
                frame.pts = index
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
            for one, channels in zip(sounds, tracks, strict=True):
                output.mux(_silence(one, channels))
        return path

    return make


def _tag(tagged: Any, layout: str, colour: tuple[int, int, int], full: bool) -> None:
    is_rgb = layout.startswith(("gbr", "bgr", "rgb"))
    tagged.colorspace, tagged.color_primaries, tagged.color_trc = (0 if is_rgb else colour[0]), *colour[1:]
    tagged.color_range = 2 if is_rgb or full else 1


def _frame(layout: str, colour: tuple[int, int, int], full: bool) -> Any:
    """Return the picture, enlarged because codecs have minimum sizes, in a pixel format."""
    alpha = layout.startswith(("yuva", "gbrap", "bgra"))
    large = np.round(picture(alpha).repeat(SCALE, axis=0).repeat(SCALE, axis=1) * 255).astype(np.uint8)
    matrix = {9: 9, 5: 5}.get(colour[0], 1)
    exact = 4 | 262144 | 524288 | 8192 | 16384
    return av.VideoFrame.from_ndarray(large, "rgba" if alpha else "rgb24").reformat(
        format=layout, src_colorspace=matrix, dst_colorspace=matrix, src_color_range=2,
        dst_color_range=2 if full or not layout.startswith("yuv") else 1, interpolation=exact,
    )  # fmt: skip


def _silence(stream: Any, layout: str) -> list[Any]:
    kind = stream.codec_context.format.name
    shape = (stream.codec_context.layout.nb_channels, stream.frame_size or 1024)
    samples = np.zeros(shape, "f4") if kind == "fltp" else np.zeros((1, shape[0] * shape[1]), "i2")
    frame = av.AudioFrame.from_ndarray(samples, format=kind, layout=layout)
    frame.sample_rate, frame.pts = AUDIO_RATE, 0
    return [*stream.encode(frame), *stream.encode(None)]


_STRAIGHT = {"oiio:UnassociatedAlpha": 1}
_PQ_CHUNK = {"CICP": (OpenImageIO.TypeDesc("int[4]"), (9, 16, 0, 1))}
_LOG = {"oiio:BitsPerSample": 10, "dpx:Transfer": "Logarithmic"}
_X264, _X265 = {"qp": "0"}, {"x265-params": "log-level=error:lossless=1:bframes=0"}
_HQ, _FINE = {"profile": "3"}, {"qmin": "1", "qmax": "1"}
_ASPECT = {"PixelAspectRatio": 2.0}
PQ, HLG = (9, 9, 16), (9, 9, 18)

PICTURE_SOURCES = (
    Source("PNG, 8 bits", pictures(".png", "uint8"), tolerance=0.003),
    Source("PNG, 16 bits with alpha", pictures(".png", "uint16", alpha=True, attributes=_STRAIGHT)),
    Source("PNG in PQ (`cICP`)", pictures(".png", "uint16", attributes=_PQ_CHUNK)),
    Source("the PNG in PQ with `--tonemap hable`", pictures(".png", "uint16", attributes=_PQ_CHUNK),
           {"tonemap": "hable"}, None),
    Source("PNG, premultiplied, with `--alpha premultiplied`", premultiplied_png, {"alpha": "premultiplied"}),
    Source("JPEG", pictures(".jpg", "uint8"), tolerance=0.02),
    Source("TIFF, 8 bits", pictures(".tif", "uint8"), tolerance=0.003),
    Source("TIFF, 16 bits with straight alpha", pictures(".tif", "uint16", alpha=True, attributes=_STRAIGHT)),
    Source("EXR, half float", pictures(".exr", "half", attributes=_ASPECT)),
    Source("EXR, float with alpha", pictures(".exr", "float", alpha=True)),
    Source("EXR of several parts, the picture first", parts_exr),
    Source("DPX, 8 bits", pictures(".dpx", "uint8", attributes={"oiio:BitsPerSample": 8}), tolerance=0.003),
    Source("DPX, 10 bits", pictures(".dpx", "uint16", attributes={"oiio:BitsPerSample": 10, **_ASPECT})),
    Source("DPX, 12 bits", pictures(".dpx", "uint16", attributes={"oiio:BitsPerSample": 12})),
    Source("DPX, 16 bits", pictures(".dpx", "uint16", attributes={"oiio:BitsPerSample": 16})),
    Source("DPX, logarithmic", pictures(".dpx", "uint16", attributes=_LOG)),
    Source("WebP", pictures(".webp", "uint8"), tolerance=0.03),
    Source("TGA", pictures(".tga", "uint8"), tolerance=0.003),
    Source("BMP", pictures(".bmp", "uint8"), tolerance=0.003),
)  # fmt: skip
_MOVIES: tuple[tuple[str, Any, float | None], ...] = (
    ("MP4, H.264", movie("a.mp4", "libx264", "yuv420p", options=_X264, tracks=["stereo"], sound="aac"), 0.02),
    ("MP4, H.264 with 2:1 pixels", movie("a.mp4", "libx264", "yuv420p", options=_X264, aspect=2), 0.02),
    ("MOV, ProRes 422 HQ with timecode and 5.1 sound",
     movie("a.mov", "prores_ks", "yuv422p10le", options=_HQ, tracks=["5.1"], timecode=True), 0.02),
    ("MOV, ProRes 4444 with alpha", movie("a.mov", "prores_ks", "yuva444p10le", options={"profile": "4"}), 0.02),
    ("MOV, DNxHR HQ with mono and stereo tracks",
     movie("a.mov", "dnxhd", "yuv422p", options={"profile": "dnxhr_hq"}, tracks=["mono", "stereo"]), 0.02),
    ("MOV, H.265 10 bits in HLG, as phones record",
     movie("a.mov", "libx265", "yuv420p10le", options=_X265, colour=HLG), None),
    ("MOV, ProRes 422 HQ in PQ", movie("a.mov", "prores_ks", "yuv422p10le", options=_HQ, colour=PQ), None),
    ("MP4, H.265 10 bits in BT.2020, full range",
     movie("a.mp4", "libx265", "yuv420p10le", options=_X265, colour=(9, 9, 14), full=True), 0.02),
    ("MKV, FFV1 with 8-bit RGB", movie("a.mkv", "ffv1", "bgr0", tracks=["mono"], sound="flac"), 0.003),
    ("AVI, Motion JPEG", movie("a.avi", "mjpeg", "yuvj444p", options=_FINE, colour=(5, 5, 6), full=True), 0.03),
    ("MPEG transport stream, MPEG-2",
     movie("a.ts", "mpeg2video", "yuv420p", options=_FINE, tracks=["stereo"], sound="mp2"), 0.03),
)  # fmt: skip
MOVIE_SOURCES = (
    *(Source(name, make, tolerance=tolerance) for name, make, tolerance in _MOVIES),
    Source("the HLG movie with `--tonemap bt2390`", _MOVIES[5][1],
           {"tonemap": "bt2390"}, None),
    Source("the PQ movie with `--tonemap hable`", _MOVIES[6][1],
           {"tonemap": "hable"}, None),
)  # fmt: skip
SOURCES = (*PICTURE_SOURCES, *MOVIE_SOURCES)
