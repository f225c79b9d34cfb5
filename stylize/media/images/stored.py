"""A picture as its file has it: opened, its channels by name, its windows, before anything is converted."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import InputError
from stylize.media.images import png
from stylize.media.spaces import stated

if TYPE_CHECKING:
    import OpenImageIO

# What can be written, and what a file that cannot be read is told to be one of.
KINDS = ".png .tif .tiff .jpg .jpeg .exr .dpx"
_FLOAT_TYPES = ("half", "float", "double")
_LOG = ("Printing density", "Logarithmic")


@dataclass(frozen=True)
class Stored:
    """A picture as its file has it: uint8, uint16 or (`linear`) float32, (H, W, 3) or (H, W, 4), not yet upright.

    Grey that was asked for as such has one colour: (H, W, 1) or (H, W, 2).
    """

    pixels: Pixels
    linear: bool
    straight: bool
    orientation: int
    space: str


def read_stored(path: Path, *, grey: bool = False) -> Stored:
    """A file's picture; InputError if there is none, it is cut off, is a logarithmic DPX or holds NaN.

    grey: what has one colour stays so, instead of becoming RGB.
    """
    pixels, spec = read_pixels(path)
    pixels = into_display_window(_pick_channels(pixels, spec, grey), spec)
    linear = is_float(spec)
    if spec.get_string_attribute("dpx:Transfer") in _LOG:
        raise InputError(f"{path}: expected display-encoded DPX, found logarithmic: convert it, or render PNG or EXR")
    refuse_nan(path, pixels)
    straight = spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 1
    return Stored(pixels, linear, straight, spec.get_int_attribute("Orientation", 1), stated_space(spec))


def stated_space(spec: "OpenImageIO.ImageSpec") -> str:
    """The linear space that a file states: EXR only, others have the usual one."""
    return stated(spec.getattribute("chromaticities") if is_float(spec) else None)


def read_pixels(path: Path, kind: str | None = None) -> tuple[Pixels, "OpenImageIO.ImageSpec"]:
    """All channels of a file, (H, W, any), as `kind` or as uint8, uint16 or float32, whichever loses nothing.

    InputError if there is no picture or it is cut off.
    """
    source = open_picture(path)
    try:
        spec = source.spec()
        usual = "float" if is_float(spec) else "uint8" if str(spec.format) == "uint8" else "uint16"
        pixels = source.read_image(0, 0, 0, spec.nchannels, kind or usual)
        complaint = source.geterror() if source.has_error else ""
    finally:
        source.close()
    if pixels is None or complaint:
        raise InputError(
            f"{path}: the picture is cut off or damaged ({first_line(complaint)}): copy or export it again"
        )
    return pixels, spec


def refuse_nan(path: str | Path, pixels: Pixels) -> None:
    """InputError if there is a NaN among the values."""
    if np.issubdtype(pixels.dtype, np.floating) and np.isnan(pixels).any():
        raise InputError(f"{path}: the picture holds NaN, expected numbers: render it again or repair those pixels")


def is_float(spec: "OpenImageIO.ImageSpec") -> bool:
    """Whether a file's values are floats, which are linear light in what is to be seen."""
    return str(spec.format) in _FLOAT_TYPES


def open_picture(path: Path) -> "OpenImageIO.ImageInput":
    """A file whose header is read, to be closed by who asked; InputError if there is none or it is no picture."""
    import OpenImageIO

    if not path.exists():
        raise InputError(f"{path}: no such file, expected a picture: check the path")
    if not path.is_file():
        raise InputError(f"{path}: this is a folder, expected a picture: name a file in it")
    png.refuse_cut(path)
    wishes = OpenImageIO.ImageSpec()
    # Otherwise straight alpha is multiplied in on the way, and dark edges lose their colour for good.
    wishes.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(str(path), wishes)
    if source is None:
        reason = first_line(OpenImageIO.geterror())
        raise InputError(f"{path}: not a picture that can be read ({reason}): expected one of {KINDS}")
    if source.format_name() == "FFmpeg movie":
        source.close()
        raise InputError(f"{path}: this is a movie, expected a picture: export one frame of it")
    return source


def _pick_channels(stored: Pixels, spec: "OpenImageIO.ImageSpec", grey: bool) -> Pixels:
    """(H, W, any) -> (H, W, 3) or (H, W, 4) by the channels' names; the first ones where the names say nothing."""
    names = list(spec.channelnames)
    colour = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else _first_channels(spec)
    if grey and len(set(colour)) == 1:
        colour = colour[:1]
    picked = [*colour, *([spec.alpha_channel] if spec.alpha_channel >= 0 else [])]
    # To pick one by one takes as long as to read the file.
    return np.ascontiguousarray(stored if picked == list(range(stored.shape[2])) else stored[..., picked])


def _first_channels(spec: "OpenImageIO.ImageSpec") -> list[int]:
    colour = [index for index in range(spec.nchannels) if index != spec.alpha_channel] or [0]
    return colour[:3] if len(colour) >= 3 else [colour[0]] * 3


def has_windows(spec: "OpenImageIO.ImageSpec") -> bool:
    """Whether the pixels are a part of, or more than, what is to be seen: EXR only (a PNG's offset is a page's)."""
    inner = (spec.x, spec.y, spec.width, spec.height)
    outer = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    return is_float(spec) and inner != outer


def into_display_window(pixels: Pixels, spec: "OpenImageIO.ImageSpec") -> Pixels:
    """(H, W, C) of a file -> (H, W, C) of what is to be seen of it, 0 where the file has nothing."""
    if not has_windows(spec):
        return pixels
    seen = np.zeros((spec.full_height, spec.full_width, pixels.shape[2]), pixels.dtype)
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    x0, x1 = max(left, 0), min(left + spec.width, spec.full_width)
    y0, y1 = max(top, 0), min(top + spec.height, spec.full_height)
    if x0 < x1 and y0 < y1:
        seen[y0:y1, x0:x1] = pixels[y0 - top : y1 - top, x0 - left : x1 - left]
    return seen


def first_line(reason: str) -> str:
    """The first line of a library's complaint."""
    lines = reason.strip().splitlines()
    return lines[0].strip() if lines else "no reason given"
