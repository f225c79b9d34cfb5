"""From R'G'B' to what a codec takes: matrix, range and halved colour, converted and tagged."""

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
# AVColorSpace for values that went through no matrix; the library has no name for it.
_RGB = 0


class Conversion:
    """RGB to limited-range YUV or, in layouts of RGB, to full-range RGB; with matrix and tags said outright.

    Left to itself the library converts with the bt601 matrix, and colours shift in every player that believes tags. It
    puts halved colour between two columns, where players take it to be on the left one: that costs 8 dB at colour
    edges. And it takes white of 16 bits for a little more than white. So the arithmetic is our own.
    """

    def __init__(self, layout: str, colour: Colour = BT709) -> None:
        """colour: what the pixels mean: its matrix is used, and all of it is tagged."""
        from av.video.format import VideoFormat

        self.layout, self.colour = layout, colour
        video_format = VideoFormat(layout)
        self.alpha = any(component.is_alpha for component in video_format.components)
        self.bits = max(component.bits for component in video_format.components)
        self._halved = (video_format.chroma_width(2) == 1, video_format.chroma_height(2) == 1)
        self._is_rgb = video_format.is_rgb

    def __call__(self, pixels: Pixels) -> "VideoFrame":
        """`pixels`: uint8 or uint16 (H, W, 3), or (H, W, 4) where the layout has alpha; display-encoded, straight.

        Returns a frame in the layout, tagged, without a time.
        """
        if self.alpha:
            pixels = widen(pixels, 8, True)
        frame = self._rgb(pixels) if self._is_rgb else self._yuv(pixels)
        tag(frame, self._is_rgb, self.colour)
        return frame

    def _rgb(self, pixels: Pixels) -> "VideoFrame":
        """Nothing is computed, only put where the layout wants it: a lossless codec gives back the same values."""
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
        # Sums in a fixed order, plane by plane: the same bits on every processor, which matrix products do not promise.
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
    """Say what the values mean, of limited range where they are not RGB."""
    from av.video.reformatter import ColorRange

    tagged.colorspace = _RGB if is_rgb else colour.matrix
    tagged.color_range = ColorRange.JPEG if is_rgb else ColorRange.MPEG
    tagged.color_primaries = colour.primaries
    tagged.color_trc = colour.transfer


def _fill(frame: "VideoFrame", number: int, values: Pixels) -> None:
    """Lines in memory are longer than the picture is wide; what lies beyond is made 0, so that no bit is left open."""
    lines = plane_lines(frame, number)
    lines[:, : values.shape[1]] = values
    lines[:, values.shape[1] :] = 0


def _halve(plane: Floats, columns: bool, rows: bool) -> Floats:
    """(H, W) -> halved where asked: samples on the left one of two columns, between two rows, as players have them.

    An odd side is taken to go on with its last value.
    """
    if rows:
        plane = np.pad(plane, ((0, plane.shape[0] % 2), (0, 0)), mode="edge")
        plane = (plane[0::2] + plane[1::2]) * F32(0.5)
    if columns:
        plane = np.pad(plane, ((0, 0), (1, 1)), mode="edge")
        plane = (plane[:, 0:-2:2] + plane[:, 1:-1:2] * F32(2) + plane[:, 2::2]) * F32(0.25)
    return plane
