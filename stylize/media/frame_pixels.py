"""Conversion of a decoded frame to RGB at its bit depth, with its matrix, range and rotation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# AVColorSpace to the matrix constant of the scaler. All others are untagged or not in use.
MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT709, _BT601 = 1, 5
_LIMITED, _FULL = 1, 2
_MAX_UNTAGGED_SD_HEIGHT = 576
# Narrower pictures have one chroma sample in a row, so there is nothing to interpolate.
_MIN_UPSAMPLED_WIDTH = 3


# Format


@dataclass(frozen=True)
class FrameFormat:
    """Format of a frame's pixels. size: (width, height) before rotation. depth: 8, or 16 for more than 8 bits."""

    size: tuple[int, int]
    depth: int
    alpha: bool

    def __str__(self) -> str:
        return f"{self.size[0]}x{self.size[1]} with {self.depth} bits" + (" and alpha" if self.alpha else "")


def format_of(frame: "VideoFrame") -> FrameFormat:
    """Return the format of a frame's pixels."""
    components = frame.format.components
    return FrameFormat(
        size=(frame.width, frame.height),
        depth=16 if any(component.bits > 8 for component in components) else 8,
        alpha=any(component.is_alpha for component in components),
    )


# Rotation


@dataclass(frozen=True)
class Rotation:
    """Rotation of coded to upright pixels: transpose, then mirror left-right, then flip up-down."""

    swap: bool = False
    mirror: bool = False
    flip: bool = False

    def size(self, coded: tuple[int, int]) -> tuple[int, int]:
        """Return the upright (width, height) of a frame with the coded (width, height)."""
        return (coded[1], coded[0]) if self.swap else coded

    def apply(self, coded: Pixels) -> Pixels:
        """Rotate coded pixels (H, W, C) upright: (H, W, C) or (W, H, C)."""
        swapped = coded.transpose(1, 0, 2) if self.swap else coded
        return np.ascontiguousarray(swapped[:: -1 if self.flip else 1, :: -1 if self.mirror else 1])


def rotation_of(frame: "VideoFrame") -> Rotation | None:
    """Return the rotation that the movie declares, as those from phones do. None if it is not a multiple of 90 degrees.

    Call it for one frame per movie. Side data and frames refer to each other, so calls for all frames would hold their
    memory until the garbage collector runs.
    """
    from av.buffer import Buffer

    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, Buffer):
        return Rotation()
    # x' = a x + c y and y' = b x + d y, in 16.16 fixed point. Multiples of 90 degrees and mirrors have two zeros.
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if a == d == 0 and b and c:
        return Rotation(True, c < 0, b < 0)
    return Rotation(False, a < 0, d < 0) if b == c == 0 and a and d else None


# Pixels


def pixels_of(frame: "VideoFrame") -> Pixels:
    """Convert a frame to RGB (H, W, 3) or RGBA (H, W, 4), uint8 or uint16, display-encoded, straight alpha.

    The rotation that the movie declares is not applied.
    """
    coded = format_of(frame)
    return _deep_pixels(frame, coded) if coded.depth == 16 else _convert(frame, "rgba" if coded.alpha else "rgb24")


