"""Read pictures: for display, as data, or their header alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.errors import InputError
from stylize.media.colour import BT709, Colour, colour_from_tags
from stylize.media.images import png
from stylize.media.images.bit_depth import to_float
from stylize.media.images.transfer import encode_linear, unpremultiply
from stylize.media.sequences import PICTURE_SUFFIXES
from stylize.media.working_spaces import REC709, space_of, to_space

if TYPE_CHECKING:
    import OpenImageIO

_FLOAT_TYPES = ("half", "float", "double")
_LOG = ("Printing density", "Logarithmic")


# From the header alone


@dataclass(frozen=True)
class ImageInfo:
    """Properties of the picture that `read_image` returns.

    size: (width, height), upright. depth: bits per channel. colour: what a PNG declares its values to mean. space: the
    one of `working_spaces.WORKING_SPACES` that an EXR declares.
    """

    size: tuple[int, int]
    depth: Literal[8, 16]
    alpha: bool
    colour: Colour = BT709
    space: str = REC709


def image_info(path: str | Path) -> ImageInfo:
    """Return the properties of a picture, from its header alone; InputError as `read_image`."""
    spec = _read_spec(path)
    width, height = (spec.full_width, spec.full_height) if _has_windows(spec) else (spec.width, spec.height)
    size = (height, width) if _orientation(spec) >= 5 else (width, height)
    tags = spec.getattribute("CICP")
    colour = BT709 if tags is None else colour_from_tags(0, tags[0], tags[1])
    depth: Literal[8, 16] = 8 if str(spec.format) == "uint8" else 16
    return ImageInfo(size, depth, spec.alpha_channel >= 0, colour, _declared_space(spec))


def image_size(path: str | Path) -> tuple[int, int]:
    """Return (width, height) of a picture, upright, from its header alone; InputError as `read_image`."""
    return image_info(path).size


def channel_names(path: str | Path) -> tuple[str, ...]:
    """Return the names of a picture's channels, from its header alone; InputError as `read_image`."""
    return tuple(_read_spec(path).channelnames)


# Pixels


def read_image(path: str | Path) -> Pixels:
    """Read a picture: uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded, straight alpha.

    Grey becomes RGB, deeper integers become uint16, and linear light (EXR, float TIFF) is encoded as sRGB, clipped to
    [0, 1], as uint16; an EXR that declares the primaries of ACEScg or ACES2065-1 is converted. An orientation tag is
    applied; an EXR fills its display window. InputError if the file is missing, is no picture, is cut off, is a
    logarithmic DPX or holds NaN.
    """
    stored = _read_stored(Path(path))
    if stored.linear:
        pixels = encode_linear(to_space(stored.pixels, stored.space, REC709), stored.straight)
    else:
        pixels = unpremultiply(stored.pixels, stored.straight)
    return _upright(pixels, stored.orientation)


def read_values(path: str | Path, *, grey: bool = False) -> Floats:
    """Read a picture of data, such as a matte: float32 in [0, 1], (H, W, 3) or (H, W, 4), no colour conversion.

    Integers are divided by their largest value; floats are taken as they are, clipped. grey: keep one colour channel
    as one, (H, W, 1) or (H, W, 2), instead of making it RGB. InputError as `read_image`.
    """
    stored = _read_stored(Path(path), grey=grey)
    values = np.clip(stored.pixels, 0, 1) if stored.linear else to_float(stored.pixels)
    return _upright(values.astype(np.float32, copy=False), stored.orientation)


def read_channels(path: str | Path, names: Sequence[str]) -> Floats:
    """Read the channels of these names as stored: float32 (H, W, len(names)), not clipped, NaN passed through.

    An EXR fills its display window, with 0 where it has no pixels. InputError as `read_image`; KeyError for a name that
    the file does not have.
    """
    pixels, spec = _read_pixels(Path(path), "float")
    indices = {name: index for index, name in enumerate(spec.channelnames)}
    return _into_display_window(np.ascontiguousarray(pixels[..., [indices[name] for name in names]]), spec)


def read_data(path: str | Path) -> Floats:
    """Read a picture of data as stored, without its alpha: float32 (H, W, C), C of 1 to 3, no conversion.

    R, G and B are taken where they exist, else the first channels. Integers are divided by their largest value; floats
    may be of any size, infinite ones too. InputError as `read_image`.
    """
    stored, spec = _read_pixels(Path(path))
    names = list(spec.channelnames)
    others = [index for index in range(spec.nchannels) if index != spec.alpha_channel] or [0]
    wanted = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else others[:3]
    pixels = _into_display_window(np.ascontiguousarray(stored[..., wanted]), spec)
    _refuse_nan(path, pixels)
    values = pixels if _is_float(spec) else to_float(pixels)
    return _upright(values.astype(np.float32, copy=False), _orientation(spec))


# As stored in the file


@dataclass(frozen=True)
class _Stored:
    """A picture as stored: uint8, uint16 or (`linear`) float32, (H, W, 3) or (H, W, 4), not yet upright.

    Grey that was requested as such has one colour channel: (H, W, 1) or (H, W, 2).
    """

    pixels: Pixels
    linear: bool
    straight: bool
    orientation: int
    space: str


