"""Pixels of CMYK pictures (JPEG and TIFF), which OpenImageIO converts to RGB without their profile."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from propagate.arrays import Bytes
from stylize.errors import InputError

if TYPE_CHECKING:
    import OpenImageIO

_SEPARATED = 5  # TIFF's photometric interpretation of inks


def is_cmyk(spec: "OpenImageIO.ImageSpec") -> bool:
    """Return whether a picture is stored as CMYK."""
    inks = spec.get_int_attribute("tiff:PhotometricInterpretation", 0) == _SEPARATED
    return inks or spec.get_string_attribute("jpeg:ColorSpace") in ("CMYK", "YCbCrK")


def has_inks(path: Path) -> bool:
    """Return whether Pillow reads a picture as CMYK, at its size. Only its header is read."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.mode == "CMYK"
    except (OSError, ValueError, Image.DecompressionBombError):
        return False


def read_cmyk(path: Path) -> Bytes:
    """Read the inks of a picture: uint8 (H, W, 4), 255 for full ink.

    Pillow inverts the JPEG of Adobe programs, which store 255 for no ink. Raises InputError if it cannot read the file.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return np.asarray(picture, np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: the inks cannot be read ({error}); convert the picture to sRGB") from error
