"""Stills in and out: the one place for depth, alpha, colour space and metadata.

Inside the program a picture is uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded (sRGB), with straight
alpha. Files keep their own conventions: PNG, TIFF and JPEG are display-encoded and straight, EXR is linear and
premultiplied, DPX is display-encoded and opaque.
"""

import shutil
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from propagate.arrays import Floats, Pixels
from propagate.bands import Band, in_bands
from stylize.errors import InputError, OutputError
from stylize.footage.clock import packed_timecode
from stylize.footage.colour import BT709, Colour, colour_of, from_rec709, to_rec709
from stylize.footage.spaces import CORNERS, REC709, converted, stated

if TYPE_CHECKING:
    import OpenImageIO

_FLOAT_TYPES = ("half", "float", "double")
_KINDS = ".png .tif .tiff .jpg .jpeg .exr .dpx"
_PNG_END = b"IEND\xaeB`\x82"
# Fixed by measurement on film plates: half the time of the defaults, files a few per cent larger.
_PNG_ATTRIBUTES = {"png:compressionLevel": 1, "png:filter": 32}
_JPEG_QUALITY = 95
_DPX_BITS = 10
# What a DPX calls primaries of 625 and of 525 lines.
DPX_COLOURS = {5: "ITU-R 601-5 system B or G", 6: "ITU-R 601-5 system M"}
_LOG = ("Printing density", "Logarithmic")
# A disk fills up while others write too: leave some room.
_SPARE_BYTES = 1 << 20


def read_image(path: str | Path) -> Pixels:
    """Read a picture: uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded, straight alpha.

    Grey becomes RGB, deeper integers become uint16, and linear light (EXR, float TIFF) is encoded as sRGB, clipped to
    [0, 1], as uint16; an EXR that states the primaries of ACEScg or ACES2065-1 is converted. An orientation tag is
    applied; an EXR fills its display window. InputError if the file is missing, is no picture, is cut off, is a
    logarithmic DPX or holds NaN.
    """
    stored = _read_stored(Path(path))
    if stored.linear:
        pixels = _encode_linear(converted(stored.pixels, stored.space, REC709), stored.straight)
    else:
        pixels = _unpremultiplied(stored.pixels, stored.straight)
    return _upright(pixels, stored.orientation)


@dataclass(frozen=True)
class ImageFacts:
    """How `read_image` gives a picture: width and height, bits a channel, with alpha or not, and what a PNG says that
    its values mean."""

    size: tuple[int, int]
    depth: Literal[8, 16]
    alpha: bool
    colour: Colour = BT709


def image_facts(path: str | Path) -> ImageFacts:
    """Size, depth and alpha of a picture from its header alone; InputError as `read_image`."""
    source = _open(Path(path))
    try:
        spec = source.spec()
    finally:
        source.close()
    turned = spec.get_int_attribute("Orientation", 1) >= 5
    width, height = (spec.full_width, spec.full_height) if _has_windows(spec) else (spec.width, spec.height)
    size = (height, width) if turned else (width, height)
    said = spec.getattribute("CICP")
    colour = BT709 if said is None else colour_of(0, said[0], said[1])
    return ImageFacts(size, 8 if str(spec.format) == "uint8" else 16, spec.alpha_channel >= 0, colour)


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height of a picture from its header alone; InputError as `read_image`."""
    return image_facts(path).size


def read_values(path: str | Path) -> Floats:
    """Read a picture of data, such as a matte: float32 in [0, 1], (H, W, 3) or (H, W, 4), no colour conversion.

    Integers are divided by their largest value; floats are taken as they are, clipped. InputError as `read_image`.
    """
    stored = _read_stored(Path(path))
    values = np.clip(stored.pixels, 0, 1) if stored.linear else to_float(stored.pixels)
    return _upright(values.astype(np.float32, copy=False), stored.orientation)


def channel_names(path: str | Path) -> tuple[str, ...]:
    """The names of a picture's channels, from its header alone; InputError as `read_image`."""
    source = _open(Path(path))
    try:
        return tuple(source.spec().channelnames)
    finally:
        source.close()


