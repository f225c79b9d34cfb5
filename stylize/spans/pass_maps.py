"""Maps of a finished frame as grey pictures: its error, and the share of the right key's pass in the blend."""

from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from propagate.bands import Band, for_each_band
from stylize.media.images import quantise, write_image

# Value of a root mean squared difference of 1 in an error map.
ERROR_UNIT = 65535


def write_error(path: Path, error: Floats) -> None:
    """Write an error map as a grey 16-bit picture: the root mean squared difference, 65535 for 1.

    error: float32 (H, W), mean squared difference.
    """
    grey = np.empty(error.shape, np.uint16)

    def convert(band: Band) -> None:
        grey[band.rows] = np.floor(np.sqrt(np.clip(error[band.rows], 0, 1)) * ERROR_UNIT + 0.5)

    for_each_band(convert, error.shape)
    write_image(path, grey)


def write_share(path: Path, share: Floats) -> None:
    """Write the share of the right key's pass as a grey 8-bit picture, 255 for all of it. share: float32 (H, W)."""
    write_image(path, quantise(share, np.uint8))
