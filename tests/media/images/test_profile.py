"""Colour profiles of pictures: kept where code points exist, converted otherwise, and compared with LittleCMS."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
from PIL import Image, ImageCms

from propagate.arrays import Pixels
from stylize.media.colour import BT709, Colour
from stylize.media.colour_report import colour_report
from stylize.media.images import image_info, read_image, read_values, write_image
from stylize.media.images.icc import icc_profile
from stylize.media.images.profile import colour_of, convert, parse_profile
from tests.media.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    SRGB_CURVE,
    cmyk_profile,
    gamma_curve,
    grey_profile,
    rgb_profile,
)
from tests.media.stills import noise, write_raw

P3 = Colour(1, 12, 13)
ADOBE = rgb_profile(ADOBE_RGB, gamma_curve(563 / 256), "Adobe RGB (1998)")


def tagged(path: Path, pixels: Pixels, profile: bytes, **more: Any) -> Path:
    """Write 8-bit pixels with a profile, as Pillow writes it."""
    Image.fromarray(np.squeeze(pixels), more.pop("mode", None)).save(path, icc_profile=profile, **more)
    return path


def littlecms(
    pixels: Pixels, profile: bytes, target: bytes, mode: str = "RGB",
    flags: int = ImageCms.Flags.BLACKPOINTCOMPENSATION,
) -> Pixels:  # fmt: skip
    """Convert 8-bit pixels with LittleCMS."""
    source, result = (ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (profile, target))
    converted = ImageCms.profileToProfile(
        Image.fromarray(pixels, mode), source, result, renderingIntent=1, outputMode="RGB",
        flags=flags,
    )  # fmt: skip
    return np.asarray(converted)


def dull(channels: int = 3) -> Pixels:
    """Pixels that every space of the tests can represent."""
    return np.random.default_rng(2).integers(70, 180, (9, 13, channels), np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("target", [BT709, P3])
def test_adobe_rgb_is_converted_as_by_littlecms(tmp_path: Path, suffix: str, target: Colour) -> None:
    path = tagged(tmp_path / f"a{suffix}", np.kron(dull(), np.ones((8, 8, 1), np.uint8)), ADOBE)
    stored = np.asarray(Image.open(path).convert("RGB"))
    found = read_image(path, target)
    np.testing.assert_allclose(found, littlecms(stored, ADOBE, icc_profile(target)), atol=2)
    assert np.abs(found.astype(int) - stored).max() > 8  # the conversion has an effect
    assert (image_info(path).profile, image_info(path).colour) == ("Adobe RGB (1998)", BT709)
    assert f"from its colour profile, Adobe RGB (1998), to {target.name}" in str(colour_report(path, target))


def test_sixteen_bits_are_converted_in_sixteen_bits(tmp_path: Path) -> None:
    pixels = dull().astype(np.uint16) * 257 + 5
    profile = np.frombuffer(ADOBE, np.uint8)
    spec = OpenImageIO.ImageSpec(13, 9, 3, "uint16")
    spec.attribute("ICCProfile", OpenImageIO.TypeDesc(f"uint8[{profile.size}]"), profile)
    target = OpenImageIO.ImageOutput.create(str(tmp_path / "a.tif"))
    assert target.open(str(tmp_path / "a.tif"), spec)
    assert target.write_image(pixels)
    target.close()
    found = read_image(tmp_path / "a.tif")
    assert found.dtype == np.uint16
    assert len(np.unique(found % 257)) > 20  # not widened from 8 bits
    expected = littlecms(dull(), ADOBE, icc_profile(BT709)).astype(int) * 257
    assert np.abs(found.astype(int) - expected).max() < 2.5 * 257


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize(
    ("profile", "colour"),
    [(rgb_profile(DISPLAY_P3, SRGB_CURVE, "P3"), P3), (rgb_profile(SRGB, SRGB_CURVE), Colour(1, 1, 13))],
)
def test_profile_with_code_points_keeps_its_values(tmp_path: Path, suffix: str, profile: bytes, colour: Colour) -> None:
    path = tagged(tmp_path / f"a{suffix}", dull(), profile)
    info = image_info(path)
    assert (info.colour, info.tagged, info.profile) == (colour, True, "")
    np.testing.assert_array_equal(read_image(path), np.asarray(Image.open(path).convert("RGB")))
    assert colour_report(path, colour) is None


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("primaries", [1, 4, 5, 6, 9, 11, 12, 22])
def test_own_results_read_back_with_their_primaries(tmp_path: Path, suffix: str, primaries: int) -> None:
    colour = Colour(primaries=primaries)
    write_image(tmp_path / f"a{suffix}", noise(np.uint8), colour=colour)
    assert image_info(tmp_path / f"a{suffix}").colour.primaries == primaries


def test_tagged_and_untagged_pictures_meet_in_the_requested_colour(tmp_path: Path) -> None:
    plain, wide = tmp_path / "plain.png", tagged(tmp_path / "wide.png", dull(), rgb_profile(DISPLAY_P3, SRGB_CURVE))
    write_image(plain, dull())
    np.testing.assert_array_equal(read_image(plain, P3, untagged=P3), dull())
    np.testing.assert_array_equal(read_image(wide, P3, untagged=P3), dull())
    to_srgb = littlecms(dull(), icc_profile(P3), icc_profile(BT709))
    np.testing.assert_allclose(read_image(wide, BT709), to_srgb, atol=2)
    from_srgb = littlecms(dull(), icc_profile(BT709), icc_profile(P3))
    np.testing.assert_allclose(read_image(plain, P3, untagged=BT709), from_srgb, atol=2)
    assert "converted from Display P3 to Rec. 709" in str(colour_report(wide, BT709))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_grey_gamma_is_converted(tmp_path: Path, suffix: str) -> None:
    profile = grey_profile(gamma_curve(1.8), "Gray Gamma 1.8")
    path = tagged(tmp_path / f"a{suffix}", np.kron(dull(1), np.ones((8, 8, 1), np.uint8)), profile)
    stored = np.asarray(Image.open(path).convert("L"))
    expected = littlecms(stored, profile, icc_profile(BT709), "L")
    assert np.abs(expected[..., 0].astype(int) - stored).max() > 8
    np.testing.assert_allclose(read_image(path), expected, atol=1)
    assert image_info(path).profile == "Gray Gamma 1.8"
    # A matte is data.
    np.testing.assert_array_equal(read_values(path, grey=True)[..., 0], (stored / np.float32(255)).astype(np.float32))


def test_grey_picture_with_an_rgb_profile_uses_its_curve(tmp_path: Path) -> None:
    path = tagged(tmp_path / "a.tif", dull(1), ADOBE)
    found = read_image(path)
    assert np.ptp(found.astype(int), axis=2).max() <= 1
    expected = littlecms(np.repeat(dull(1), 3, axis=2), ADOBE, icc_profile(BT709))
    np.testing.assert_allclose(found, expected, atol=1)


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_is_converted_through_its_profile(tmp_path: Path, suffix: str) -> None:
    """Pillow writes JPEG as Adobe programs do, with inverted inks."""
    inks = np.kron(dull(4), np.ones((16, 16, 1), np.uint8))
    path = tagged(tmp_path / f"a{suffix}", inks, cmyk_profile(), mode="CMYK")
    with Image.open(path) as picture:
        stored = np.asarray(picture)
    np.testing.assert_allclose(stored, inks, atol=3)
    np.testing.assert_array_equal(read_image(path), littlecms(stored, cmyk_profile(), icc_profile(BT709), "CMYK"))
    assert image_info(path).profile == "inks"


def test_cmyk_without_a_profile_is_reported(tmp_path: Path) -> None:
    Image.fromarray(dull(4), "CMYK").save(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg").shape == (9, 13, 3)
    assert "CMYK without a usable profile: its colours are approximate" in image_info(tmp_path / "a.jpg").fault


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (b"x" * 300, "it is not an ICC profile"),
        (ADOBE[:200], "it is truncated"),
        (rgb_profile(ADOBE_RGB, b"none" + bytes(8)), "a curve is damaged"),
        (rgb_profile(((0.0, 0.0, 0.0),) * 3, gamma_curve(2)), "do not span"),
        (cmyk_profile(), "it is for CMYK, which the picture is not"),
        (grey_profile(gamma_curve(2)), "it is for GRAY"),
        (ADOBE[:16] + b"HSV " + ADOBE[20:], "'HSV' is not RGB, grey or CMYK"),
    ],
)
def test_unusable_profile_is_ignored_and_reported(tmp_path: Path, suffix: str, profile: bytes, reason: str) -> None:
    path = tagged(tmp_path / f"a{suffix}", dull(), profile)
    assert reason in image_info(path).fault
    np.testing.assert_array_equal(read_image(path), np.asarray(Image.open(path).convert("RGB")))
    assert str(path) in str(colour_report(path, BT709))


def test_alpha_is_kept_when_colour_is_converted(tmp_path: Path) -> None:
    pixels = dull(4)
    path = tagged(tmp_path / "a.png", pixels, ADOBE)
    found = read_image(path)
    np.testing.assert_array_equal(found[..., 3], pixels[..., 3])
    np.testing.assert_allclose(
        found[..., :3], littlecms(np.ascontiguousarray(pixels[..., :3]), ADOBE, icc_profile(BT709)), atol=2
    )


def with_chunks(path: Path, **chunks: bytes) -> Path:
    """Write a PNG with additional chunks after its header."""
    Image.fromarray(dull()).save(path)
    data = path.read_bytes()
    added = b"".join(
        struct.pack(">I", len(value)) + name.encode() + value + struct.pack(">I", zlib.crc32(name.encode() + value))
        for name, value in chunks.items()
    )
    path.write_bytes(data[:33] + added + data[33:])
    return path


def test_gamma_and_chromaticities_of_a_png_count_without_a_profile(tmp_path: Path) -> None:
    linear, usual = struct.pack(">I", 100000), struct.pack(">I", 45455)
    wide = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    light = dull() / 255
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    found = read_image(with_chunks(tmp_path / "linear.png", gAMA=linear))
    np.testing.assert_allclose(found, encoded, atol=0.51)
    path = with_chunks(tmp_path / "wide.png", gAMA=usual, cHRM=wide)
    assert image_info(path).colour == P3
    np.testing.assert_array_equal(read_image(path), dull())
    # FFmpeg writes 1/1.961 for BT.709, whose values are not converted in movies either.
    path = with_chunks(tmp_path / "video.png", gAMA=struct.pack(">I", 50994), cHRM=wide)
    assert image_info(path).colour == P3
    np.testing.assert_array_equal(read_image(path), dull())
    assert image_info(with_chunks(tmp_path / "mac.png", gAMA=struct.pack(">I", 55556))).profile == "gamma 0.5556"
    # A declaration that comes first in the specification of PNG counts.
    assert image_info(with_chunks(tmp_path / "both.png", sRGB=b"\0", gAMA=linear, cHRM=wide)).colour == BT709
    path = with_chunks(tmp_path / "first.png", cICP=bytes([12, 13, 0, 1]), gAMA=linear)
    np.testing.assert_array_equal(read_image(path), dull())
    assert "out of range" in image_info(with_chunks(tmp_path / "odd.png", gAMA=struct.pack(">I", 1))).fault


def exif(index: bytes) -> bytes:
    """EXIF of a camera: colour space uncalibrated, and an index of interoperability."""
    space = struct.pack("<H2HI2H2HIII", 2, 0xA001, 3, 1, 65535, 0, 0xA005, 4, 1, 56, 0)
    inner = struct.pack("<HHHI4sI", 1, 1, 2, 4, index + b"\0", 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH2HIII", 8, 1, 0x8769, 4, 1, 26, 0) + space + inner


def test_cameras_declare_adobe_rgb_without_a_profile(tmp_path: Path) -> None:
    pixels = np.kron(dull(), np.ones((8, 8, 1), np.uint8))
    for name, index in (("adobe", b"R03"), ("usual", b"R98")):
        Image.fromarray(pixels).save(tmp_path / f"{name}.jpg", exif=exif(index))
    stored = np.asarray(Image.open(tmp_path / "adobe.jpg"))
    np.testing.assert_allclose(read_image(tmp_path / "adobe.jpg"), littlecms(stored, ADOBE, icc_profile(BT709)), atol=2)
    assert image_info(tmp_path / "adobe.jpg").profile == "Adobe RGB, by its EXIF tags"
    np.testing.assert_array_equal(read_image(tmp_path / "usual.jpg"), stored)


def test_palette_alpha_and_deep_grey_are_converted(tmp_path: Path) -> None:
    palette = Image.fromarray(dull()).quantize(64)
    palette.save(tmp_path / "palette.png", icc_profile=ADOBE)
    expected = littlecms(np.asarray(palette.convert("RGB")), ADOBE, icc_profile(BT709))
    np.testing.assert_allclose(read_image(tmp_path / "palette.png"), expected, atol=2)
    profile, grey = grey_profile(gamma_curve(1.8)), dull(1)
    expected = littlecms(grey[..., 0], profile, icc_profile(BT709), "L")
    tagged(tmp_path / "la.png", np.dstack([grey, 255 - grey]), profile)
    found = read_image(tmp_path / "la.png")
    np.testing.assert_allclose(found[..., :3], expected, atol=1)
    np.testing.assert_array_equal(found[..., 3:], 255 - grey)
    Image.fromarray(grey[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png", icc_profile=profile)
    found = read_image(tmp_path / "deep.png")
    assert found.dtype == np.uint16
    np.testing.assert_allclose(found / 257, expected, atol=1)


def test_unknown_chromaticities_of_an_exr_are_reported(tmp_path: Path) -> None:
    for name, numbers in (("p3", (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)), ("usual", None)):
        spec = OpenImageIO.ImageSpec(13, 9, 3, "half")
        if numbers:
            spec.attribute("chromaticities", OpenImageIO.TypeDesc("float[8]"), numbers)
        target = OpenImageIO.ImageOutput.create(str(tmp_path / f"{name}.exr"))
        assert target.open(str(tmp_path / f"{name}.exr"), spec)
        assert target.write_image(np.zeros((9, 13, 3), np.float32))
        target.close()
    assert "its chromaticities are ignored" in str(colour_report(tmp_path / "p3.exr", BT709))
    assert colour_report(tmp_path / "usual.exr", BT709) is None


@pytest.mark.parametrize("name", ["a.exr", "a.dpx"])
def test_formats_without_profiles_are_unchanged(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / name, noise(np.uint16))
    assert (image_info(tmp_path / name).profile, image_info(tmp_path / name).fault) == ("", "")
    assert image_info(tmp_path / name).tagged == (name == "a.exr")


@pytest.mark.parametrize("primaries", [5, 6])
def test_dpx_declares_the_primaries_of_television(tmp_path: Path, primaries: int) -> None:
    write_raw(tmp_path / "raw.dpx", noise(np.uint16), "uint16")
    assert image_info(tmp_path / "raw.dpx").colour == BT709
    write_image(tmp_path / "a.dpx", noise(np.uint16), colour=Colour(primaries=primaries))
    assert image_info(tmp_path / "a.dpx").colour.primaries == primaries


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (0, (1.8,)), (1, (2.0, 1.1, -0.05)), (2, (2.0, 0.9, 0.02, 0.05)), (3, (2.4, 0.94, 0.06, 0.1, 0.05)),
        (4, (2.0, 0.9, 0.1, 0.3, 0.2, 0.01, 0.0)),
    ],
)  # fmt: skip
def test_parametric_curves_are_evaluated_as_by_littlecms(kind: int, numbers: tuple[float, ...]) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    packed = struct.pack(f">{len(numbers)}i", *(round(value * 65536) for value in numbers))
    data = rgb_profile(SRGB, b"para" + struct.pack(">IHH", 0, kind, 0) + packed)
    profile = parse_profile(data)
    assert colour_of(profile) is None
    expected = littlecms(ramp, data, icc_profile(BT709), flags=0)
    np.testing.assert_allclose(convert(ramp, profile, BT709), expected, atol=2)
