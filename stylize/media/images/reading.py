"""Reading of pictures, as display-encoded colour or as data, and of their headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.errors import InputError
from stylize.limits import oversize
from stylize.media.colour import BT709, Colour
from stylize.media.images import png, psd
from stylize.media.images.bit_depth import to_float
from stylize.media.images.cmyk import has_inks, is_cmyk, read_cmyk
from stylize.media.images.declared_colour import DeclaredColour, declared_colour
from stylize.media.images.header import Header, header_of
from stylize.media.images.picture_layer import PartChannels, PictureLayer, choose_layer, layer_note, picture_layers
from stylize.media.images.profile import convert
from stylize.media.images.transfer import convert_primaries, encode_linear, unpremultiply
from stylize.media.sequences import READ_SUFFIXES
from stylize.media.working_spaces import REC709, WORKING_SPACES, is_known, space_of, to_space
from stylize.visible_text import is_utf8, visible

if TYPE_CHECKING:
    import OpenImageIO

_FLOAT_TYPES = ("half", "float", "double")
_EXR = "openexr"
_UNKNOWN_CHROMATICITIES = (
    f"its chromaticities are ignored, because they are not those of {', '.join(WORKING_SPACES)}: its colours are "
    "approximate"
)
# Kinds whose alpha is straight, which OpenImageIO does not declare.
_STRAIGHT = (".bmp", ".jp2", ".j2k")
_LOG = ("Printing density", "Logarithmic")


# Header


@dataclass(frozen=True)
class ImageInfo:
    """Properties of the picture that `read_image` returns.

    size: (width, height), upright. depth: bits per channel. colour: colour of the pixels; BT.709 for EXR and for files
    that declare none. tagged: the file declares its colour. profile: name of the profile that `read_image` converts
    from, empty if it does not. fault: why a declared profile is ignored. space: declared by an EXR, one of
    `working_spaces.WORKING_SPACES`. header: time and pixel aspect ratio, the latter upright. linear: the file stores
    floats, which are linear light. associated: the file stores integers with premultiplied alpha, as some TIFF files
    do.
    """

    size: tuple[int, int]
    depth: Literal[8, 16]
    alpha: bool
    colour: Colour = BT709
    space: str = REC709
    tagged: bool = False
    profile: str = ""
    fault: str = ""
    header: Header = Header()
    linear: bool = False
    associated: bool = False


def image_info(path: str | Path, layer: str | None = None) -> ImageInfo:
    """Return the properties of a picture from its header. Raises InputError, as `read_image` does.

    layer: as in `read_image`. A file without a layer that holds a picture, such as depth, has the properties of its
    first part.
    """
    spec, kind, chosen = _read_picture_spec(Path(path), layer)
    _refuse_oversize(path, spec)
    width, height = (spec.full_width, spec.full_height) if _has_windows(spec) else (spec.width, spec.height)
    turned = _orientation(spec) >= 5
    size = (height, width) if turned else (width, height)
    depth: Literal[8, 16] = 8 if str(spec.format) == "uint8" else 16
    alpha = (_alpha_channel(spec) if chosen is None else chosen.alpha) >= 0
    declared, linear = _declared_colour(spec, Path(path)), _is_float(spec)
    header = header_of(spec, kind)
    if turned and header.pixel_aspect:
        header = replace(header, pixel_aspect=1 / header.pixel_aspect)
    profile = declared.profile.name if declared.profile else ""
    premultiplied = alpha and not linear and not _is_straight(spec, Path(path))
    return ImageInfo(
        size, depth, alpha, declared.colour, _declared_space(spec), declared.tagged, profile, declared.fault, header,
        linear, premultiplied and not profile,
    )  # fmt: skip


def picture_layer_note(path: str | Path, layer: str | None = None) -> str | None:
    """Return a message about the part and layer that hold the picture of an EXR, or None if there is no choice.

    Raises InputError if no layer holds a picture, or `layer` does not exist.
    """
    source = _open(Path(path))
    try:
        if source.format_name() != _EXR:
            if layer is not None:
                raise InputError(f"{path}: --exr-layer applies to EXR; leave it out, or give EXR files")
            return None
        return layer_note(path, _parts(path, source), layer)
    finally:
        source.close()


def image_size(path: str | Path) -> tuple[int, int]:
    """Return the upright (width, height) of a picture from its header. Raises InputError, as `read_image` does."""
    return image_info(path).size


def has_several_pictures(path: str | Path) -> bool:
    """Return whether a file has more pictures than the first, as animations do. Raises InputError as `read_image`."""
    source = _open(Path(path))
    try:
        return bool(source.seek_subimage(1, 0))
    finally:
        source.close()


def channel_names(path: str | Path) -> tuple[str, ...]:
    """Return the channel names of a picture from its header. Raises InputError, as `read_image` does."""
    return tuple(_read_spec(path)[0].channelnames)


# Pixels


def read_image(
    path: str | Path, colour: Colour | None = None, *, untagged: Colour | None = None, layer: str | None = None
) -> Pixels:
    """Read a picture: RGB (H, W, 3) or RGBA (H, W, 4), uint8 or uint16, display-encoded, straight alpha.

    colour: primaries to convert to; by default, those of `ImageInfo.colour` are kept. untagged: colour of a file that
    declares none; by default that of `ImageInfo`. A profile whose primaries or curve have no code point (Adobe RGB,
    CMYK, a grey gamma) is always converted from, by default to Rec. 709 with the sRGB curve.

    Grey is converted to RGB, and more than 8 bits to uint16. Linear light (EXR, float TIFF) is converted from its
    declared working space to Rec. 709, encoded as sRGB and clipped to [0, 1]. Orientation tags are applied. An EXR is
    extended or cropped to its display window.

    layer: part or layer of an EXR; by default, `picture_layer.choose_layer` selects it. Raises InputError if the file
    is missing, truncated, not a picture or a logarithmic DPX, if it holds NaN, or if none of its layers is a picture.
    """
    stored = _read_stored(Path(path), strict=True, layer=layer)
    if stored.linear:
        pixels = encode_linear(to_space(stored.pixels, stored.space, REC709), stored.straight)
    else:
        pixels = unpremultiply(stored.pixels, stored.straight)
    return _upright(_in_colour(pixels, stored.declared, Path(path), colour, untagged), stored.orientation)


def _in_colour(
    pixels: Pixels, declared: DeclaredColour, path: Path, colour: Colour | None, untagged: Colour | None
) -> Pixels:
    """Convert RGB(A) from its declared colour to `colour`. See `read_image`."""
    source = declared.colour if declared.tagged or untagged is None else untagged
    target = colour or source
    rgb = pixels[..., :3]
    if declared.profile is not None:
        stored = read_cmyk(path) if declared.profile.space == b"CMYK" else rgb
        rgb = convert(stored, declared.profile, target)
    elif source.primaries != target.primaries:
        rgb = convert_primaries(rgb, source, target)
    else:
        return pixels
    return np.ascontiguousarray(np.concatenate([rgb, pixels[..., 3:]], axis=2))


def read_premultiplied(path: str | Path) -> Pixels:
    """Read an integer picture as stored, without dividing by its alpha: uint8 or uint16 (H, W, 3 or 4), upright.

    Raises InputError, as `read_image` does.
    """
    stored = _read_stored(Path(path))
    return _upright(stored.pixels, stored.orientation)


def read_values(path: str | Path, *, grey: bool = False) -> Floats:
    """Read a picture as data, without colour conversion: float32 in [0, 1], RGB (H, W, 3) or RGBA (H, W, 4).

    Integers are divided by the maximum of their type. Floats are clipped. grey: do not expand grey pictures to RGB;
    return (H, W, 1), or (H, W, 2) with alpha. Raises InputError, as `read_image` does.
    """
    stored = _read_stored(Path(path), grey=grey)
    values = np.clip(stored.pixels, 0, 1) if stored.linear else to_float(stored.pixels)
    return _upright(values.astype(np.float32, copy=False), stored.orientation)


def read_channels(path: str | Path, names: Sequence[str]) -> Floats:
    """Read the named channels as stored: float32 (H, W, len(names)), not clipped, including NaN.

    An EXR is cropped to its display window, or extended with 0. Raises InputError as `read_image` does, but not for
    NaN, and KeyError if the file does not have a channel.
    """
    pixels, spec = _read_pixels(Path(path), "float")
    indices = {name: index for index, name in enumerate(spec.channelnames)}
    return _into_display_window(np.ascontiguousarray(pixels[..., [indices[name] for name in names]]), spec)


@dataclass(frozen=True)
class PartHeader:
    """Header of one part of a file. kinds: type of each channel, such as half. attributes: all others, by name."""

    name: str
    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    attributes: Mapping[str, object]


def read_parts(path: str | Path) -> tuple[PartHeader, ...]:
    """Return the headers of all parts of a file. Raises InputError, as `read_image` does."""
    source = _open(Path(path))
    found: list[PartHeader] = []
    try:
        while source.seek_subimage(len(found), 0):
            spec = source.spec()
            kinds = [str(kind) for kind in spec.channelformats] or [str(spec.format)] * spec.nchannels
            attributes = {one.name: one.value for one in spec.extra_attribs}
            name = spec.get_string_attribute("oiio:subimagename")
            found.append(PartHeader(name, tuple(spec.channelnames), tuple(kinds), attributes))
        library_message(source)  # seeking past the last part leaves one
    finally:
        source.close()
    return tuple(found)


def read_part_channels(path: str | Path, part: int, names: Sequence[str]) -> Floats:
    """Read the named channels of a part as `read_channels` does."""
    pixels, spec = _read_pixels(Path(path), "float", part)
    indices = [list(spec.channelnames).index(name) for name in names]
    return _into_display_window(np.ascontiguousarray(pixels[..., indices]), spec)


def read_data(path: str | Path) -> Floats:
    """Read a picture as data, without alpha and without colour conversion: float32 (H, W, C), C of 1 to 3.

    The channels are R, G and B if they exist, else the first ones. Integers are divided by the maximum of their type.
    Floats are returned as stored, including infinity. Raises InputError, as `read_image` does.
    """
    stored, spec = _read_pixels(Path(path))
    names = list(spec.channelnames)
    others = [index for index in range(spec.nchannels) if index != _alpha_channel(spec)] or [0]
    wanted = [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else others[:3]
    pixels = _into_display_window(np.ascontiguousarray(stored[..., wanted]), spec)
    _refuse_nan(path, pixels)
    values = pixels if _is_float(spec) else to_float(pixels)
    return _upright(values.astype(np.float32, copy=False), _orientation(spec))


# As stored in the file


@dataclass(frozen=True)
class StoredWindow:
    """A picture as stored, upright, in its data window.

    pixels: as of `_Stored`. linear, straight, space: likewise. data, display: windows as x, y, width and height.
    chromaticities: as declared by a file of linear light.
    """

    pixels: Pixels
    linear: bool
    straight: bool
    space: str
    data: tuple[int, int, int, int]
    display: tuple[int, int, int, int]
    chromaticities: tuple[float, ...] | None


def read_stored_window(path: Path, layer: str | None = None) -> StoredWindow:
    """Read RGB(A) as stored, without cropping to the display window. Raises InputError, as `read_image` does."""
    chosen = _chosen_layer(path, layer, strict=True)
    pixels, spec = _read_pixels(path, part=0 if chosen is None else chosen.part)
    pixels = _pick_channels(pixels, spec, False, chosen)
    _refuse_nan(path, pixels)
    orientation = _orientation(spec)
    upright = _upright(pixels, orientation)
    data = display = (0, 0, upright.shape[1], upright.shape[0])
    if _has_windows(spec) and orientation == 1:
        data = (spec.x, spec.y, spec.width, spec.height)
        display = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    straight, linear = spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 1, _is_float(spec)
    declared = spec.getattribute("chromaticities") if linear else None
    return StoredWindow(
        upright, linear, straight, _declared_space(spec), data, display,
        None if declared is None else tuple(float(value) for value in declared),
    )  # fmt: skip


@dataclass(frozen=True)
class _Stored:
    """A picture as stored, before orientation.

    pixels: uint8, uint16, or float32 if `linear`; (H, W, 3) or (H, W, 4), and (H, W, 1) or (H, W, 2) for grey ones.
    straight: alpha is straight. orientation: EXIF, 1 to 8. space: declared working space.
    """

    pixels: Pixels
    linear: bool
    straight: bool
    orientation: int
    space: str
    declared: DeclaredColour


def _read_stored(path: Path, *, grey: bool = False, strict: bool = False, layer: str | None = None) -> _Stored:
    """Read RGB(A) as stored. grey: as in `read_values`. strict: refuse an EXR that holds no picture.

    Raises InputError, as `read_image` does.
    """
    chosen = _chosen_layer(path, layer, strict=strict)
    pixels, spec = _read_pixels(path, part=0 if chosen is None else chosen.part)
    pixels = _into_display_window(_pick_channels(pixels, spec, grey, chosen), spec)
    linear = _is_float(spec)
    if spec.get_string_attribute("dpx:Transfer") in _LOG:
        raise InputError(
            f"{path}: expected display-encoded DPX, found logarithmic DPX; convert it, or render PNG or EXR"
        )
    _refuse_nan(path, pixels)
    straight = _is_straight(spec, path)
    declared = _declared_colour(spec, path)
    return _Stored(pixels, linear, straight, _orientation(spec), _declared_space(spec), declared)


def _read_spec(path: str | Path) -> tuple["OpenImageIO.ImageSpec", str]:
    """Return the header of a picture, and OpenImageIO's name of its format. Raises InputError as `read_image` does."""
    source = _open(Path(path))
    try:
        return source.spec(), source.format_name()
    finally:
        source.close()


