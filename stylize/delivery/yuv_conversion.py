"""Conversion from R'G'B' to a codec's pixel format: matrix, range, chroma subsampling and tags."""

from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media.colour import BT709, LUMA, Colour
from stylize.media.frame_pixels import plane_lines
from stylize.media.images import to_float, widen

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

F32 = np.float32
# AVCOL_SPC_RGB: values without a matrix. PyAV has no name for it.
_RGB = 0


class Conversion:
    """Conversion of RGB to limited-range YUV, or to full-range RGB for RGB pixel formats, with matching tags.

    FFmpeg's scaler is not used for three reasons. By default it converts with the BT.601 matrix, so that colours shift
    in players that honour tags. It sites subsampled chroma between two columns, while players expect it on the left
    one, which costs 8 dB at colour edges. It also maps 16-bit white above the white level.
    """

    def __init__(self, layout: str, colour: Colour = BT709) -> None:
        """Prepare the conversion. layout: FFmpeg's name of the pixel format. colour: matrix to use, and tags to set."""
        from av.video.format import VideoFormat

        self.layout, self.colour = layout, colour
        video_format = VideoFormat(layout)
        self.alpha = any(component.is_alpha for component in video_format.components)
        self.bits = max(component.bits for component in video_format.components)
        self._halved = (video_format.chroma_width(2) == 1, video_format.chroma_height(2) == 1)
        self._is_rgb = video_format.is_rgb

    def __call__(self, pixels: Pixels) -> "VideoFrame":
        """Convert pixels to a tagged frame without a timestamp.

        pixels: RGB, uint8 or uint16 (H, W, 3), or RGBA (H, W, 4) if the pixel format has alpha; display-encoded,
        straight alpha.
        """
        if self.alpha:
            pixels = widen(pixels, 8, True)
        frame = self._rgb(pixels) if self._is_rgb else self._yuv(pixels)
        tag(frame, self._is_rgb, self.colour)
        return frame

    def _rgb(self, pixels: Pixels) -> "VideoFrame":
        """Reorder channels without arithmetic, so that a lossless codec reproduces the values."""
        from av.video.frame import VideoFrame

        height, width = pixels.shape[:2]
        if self.bits == 8:
            packed = np.full((height, width, 4), 255, np.uint8)
            packed[..., : pixels.shape[2]] = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
            frame = VideoFrame(width, height, self.layout)
            _fill(frame, 0, packed.reshape(height, width * 4))
            return frame
        deep = widen(pixels, 16, False)
        frame = VideoFrame(width, height, self.layout)
        for plane, channel in enumerate((1, 2, 0, 3)[: pixels.shape[2]]):
            _fill(frame, plane, deep[..., channel])
        return frame

    def _yuv(self, pixels: Pixels) -> "VideoFrame":
        from av.video.frame import VideoFrame

        height, width = pixels.shape[:2]
        frame = VideoFrame(width, height, self.layout)
        # Sums in a fixed order are bit-identical on all processors, unlike matrix products.
        red, green, blue = (to_float(np.ascontiguousarray(pixels[..., channel])) for channel in range(3))
        share_red, share_blue = map(F32, LUMA[self.colour.matrix])
        luma = red * share_red + green * F32(1 - sum(LUMA[self.colour.matrix])) + blue * share_blue
        step = 1 << (self.bits - 8)
        _fill(frame, 0, self._quantise(luma * F32(219 * step) + F32(16 * step)))
        for plane, (colour, share) in enumerate(((blue, share_blue), (red, share_red)), start=1):
            colour -= luma
            halved = _halve(colour, *self._halved)
            _fill(frame, plane, self._quantise(halved * (F32(112 * step) / (1 - share)) + F32(128 * step)))
        if self.alpha:
            alpha = to_float(np.ascontiguousarray(pixels[..., 3]))
            _fill(frame, 3, self._quantise(alpha * F32((1 << self.bits) - 1)))
        return frame

    def _quantise(self, values: Floats) -> Pixels:
        return np.floor(values + F32(0.5)).astype(np.uint8 if self.bits == 8 else np.uint16)


def tag(tagged: "VideoFrame | VideoCodecContext", is_rgb: bool, colour: Colour) -> None:
    """Tag a frame or encoder with its colour, and with its range: full for RGB, else limited."""
    from av.video.reformatter import ColorRange

    tagged.colorspace = _RGB if is_rgb else colour.matrix
    tagged.color_range = ColorRange.JPEG if is_rgb else ColorRange.MPEG
    tagged.color_primaries = colour.primaries
    tagged.color_trc = colour.transfer


def _fill(frame: "VideoFrame", number: int, values: Pixels) -> None:
    """Copy values into a plane, and zero the padding of its lines, so that every byte is defined."""
    lines = plane_lines(frame, number)
    lines[:, : values.shape[1]] = values
    lines[:, values.shape[1] :] = 0


def _halve(plane: Floats, columns: bool, rows: bool) -> Floats:
    """Halve a plane (H, W) in columns, in rows, or in both.

    Chroma is sited on the left of two columns and between two rows, as players expect. An odd side is extended by
    repeating its last value.
    """
    if rows:
        plane = np.pad(plane, ((0, plane.shape[0] % 2), (0, 0)), mode="edge")
        plane = (plane[0::2] + plane[1::2]) * F32(0.5)
    if columns:
        plane = np.pad(plane, ((0, 0), (1, 1)), mode="edge")
        plane = (plane[:, 0:-2:2] + plane[:, 1:-1:2] * F32(2) + plane[:, 2::2]) * F32(0.25)
    return plane
