"""Write pictures, whole or not at all, with their metadata."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import OutputError
from stylize.media.clock import pack_timecode
from stylize.media.colour import BT709, Colour, to_rec709
from stylize.media.images import png
from stylize.media.images.bit_depth import quantise, to_bits, to_float
from stylize.media.images.icc import icc_profile, with_profile
from stylize.media.images.reading import first_line
from stylize.media.images.transfer import premultiplied_linear
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import PICTURE_SUFFIXES
from stylize.media.working_spaces import CHROMATICITIES, REC709, to_space

if TYPE_CHECKING:
    import OpenImageIO

# Names that DPX has for primaries of 625 and of 525 lines.
DPX_COLOURS = {5: "ITU-R 601-5 system B or G", 6: "ITU-R 601-5 system M"}
_DPX_BITS = 10
# Fixed by measurement on film plates: half the time of the defaults, files a few per cent larger.
_PNG_ATTRIBUTES = {"png:compressionLevel": 1, "png:filter": 32}
_JPEG_QUALITY = 95
# Other processes write to the disk at the same time: leave some room.
_SPARE_BYTES = 1 << 20


# Cache keys of passes and foregrounds hold the repr: renaming the class or a field regenerates them.
@dataclass(frozen=True)
class Stamp:
    """Metadata of a frame in EXR and DPX: its number, rate in frames per second, time code and pixel aspect.

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
    """Write a picture in the format of its suffix: PNG, TIFF, JPEG, DPX (10 bits, both without alpha) or EXR.

    EXR is half float, ZIP, linear and premultiplied. `pixels`: uint8 or uint16, (H, W) grey, (H, W, 3) or (H, W, 4),
    display-encoded, straight alpha. `text` goes into a PNG as text chunks. `bits`: 8 or 16, for PNG and TIFF, if not
    those of the pixels. `space`: one of `working_spaces.WORKING_SPACES`, for EXR. `stamp` goes into EXR and DPX.
    `colour`: the meaning of the values; an EXR is converted from it, and the others declare it where it is not the
    usual one: PNG by `cICP`, TIFF and JPEG by a profile, DPX where it can.

    The same pixels give the same bytes. The file appears whole under its name or not at all; OutputError if it cannot
    be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        kinds = " ".join(PICTURE_SUFFIXES)
        raise OutputError(f"{path}: cannot write pictures of this kind: name one of {kinds}")
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3):
        raise TypeError(f"expected uint8 or uint16, (H, W) or (H, W, 3 or 4), got {pixels.dtype} {pixels.shape}")
    channels = to_bits(np.atleast_3d(pixels), bits)
    # OpenImageIO does not notice that a disk is full while it writes a PNG: ask before, and check afterwards.
    _need_space(path, channels.nbytes)
    with atomic_write(path, "folder") as partial:
        if suffix in (".jpg", ".jpeg"):
            _write_jpeg(partial, channels, colour)
        else:
            _write_with_oiio(partial, suffix, channels, space, stamp, colour)
        if suffix == ".png":
            png.finish(partial, text or {})
        if suffix == ".dpx":
            _blank_file_name(partial)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents; OutputError if that is not allowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: no folder can be made here ({error.strerror}): choose another place") from error


def put_stamp(spec: "OpenImageIO.ImageSpec", suffix: str, stamp: Stamp) -> None:
    """Add a frame's metadata to the header of an EXR or a DPX, whichever `suffix` says."""
    from OpenImageIO import TypeDesc

    if suffix == ".exr":
        spec.attribute("FramesPerSecond", TypeDesc("rational"), (stamp.rate.numerator, stamp.rate.denominator))
    else:
        spec.attribute("dpx:FrameRate", float(stamp.rate))
        spec.attribute("dpx:FramePosition", TypeDesc("uint"), stamp.number)
    spec.attribute("PixelAspectRatio", float(stamp.pixel_aspect))
    packed = stamp.timecode and pack_timecode(stamp.timecode, stamp.rate)
    if packed is not None and stamp.timecode:
        spec.attribute("smpte:TimeCode", TypeDesc("timecode"), (packed, 0))


def check_written(path: Path, parts: int = 1) -> None:
    """Raise OSError unless the last line of every part of a picture just written can be read back.

    OpenImageIO's writers for EXR and TIFF do not report a full disk when they flush buffered data at the end: a small
    file stays empty, a larger one lacks its end.
    """
    import OpenImageIO

    source = OpenImageIO.ImageInput.open(str(path))
    if source is None:
        raise OSError(f"what was written cannot be read again ({first_line(OpenImageIO.geterror())})")
    try:
        for part in range(parts):
            found = source.seek_subimage(part, 0)
            spec = source.spec()
            last = spec.y + spec.height
            line = source.read_scanlines(part, 0, last - 1, last, 0, 0, spec.nchannels, str(spec.format))
            if not found or line is None:
                raise OSError(f"what was written cannot be read again ({first_line(source.geterror())})")
    finally:
        source.close()


def _need_space(path: Path, size: int) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist: create it or choose another one")
    free = shutil.disk_usage(path.parent).free
    if free < size + _SPARE_BYTES:
        raise OutputError(f"{path}: the disk is full, {free >> 10} KiB left: free space or choose another folder")


