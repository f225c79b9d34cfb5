"""Stills, written and read back."""

import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from stylize.errors import OutputError
from stylize.media.images import check_written, image_size, quantise, read_image, to_float, write_image
from tests.media.stills import noise


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
def test_lossless_formats_keep_every_bit(tmp_path: Path, suffix: str, dtype: type, channels: int) -> None:
    pixels = noise(dtype, channels)
    write_image(tmp_path / f"a{suffix}", pixels)
    back = read_image(tmp_path / f"a{suffix}")
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, pixels)


def test_colour_under_transparent_pixels_survives_in_a_png(tmp_path: Path) -> None:
    pixels = noise(np.uint16, 4)
    pixels[..., 3] = 0
    write_image(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels)


@pytest.mark.parametrize("channels", [3, 4])
def test_exr_is_linear_premultiplied_half_and_reads_back(tmp_path: Path, channels: int) -> None:
    pixels = noise(np.uint16, channels)
    write_image(tmp_path / "a.exr", pixels)
    source = OpenImageIO.ImageInput.open(str(tmp_path / "a.exr"))
    stored = source.read_image(0, 0, 0, channels, "float")
    assert str(source.spec().format) == "half"
    encoded = to_float(pixels)
    alpha = encoded[..., 3:] if channels == 4 else 1
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)[..., :3]
    np.testing.assert_allclose(stored[..., :3], linear * alpha, rtol=1e-3, atol=1e-6)
    back = read_image(tmp_path / "a.exr")
    assert back.dtype == np.uint16
    assert np.abs(back.astype(int) - pixels).max() <= 40  # half a step of a half float near white is 16


def test_eight_bits_survive_an_exr(tmp_path: Path) -> None:
    pixels = noise(np.uint8)
    write_image(tmp_path / "a.exr", pixels)
    np.testing.assert_array_equal(quantise(to_float(read_image(tmp_path / "a.exr")), np.uint8), pixels)


def test_grey_becomes_rgb(tmp_path: Path) -> None:
    grey = noise(np.uint16)[..., 0]
    write_image(tmp_path / "a.png", grey)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.stack([grey] * 3, axis=2))


def test_jpeg_has_eight_bits_and_no_alpha(tmp_path: Path) -> None:
    flat = np.full((16, 16, 4), (0x4000, 0x8000, 0xC000, 0xFFFF), np.uint16)
    write_image(tmp_path / "a.jpg", flat)
    back = read_image(tmp_path / "a.jpg")
    assert (back.dtype, back.shape) == (np.uint8, (16, 16, 3))
    assert np.abs(back.astype(int) - (0x40, 0x80, 0xC0)).max() <= 3


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".exr", ".dpx"])
def test_the_same_pixels_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in (first, second):
        write_image(path, noise(np.uint8), text={"parameters": "a hill"})
    assert first.read_bytes() == second.read_bytes()
    assert not re.search(rb"\d{4}:\d\d:\d\d ", first.read_bytes())  # the date of the clock


def test_png_keeps_text(tmp_path: Path) -> None:
    pixels = noise(np.uint8)
    write_image(tmp_path / "a.png", pixels, text={"parameters": "a hill", "stylize": "山 ü"})
    spec = OpenImageIO.ImageInput.open(str(tmp_path / "a.png")).spec()
    assert spec.getattribute("parameters") == "a hill"
    assert spec.getattribute("stylize") == "山 ü"
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels)


def test_paths_may_have_spaces_and_other_alphabets(tmp_path: Path) -> None:
    path = tmp_path / "mein Ordner 映画" / "é #1?.png"
    path.parent.mkdir()
    write_image(path, noise(np.uint8))
    np.testing.assert_array_equal(read_image(path), noise(np.uint8))
    assert image_size(path) == (13, 9)


def test_unknown_kind_and_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.tga: unsupported picture format"):
        write_image(tmp_path / "a.tga", noise(np.uint8))
    with pytest.raises(OutputError, match="does not exist"):
        write_image(tmp_path / "none" / "a.png", noise(np.uint8))


@contextmanager
def little_space() -> Iterator[None]:
    """Limit files to 2000 bytes, which writers see as a full disk.

    The limit holds only while the picture is written, as a log of the tests may be longer than that.
    """
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".exr"])
def test_full_disk_leaves_only_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="cannot be written"), little_space():
        write_image(path, np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


def test_dpx_rounds_to_ten_bits_and_keeps_white(tmp_path: Path) -> None:
    codes = np.arange(1024, dtype=np.uint16)
    exact = (codes << 6 | codes >> 4).reshape(8, 128, 1).repeat(3, axis=2)
    write_image(tmp_path / "a.dpx", exact)
    np.testing.assert_array_equal(read_image(tmp_path / "a.dpx"), exact)
    pixels = np.random.default_rng(4).integers(0, 65535, (8, 9, 3), np.uint16, endpoint=True)
    write_image(tmp_path / "b.dpx", pixels)
    assert np.abs(to_float(read_image(tmp_path / "b.dpx")) - to_float(pixels)).max() <= 0.5 / 1023 + 1e-5


@pytest.mark.parametrize("suffix", [".tif", ".exr", ".dpx"])
def test_file_without_its_end_does_not_count_as_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_image(path, noise(np.uint16))
    check_written(path)
    data = path.read_bytes()
    for left in (0, 1, len(data) // 2, len(data) - 5):
        path.write_bytes(data[:left])
        with pytest.raises(OSError, match="cannot be read back"):
            check_written(path)