def _read_picture_spec(path: Path, layer: str | None) -> tuple["OpenImageIO.ImageSpec", str, PictureLayer | None]:
    """Return the header of the part that holds the picture, the name of the format, and the layer.

    Without a layer, these are the header of the first part and None.
    """
    source = _open(path)
    try:
        chosen = _layer_of(path, source, layer, strict=layer is not None)
        source.seek_subimage(0 if chosen is None else chosen.part, 0)
        return source.spec(), source.format_name(), chosen
    finally:
        source.close()


def _chosen_layer(path: Path, layer: str | None, *, strict: bool) -> PictureLayer | None:
    """Return the layer of an EXR that holds the picture. None for other formats, and without one unless `strict`."""
    if path.suffix.lower() != ".exr":  # so that other formats are opened only once
        return None
    source = _open(path)
    try:
        return _layer_of(path, source, layer, strict=strict)
    finally:
        source.close()


def _layer_of(path: Path, source: "OpenImageIO.ImageInput", layer: str | None, *, strict: bool) -> PictureLayer | None:
    if source.format_name() != _EXR:
        return None
    parts = _parts(path, source)
    if not strict and layer is None and all(one.is_data for one in picture_layers(parts)):
        return None
    return choose_layer(path, parts, layer)


def _parts(path: str | Path, source: "OpenImageIO.ImageInput") -> list[PartChannels]:
    """Return the channels of all parts of an EXR, none of deep ones. Raises InputError if all parts are deep."""
    found: list[PartChannels] = []
    while source.seek_subimage(len(found), 0):
        spec = source.spec()
        channels = () if spec.deep else tuple(spec.channelnames)
        found.append(PartChannels(spec.get_string_attribute("oiio:subimagename"), channels))
    library_message(source)  # seeking past the last part leaves one
    if not any(part.channels for part in found):
        raise InputError(f"{path}: expected a flat picture, found deep pixels; flatten it")
    return found


