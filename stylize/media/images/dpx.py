"""What a DPX needs beyond OpenImageIO: rounded values, and a header in which no temporary name stays."""

from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.media.images.bit_depth import to_float

BITS = 10
# What a DPX calls primaries of 625 and of 525 lines.
DPX_COLOURS = {5: "ITU-R 601-5 system B or G", 6: "ITU-R 601-5 system M"}


def ten_bits(pixels: Pixels) -> Pixels:
    """uint16 of which the upper 10 bits are rounded to nearest: OpenImageIO cuts the others off."""
    rounded = np.floor(to_float(pixels) * np.float32((1 << BITS) - 1) + np.float32(0.5)).astype(np.uint16)
    return (rounded << 6) | (rounded >> 4)


def forget_name(path: Path) -> None:
    """Take the file's own name, which is temporary, out of the header (SMPTE ST 268-1, 100 bytes behind the 36th)."""
    with path.open("r+b") as file:
        file.seek(36)
        file.write(bytes(100))