def read_channels(path: str | Path, names: Sequence[str]) -> Floats:
    """The channels of these names as the file has them: float32 (H, W, len(names)), not clipped, NaN let through.

    An EXR fills its display window, with 0 where it has nothing. InputError as `read_image`; KeyError for a name that
    the file does not have.
    """
    pixels, spec = _read_pixels(Path(path), "float")
    places = {name: place for place, name in enumerate(spec.channelnames)}
    return _into_display_window(np.ascontiguousarray(pixels[..., [places[name] for name in names]]), spec)


def read_data(path: str | Path) -> Floats:
    """Read a picture of data as it is stored, without its alpha: float32 (H, W, C), C of 1 to 3, no conversion.

    R, G and B are taken where there are such, else the first channels. Integers are divided by their largest value;
    floats may be of any size, infinite ones too. InputError as `read_image`.
    """
    stored, spec = _read_pixels(Path(path))
    names = list(spec.channelnames)
    others = [index for index in range(spec.nchannels) if index != spec.alpha_channel] or [0]
    wanted = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else others[:3]
    pixels = _into_display_window(np.ascontiguousarray(stored[..., wanted]), spec)
    if np.isnan(pixels).any():
        raise InputError(f"{path}: the picture holds NaN, expected numbers: render it again or repair those pixels")
    values = pixels if _is_float(spec) else to_float(pixels)
    return _upright(values.astype(np.float32, copy=False), spec.get_int_attribute("Orientation", 1))


@dataclass(frozen=True)
class Stamp:
    """What EXR and DPX say of a frame's place in time: its number, frames per second, time code; and its pixels' shape.

    `pixel_aspect`: width of a pixel over its height.
    """

    number: int
    rate: Fraction
    timecode: str | None
    pixel_aspect: Fraction = Fraction(1)


def write_image(
    path: str | Path, pixels: Pixels, *, text: Mapping[str, str] | None = None, bits: int | None = None,
    space: str = REC709, stamp: Stamp | None = None, colour: Colour = BT709,
) -> None:  # fmt: skip
    """Write a picture as its suffix says: PNG, TIFF, JPEG, DPX (10 bits, both without alpha) or EXR.

    EXR is half float, ZIP, linear and premultiplied. `pixels`: uint8 or uint16, (H, W) grey, (H, W, 3) or (H, W, 4),
    display-encoded, straight alpha. `text` goes into a PNG as text chunks. `bits`: 8 or 16, for PNG and TIFF, if not
    those of the pixels. `space`: one of `spaces.WORKING_SPACES`, the primaries of an EXR. `stamp` goes into EXR and
    DPX. `colour`: what the values mean, which an EXR is converted from, and which PNG, and DPX where it can, say of
    themselves if it is not what is usual. The same pixels give the same bytes. The file appears whole under its name or
    not at all; OutputError if it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _KINDS.split():
        raise OutputError(f"{path}: cannot write pictures of this kind: name one of {_KINDS}")
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3):
        raise TypeError(f"expected uint8 or uint16, (H, W) or (H, W, 3 or 4), got {pixels.dtype} {pixels.shape}")
    channels = _in_bits(np.atleast_3d(pixels), bits)
    # OpenImageIO does not notice that a disk is full while it writes a PNG, so ask before and look after.
    _need_space(path, channels.nbytes)
    # Hidden, and always the same: whoever lists pictures passes it over, and the next run replaces what a kill left.
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        if suffix in (".jpg", ".jpeg"):
            _write_jpeg(temporary, channels)
        else:
            _write_with_oiio(temporary, channels, space, stamp, colour)
        if suffix == ".png":
            _finish_png(temporary, text or {})
        if suffix == ".dpx":
            _finish_dpx(temporary)
        temporary.replace(path)
    except OSError as error:
        # Libraries do not say why: it is looked for while the half-written file still takes its room.
        full = shutil.disk_usage(path.parent).free < _SPARE_BYTES
        reason = error.strerror or ("the disk is full" if full else _short(str(error)))
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({reason}): free some space or choose another folder") from error


def _in_bits(pixels: Pixels, bits: int | None) -> Pixels:
    if bits == 16:
        return widen(pixels, 16, False)
    return quantise(to_float(pixels), np.uint8) if bits == 8 and pixels.dtype == np.uint16 else pixels


def make_folder(folder: Path) -> None:
    """Create a folder and those above it; OutputError if that is not allowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: no folder can be made here ({error.strerror}): choose another place") from error


