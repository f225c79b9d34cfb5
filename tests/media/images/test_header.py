"""Rate, timecode and pixel aspect ratio in the headers of pictures: as other programs write them, and as stylize
does."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
import tifffile
from PIL import Image

from stylize.media.images import Header, Stamp, image_info, read_image, write_image
from stylize.media.images.xmp import declare, xmp_packet
from tests.media.stills import noise

FILM, NTSC = Fraction(24000, 1001), Fraction(30000, 1001)
STAMP = Stamp(1003, Fraction(25), "01:23:45:12", Fraction(2))
SUFFIXES = [".exr", ".dpx", ".png", ".tif", ".jpg"]


def header(path: Path, **attributes: Any) -> Header:
    """Write a picture with attributes, as other programs do, and read its header. (type, value) for a special type."""
    kind = {".exr": "half", ".dpx": "uint16"}.get(path.suffix, "uint8")
    spec = OpenImageIO.ImageSpec(13, 9, 3, kind)
    for name, value in attributes.items():
        words = name.replace("__", ":")
        spec.attribute(words, *((OpenImageIO.TypeDesc(value[0]), value[1]) if isinstance(value, tuple) else (value,)))
    target = OpenImageIO.ImageOutput.create(str(path))
    assert target.open(str(path), spec), target.geterror()
    assert target.write_image(np.zeros((9, 13, 3), np.uint8))
    target.close()
    return image_info(path).header


@pytest.mark.parametrize("name", ["framesPerSecond", "FramesPerSecond"])
def test_exr_declares_a_rational_rate_a_packed_time_code_and_an_aspect(tmp_path: Path, name: str) -> None:
    found = header(
        tmp_path / "a.exr", **{name: ("rational", (24000, 1001))}, smpte__TimeCode=("timecode", (0x01234510, 0)),
        PixelAspectRatio=2.0,
    )  # fmt: skip
    assert found == Header(FILM, None, 0x01234510, Fraction(2))


@pytest.mark.parametrize("value", [("rational", (0, 0)), ("rational", (25, 0)), ("rational", (-24, 1)), 0.0, 1e9])
def test_impossible_rate_is_no_rate(tmp_path: Path, value: Any) -> None:
    assert header(tmp_path / "a.exr", framesPerSecond=value).rate is None


def test_rounded_rates_stand_for_broadcast_rates(tmp_path: Path) -> None:
    for given, rate in ((23.976, FILM), (23.98, FILM), (29.97, NTSC), (59.94, 2 * NTSC), (24.0, 24), (12.5, 12.5)):
        assert header(tmp_path / "a.dpx", dpx__FrameRate=given).rate == Fraction(rate)


def test_dpx_has_a_film_and_a_television_header(tmp_path: Path) -> None:
    both = header(tmp_path / "a.dpx", dpx__FrameRate=24.0, dpx__TemporalFrameRate=25.0, dpx__TimeCode="01:23:45:10")
    assert (both.rate, both.other_rate, both.timecode) == (24, 25, 0x01234510)
    one = header(tmp_path / "a.dpx", dpx__TemporalFrameRate=25.0)
    assert (one.rate, one.other_rate) == (25, None)
    assert header(tmp_path / "a.dpx") == Header(pixel_aspect=Fraction(1))


@pytest.mark.parametrize(
    ("name", "attributes", "aspect"),
    [
        ("a.tif", {"XResolution": 72.0, "YResolution": 144.0, "ResolutionUnit": "in", "PixelAspectRatio": 2.0}, 2),
        ("a.tif", {"XResolution": 100.0, "YResolution": 100.0, "ResolutionUnit": "cm"}, 1),
        ("a.tif", {"PixelAspectRatio": 1.0666667}, Fraction(16, 15)),
        ("a.tif", {}, None),
        # Stored in whole pixels per metre.
        ("a.png", {"XResolution": 72.0, "YResolution": 144.0, "ResolutionUnit": "in"}, 2),
        ("a.png", {"XResolution": 300.0, "YResolution": 300.0, "ResolutionUnit": "in"}, 1),
        ("a.png", {"XResolution": 54.0, "YResolution": 59.0, "ResolutionUnit": "none"}, Fraction(59, 54)),
        ("a.jpg", {"XResolution": 72.0, "YResolution": 144.0, "ResolutionUnit": "in"}, 2),
        # Without a unit, JFIF stores the aspect itself.
        ("a.jpg", {"XResolution": 16.0, "YResolution": 15.0, "ResolutionUnit": "none"}, Fraction(16, 15)),
        ("a.exr", {"PixelAspectRatio": 1.0666667}, Fraction(16, 15)),
        ("a.exr", {"PixelAspectRatio": 300.0}, None),
        ("a.dpx", {"PixelAspectRatio": 2.0}, 2),
    ],
)
def test_aspect_of_every_format(
    tmp_path: Path, name: str, attributes: dict[str, Any], aspect: Fraction | int | None
) -> None:
    assert header(tmp_path / name, **attributes).pixel_aspect == aspect


def test_rotated_picture_has_the_inverse_aspect(tmp_path: Path) -> None:
    assert header(tmp_path / "a.tif", PixelAspectRatio=2.0, Orientation=6).pixel_aspect == Fraction(1, 2)


def test_png_aspect_without_unit_is_doubtful_unless_we_wrote_it(tmp_path: Path) -> None:
    """FFmpeg stores the inverse of what the specification of PNG says."""
    assert header(tmp_path / "a.png", XResolution=2.0, YResolution=1.0, ResolutionUnit="none").doubtful_aspect
    assert not header(tmp_path / "a.png", XResolution=2.0, YResolution=1.0, ResolutionUnit="in").doubtful_aspect
    write_image(tmp_path / "a.png", noise(np.uint8), stamp=STAMP)
    assert not image_info(tmp_path / "a.png").header.doubtful_aspect


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "stamp",
    [
        STAMP,
        Stamp(7, FILM, "10:00:00:23"),
        Stamp(7, NTSC, "00:59:59;29", Fraction(10, 11)),
        Stamp(7, Fraction(48), None),
    ],
)
def test_own_pictures_read_back_as_written(tmp_path: Path, suffix: str, stamp: Stamp) -> None:
    pixels = noise(np.uint8)
    write_image(tmp_path / f"plain{suffix}", pixels)
    write_image(tmp_path / f"a{suffix}", pixels, stamp=stamp)
    found = image_info(tmp_path / f"a{suffix}").header
    assert (found.rate, found.other_rate) == (stamp.rate, None)
    assert (found.pixel_aspect or 1) == stamp.pixel_aspect
    assert (found.timecode is None) == (stamp.timecode is None)
    np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}"), read_image(tmp_path / f"plain{suffix}"))
    # The same picture gives the same bytes.
    write_image(tmp_path / f"b{suffix}", pixels, stamp=stamp)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unknown_rate_is_not_declared(tmp_path: Path, suffix: str) -> None:
    write_image(tmp_path / f"a{suffix}", noise(np.uint8), stamp=Stamp(7, None, "01:00:00:00", Fraction(2)))
    found = image_info(tmp_path / f"a{suffix}").header
    assert (found.rate, found.timecode, found.pixel_aspect) == (None, None, 2)


def test_pillow_reads_the_aspect_and_the_packet(tmp_path: Path) -> None:
    packet = xmp_packet(Fraction(25), "01:23:45:12")
    for suffix, key, value in (
        (".png", "aspect", (1, 2)), (".tif", "resolution", (1, 2)), (".jpg", "jfif_density", (2, 1))
    ):  # fmt: skip
        write_image(tmp_path / f"a{suffix}", noise(np.uint8), stamp=STAMP)
        with Image.open(tmp_path / f"a{suffix}") as picture:
            picture.load()
            assert picture.info[key] == value
            assert bytes(picture.info["xmp"]) == packet
            np.testing.assert_allclose(np.asarray(picture), noise(np.uint8), atol=255 if suffix == ".jpg" else 0)


def test_exr_has_the_standard_attributes(tmp_path: Path) -> None:
    """Names as in the specification of OpenEXR: each is followed by its type."""
    write_image(tmp_path / "a.exr", noise(np.uint8), stamp=STAMP)
    data = (tmp_path / "a.exr").read_bytes()
    rate = b"framesPerSecond\0rational\0" + struct.pack("<IiI", 8, 25, 1)
    code = b"timeCode\0timecode\0" + struct.pack("<III", 8, 0x01234512, 0)
    aspect = b"pixelAspectRatio\0float\0" + struct.pack("<If", 4, 2.0)
    assert all(attribute in data for attribute in (rate, code, aspect))
    assert b"FramesPerSecond" not in data


def test_dpx_has_rate_and_time_code_in_both_headers(tmp_path: Path) -> None:
    """Offsets of SMPTE ST 268-1: film rate 1724, television timecode 1920 and rate 1940."""
    write_image(tmp_path / "a.dpx", noise(np.uint16), stamp=STAMP)
    data = (tmp_path / "a.dpx").read_bytes()
    order = ">" if data[:4] == b"SDPX" else "<"
    assert struct.unpack_from(f"{order}f", data, 1724) == struct.unpack_from(f"{order}f", data, 1940) == (25.0,)
    assert struct.unpack_from(f"{order}I", data, 1920) == (0x01234512,)


def test_earlier_declaration_in_a_png_is_replaced(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", noise(np.uint8), stamp=STAMP, text={"Comment": "kept"})
    declare(tmp_path / "a.png", ".png", FILM, None, Fraction(1))
    data = (tmp_path / "a.png").read_bytes()
    assert (data.count(b"XML:com.adobe.xmp"), data.count(b"pHYs"), data.count(b"kept")) == (1, 0, 1)
    assert image_info(tmp_path / "a.png").header == Header(FILM)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_either_byte_order_keeps_its_other_tags(tmp_path: Path, order: str) -> None:
    path, pixels = tmp_path / "a.tif", noise(np.uint16)
    tifffile.imwrite(path, pixels, byteorder=order, description="kept", photometric="rgb")
    assert path.read_bytes()[:2] == (b"II" if order == "<" else b"MM")
    declare(path, ".tif", NTSC, "00:59:59;29", Fraction(2))
    found = image_info(path).header
    assert (found.rate, found.timecode, found.pixel_aspect) == (NTSC, "00:59:59;29", 2)
    np.testing.assert_array_equal(read_image(path), pixels)
    with tifffile.TiffFile(path) as read:
        assert read.pages[0].tags["ImageDescription"].value == "kept"  # type: ignore[union-attr]
        assert list(read.pages[0].tags.keys()) == sorted(read.pages[0].tags.keys())  # type: ignore[union-attr]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_other_data_are_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "a").write_bytes(b"not a picture, but long enough")
    with pytest.raises(ValueError, match="expected a"):
        declare(tmp_path / "a", suffix, FILM, None, Fraction(1))


@pytest.mark.parametrize(
    ("rate", "timecode", "name"),
    [
        (FILM, "01:00:00:00", "23976Timecode"), (NTSC, "01:00:00:00", "2997NonDropTimecode"),
        (NTSC, "01:00:00;00", "2997DropTimecode"), (2 * NTSC, "01:00:00;00", "5994DropTimecode"),
        (Fraction(50), "01:00:00:00", "50Timecode"), (Fraction(12), "01:00:00:00", None),
    ],
)  # fmt: skip
def test_packet_names_the_kind_of_time_code(rate: Fraction, timecode: str, name: str | None) -> None:
    packet = xmp_packet(rate, timecode).decode()
    assert (f"<xmpDM:timeFormat>{name}<" in packet) == (name is not None)
    assert (timecode in packet) == (name is not None)


@pytest.mark.parametrize(("text", "rate"), [("NTSC", NTSC), ("PAL", 25), ("30000/1001", NTSC), ("film", None)])
def test_rates_of_other_programs_in_xmp(tmp_path: Path, text: str, rate: Fraction | None) -> None:
    packet = xmp_packet(Fraction(25), None).replace(b"25.000000", text.encode())
    Image.fromarray(noise(np.uint8)).save(tmp_path / "a.jpg", xmp=packet)
    assert image_info(tmp_path / "a.jpg").header.rate == rate
