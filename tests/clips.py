"""Tiny movies that the tests make for themselves."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from propagate.arrays import Bytes, Pixels

FILM_RATE = Fraction(24000, 1001)


def picture(index: int, size: tuple[int, int] = (64, 48)) -> Bytes:
    """(H, W, 3): smooth, with four unlike corners, and a brightness that tells the index."""
    width, height = size
    x, y = np.linspace(0, 1, width)[None, :], np.linspace(0, 1, height)[:, None]
    planes = (40 + 150 * x + 0 * y, 40 + 150 * y + 0 * x, np.full((height, width), 20 + 8 * (index % 24)))
    return np.stack(planes, axis=2).round().astype(np.uint8)


def write_movie(
    path: Path,
    pictures: Sequence[Pixels],
    *,
    codec: str = "libx264",
    layout: str = "yuv444p",
    rate: Fraction = FILM_RATE,
    stamps: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    matrix: int = Colorspace.ITU709,
    full_range: bool = False,
    tagged: bool = True,
    audio: bool = False,
    options: Mapping[str, str] | None = None,
    prepare: Callable[[av.VideoStream], None] = lambda stream: None,
    container: Mapping[str, str] | None = None,
) -> Path:
    """Encode `pictures` ((H, W, 3 or 4), uint8 or uint16), nearly lossless, and return the path."""
    height, width = pictures[0].shape[:2]
    if options is None:
        options = {"qp": "0"} if codec == "libx264" and layout != "yuv420p10le" else {"crf": "1"}
    with av.open(str(path), "w", options=dict(container or {})) as output:
        stream = output.add_stream(codec, rate=rate, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width, height, layout
        if time_base is not None:
            stream.time_base = stream.codec_context.time_base = time_base
        if tagged:
            stream.codec_context.colorspace = matrix
            stream.codec_context.color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
        prepare(stream)
        sound = output.add_stream("aac", rate=48000, layout="mono") if audio else None
        for index, pixels in enumerate(pictures):
            frame = coded(pixels, layout, matrix, full_range, tagged)
            frame.pts = index if stamps is None else stamps[index]
            if time_base is not None:
                frame.time_base = time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if sound is not None:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), "fltp", "mono")
            samples.sample_rate = 48000
            output.mux(sound.encode(samples))
            output.mux(sound.encode())
    return path


def coded(pixels: Pixels, layout: str, matrix: int, full_range: bool, tagged: bool) -> av.VideoFrame:
    """A frame to encode, converted by `matrix`."""
    kinds = {(3, 1): "rgb24", (4, 1): "rgba", (3, 2): "rgb48le", (4, 2): "rgba64le"}
    kind = kinds[pixels.shape[2], pixels.dtype.itemsize]
    frame = av.VideoFrame.from_ndarray(pixels, kind).reformat(
        format=layout,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG if full_range or not layout.startswith("yuv") else ColorRange.MPEG,
        interpolation=4 | 262144 | 524288 | 8192 | 16384,
    )
    if not tagged:
        frame.colorspace, frame.color_range = 2, 0
    return frame