def _write_with_oiio(path: Path, suffix: str, pixels: Pixels, space: str, stamp: Stamp | None, colour: Colour) -> None:
    """Write a file in the format of `suffix`, whatever suffix `path` has."""
    import OpenImageIO

    values = _stored_values(pixels, suffix, space, colour)
    spec = _spec(values, suffix, space, stamp, colour)
    target = OpenImageIO.ImageOutput.create(suffix.removeprefix("."))
    if target is None:
        raise OSError(OpenImageIO.geterror())
    name, values = str(path), np.ascontiguousarray(values)
    try:
        written = target.open(name, spec) and target.write_image(values)
    except BaseException:
        # Ctrl-C between the two: libpng prints a message of its own when a file without pixels is closed.
        target.write_image(values)
        raise
    # The order matters: closing writes the rest, and reports whether that worked.
    if not (target.close() and written):
        raise OSError(target.geterror())
    if suffix != ".png":  # a PNG is checked by its end
        check_written(path)


def _stored_values(pixels: Pixels, suffix: str, space: str, colour: Colour) -> Pixels:
    """Convert pixels to the values that a file of this kind stores."""
    if suffix == ".dpx":
        return _rounded_to_dpx(pixels)
    if suffix != ".exr":
        return pixels
    linear = premultiplied_linear(pixels)
    if not colour.has_rec709_primaries and linear.shape[2] >= 3:
        linear = np.concatenate([to_rec709(linear[..., :3], colour), linear[..., 3:]], axis=2)
    return to_space(linear, REC709, space)


def _rounded_to_dpx(pixels: Pixels) -> Pixels:
    """Return uint16 whose upper 10 bits are rounded to nearest: OpenImageIO truncates the others."""
    rounded = np.floor(to_float(pixels) * np.float32((1 << _DPX_BITS) - 1) + np.float32(0.5)).astype(np.uint16)
    return (rounded << 6) | (rounded >> 4)


def _blank_file_name(dpx: Path) -> None:
    """Blank the file's own, temporary name in the header of a DPX (SMPTE ST 268-1: 100 bytes at offset 36)."""
    with dpx.open("r+b") as file:
        file.seek(36)
        file.write(bytes(100))


def _spec(values: Pixels, suffix: str, space: str, stamp: Stamp | None, colour: Colour) -> "OpenImageIO.ImageSpec":
    """Return the header of a file of this kind."""
    from OpenImageIO import ImageSpec, TypeDesc

    height, width, channels = values.shape
    spec = ImageSpec(width, height, channels, "half" if suffix == ".exr" else values.dtype.name)
    for name, value in _attributes(suffix).items():
        spec.attribute(name, value)
    if suffix == ".exr":
        spec.attribute("chromaticities", TypeDesc("float[8]"), CHROMATICITIES[space])
    if suffix == ".png" and not colour.has_rec709_primaries:
        spec.attribute("CICP", TypeDesc("int[4]"), (colour.primaries, colour.transfer, 0, 1))
    if suffix in (".tif", ".tiff") and _needs_profile(channels, colour):
        profile = np.frombuffer(icc_profile(colour), np.uint8)
        spec.attribute("ICCProfile", TypeDesc(f"uint8[{profile.size}]"), profile)
    if suffix == ".dpx" and colour.primaries in DPX_COLOURS:
        spec.attribute("dpx:Colorimetric", DPX_COLOURS[colour.primaries])
    if stamp is not None and suffix in (".exr", ".dpx"):
        put_stamp(spec, suffix, stamp)
    return spec


def _attributes(suffix: str) -> dict[str, Any]:
    # Without a date given here the clock's would be stored, and no two files would be alike.
    common = {"DateTime": "", "oiio:UnassociatedAlpha": 0 if suffix == ".exr" else 1}
    if suffix == ".dpx":
        encoded = {"dpx:Transfer": "ITU-R 709-4", "dpx:Colorimetric": "ITU-R 709-4"}
        return common | encoded | {"oiio:BitsPerSample": _DPX_BITS}
    return common | (_PNG_ATTRIBUTES if suffix == ".png" else {"compression": "zip"})


def _write_jpeg(path: Path, pixels: Pixels, colour: Colour) -> None:
    """Encode in memory: OpenImageIO's JPEG writer ends the whole process when the disk is full."""
    import cv2

    if pixels.dtype == np.uint16:
        pixels = quantise(to_float(pixels), np.uint8)
    values = np.ascontiguousarray(pixels[..., 2::-1] if pixels.shape[2] > 1 else pixels)
    done, encoded = cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise OSError("the JPEG could not be encoded")
    jpeg = encoded.tobytes()
    if _needs_profile(pixels.shape[2], colour):
        jpeg = with_profile(jpeg, icc_profile(colour))
    path.write_bytes(jpeg)


def _needs_profile(channels: int, colour: Colour) -> bool:
    """Return whether a picture is in colour, and in other colours than readers assume without a profile."""
    return channels >= 3 and not colour.has_rec709_primaries
