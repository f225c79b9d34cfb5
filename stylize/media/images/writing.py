"""Atomic writing of pictures with their metadata."""

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
from stylize.media.images import png, xmp
from stylize.media.images.bit_depth import quantise, to_bits, to_float
from stylize.media.images.icc import icc_profile, with_profile
from stylize.media.images.reading import first_line
from stylize.media.images.transfer import premultiplied_linear
from stylize.media.safe_write import Seal, atomic_write, no_seal
from stylize.media.sequences import PICTURE_SUFFIXES
from stylize.media.working_spaces import CHROMATICITIES, REC709, to_space
from stylize.visible_text import is_utf8, visible

if TYPE_CHECKING:
    import OpenImageIO

# DPX's names of the primaries of 625 and 525 line systems.
DPX_COLOURS = {5: "ITU-R 601-5 system B or G", 6: "ITU-R 601-5 system M"}
_DPX_BITS = 10
# Measured on film plates: half the time of the defaults, with files a few per cent larger.
_PNG_ATTRIBUTES = {"png:compressionLevel": 1, "png:filter": 32}
_JPEG_QUALITY = 95
# Reserve for other processes that write to the disk at the same time.
_SPARE_BYTES = 1 << 20


# The repr is part of cache keys: renaming the class or a field regenerates all passes and foregrounds.
@dataclass(frozen=True)
class Stamp:
    """Metadata of a frame. PNG, TIFF and JPEG store them without the number (see `xmp`).

    number: frame number. rate: frames per second, None to declare neither rate nor timecode. pixel_aspect: width of a
    pixel divided by its height.
    """

    number: int
    rate: Fraction | None
    timecode: str | None
    pixel_aspect: Fraction = Fraction(1)


def write_image(
    path: str | Path, pixels: Pixels, *, text: Mapping[str, str] | None = None, bits: int | None = None,
    space: str = REC709, stamp: Stamp | None = None, colour: Colour = BT709, seal: Seal = no_seal,
    associated: bool = False,
) -> None:  # fmt: skip
    """Write a picture atomically, in the format of its suffix. The same pixels give the same bytes.

    PNG and TIFF have 8 or 16 bits, JPEG 8 bits and DPX 10 bits, the latter two without alpha. EXR is half float,
    ZIP-compressed, linear and premultiplied. Primaries other than Rec. 709 are declared by an ICC profile
    in PNG, TIFF and JPEG, in PNG by `cICP` too, and in the header of DPX if it has a name for them; an EXR is converted
    from them.

    pixels: grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4), uint8 or uint16, display-encoded, straight alpha. text: text
    chunks of a PNG. bits: 8 or 16, for PNG and TIFF; by default those of the pixels. space: one of
    `working_spaces.WORKING_SPACES`, for EXR. stamp: metadata. colour: colour of the pixels. seal:
    records the file. associated: the alpha of `pixels` is premultiplied, and a TIFF declares that.

    Raises OutputError if the file cannot be written, TypeError for other pixels.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        kinds = " ".join(PICTURE_SUFFIXES)
        raise OutputError(f"{path}: unsupported picture format; use one of {kinds}")
    if not is_utf8(str(path)):
        raise OutputError(f"{visible(str(path))}: expected a path in UTF-8, found other bytes; choose another folder")
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3):
        raise TypeError(f"expected uint8 or uint16, (H, W) or (H, W, 3 or 4), got {pixels.dtype} {pixels.shape}")
    channels = to_bits(np.atleast_3d(pixels), bits)
    # OpenImageIO does not report a full disk when it writes a PNG, so check before and after writing.
    need_space(path, channels.nbytes)
    with atomic_write(path, "folder", seal=seal) as partial:
        if suffix in (".jpg", ".jpeg"):
            _write_jpeg(partial, channels, colour)
        else:
            _write_with_oiio(partial, suffix, channels, space, stamp, colour, associated)
        if suffix == ".png":
            png.finish(partial, text or {})
        if suffix == ".dpx":
            _blank_file_name(partial)
        if stamp is not None:
            declare_stamp(partial, suffix, stamp)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents. Raises OutputError if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be created ({error.strerror}); choose another one") from error


def put_stamp(spec: "OpenImageIO.ImageSpec", suffix: str, stamp: Stamp) -> None:
    """Add a frame's metadata to the header of an EXR or DPX file. suffix: suffix of the file."""
    from OpenImageIO import TypeDesc

    if suffix == ".dpx" and stamp.number >= 0:  # the field has no sign
        spec.attribute("dpx:FramePosition", TypeDesc("uint"), stamp.number)
    spec.attribute("PixelAspectRatio", float(stamp.pixel_aspect))
    if stamp.rate is None:
        return
    if suffix == ".exr":
        spec.attribute("framesPerSecond", TypeDesc("rational"), (stamp.rate.numerator, stamp.rate.denominator))
    else:
        spec.attribute("dpx:FrameRate", float(stamp.rate))
        spec.attribute("dpx:TemporalFrameRate", float(stamp.rate))
    packed = stamp.timecode and pack_timecode(stamp.timecode, stamp.rate)
    if packed is not None and stamp.timecode:
        spec.attribute("smpte:TimeCode", TypeDesc("timecode"), (packed, 0))