def _read_pixels(path: Path, dtype: str | None = None, part: int = 0) -> tuple[Pixels, "OpenImageIO.ImageSpec"]:
    """Read all channels (H, W, N) of a part as `dtype`; by default as the lossless one of uint8, uint16 and float32.

    Raises InputError if the file is not a picture or is truncated.
    """
    source = _open(path)
    try:
        source.seek_subimage(part, 0)
        spec = source.spec()
        _refuse_oversize(path, spec)
        lossless = "float" if _is_float(spec) else "uint8" if str(spec.format) == "uint8" else "uint16"
        pixels = source.read_image(part, 0, 0, spec.nchannels, dtype or lossless)
        message = library_message(source) if source.has_error else ""
    finally:
        source.close()
    if pixels is None or message:
        reason = first_line(message)
        raise InputError(f"{path}: the picture is truncated or damaged ({reason}); copy or export it again")
    return pixels, spec


def _open(path: Path) -> "OpenImageIO.ImageInput":
    """Open a picture, which the caller must close. Raises InputError if the path is not a readable picture."""
    import OpenImageIO

    if not path.exists():
        raise InputError(f"{path}: no such file, expected a picture; check the path")
    if not path.is_file():
        found = "a folder; give a file in it" if path.is_dir() else "a device or pipe; give a file"
        raise InputError(f"{path}: expected a picture, found {found}")
    if not is_utf8(str(path)):
        raise InputError(f"{visible(str(path))}: expected a name in UTF-8, found other bytes; rename it")
    png.refuse_truncated(path)
    if path.suffix.lower() in psd.SUFFIXES:
        psd.refuse_unmerged(path)
    config = OpenImageIO.ImageSpec()
    # Otherwise OpenImageIO premultiplies straight alpha, which loses the colour of nearly transparent pixels.
    config.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(str(path), config)
    if source is None:
        reason = first_line(library_message(OpenImageIO))
        kinds = " ".join(READ_SUFFIXES)
        raise InputError(f"{path}: not a readable picture ({reason}); export it again as one of {kinds}")
    if source.format_name() == "FFmpeg movie":
        source.close()
        raise InputError(f"{path}: expected a picture, found a movie; export one of its frames")
    return source