def plane_lines(frame: "VideoFrame", number: int) -> Pixels:
    """Return a writable view of one plane: (H, N), uint8, or uint16 for more than 8 bits.

    N is the length of a line in memory in samples, which may exceed the width of the plane.
    """
    plane = frame.planes[number]
    dtype = np.dtype(np.uint8 if frame.format.components[0].bits == 8 else np.uint16)
    lines: Pixels = np.frombuffer(memoryview(plane), dtype)
    return lines.reshape(plane.height, plane.line_size // dtype.itemsize)


def _deep_pixels(frame: "VideoFrame", coded: FrameFormat) -> Pixels:
    """Return uint16 pixels with white at 65535. The scaler only shifts bits left, so its white is lower (255/256)."""
    pixels = _convert(frame, "rgba64le" if coded.alpha else "rgb48le")
    bits = max(component.bits for component in frame.format.components)
    alpha_top = colour_top = 65535 - 65535 // (1 << bits)
    if frame.format.is_rgb:
        return pixels
    if _range(frame) == _LIMITED:
        colour_top = 255 << 8
    stretched = np.empty_like(pixels)
    for channels, top in ((slice(0, 3), colour_top), (slice(3, 4), alpha_top)):
        scaled = (pixels[..., channels].astype(np.uint32) * 65535 + top // 2) // top
        stretched[..., channels] = np.minimum(scaled, 65535)
    return stretched


def _convert(frame: "VideoFrame", pixel_format: str) -> Pixels:
    """Convert a frame to RGB with its matrix and range, exact rounding and interpolated chroma."""
    from av.video.reformatter import Interpolation

    interpolation = (
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.BITEXACT
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP
    )
    matrix = _BT709 if frame.format.is_rgb else _matrix(frame)
    converted = _upsample_422(frame).reformat(
        format=pixel_format,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=_range(frame),
        dst_color_range=_FULL,
        interpolation=interpolation,
    )
    pixels: Pixels = converted.to_ndarray()
    return pixels


def _upsample_422(frame: "VideoFrame") -> "VideoFrame":
    """Convert 4:2:2 to 4:4:4 by cubic interpolation. Frames of other formats are returned unchanged.

    Chroma is sited on the left of two columns (ITU-R BT.601, BT.709). Unless a stream declares this, the scaler assumes
    a position between the columns, and editing codecs (ProRes, DNxHR) declare nothing. The shift of half a pixel costs
    15 dB at colour edges.
    """
    from av.video.frame import VideoFrame

    name = frame.format.name
    if not name.startswith(("yuv422p", "yuva422p")) or _range(frame) != _LIMITED or frame.width < _MIN_UPSAMPLED_WIDTH:
        return frame
    wide = VideoFrame(frame.width, frame.height, name.replace("422", "444"))
    wide.colorspace, wide.color_range = frame.colorspace, frame.color_range
    for number in range(len(frame.planes)):
        values = _plane(frame, number)
        full = values.shape[1] == frame.width
        _plane(wide, number)[:] = values if full else _upsampled(values, frame.width, frame.format.components[0].bits)
    return wide


def _plane(frame: "VideoFrame", number: int) -> Pixels:
    """Return a writable view (H, W) of one plane."""
    return plane_lines(frame, number)[:, : frame.planes[number].width]


def _upsampled(plane: Pixels, width: int, bits: int) -> Pixels:
    """Upsample a plane (H, (W + 1) / 2) to (H, W). bits: per sample.

    Even columns keep their samples; odd columns are interpolated with the weights (-1, 9, 9, -1) / 16.
    """
    padded = np.pad(plane, ((0, 0), (1, 2)), mode="edge").astype(np.int32)
    between = 9 * (padded[:, 1:-2] + padded[:, 2:-1]) - padded[:, :-3] - padded[:, 3:]
    wide = np.empty((plane.shape[0], 2 * plane.shape[1]), plane.dtype)
    wide[:, 0::2] = plane
    wide[:, 1::2] = np.clip((between + 8) >> 4, 0, (1 << bits) - 1)
    return wide[:, :width]


def _matrix(frame: "VideoFrame") -> int:
    untagged = _BT601 if frame.height <= _MAX_UNTAGGED_SD_HEIGHT else _BT709
    return MATRICES.get(frame.colorspace, untagged)


def _range(frame: "VideoFrame") -> int:
    """Return _LIMITED or _FULL. RGB and grey are always full range, as in FFmpeg."""
    name = frame.format.name
    if frame.format.is_rgb or name.startswith(("gray", "ya", "yuvj")):
        return _FULL
    return frame.color_range if frame.color_range in (_LIMITED, _FULL) else _LIMITED
