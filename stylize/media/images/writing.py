"""Pictures written, whole or not at all."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import OutputError
from stylize.io_errors import unwritable
from stylize.media.colour import BT709, Colour, to_rec709
from stylize.media.images import dpx, png
from stylize.media.images.bit_depth import in_bits, quantise, to_float
from stylize.media.images.icc import icc_profile, with_profile
from stylize.media.images.metadata import Stamp, put_stamp
from stylize.media.images.stored import KINDS
from stylize.media.images.transfer import premultiplied_linear
from stylize.media.images.written import check_written
from stylize.media.spaces import CORNERS, REC709, converted

if TYPE_CHECKING:
    import OpenImageIO

# Fixed by measurement on film plates: half the time of the defaults, files a few per cent larger.
_PNG_ATTRIBUTES = {"png:compressionLevel": 1, "png:filter": 32}
_JPEG_QUALITY = 95
# A disk fills up while others write too: leave some room.
_SPARE_BYTES = 1 << 20


def write_image(
    path: str | Path, pixels: Pixels, *, text: Mapping[str, str] | None = None, bits: int | None = None,
    space: str = REC709, stamp: Stamp | None = None, colour: Colour = BT709,
) -> None:  # fmt: skip
    """Write a picture as its suffix says: PNG, TIFF, JPEG, DPX (10 bits, both without alpha) or EXR.

    EXR is half float, ZIP, linear and premultiplied. `pixels`: uint8 or uint16, (H, W) grey, (H, W, 3) or (H, W, 4),
    display-encoded, straight alpha. `text` goes into a PNG as text chunks. `bits`: 8 or 16, for PNG and TIFF, if not
    those of the pixels. `space`: one of `spaces.WORKING_SPACES`, the primaries of an EXR. `stamp` goes into EXR and
    DPX. `colour`: what the values mean, which an EXR is converted from, and which the others, DPX where it can, say of
    themselves if it is not what is usual: PNG by `cICP`, TIFF and JPEG by a profile. The same pixels give the same
    bytes. The file appears whole under its name or not at all; OutputError if it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in KINDS.split():
        raise OutputError(f"{path}: cannot write pictures of this kind: name one of {KINDS}")
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in (2, 3):
        raise TypeError(f"expected uint8 or uint16, (H, W) or (H, W, 3 or 4), got {pixels.dtype} {pixels.shape}")
    channels = in_bits(np.atleast_3d(pixels), bits)
    # OpenImageIO does not notice that a disk is full while it writes a PNG, so ask before and look after.
    _need_space(path, channels.nbytes)
    # Hidden, and always the same: whoever lists pictures passes it over, and the next run replaces what a kill left.
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        if suffix in (".jpg", ".jpeg"):
            _write_jpeg(temporary, channels, colour)
        else:
            _write_with_oiio(temporary, channels, space, stamp, colour)
        if suffix == ".png":
            png.finish(temporary, text or {})
        if suffix == ".dpx":
            dpx.forget_name(temporary)
        temporary.replace(path)
    except OSError as error:
        # Before what was half written is gone, and its room is free again.
        told = unwritable(error, path, "folder")
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise told from error


def make_folder(folder: Path) -> None:
    """Create a folder and those above it; OutputError if that is not allowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: no folder can be made here ({error.strerror}): choose another place") from error


def _need_space(path: Path, size: int) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist: create it or choose another one")
    free = shutil.disk_usage(path.parent).free
    if free < size + _SPARE_BYTES:
        raise OutputError(f"{path}: the disk is full, {free >> 10} KiB left: free space or choose another folder")


def _write_with_oiio(path: Path, pixels: Pixels, space: str, stamp: Stamp | None, colour: Colour) -> None:
    import OpenImageIO

    suffix = path.suffix.lower()
    values = _as_stored(pixels, suffix, space, colour)
    spec = _spec(values, suffix, space, stamp, colour)
    target = OpenImageIO.ImageOutput.create(str(path))
    if target is None:
        raise OSError(OpenImageIO.geterror())
    opened = target.open(str(path), spec)
    written = opened and target.write_image(np.ascontiguousarray(values))
    # The order matters: closing writes the rest, and tells whether that worked.
    if not (target.close() and written):
        raise OSError(target.geterror())
    if suffix != ".png":  # which is looked after on its own
        check_written(path)


def _as_stored(pixels: Pixels, suffix: str, space: str, colour: Colour) -> Pixels:
    """The values that go into a file of this kind."""
    if suffix == ".dpx":
        return dpx.ten_bits(pixels)
    if suffix != ".exr":
        return pixels
    linear = premultiplied_linear(pixels)
    if not colour.is_usual and linear.shape[2] >= 3:
        linear = np.concatenate([to_rec709(linear[..., :3], colour), linear[..., 3:]], axis=2)
    return converted(linear, REC709, space)


def _spec(values: Pixels, suffix: str, space: str, stamp: Stamp | None, colour: Colour) -> "OpenImageIO.ImageSpec":
    """What a file of this kind says of its values."""
    from OpenImageIO import ImageSpec, TypeDesc

    height, width, channels = values.shape
    spec = ImageSpec(width, height, channels, "half" if suffix == ".exr" else values.dtype.name)
    for name, value in _attributes(suffix).items():
        spec.attribute(name, value)
    if suffix == ".exr":
        spec.attribute("chromaticities", TypeDesc("float[8]"), CORNERS[space])
    if suffix == ".png" and not colour.is_usual:
        spec.attribute("CICP", TypeDesc("int[4]"), (colour.primaries, colour.transfer, 0, 1))
    if suffix in (".tif", ".tiff") and _needs_profile(channels, colour):
        profile = np.frombuffer(icc_profile(colour), np.uint8)
        spec.attribute("ICCProfile", TypeDesc(f"uint8[{profile.size}]"), profile)
    if suffix == ".dpx" and colour.primaries in dpx.DPX_COLOURS:
        spec.attribute("dpx:Colorimetric", dpx.DPX_COLOURS[colour.primaries])
    if stamp is not None and suffix in (".exr", ".dpx"):
        put_stamp(spec, suffix, stamp)
    return spec


def _attributes(suffix: str) -> dict[str, Any]:
    # Without a date of ours the clock's would be stored, and no two files would be alike.
    common = {"DateTime": "", "oiio:UnassociatedAlpha": 0 if suffix == ".exr" else 1}
    if suffix == ".dpx":
        encoded = {"dpx:Transfer": "ITU-R 709-4", "dpx:Colorimetric": "ITU-R 709-4"}
        return common | encoded | {"oiio:BitsPerSample": dpx.BITS}
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
    """Whether a picture has colours, and others than what is taken them for."""
    return channels >= 3 and not colour.is_usual