def library_message(source: Any) -> str:
    """Return the pending error message of an OpenImageIO object or module, and clear it.

    Messages quote names from the file, which may be of any bytes; those that are not UTF-8 give a general message.
    """
    try:
        return str(source.geterror())
    except UnicodeDecodeError:
        return "a name or value in its header is not UTF-8"


def _refuse_oversize(path: str | Path, spec: "OpenImageIO.ImageSpec") -> None:
    """Raise InputError if a data or display window has more pixels than allowed, before memory is taken for it."""
    for width, height in ((spec.width, spec.height), (spec.full_width, spec.full_height)):
        if fault := oversize(width, height):
            raise InputError(f"{path}: {fault}")


def first_line(message: str) -> str:
    """Return the first line of a library's error message."""
    lines = message.strip().splitlines()
    return lines[0].strip() if lines else "no reason given"


def _refuse_nan(path: str | Path, pixels: Pixels) -> None:
    if np.issubdtype(pixels.dtype, np.floating) and np.isnan(pixels).any():
        raise InputError(
            f"{path}: the picture contains NaN, expected finite values; render it again or repair these pixels"
        )


def _is_float(spec: "OpenImageIO.ImageSpec") -> bool:
    """Return whether a file stores floats, which `read_image` interprets as linear light."""
    return str(spec.format) in _FLOAT_TYPES