def declare_stamp(path: Path, suffix: str, stamp: Stamp) -> None:
    """Add a frame's metadata to a written PNG, TIFF or JPEG. Other formats have them in their header.

    path: the file, which may have another suffix. Raises OSError if it cannot be written.
    """
    if suffix in xmp.XMP_SUFFIXES and (stamp.rate is not None or stamp.pixel_aspect != 1):
        xmp.declare(path, suffix, stamp.rate, stamp.timecode, stamp.pixel_aspect)


def check_written(path: Path, parts: int = 1) -> None:
    """Raise OSError unless the last line of each part of a picture just written can be read back.

    OpenImageIO does not report a full disk when it flushes EXR and TIFF files at the end: a small file stays empty, and
    a larger one is truncated. parts: number of parts of a multi-part EXR.
    """
    import OpenImageIO

    source = OpenImageIO.ImageInput.open(str(path))
    if source is None:
        raise OSError(f"the written file cannot be read back ({first_line(OpenImageIO.geterror())})")
    try:
        for part in range(parts):
            found = source.seek_subimage(part, 0)
            spec = source.spec()
            last = spec.y + spec.height
            line = source.read_scanlines(part, 0, last - 1, last, 0, 0, spec.nchannels, str(spec.format))
            if not found or line is None:
                raise OSError(f"the written file cannot be read back ({first_line(source.geterror())})")
    finally:
        source.close()


def need_space(path: Path, size: int) -> None:
    """Raise OutputError unless the folder of a file exists, with room for `size` bytes."""
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; create it or choose another one")
    free = shutil.disk_usage(path.parent).free
    if free < size + _SPARE_BYTES:
        raise OutputError(f"{path}: the disk is full, {free >> 10} KiB left; free some space or choose another folder")


def _write_with_oiio(
    path: Path, suffix: str, pixels: Pixels, space: str, stamp: Stamp | None, colour: Colour, associated: bool
) -> None:
    """Write a file in the format of `suffix`. `path` may have another suffix."""
    import OpenImageIO

    values = _stored_values(pixels, suffix, space, colour)
    spec = _spec(values, suffix, space, stamp, colour)
    if associated:
        spec.attribute("oiio:UnassociatedAlpha", 0)
    target = OpenImageIO.ImageOutput.create(suffix.removeprefix("."))
    if target is None:
        raise OSError(OpenImageIO.geterror())
    name, values = str(path), np.ascontiguousarray(values)
    try:
        written = target.open(name, spec) and target.write_image(values)
    except BaseException:
        # Interrupted between the two calls: libpng prints a message if a file without pixels is closed.
        target.write_image(values)
        raise
    # Close first: it writes the remaining data and returns whether that succeeded.
    if not (target.close() and written):
        raise OSError(target.geterror())
    if suffix != ".png":  # png.finish checks a PNG
        check_written(path)


