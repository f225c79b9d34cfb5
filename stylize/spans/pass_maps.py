"""Maps of a finished frame as grey pictures: the error, and the share of the right key's pass in the blend."""

from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from propagate.bands import Band, for_each_band
from stylize.media.images import quantise, write_image
from stylize.media.safe_write import Seal, no_seal

# Value in an error map of a root mean squared difference of 1.
ERROR_UNIT = 65535


def write_error(path: Path, error: Floats, seal: Seal = no_seal) -> None:
    """Write an error map as a grey 16-bit picture: root mean squared difference, 65535 for 1.

    error: float32 (H, W), mean squared difference. seal: keeps a record of the file.
    """
    grey = np.empty(error.shape, np.uint16)

    def convert(band: Band) -> None:
        grey[band.rows] = np.floor(np.sqrt(np.clip(error[band.rows], 0, 1)) * ERROR_UNIT + 0.5)

    for_each_band(convert, error.shape)
    write_image(path, grey, seal=seal)


def write_share(path: Path, share: Floats, seal: Seal = no_seal) -> None:
    """Write the share of the right key's pass as a grey 8-bit picture, 255 for 1.

    share: float32 (H, W). seal: keeps a record of the file.
    """
    write_image(path, quantise(share, np.uint8), seal=seal)