def _is_straight(spec: "OpenImageIO.ImageSpec", path: Path) -> bool:
    """Return whether the alpha of a file, if it has any, is straight."""
    return spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 1 or path.suffix.lower() in _STRAIGHT


def _declared_space(spec: "OpenImageIO.ImageSpec") -> str:
    """Return the working space that an EXR declares. Other files have the default, Rec. 709."""
    return space_of(spec.getattribute("chromaticities") if _is_float(spec) else None)


def _declared_colour(spec: "OpenImageIO.ImageSpec", path: Path) -> DeclaredColour:
    """Return the colour of the stored pixels. Linear light is converted to Rec. 709, so it counts as tagged."""
    if _is_float(spec):
        known = is_known(spec.getattribute("chromaticities"))
        return DeclaredColour(tagged=True, fault="" if known else _UNKNOWN_CHROMATICITIES)
    if is_cmyk(spec):
        declared = declared_colour(spec, path, 4)
        if declared.profile is None or not has_inks(path):
            reason = declared.fault or "it is CMYK without a usable profile"
            return DeclaredColour(fault=f"{reason}: its colours are approximate")
        return declared
    return declared_colour(spec, path, 1 if len(set(_colour_channels(spec))) == 1 else 3)


def _colour_channels(spec: "OpenImageIO.ImageSpec") -> list[int]:
    """Return the indices of the channels for red, green and blue; for grey, the same one three times."""
    names = list(spec.channelnames)
    return [names.index(name) for name in "RGB"] if set("RGB") <= set(names) else _first_channels(spec)


def _pick_channels(
    stored: Pixels, spec: "OpenImageIO.ImageSpec", grey: bool, chosen: PictureLayer | None = None
) -> Pixels:
    """Select RGB(A) from all channels (H, W, N), by name, or the first channels if there are no such names.

    chosen: layer of an EXR to select.
    """
    colour, alpha = _colour_channels(spec), _alpha_channel(spec)
    if chosen is not None:
        colour, alpha = list(chosen.colour), chosen.alpha
    if grey and len(set(colour)) == 1:
        colour = colour[:1]
    picked = [*colour, *([alpha] if alpha >= 0 else [])]
    # Fancy indexing takes as long as reading the file, so it is skipped if it would change nothing.
    return np.ascontiguousarray(stored if picked == list(range(stored.shape[2])) else stored[..., picked])


def _first_channels(spec: "OpenImageIO.ImageSpec") -> list[int]:
    colour = [index for index in range(spec.nchannels) if index != _alpha_channel(spec)] or [0]
    return colour[:3] if len(colour) >= 3 else [colour[0]] * 3


def _alpha_channel(spec: "OpenImageIO.ImageSpec") -> int:
    """Return the index of alpha, -1 for none. OpenImageIO gives the number of channels for GIF, where it is last."""
    return min(int(spec.alpha_channel), int(spec.nchannels) - 1)


def _has_windows(spec: "OpenImageIO.ImageSpec") -> bool:
    """Return whether data and display window differ. EXR only: the offset of a PNG is a page position."""
    data = (spec.x, spec.y, spec.width, spec.height)
    display = (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    return _is_float(spec) and data != display


def _into_display_window(pixels: Pixels, spec: "OpenImageIO.ImageSpec") -> Pixels:
    """Copy the data window (H, W, C) into the display window (H, W, C), which is 0 elsewhere."""
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
    """Return the EXIF orientation, 1 to 8. Width and height are swapped from 5 on."""
    return int(spec.get_int_attribute("Orientation", 1))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Rotate a picture upright according to its EXIF orientation."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
