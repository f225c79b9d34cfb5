"""Conversion from R'G'B' to a codec's pixel format: matrix, range and chroma subsampling, with tags."""

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
# AVColorSpace of values without a matrix; the library has no name for it.
_RGB = 0


class Conversion:
    """Conversion of RGB to limited-range YUV, or to full-range RGB in RGB layouts, with explicit matrix and tags.

    By default the library converts with the BT.601 matrix, and colours shift in every player that honours tags. It
    sites subsampled chroma between two columns, where players expect it on the left one: that costs 8 dB at colour
    edges. It also reads 16-bit white as slightly more than white. This class therefore does its own arithmetic.
    """

    def __init__(self, layout: str, colour: Colour = BT709) -> None:
        """Prepare the conversion. colour: of the pixels; its matrix is used, and all of it is tagged."""
        from av.video.format import VideoFormat

        self.layout, self.colour = layout, colour
        video_format = VideoFormat(layout)
        self.alpha = any(component.is_alpha for component in video_format.components)
        self.bits = max(component.bits for component in video_format.components)
        self._halved = (video_format.chroma_width(2) == 1, video_format.chroma_height(2) == 1)
        self._is_rgb = video_format.is_rgb

    def __call__(self, pixels: Pixels) -> "VideoFrame":
        """Convert pixels to a frame in the layout, tagged, without a time stamp.

        `pixels`: uint8 or uint16 (H, W, 3), or (H, W, 4) where the layout has alpha; display-encoded, straight.
        """
        if self.alpha:
            pixels = widen(pixels, 8, True)
        frame = self._rgb(pixels) if self._is_rgb else self._yuv(pixels)
        tag(frame, self._is_rgb, self.colour)
        return frame

    def _rgb(self, pixels: Pixels) -> "VideoFrame":
        """Rearrange values for the layout without arithmetic, so that a lossless codec returns the same values."""
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
        # Sums in a fixed order, plane by plane: bit-identical on every processor, unlike matrix products.
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
    """Tag the colour of the values, and limited range where they are not RGB."""
    from av.video.reformatter import ColorRange

    tagged.colorspace = _RGB if is_rgb else colour.matrix
    tagged.color_range = ColorRange.JPEG if is_rgb else ColorRange.MPEG
    tagged.color_primaries = colour.primaries
    tagged.color_trc = colour.transfer


def _fill(frame: "VideoFrame", number: int, values: Pixels) -> None:
    """Copy values into a plane; zero the padding of its lines, so that every byte is defined."""
    lines = plane_lines(frame, number)
    lines[:, : values.shape[1]] = values
    lines[:, values.shape[1] :] = 0


def _halve(plane: Floats, columns: bool, rows: bool) -> Floats:
    """Subsample (H, W) by columns, rows or both: sited on the left one of two columns, between two rows, as in players.

    An odd side is extended with its last value.
    """
    if rows:
        plane = np.pad(plane, ((0, plane.shape[0] % 2), (0, 0)), mode="edge")
        plane = (plane[0::2] + plane[1::2]) * F32(0.5)
    if columns:
        plane = np.pad(plane, ((0, 0), (1, 1)), mode="edge")
        plane = (plane[:, 0:-2:2] + plane[:, 1:-1:2] * F32(2) + plane[:, 2::2]) * F32(0.25)
    return plane
