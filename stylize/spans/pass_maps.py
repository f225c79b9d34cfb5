"""Maps of a finished frame as grey pictures: its error, and the share of one pass."""

from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from propagate.bands import Band, for_each_band
from stylize.media.images import quantise, write_image

# What a root mean squared difference of 1 is in the files of errors.
ERROR_UNIT = 65535


def write_error(path: Path, error: Floats) -> None:
    """An error map as a grey 16-bit picture: root of the mean squared difference, 65535 for 1."""
    grey = np.empty(error.shape, np.uint16)

    def work(band: Band) -> None:
        grey[band.rows] = np.floor(np.sqrt(np.clip(error[band.rows], 0, 1)) * ERROR_UNIT + 0.5)

    for_each_band(work, error.shape)
    write_image(path, grey)


def write_share(path: Path, share: Floats) -> None:
    """The share of the right key's pass as a grey 8-bit picture, 255 for all of it."""
    write_image(path, quantise(share, np.uint8))
