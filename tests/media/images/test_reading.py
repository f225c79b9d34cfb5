"""Stills as other programs write them, and files that are not pictures."""

from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from stylize.errors import InputError
from stylize.media.images import image_size, read_image, write_image
from stylize.media.sequences import READ_SUFFIXES
from tests.media.stills import noise, write_raw


def test_exr_fills_its_display_window(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.exr", np.ones((2, 3, 3), np.float32), "half", x=4, y=1, full_width=8, full_height=5)
    assert image_size(tmp_path / "a.exr") == (8, 5)
    lit = read_image(tmp_path / "a.exr")[..., 0] > 0
    assert lit.shape == (5, 8)
    assert lit[1:3, 4:7].all()
    assert lit.sum() == 6


def test_exr_values_beyond_white_are_clipped(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.exr", np.array([[[-1, 7, np.inf]]], np.float32), "float")
    assert read_image(tmp_path / "a.exr").tolist() == [[[0, 65535, 65535]]]


def test_exr_with_nan_is_refused(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.exr", np.full((2, 2, 3), np.nan, np.float32), "half")
    with pytest.raises(InputError, match=r"a\.exr: the picture contains NaN"):
        read_image(tmp_path / "a.exr")


def test_premultiplied_tiff_is_read_straight(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.tif", np.array([[[100, 50, 0, 100]]], np.uint8), "uint8")
    assert read_image(tmp_path / "a.tif").tolist() == [[[255, 128, 0, 100]]]


def test_grey_with_alpha_becomes_rgba(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.png", np.array([[[9, 200]]], np.uint8), "uint8", oiio__UnassociatedAlpha=1)
    assert read_image(tmp_path / "a.png").tolist() == [[[9, 9, 9, 200]]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    pixels = noise(np.uint8)
    write_raw(tmp_path / "a.tif", pixels, "uint8", Orientation=orientation)
    judge = OpenImageIO.ImageBufAlgo.reorient(OpenImageIO.ImageBuf(str(tmp_path / "a.tif"))).get_pixels("uint8")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), judge)
    assert image_size(tmp_path / "a.tif") == (judge.shape[1], judge.shape[0])


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".exr"])
def test_truncated_picture_is_refused(tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"a{suffix}"
    write_image(path, np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InputError, match=rf"a\{suffix}: .*truncated"):
        read_image(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"no picture at all, only words"])
@pytest.mark.parametrize("suffix", [".png", ".exr", ".jpg", ".tif"])
def test_file_that_is_not_a_picture_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    for read in (read_image, image_size):
        with pytest.raises(InputError, match=r"^[^\n]*not a readable picture[^\n]*$") as error:
            read(path)
        assert str(error.value).split("export it again as one of ")[1].split() == list(READ_SUFFIXES)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_image(tmp_path / "a.png")
    with pytest.raises(InputError, match="found a folder"):
        read_image(tmp_path)


def test_logarithmic_dpx_is_refused(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.dpx", np.zeros((4, 4, 3), np.uint16), "uint16", **{"dpx:Transfer": "Printing density"})
    with pytest.raises(InputError, match="found logarithmic"):
        read_image(tmp_path / "a.dpx")
