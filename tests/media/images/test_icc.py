"""ICC profiles in TIFF and JPEG: their bytes, and their interpretation by another colour management system."""

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest

from propagate.arrays import Floats
from stylize.media.colour import BT709, Colour, to_rec709
from stylize.media.images import read_image, write_image
from stylize.media.images.icc import icc_profile, with_profile
from stylize.media.images.transfer import encode_srgb
from tests.media.stills import noise

WIDE, P3, SD, CINEMA = Colour(9, 9, 14), Colour(1, 12, 13), Colour(6, 6, 6), Colour(1, 11, 17)
ALL = [WIDE, P3, SD, CINEMA, Colour(4, 4, 4), Colour(5, 5, 6)]


def tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack(">I", profile[128:132])
    found = {}
    for place in range(132, 132 + 12 * count, 12):
        name, begin, size = struct.unpack(">4sII", profile[place : place + 12])
        assert begin % 4 == 0
        assert begin + size <= len(profile)
        found[name] = profile[begin : begin + size]
    return found


def numbers(tag: bytes) -> Floats:
    return np.frombuffer(tag[8:], ">i4") / 65536


@pytest.mark.parametrize("colour", ALL)
def test_profile_is_well_formed_with_the_pcs_white_point(colour: Colour) -> None:
    profile = icc_profile(colour)
    assert struct.unpack(">I", profile[:4])[0] == len(profile)
    assert (profile[8:12], profile[12:24], profile[36:40]) == (b"\x04\x30\0\0", b"mntrRGB XYZ ", b"acsp")
    found = tags(profile)
    assert {b"desc", b"cprt", b"wtpt", b"chad", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} == set(found)
    white = numbers(found[b"wtpt"])
    np.testing.assert_allclose(white, [0.9642, 1, 0.8249], atol=2e-5)
    total = sum(numbers(found[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ"))
    np.testing.assert_allclose(total, white, atol=5e-5)
    assert colour.name.encode("utf-16-be") in found[b"desc"]
    # Flags, intent and ID are excluded from the ID.
    bare = bytearray(profile)
    bare[44:48] = bare[64:68] = bytes(4)
    bare[84:100] = bytes(16)
    assert profile[84:100] == hashlib.md5(bare).digest()


def test_colorants_match_published_values() -> None:
    """Compare with Lindbloom's sRGB, adapted by Bradford to a D50 that differs in the fourth digit."""
    found = tags(icc_profile(BT709))
    printed = {b"rXYZ": [0.4360747, 0.2225045, 0.0139322], b"gXYZ": [0.3850649, 0.7168786, 0.0971045],
               b"bXYZ": [0.1430804, 0.0606169, 0.7141733]}  # fmt: skip
    for name, expected in printed.items():
        np.testing.assert_allclose(numbers(found[name]), expected, atol=3e-4)


@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
@pytest.mark.parametrize("alpha", [False, True])
def test_profile_is_embedded_without_changing_pixels(tmp_path: Path, suffix: str, alpha: bool) -> None:
    pixels = np.full((16, 24, 4 if alpha else 3), (200, 90, 40, 128)[: 4 if alpha else 3], np.uint8)
    pixels = pixels[..., :3] if suffix == ".jpg" else pixels
    for name, colour in (("usual", BT709), ("wide", WIDE), ("again", WIDE)):
        write_image(tmp_path / f"{name}{suffix}", pixels, colour=colour)
    usual, wide = ((tmp_path / f"{name}{suffix}") for name in ("usual", "wide"))
    np.testing.assert_array_equal(read_image(wide), read_image(usual))
    assert wide.read_bytes() == (tmp_path / f"again{suffix}").read_bytes()
    for path, profile in ((usual, None), (wide, icc_profile(WIDE))):
        source = OpenImageIO.ImageInput.open(str(path))
        found = source.spec().getattribute("ICCProfile")
        source.close()
        assert (None if found is None else bytes(found)) == profile


def test_grey_pictures_have_no_profile(tmp_path: Path) -> None:
    for suffix in (".tif", ".jpg"):
        write_image(tmp_path / f"grey{suffix}", noise(np.uint8, 1), colour=WIDE)
        source = OpenImageIO.ImageInput.open(str(tmp_path / f"grey{suffix}"))
        assert source.spec().getattribute("ICCProfile") is None
        source.close()


def test_file_that_is_not_a_jpeg_gets_no_profile() -> None:
    with pytest.raises(ValueError, match="expected a JPEG"):
        with_profile(b"\x89PNG", b"")
    with pytest.raises(ValueError, match="at most 65519 bytes"):
        with_profile(b"\xff\xd8\xff\xd9", bytes(70000))


@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
@pytest.mark.parametrize("colour", ALL)
def test_littlecms_agrees_with_our_conversion(tmp_path: Path, colour: Colour, suffix: str) -> None:
    """LittleCMS, through Pillow, converts from the file's profile to sRGB as we convert to encoded Rec. 709."""
    image: Any = pytest.importorskip("PIL.Image")
    cms: Any = pytest.importorskip("PIL.ImageCms")
    patches = np.random.default_rng(1).integers(90, 170, (3, 4, 3))
    pixels = np.kron(patches, np.ones((16, 16, 1))).astype(np.uint8)
    write_image(tmp_path / f"a{suffix}", pixels, colour=colour)
    seen = image.open(tmp_path / f"a{suffix}")
    profile = cms.ImageCmsProfile(io.BytesIO(seen.info["icc_profile"]))
    assert cms.getProfileDescription(profile).strip() == f"{colour.name}, sRGB curve"
    shown = np.asarray(cms.profileToProfile(seen, profile, cms.createProfile("sRGB"), renderingIntent=1))
    stored = np.asarray(seen) / np.float32(255)
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4).astype(np.float32)
    expected = encode_srgb(np.clip(to_rec709(linear, colour), 0, 1)) * 255
    assert np.abs(expected - pixels).max() > 2  # the conversion has an effect
    np.testing.assert_allclose(shown, expected, atol=1.6)
