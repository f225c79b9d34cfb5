"""The pixels of one decoded frame: RGB by its own matrix and range, as deep as it is coded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels
from stylize.media.planes import plane_lines

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# AVColorSpace -> the matrix that the scaler knows it by; the rest are untagged or not in use.
MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT709, _BT601 = 1, 5
_LIMITED, _FULL = 1, 2
_LARGEST_UNTAGGED_SD = 576
# Of a picture whose halved colour is one sample wide, nothing is between two.
_FEWEST_COLUMNS = 3


@dataclass(frozen=True)
class Coding:
    """How the pixels of a frame are coded. size: (width, height), not turned. depth: 8, or 16 for what is deeper."""

    size: tuple[int, int]
    depth: int
    alpha: bool


def coding_of(frame: "VideoFrame") -> Coding:
    """How the pixels of this frame are coded."""
    components = frame.format.components
    return Coding(
        size=(frame.width, frame.height),
        depth=16 if any(component.bits > 8 for component in components) else 8,
        alpha=any(component.is_alpha for component in components),
    )


def spelt(coding: Coding) -> str:
    """It in words, as 1920x1080 of 8 bits."""
    return f"{coding.size[0]}x{coding.size[1]} of {coding.depth} bits" + (" with alpha" if coding.alpha else "")


def pixels_of(frame: "VideoFrame") -> Pixels:
    """uint8 or uint16 (H, W, 3 or 4), display-encoded, straight alpha, as coded: not turned."""
    coding = coding_of(frame)
    return _deep(frame, coding) if coding.depth == 16 else _convert(frame, "rgba" if coding.alpha else "rgb24")


def _deep(frame: "VideoFrame", coding: Coding) -> Pixels:
    """uint16 with white at 65535. The scaler shifts bits to the left, and so leaves white at 255/256 for instance."""
    pixels = _convert(frame, "rgba64le" if coding.alpha else "rgb48le")
    bits = max(component.bits for component in frame.format.components)
    alpha_top = colour_top = 65535 - 65535 // (1 << bits)
    if frame.format.is_rgb:
        return pixels
    if _range(frame) == _LIMITED:
        colour_top = 255 << 8
    widened = np.empty_like(pixels)
    for channels, top in ((slice(0, 3), colour_top), (slice(3, 4), alpha_top)):
        wide = (pixels[..., channels].astype(np.uint32) * 65535 + top // 2) // top
        widened[..., channels] = np.minimum(wide, 65535)
    return widened


def _convert(frame: "VideoFrame", layout: str) -> Pixels:
    """RGB by the frame's own matrix and range. The rounding is exact, and colour is smooth between its samples."""
    from av.video.reformatter import Interpolation

    how = (
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.BITEXACT
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP
    )
    matrix = _BT709 if frame.format.is_rgb else _matrix(frame)
    converted = _beside(frame).reformat(
        format=layout,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=_range(frame),
        dst_color_range=_FULL,
        interpolation=how,
    )
    pixels: Pixels = converted.to_ndarray()
    return pixels


def _beside(frame: "VideoFrame") -> "VideoFrame":
    """4:2:2 as 4:4:4, each sample of colour on the left one of its two columns, as ITU-R BT.601 and BT.709 place it.

    The scaler puts it between the two unless a stream says otherwise, and those of editing (ProRes, DNxHR) say
    nothing: half a pixel, which costs 15 dB at colour edges. Samples between are cubic. Others are given back.
    """
    from av.video.frame import VideoFrame

    layout = frame.format.name
    if not layout.startswith(("yuv422p", "yuva422p")) or _range(frame) != _LIMITED or frame.width < _FEWEST_COLUMNS:
        return frame
    wide = VideoFrame(frame.width, frame.height, layout.replace("422", "444"))
    wide.colorspace, wide.color_range = frame.colorspace, frame.color_range
    for number in range(len(frame.planes)):
        values = _plane(frame, number)
        whole = values.shape[1] == frame.width
        _plane(wide, number)[:] = values if whole else _widened(values, frame.width, frame.format.components[0].bits)
    return wide


def _plane(frame: "VideoFrame", number: int) -> Pixels:
    """(H, W) of one plane: the frame's own memory."""
    return plane_lines(frame, number)[:, : frame.planes[number].width]


def _widened(plane: Pixels, width: int, bits: int) -> Pixels:
    """(H, (W + 1) / 2) -> (H, W): what is there stays in even columns, cubic between (-1, 9, 9, -1) / 16."""
    padded = np.pad(plane, ((0, 0), (1, 2)), mode="edge").astype(np.int32)
    between = 9 * (padded[:, 1:-2] + padded[:, 2:-1]) - padded[:, :-3] - padded[:, 3:]
    wide = np.empty((plane.shape[0], 2 * plane.shape[1]), plane.dtype)
    wide[:, 0::2] = plane
    wide[:, 1::2] = np.clip((between + 8) >> 4, 0, (1 << bits) - 1)
    return wide[:, :width]


def _matrix(frame: "VideoFrame") -> int:
    untagged = _BT601 if frame.height <= _LARGEST_UNTAGGED_SD else _BT709
    return MATRICES.get(frame.colorspace, untagged)


def _range(frame: "VideoFrame") -> int:
    """Limited or full. RGB and grey are full whatever the tags say, as every tool of FFmpeg's family takes them."""
    name = frame.format.name
    if frame.format.is_rgb or name.startswith(("gray", "ya", "yuvj")):
        return _FULL
    return frame.color_range if frame.color_range in (_LIMITED, _FULL) else _LIMITED
