"""Results for TIFF plates with associated alpha, which may glow where alpha is 0."""

from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Floats, Pixels
from stylize.delivery.associated_alpha import AssociatedPlates, merge
from stylize.media.images import read_image, write_image
from stylize.media.images.transfer import unpremultiply
from stylize.media.opening import open_shot
from stylize.media.safe_write import no_seal
from stylize.media.targets import Encoding
from tests.exr_files import stored, write_tiff


def plate(dtype: type) -> Pixels:
    """Premultiplied pixels with any alpha, some of which glow."""
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(2).integers(0, top, (4, 6, 4), dtype, endpoint=True)
    pixels[1:, ..., :3] = np.minimum(pixels[1:, ..., :3], pixels[1:, ..., 3:])
    pixels[0, :3, 3] = 0
    return pixels


def matte(row: int) -> Floats:
    found = np.zeros((4, 6), np.float32)
    found[row] = 1
    return found


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_plate_is_bit_identical_outside(dtype: type) -> None:
    own = plate(dtype)
    straight = unpremultiply(own, straight=False)
    finished = straight.copy()
    finished[2, :, :3] = np.iinfo(dtype).max
    merged = merge(own, straight, finished, 1 - matte(2))
    np.testing.assert_array_equal(merged[[0, 1, 3]], own[[0, 1, 3]])
    np.testing.assert_array_equal(merged[2], own[2, :, [3, 3, 3, 3]].T)


def test_glow_fades_with_the_matte_and_leaves_retouched_pixels() -> None:
    own = np.zeros((1, 2, 4), np.uint8)
    own[..., 0] = 200
    straight = np.zeros_like(own)
    finished = straight.copy()
    finished[0, 1, 3] = 255
    merged = merge(own, straight, finished, np.array([[0.5, 1]], np.float32))
    assert merged[0].tolist() == [[100, 0, 0, 0], [0, 0, 0, 255]]


@pytest.mark.parametrize("suffix", [".tif", ".exr"])
def test_files_keep_the_glow(tmp_path: Path, suffix: str) -> None:
    own = plate(np.uint16)
    path = write_tiff(tmp_path / "p" / "p.0001.tif", own, "uint16", associated=True)
    shot = open_shot(tmp_path / "p")
    assert (shot.associated, shot.linear, shot.in_place) == (True, False, True)
    write_image(tmp_path / "out.png", read_image(path))
    kept = AssociatedPlates(shot, {1: path}, lambda frame: matte(3))
    target = tmp_path / f"r{suffix}"
    kept.write(1, tmp_path / "out.png", target, Encoding(), None, no_seal)
    found = stored(target)
    if suffix == ".tif":
        assert found.spec.get_int_attribute("oiio:UnassociatedAlpha") == 0
        np.testing.assert_array_equal((found.values * 65535).round()[:3], own[:3])
    else:
        assert found.values[0, :3, 3].tolist() == [0, 0, 0]
        assert (found.values[0, :3, :3] > 0).any(axis=1).all()