def to_float(pixels: Pixels) -> Floats:
    """uint8 or uint16 of any shape -> float32 in [0, 1] of the same shape."""
    scale = np.float32(np.iinfo(pixels.dtype).max)
    return np.asarray(pixels, np.float32) / scale


def quantise(floats: Floats, dtype: DTypeLike) -> Pixels:
    """Floats of any shape -> uint8 or uint16 of the same shape: clipped to [0, 1], halves rounded up."""
    top = np.float32(np.iinfo(np.dtype(dtype)).max)
    rows = np.atleast_2d(floats)
    pixels = np.empty(rows.shape, dtype)

    def work(band: Band) -> None:
        levels = np.clip(rows[band.own], 0, 1) * top
        levels += np.float32(0.5)
        pixels[band.own] = np.floor(levels, out=levels)

    in_bands(work, rows.shape)
    return pixels.reshape(np.shape(floats))


def widen(pixels: Pixels, depth: int, alpha: bool) -> Pixels:
    """Pixels as uint16 if `depth` is 16, and with alpha, opaque where there was none, if `alpha`; nothing is lost."""
    if depth == 16 and pixels.dtype == np.uint8:
        pixels = pixels.astype(np.uint16) * 257
    if alpha and pixels.shape[2] == 3:
        opaque = np.full((*pixels.shape[:2], 1), np.iinfo(pixels.dtype).max, pixels.dtype)
        pixels = np.concatenate([pixels, opaque], axis=2)
    return pixels