def _stored_values(pixels: Pixels, suffix: str, space: str, colour: Colour) -> Pixels:
    """Convert pixels to the values that a file of this format stores."""
    if suffix == ".dpx":
        return _rounded_to_dpx(pixels)
    if suffix != ".exr":
        return pixels
    linear = premultiplied_linear(pixels)
    if not colour.has_rec709_primaries and linear.shape[2] >= 3:
        linear = np.concatenate([to_rec709(linear[..., :3], colour), linear[..., 3:]], axis=2)
    return to_space(linear, REC709, space)


def _rounded_to_dpx(pixels: Pixels) -> Pixels:
    """Round uint16 to 10 bits in the upper bits. OpenImageIO truncates instead."""
    rounded = np.floor(to_float(pixels) * np.float32((1 << _DPX_BITS) - 1) + np.float32(0.5)).astype(np.uint16)
    return (rounded << 6) | (rounded >> 4)


def _blank_file_name(dpx: Path) -> None:
    """Zero the temporary file name in the header of a DPX (SMPTE ST 268-1: 100 bytes at offset 36)."""
    with dpx.open("r+b") as file:
        file.seek(36)
        file.write(bytes(100))


def _spec(values: Pixels, suffix: str, space: str, stamp: Stamp | None, colour: Colour) -> "OpenImageIO.ImageSpec":
    """Return the header of a file of this format."""
    from OpenImageIO import ImageSpec, TypeDesc

    height, width, channels = values.shape
    spec = ImageSpec(width, height, channels, "half" if suffix == ".exr" else values.dtype.name)
    for name, value in _attributes(suffix).items():
        spec.attribute(name, value)
    if suffix == ".exr":
        spec.attribute("chromaticities", TypeDesc("float[8]"), CHROMATICITIES[space])
    if suffix == ".png" and not colour.has_rec709_primaries:
        spec.attribute("CICP", TypeDesc("int[4]"), (colour.primaries, colour.transfer, 0, 1))
        # Otherwise OpenImageIO adds an sRGB chunk, which readers that do not know cICP follow.
        spec.attribute("oiio:ColorSpace", "unknown")
    if suffix in (".png", ".tif", ".tiff") and _needs_profile(channels, colour):
        profile = np.frombuffer(icc_profile(colour), np.uint8)
        spec.attribute("ICCProfile", TypeDesc(f"uint8[{profile.size}]"), profile)
    if suffix == ".dpx" and colour.primaries in DPX_COLOURS:
        spec.attribute("dpx:Colorimetric", DPX_COLOURS[colour.primaries])
    if stamp is not None and suffix in (".exr", ".dpx"):
        put_stamp(spec, suffix, stamp)
    return spec


def _attributes(suffix: str) -> dict[str, Any]:
    # Without an explicit date the current time would be stored, so that outputs would not be reproducible.
    common = {"DateTime": "", "oiio:UnassociatedAlpha": 0 if suffix == ".exr" else 1}
    if suffix == ".dpx":
        # Blender 3.4 opens no DPX whose transfer is that of a named video standard (5 and above in SMPTE ST 268-1).
        encoded = {"dpx:Transfer": "Unspecified video", "dpx:Colorimetric": "ITU-R 709-4"}
        return common | encoded | {"oiio:BitsPerSample": _DPX_BITS}
    return common | (_PNG_ATTRIBUTES if suffix == ".png" else {"compression": "zip"})


def _write_jpeg(path: Path, pixels: Pixels, colour: Colour) -> None:
    """Write a JPEG that is encoded in memory. OpenImageIO's writer ends the process if the disk is full."""
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
    """Return whether a picture is in colour and has other primaries than readers assume without a profile."""
    return channels >= 3 and not colour.has_rec709_primaries
