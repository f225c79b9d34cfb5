"""Movies with a rotation tag."""

import struct
from pathlib import Path

import numpy as np
import pytest

from stylize.media.opening import open_shot
from tests.clips import write_movie
from tests.media.shots import PICTURES, off_by, read


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_rotation_is_applied(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    path = write_movie(
        tmp_path / "a.mp4", PICTURES, prepare=lambda stream: stream.set_display_rotation(degrees, hflip=mirrored)
    )
    shot = open_shot(path)
    upright = np.rot90(PICTURES[3], degrees // 90)
    upright = upright[:, ::-1] if mirrored else upright
    assert shot.size == ((48, 64) if degrees % 180 else (64, 48))
    assert off_by(read(shot)[3], upright) <= 2


def test_rotation_written_by_a_phone_is_applied(tmp_path: Path) -> None:
    """Edit the matrix in the track's header: 90 degrees clockwise."""
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    assert struct.unpack_from(">9i", data, matrix)[:5] == (65536, 0, 0, 0, 65536)
    struct.pack_into(">9i", data, matrix, 0, 65536, 0, -65536, 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(data)
    shot = open_shot(path)
    assert shot.size == (48, 64)
    assert off_by(read(shot)[0], np.rot90(PICTURES[0], -1)) <= 2


def test_rotation_that_is_not_a_right_angle_is_ignored_with_a_warning(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES, prepare=lambda stream: stream.set_display_rotation(45))
    shot = open_shot(path)
    assert shot.size == (64, 48)
    assert "rotation by 45 degrees" in shot.warnings[0]