def encode_srgb(linear: Floats) -> Floats:
    """Linear light, 0 or more -> sRGB-encoded, of the same shape."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.power(np.maximum(linear, 0.0031308), np.float32(1 / 2.4)) - np.float32(0.055)
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def in_primaries(pixels: Pixels, colour: Colour) -> Pixels:
    """uint8 or uint16 (H, W, 3), display-encoded in Rec. 709 -> the same colours in the primaries of `colour`."""
    if colour.is_usual:
        return pixels
    linear = from_rec709(_linear_light(pixels.dtype.name)[pixels], colour)
    return quantise(encode_srgb(np.clip(linear, 0, 1)), pixels.dtype)


@cache
def _linear_light(dtype: str) -> Floats:
    """Linear light for every code value of uint8 or uint16."""
    top = np.iinfo(np.dtype(dtype)).max
    encoded = np.arange(top + 1, dtype=np.float64) / top
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


@dataclass(frozen=True)
class _Stored:
    """A picture as its file has it: uint8, uint16 or (`linear`) float32, (H, W, 3) or (H, W, 4), not yet upright."""

    pixels: Pixels
    linear: bool
    straight: bool
    orientation: int
    space: str


def _read_stored(path: Path) -> _Stored:
    pixels, spec = _read_pixels(path)
    pixels = _into_display_window(_pick_channels(pixels, spec), spec)
    linear = _is_float(spec)
    if spec.get_string_attribute("dpx:Transfer") in _LOG:
        raise InputError(f"{path}: expected display-encoded DPX, found logarithmic: convert it, or render PNG or EXR")
    if linear and np.isnan(pixels).any():
        raise InputError(f"{path}: the picture holds NaN, expected numbers: render it again or repair those pixels")
    straight = spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 1
    corners = spec.getattribute("chromaticities") if linear else None
    return _Stored(pixels, linear, straight, spec.get_int_attribute("Orientation", 1), stated(corners))


def _read_pixels(path: Path, kind: str | None = None) -> tuple[Pixels, "OpenImageIO.ImageSpec"]:
    """All channels of a file, (H, W, any), as `kind` or as uint8, uint16 or float32, whichever loses nothing."""
    source = _open(path)
    try:
        spec = source.spec()
        usual = "float" if _is_float(spec) else "uint8" if str(spec.format) == "uint8" else "uint16"
        pixels = source.read_image(0, 0, 0, spec.nchannels, kind or usual)
        complaint = source.geterror() if source.has_error else ""
    finally:
        source.close()
    if pixels is None or complaint:
        raise InputError(f"{path}: the picture is cut off or damaged ({_short(complaint)}): copy or export it again")
    return pixels, spec


def _is_float(spec: "OpenImageIO.ImageSpec") -> bool:
    return str(spec.format) in _FLOAT_TYPES


def _open(path: Path) -> "OpenImageIO.ImageInput":
    import OpenImageIO

    if not path.exists():
        raise InputError(f"{path}: no such file, expected a picture: check the path")
    if not path.is_file():
        raise InputError(f"{path}: this is a folder, expected a picture: name a file in it")
    _refuse_cut_png(path)
    wishes = OpenImageIO.ImageSpec()
    # Otherwise straight alpha is multiplied in on the way, and dark edges lose their colour for good.
    wishes.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(str(path), wishes)
    if source is None:
        reason = _short(OpenImageIO.geterror())
        raise InputError(f"{path}: not a picture that can be read ({reason}): expected one of {_KINDS}")
    if source.format_name() == "FFmpeg movie":
        source.close()
        raise InputError(f"{path}: this is a movie, expected a picture: export one frame of it")
    return source


def _refuse_cut_png(path: Path) -> None:
    """InputError for a PNG without its end, before libpng writes its own complaint to the terminal."""
    try:
        with path.open("rb") as file:
            if file.read(8) != b"\x89PNG\r\n\x1a\n":
                return
            file.seek(max(0, path.stat().st_size - 65536))
            whole = _PNG_END in file.read()
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror}): check its permissions") from error
    if not whole:
        raise InputError(f"{path}: the picture is cut off, its end is missing: copy or export it again")


def _pick_channels(stored: Pixels, spec: "OpenImageIO.ImageSpec") -> Pixels:
    """(H, W, any) -> (H, W, 3) or (H, W, 4) by the channels' names; the first ones where the names say nothing."""
    names = list(spec.channelnames)
    colour = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else _first_channels(spec)
    alpha = [spec.alpha_channel] if spec.alpha_channel >= 0 else []
    return np.ascontiguousarray(stored[..., colour + alpha])


def _first_channels(spec: "OpenImageIO.ImageSpec") -> list[int]:
    colour = [index for index in range(spec.nchannels) if index != spec.alpha_channel] or [0]
    return colour[:3] if len(colour) >= 3 else [colour[0]] * 3


def _has_windows(spec: "OpenImageIO.ImageSpec") -> bool:
    """Whether the pixels are a part of, or more than, what is to be seen: EXR only (a PNG's offset is a page's)."""
    inner = (spec.x, spec.y, spec.width, spec.height)
    outer = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    return _is_float(spec) and inner != outer


def _into_display_window(pixels: Pixels, spec: "OpenImageIO.ImageSpec") -> Pixels:
    if not _has_windows(spec):
        return pixels
    seen = np.zeros((spec.full_height, spec.full_width, pixels.shape[2]), pixels.dtype)
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    x0, x1 = max(left, 0), min(left + spec.width, spec.full_width)
    y0, y1 = max(top, 0), min(top + spec.height, spec.full_height)
    if x0 < x1 and y0 < y1:
        seen[y0:y1, x0:x1] = pixels[y0 - top : y1 - top, x0 - left : x1 - left]
    return seen


