"""Conversion between linear spaces, against matrices computed from the spaces' chromaticities."""

from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from propagate.arrays import Floats
from stylize.media.images import read_image, write_image
from stylize.media.working_spaces import CHROMATICITIES, REC709, WORKING_SPACES, space_of, to_space

BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def to_xyz(corners: tuple[float, ...]) -> Floats:
    """RGB to XYZ adapted to D65 (Lindbloom; adaptation by Bradford)."""
    points = np.array(corners).reshape(4, 2)
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in points]).T
    matrix = xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])
    d65 = np.array([0.3127 / 0.329, 1, (1 - 0.3127 - 0.329) / 0.329])
    adapt = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ d65) / (BRADFORD @ xyz[:, 3])) @ BRADFORD
    return adapt @ matrix


@pytest.mark.parametrize("space", [space for space in WORKING_SPACES if space != REC709])
def test_conversion_follows_the_chromaticities(space: str) -> None:
    linear = np.random.default_rng(1).random((5, 7, 4)).astype(np.float32)
    expected = linear[..., :3] @ (np.linalg.inv(to_xyz(CHROMATICITIES[space])) @ to_xyz(CHROMATICITIES[REC709])).T
    made = to_space(linear, REC709, space)
    # OpenColorIO adapts with CAT02, which differs in the third digit.
    np.testing.assert_allclose(made[..., :3], expected, atol=0.004)
    np.testing.assert_array_equal(made[..., 3], linear[..., 3])
    np.testing.assert_allclose(to_space(made, space, REC709), linear, atol=1e-5)
    grey = np.full((1, 1, 3), 0.18, np.float32)
    np.testing.assert_allclose(to_space(grey, REC709, space), grey, atol=1e-5)  # white stays white


@pytest.mark.parametrize("space", WORKING_SPACES)
def test_exr_declares_its_space_and_reads_back(tmp_path: Path, space: str) -> None:
    pixels = np.random.default_rng(2).integers(8000, 60000, (6, 8, 3)).astype(np.uint16)
    write_image(tmp_path / "a.exr", pixels, space=space)
    source = OpenImageIO.ImageInput.open(str(tmp_path / "a.exr"))
    corners = source.spec().getattribute("chromaticities")
    source.close()
    assert space_of(corners) == space
    np.testing.assert_allclose(read_image(tmp_path / "a.exr") / 65535, pixels / 65535, atol=2e-3)


def test_untagged_exr_is_rec709() -> None:
    assert space_of(None) == REC709
    assert space_of((0.5,) * 8) == REC709
