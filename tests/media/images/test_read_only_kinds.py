"""Kinds of pictures that are only read: WebP, TGA, BMP, SGI, JPEG 2000, GIF, PSD and others."""

import struct
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from propagate.arrays import Pixels
from stylize.errors import InputError
from stylize.media.images import read_image
from stylize.media.opening import open_shot
from stylize.media.sequences import PICTURE_SUFFIXES, READ_ONLY_SUFFIXES

_ROWS, _COLUMNS = np.mgrid[0:64, 0:64]
RGB = np.stack([_COLUMNS * 4, _ROWS * 4, _COLUMNS + _ROWS], 2).astype(np.uint8)
RGBA = np.dstack([RGB, np.maximum(64, _COLUMNS * 4).astype(np.uint8)])
# Maximum difference of kinds that lose something: a palette of 256 colours, and JPEG.
LOSSY = {".gif": 40, ".jfif": 12}
WITH_ALPHA = (".webp", ".tga", ".bmp", ".jp2", ".j2k")


def write_psd(path: Path, pixels: Pixels, merged: int | None = None) -> None:
    """Write a PSD or PSB with only a merged picture. merged: whether it says that it has one."""
    large, (height, width, channels) = path.suffix == ".psb", pixels.shape
    info = b"" if merged is None else struct.pack(">4sHHIIB", b"8BIM", 1057, 0, 5, 1, merged) + b"\0"
    name = struct.pack(">4sH", b"8BIM", 4000) + b"\3abc" + struct.pack(">I", 1) + b"x\0"
    resources = b"" if merged is None else name + info
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, channels, height, width, 8, 3)
    sections = struct.pack(">II", 0, len(resources)) + resources + struct.pack(">Q" if large else ">I", 0)
    path.write_bytes(head + sections + struct.pack(">H", 0) + pixels.transpose(2, 0, 1).tobytes())


def write(path: Path, pixels: Pixels) -> None:
    """Write a picture as other programs do, without loss where the kind allows it."""
    if path.suffix in (".psd", ".psb"):
        return write_psd(path, pixels)
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], "uint8")
    spec.attribute("oiio:UnassociatedAlpha", 1)
    spec.attribute("compression", "lossless" if path.suffix == ".webp" else "none")
    spec.attribute("jpeg2000:quality", "lossless")
    target = OpenImageIO.ImageOutput.create("jpeg" if path.suffix == ".jfif" else path.suffix[1:])
    assert target.open(str(path), spec)
    assert target.write_image(pixels)
    target.close()
    return None


def test_readable_kinds_are_listed_once() -> None:
    assert not {*PICTURE_SUFFIXES} & {*READ_ONLY_SUFFIXES}
    assert {".webp", ".tga", ".bmp", ".sgi", ".jp2", ".gif", ".psd"} <= {*READ_ONLY_SUFFIXES}


@pytest.mark.parametrize("suffix", READ_ONLY_SUFFIXES)
def test_picture_is_read_with_its_colours(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"key{suffix}", RGB)
    found = read_image(tmp_path / f"key{suffix}")
    assert found.dtype == np.uint8
    difference = np.abs(found[..., :3].astype(int) - RGB)
    assert difference.max() <= LOSSY.get(suffix, 0)
    assert difference.mean() < 8
    assert found.shape[2] == 3 or found[..., 3].min() == 255


@pytest.mark.parametrize("suffix", WITH_ALPHA)
def test_alpha_is_straight(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"key{suffix}", RGBA)
    np.testing.assert_array_equal(read_image(tmp_path / f"key{suffix}"), RGBA)


@pytest.mark.parametrize("suffix", [".webp", ".tga", ".bmp", ".psd"])
def test_folder_is_a_shot(tmp_path: Path, suffix: str) -> None:
    for frame in (-1, 0, 1):
        write(tmp_path / f"v.{'-' if frame < 0 else ''}{abs(frame):04d}{suffix}", RGB)
    for path in (tmp_path, tmp_path / f"v.####{suffix}"):
        shot = open_shot(path)
        assert (shot.frames, shot.name, shot.size) == ((-1, 0, 1), "v", (64, 64))
    assert open_shot(tmp_path / f"v.-0001{suffix}").frames == (-1,)


def test_photoshop_file_without_a_merged_picture_is_refused(tmp_path: Path) -> None:
    write_psd(tmp_path / "merged.psd", RGB, merged=1)
    np.testing.assert_array_equal(read_image(tmp_path / "merged.psd"), RGB)
    write_psd(tmp_path / "layers.psd", RGB, merged=0)
    with pytest.raises(InputError, match=r"layers\.psd: expected a merged picture, .* save it with 'Maximize"):
        read_image(tmp_path / "layers.psd")
    (tmp_path / "cut.psd").write_bytes((tmp_path / "layers.psd").read_bytes()[:28])
    with pytest.raises(InputError, match=r"cut\.psd: not a readable picture"):
        read_image(tmp_path / "cut.psd")