def _encode_linear(pixels: Pixels, straight: bool) -> Pixels:
    colour = pixels[..., :3]
    if pixels.shape[2] == 3:
        return quantise(encode_srgb(np.clip(colour, 0, 1)), np.uint16)
    alpha = np.clip(pixels[..., 3:], 0, 1)
    if not straight:
        colour = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    encoded = encode_srgb(np.clip(colour, 0, 1))
    return quantise(np.concatenate([encoded, alpha], axis=2), np.uint16)


def _unpremultiplied(pixels: Pixels, straight: bool) -> Pixels:
    """Integers with straight alpha; a TIFF may say that its colour is premultiplied."""
    if straight or pixels.shape[2] == 3:
        return pixels
    floats = to_float(pixels)
    colour, alpha = floats[..., :3], floats[..., 3:]
    floats[..., :3] = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    return quantise(floats, pixels.dtype)


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn by a picture's EXIF orientation, 1 to 8."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _need_space(path: Path, size: int) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist: create it or choose another one")
    free = shutil.disk_usage(path.parent).free
    if free < size + _SPARE_BYTES:
        raise OutputError(f"{path}: the disk is full, {free >> 10} KiB left: free space or choose another folder")


def _write_with_oiio(path: Path, pixels: Pixels, space: str, stamp: Stamp | None, colour: Colour) -> None:
    import OpenImageIO

    suffix = path.suffix.lower()
    if suffix == ".exr":
        linear = _premultiplied_linear(pixels)
        if not colour.is_usual and linear.shape[2] >= 3:
            linear = np.concatenate([to_rec709(linear[..., :3], colour), linear[..., 3:]], axis=2)
        pixels = converted(linear, REC709, space)
    if suffix == ".dpx":
        pixels = _ten_bits(pixels)
    height, width, channels = pixels.shape
    spec = OpenImageIO.ImageSpec(width, height, channels, "half" if suffix == ".exr" else pixels.dtype.name)
    for name, value in _attributes(suffix).items():
        spec.attribute(name, value)
    if suffix == ".exr":
        spec.attribute("chromaticities", OpenImageIO.TypeDesc("float[8]"), CORNERS[space])
    if suffix == ".png" and not colour.is_usual:
        spec.attribute("CICP", OpenImageIO.TypeDesc("int[4]"), (colour.primaries, colour.transfer, 0, 1))
    if suffix == ".dpx" and colour.primaries in DPX_COLOURS:
        spec.attribute("dpx:Colorimetric", DPX_COLOURS[colour.primaries])
    if stamp is not None and suffix in (".exr", ".dpx"):
        put_stamp(spec, suffix, stamp)
    target = OpenImageIO.ImageOutput.create(str(path))
    if target is None:
        raise OSError(OpenImageIO.geterror())
    opened = target.open(str(path), spec)
    written = opened and target.write_image(np.ascontiguousarray(pixels))
    # The order matters: closing writes the rest, and tells whether that worked.
    if not (target.close() and written):
        raise OSError(target.geterror())
    if suffix != ".png":  # which is looked after on its own
        check_written(path)


def check_written(path: Path, parts: int = 1) -> None:
    """OSError unless the last line of every part of a picture that was just written can be read again.

    OpenImageIO's writers for EXR and TIFF do not tell when what they held back to the end finds no room: a file of few
    bytes is left empty, another one without its end.
    """
    import OpenImageIO

    source = OpenImageIO.ImageInput.open(str(path))
    if source is None:
        raise OSError(f"what was written cannot be read again ({_short(OpenImageIO.geterror())})")
    try:
        for part in range(parts):
            found = source.seek_subimage(part, 0)
            spec = source.spec()
            last = spec.y + spec.height
            line = source.read_scanlines(part, 0, last - 1, last, 0, 0, spec.nchannels, str(spec.format))
            if not found or line is None:
                raise OSError(f"what was written cannot be read again ({_short(source.geterror())})")
    finally:
        source.close()


