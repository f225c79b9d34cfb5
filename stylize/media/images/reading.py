"""Pictures read: to be seen, or as data."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.media.images.bit_depth import to_float
from stylize.media.images.stored import (
    into_display_window,
    is_float,
    read_pixels,
    read_stored,
    refuse_nan,
)
from stylize.media.images.transfer import encode_linear, unpremultiplied
from stylize.media.spaces import REC709, converted


def read_image(path: str | Path) -> Pixels:
    """Read a picture: uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded, straight alpha.

    Grey becomes RGB, deeper integers become uint16, and linear light (EXR, float TIFF) is encoded as sRGB, clipped to
    [0, 1], as uint16; an EXR that states the primaries of ACEScg or ACES2065-1 is converted. An orientation tag is
    applied; an EXR fills its display window. InputError if the file is missing, is no picture, is cut off, is a
    logarithmic DPX or holds NaN.
    """
    stored = read_stored(Path(path))
    if stored.linear:
        pixels = encode_linear(converted(stored.pixels, stored.space, REC709), stored.straight)
    else:
        pixels = unpremultiplied(stored.pixels, stored.straight)
    return _upright(pixels, stored.orientation)


def read_values(path: str | Path, *, grey: bool = False) -> Floats:
    """Read a picture of data, such as a matte: float32 in [0, 1], (H, W, 3) or (H, W, 4), no colour conversion.

    Integers are divided by their largest value; floats are taken as they are, clipped. grey: what has one colour stays
    so, (H, W, 1) or (H, W, 2), instead of becoming RGB. InputError as `read_image`.
    """
    stored = read_stored(Path(path), grey=grey)
    values = np.clip(stored.pixels, 0, 1) if stored.linear else to_float(stored.pixels)
    return _upright(values.astype(np.float32, copy=False), stored.orientation)


def read_channels(path: str | Path, names: Sequence[str]) -> Floats:
    """The channels of these names as the file has them: float32 (H, W, len(names)), not clipped, NaN let through.

    An EXR fills its display window, with 0 where it has nothing. InputError as `read_image`; KeyError for a name that
    the file does not have.
    """
    pixels, spec = read_pixels(Path(path), "float")
    places = {name: place for place, name in enumerate(spec.channelnames)}
    return into_display_window(np.ascontiguousarray(pixels[..., [places[name] for name in names]]), spec)


def read_data(path: str | Path) -> Floats:
    """Read a picture of data as it is stored, without its alpha: float32 (H, W, C), C of 1 to 3, no conversion.

    R, G and B are taken where there are such, else the first channels. Integers are divided by their largest value;
    floats may be of any size, infinite ones too. InputError as `read_image`.
    """
    stored, spec = read_pixels(Path(path))
    names = list(spec.channelnames)
    others = [index for index in range(spec.nchannels) if index != spec.alpha_channel] or [0]
    wanted = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else others[:3]
    pixels = into_display_window(np.ascontiguousarray(stored[..., wanted]), spec)
    refuse_nan(path, pixels)
    values = pixels if is_float(spec) else to_float(pixels)
    return _upright(values.astype(np.float32, copy=False), spec.get_int_attribute("Orientation", 1))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn by a picture's EXIF orientation, 1 to 8."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