def _read_stored(path: Path, *, grey: bool = False) -> _Stored:
    """Read RGB(A) as stored. InputError as `read_image`. grey: as in `read_values`."""
    pixels, spec = _read_pixels(path)
    pixels = _into_display_window(_pick_channels(pixels, spec, grey), spec)
    linear = _is_float(spec)
    if spec.get_string_attribute("dpx:Transfer") in _LOG:
        raise InputError(f"{path}: expected display-encoded DPX, found logarithmic: convert it, or render PNG or EXR")
    _refuse_nan(path, pixels)
    straight = spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 1
    return _Stored(pixels, linear, straight, _orientation(spec), _declared_space(spec))


def _read_spec(path: str | Path) -> "OpenImageIO.ImageSpec":
    source = _open(Path(path))
    try:
        return source.spec()
    finally:
        source.close()


def _read_pixels(path: Path, dtype: str | None = None) -> tuple[Pixels, "OpenImageIO.ImageSpec"]:
    """Read all channels, (H, W, any), as `dtype` or else as uint8, uint16 or float32, whichever loses nothing.

    InputError if there is no picture or it is cut off.
    """
    source = _open(path)
    try:
        spec = source.spec()
        lossless = "float" if _is_float(spec) else "uint8" if str(spec.format) == "uint8" else "uint16"
        pixels = source.read_image(0, 0, 0, spec.nchannels, dtype or lossless)
        message = source.geterror() if source.has_error else ""
    finally:
        source.close()
    if pixels is None or message:
        raise InputError(f"{path}: the picture is cut off or damaged ({first_line(message)}): copy or export it again")
    return pixels, spec


def _open(path: Path) -> "OpenImageIO.ImageInput":
    """Open a picture; close what is returned. InputError if the path is no picture that can be read."""
    import OpenImageIO

    if not path.exists():
        raise InputError(f"{path}: no such file, expected a picture: check the path")
    if not path.is_file():
        raise InputError(f"{path}: this is a folder, expected a picture: name a file in it")
    png.refuse_truncated(path)
    config = OpenImageIO.ImageSpec()
    # Otherwise OpenImageIO premultiplies straight alpha, and dark edges lose their colour irreversibly.
    config.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(str(path), config)
    if source is None:
        reason = first_line(OpenImageIO.geterror())
        kinds = " ".join(PICTURE_SUFFIXES)
        raise InputError(f"{path}: not a picture that can be read ({reason}): expected one of {kinds}")
    if source.format_name() == "FFmpeg movie":
        source.close()
        raise InputError(f"{path}: this is a movie, expected a picture: export one frame of it")
    return source


def first_line(message: str) -> str:
    """Return the first line of a library's error message."""
    lines = message.strip().splitlines()
    return lines[0].strip() if lines else "no reason given"


def _refuse_nan(path: str | Path, pixels: Pixels) -> None:
    if np.issubdtype(pixels.dtype, np.floating) and np.isnan(pixels).any():
        raise InputError(f"{path}: the picture holds NaN, expected numbers: render it again or repair those pixels")


def _is_float(spec: "OpenImageIO.ImageSpec") -> bool:
    """Return whether a file holds floats, which `read_image` takes to be linear light."""
    return str(spec.format) in _FLOAT_TYPES


def _declared_space(spec: "OpenImageIO.ImageSpec") -> str:
    """Return the linear space that an EXR declares; other files have the usual one."""
    return space_of(spec.getattribute("chromaticities") if _is_float(spec) else None)


def _pick_channels(stored: Pixels, spec: "OpenImageIO.ImageSpec", grey: bool) -> Pixels:
    """Pick (H, W, 3) or (H, W, 4) of (H, W, any) by channel names, or the first channels if no names fit."""
    names = list(spec.channelnames)
    colour = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else _first_channels(spec)
    if grey and len(set(colour)) == 1:
        colour = colour[:1]
    picked = [*colour, *([spec.alpha_channel] if spec.alpha_channel >= 0 else [])]
    # Fancy indexing takes as long as reading the file: skip it where it changes nothing.
    return np.ascontiguousarray(stored if picked == list(range(stored.shape[2])) else stored[..., picked])


def _first_channels(spec: "OpenImageIO.ImageSpec") -> list[int]:
    colour = [index for index in range(spec.nchannels) if index != spec.alpha_channel] or [0]
    return colour[:3] if len(colour) >= 3 else [colour[0]] * 3


def _has_windows(spec: "OpenImageIO.ImageSpec") -> bool:
    """Return whether data and display window differ: EXR only (the offset of a PNG is that of a page)."""
    data = (spec.x, spec.y, spec.width, spec.height)
    display = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    return _is_float(spec) and data != display


def _into_display_window(pixels: Pixels, spec: "OpenImageIO.ImageSpec") -> Pixels:
    """Place (H, W, C) of the data window in (H, W, C) of the display window, 0 where the file has no pixels."""
    if not _has_windows(spec):
        return pixels
    displayed = np.zeros((spec.full_height, spec.full_width, pixels.shape[2]), pixels.dtype)
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    x0, x1 = max(left, 0), min(left + spec.width, spec.full_width)
    y0, y1 = max(top, 0), min(top + spec.height, spec.full_height)
    if x0 < x1 and y0 < y1:
        displayed[y0:y1, x0:x1] = pixels[y0 - top : y1 - top, x0 - left : x1 - left]
    return displayed


def _orientation(spec: "OpenImageIO.ImageSpec") -> int:
    """Return the EXIF orientation, 1 to 8; from 5 on width and height are swapped."""
    return int(spec.get_int_attribute("Orientation", 1))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn a picture upright by its EXIF orientation."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