def _attributes(suffix: str) -> dict[str, Any]:
    # Without a date of ours the clock's would be stored, and no two files would be alike.
    common = {"DateTime": "", "oiio:UnassociatedAlpha": 0 if suffix == ".exr" else 1}
    if suffix == ".dpx":
        encoded = {"dpx:Transfer": "ITU-R 709-4", "dpx:Colorimetric": "ITU-R 709-4"}
        return common | encoded | {"oiio:BitsPerSample": _DPX_BITS}
    return common | (_PNG_ATTRIBUTES if suffix == ".png" else {"compression": "zip"})


def put_stamp(spec: "OpenImageIO.ImageSpec", suffix: str, stamp: Stamp) -> None:
    """Say in what is to become an EXR or a DPX, by its suffix, when its frame is shown."""
    from OpenImageIO import TypeDesc

    if suffix == ".exr":
        spec.attribute("FramesPerSecond", TypeDesc("rational"), (stamp.rate.numerator, stamp.rate.denominator))
    else:
        spec.attribute("dpx:FrameRate", float(stamp.rate))
        spec.attribute("dpx:FramePosition", TypeDesc("uint"), stamp.number)
    spec.attribute("PixelAspectRatio", float(stamp.pixel_aspect))
    packed = stamp.timecode and packed_timecode(stamp.timecode, stamp.rate)
    if packed is not None and stamp.timecode:
        spec.attribute("smpte:TimeCode", TypeDesc("timecode"), (packed, 0))


def _ten_bits(pixels: Pixels) -> Pixels:
    """uint16 of which the upper 10 bits are rounded to nearest: OpenImageIO cuts the others off."""
    rounded = np.floor(to_float(pixels) * np.float32((1 << _DPX_BITS) - 1) + np.float32(0.5)).astype(np.uint16)
    return (rounded << 6) | (rounded >> 4)


def _premultiplied_linear(pixels: Pixels) -> Floats:
    linear = _linear_light(pixels.dtype.name)[pixels]
    if pixels.shape[2] == 4:
        alpha = to_float(pixels[..., 3:])
        linear = np.concatenate([linear[..., :3] * alpha, alpha], axis=2)
    return linear


def _write_jpeg(path: Path, pixels: Pixels) -> None:
    """Encode in memory: OpenImageIO's JPEG writer ends the whole process when the disk is full."""
    import cv2

    if pixels.dtype == np.uint16:
        pixels = quantise(to_float(pixels), np.uint8)
    colour = np.ascontiguousarray(pixels[..., 2::-1] if pixels.shape[2] > 1 else pixels)
    done, encoded = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise OSError("the JPEG could not be encoded")
    path.write_bytes(encoded.tobytes())


def _finish_dpx(path: Path) -> None:
    """Take the file's own name, which is temporary, out of the header (SMPTE ST 268-1, 100 bytes behind the 36th)."""
    with path.open("r+b") as file:
        file.seek(36)
        file.write(bytes(100))


def _finish_png(path: Path, text: Mapping[str, str]) -> None:
    """Check that the file has its end, and put text chunks behind the header."""
    with path.open("rb") as file:
        file.seek(-len(_PNG_END), 2)
        if file.read() != _PNG_END:
            raise OSError("the disk is full")
    if text:
        data = path.read_bytes()
        header = 8 + 25
        chunks = b"".join(_text_chunk(key, value) for key, value in text.items())
        path.write_bytes(data[:header] + chunks + data[header:])


def _text_chunk(key: str, value: str) -> bytes:
    """A PNG text chunk: `tEXt` where Latin-1 is enough, since every program reads it, else `iTXt`."""
    name = key.encode("latin-1")
    try:
        kind, data = b"tEXt", name + b"\0" + value.encode("latin-1")
    except UnicodeEncodeError:
        kind, data = b"iTXt", name + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _short(reason: str) -> str:
    """The first line of a library's complaint."""
    lines = reason.strip().splitlines()
    return lines[0].strip() if lines else "no reason given"
