"""Files that a full disk cut short."""

from pathlib import Path

import numpy as np
import pytest

from stylize.media.images import check_written, write_image
from tests.media.stills import noise


@pytest.mark.parametrize("suffix", [".tif", ".exr", ".dpx"])
def test_a_file_without_its_end_is_not_taken_for_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_image(path, noise(np.uint16))
    check_written(path)
    data = path.read_bytes()
    for left in (0, 1, len(data) // 2, len(data) - 5):
        path.write_bytes(data[:left])
        with pytest.raises(OSError, match="cannot be read again"):
            check_written(path)
