"""Limits of what one input may ask for: refused from its header or its text, before memory or time is spent."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize import limits
from stylize.errors import InputError, SettingsError, StyleError
from stylize.media.images import image_info, read_image
from stylize.planning.keys_csv import parse_keys
from stylize.settings import Settings
from tests.exr_files import Part, write_exr


@pytest.fixture(autouse=True)
def default_limit() -> Iterator[None]:
    yield
    limits.allow_megapixels(None)


def write_declared_png(path: Path, width: int, height: int) -> Path:
    """Write a PNG whose header declares a size, with far fewer pixels in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    # Long enough that the size alone is what is wrong with it.
    data = b"".join(chunk(b"IDAT", zlib.compress(bytes(1000), 0)) for _ in range(200))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b""))
    return path


def test_display_window_that_is_too_large_is_refused_before_reading(tmp_path: Path) -> None:
    small = np.zeros((4, 6, 3), np.float32)
    path = write_exr(tmp_path / "a.exr", Part(small, display=(0, 0, 12_000, 12_000)))
    for read in (image_info, read_image):
        with pytest.raises(InputError, match=r"at most 100 million pixels, found 12000x12000; .*--max-megapixels 144$"):
            read(path)


def test_limit_is_raised_by_one_option_and_falls_back(tmp_path: Path) -> None:
    path = write_declared_png(tmp_path / "a.png", 10_001, 10_000)
    with pytest.raises(InputError, match=r"--max-megapixels 101$"):
        image_info(path)
    limits.allow_megapixels(101)
    assert image_info(path).size == (10_001, 10_000)
    limits.allow_megapixels(None)
    with pytest.raises(InputError, match="at most 100 million"):
        image_info(path)


def test_run_refuses_a_huge_reference(tmp_path: Path) -> None:
    write_exr(tmp_path / "shot.exr", Part(np.zeros((4, 6, 3), np.float32)))
    huge = write_declared_png(tmp_path / "huge.png", 20_000, 20_000)
    with pytest.raises(StyleError, match=r"the reference cannot be used: .*20000x20000.*--max-megapixels 400"):
        stylize.run(tmp_path / "shot.exr", style=huge)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("rate", "1e1000000000"),
        ("fps", "1e18"),
        ("fps", "1000001"),
        ("rate", "1/" + "9" * 20),
        ("rate", "nan"),
        ("threads", 2**31),
        ("jobs", 10**6),
        ("keyframes", "1-1000000000"),
        ("keyframes", "9" * 5000),
        ("frames", "1-" + "9" * 20),
        ("max_megapixels", 10**9),
    ],
)
def test_number_beyond_its_limit_is_refused(option: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**{option: value})
    assert len(str(caught.value)) < 6000


def test_rates_of_footage_are_accepted() -> None:
    for text in ("24", "23.976", "24000/1001", "0.5", "12.", "+25", "1001/1000"):
        assert Settings(rate=text).rate


def test_frame_number_of_thousands_of_digits_is_named_with_its_place() -> None:
    with pytest.raises(Exception, match=r"line 2, column frame: expected a frame number, found '9999.*\.\.\.'"):
        parse_keys(f"frame,key\n{'9' * 5000},x\n", [1, 2])


def test_table_may_name_negative_frames() -> None:
    assert parse_keys("frame,key\n-4,x\n-3,\n", [-4, -3]) == (-4,)


@pytest.mark.parametrize(
    ("old", "new"), [(b"chlist", b"chl\xff\xfet"), (b"compression\0comp", b"compression\0co\xffp")]
)
def test_header_that_is_not_utf8_is_a_damaged_picture(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = write_exr(tmp_path / "a.exr", Part(np.zeros((4, 6, 3), np.float32)))
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(InputError, match="is not UTF-8"):
        read_image(path)
