"""Colour tags and conversion between primaries, against the values in the standards."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.errors import SequenceError, ShotError
from stylize.media.colour import BT709, LUMA, Colour, colour_from_tags, from_rec709, primaries_matrix, to_rec709
from stylize.media.images import convert_primaries, image_info, read_image, write_image
from stylize.media.images.icc import icc_profile
from stylize.media.images.png import colour_chunks, embedded_profile
from stylize.media.opening import open_shot
from tests.clips import picture, write_movie

UNSAID = 2
REC2020, SD = Colour(9, 9, 14), Colour(6, 6, 6)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((UNSAID, UNSAID, UNSAID), BT709),
        ((1, 1, 1), BT709),
        ((5, 5, 6), Colour(5, 5, 6)),
        ((6, UNSAID, UNSAID), SD),
        ((9, UNSAID, UNSAID), REC2020),
        ((1, 12, 13), Colour(1, 12, 13)),  # a telephone's Display P3
        ((0, 9, 1), Colour(9, 9, 1)),  # RGB, which has no matrix
        ((UNSAID, UNSAID, 13), Colour(1, 1, 13)),
    ],
)
def test_missing_tags_follow_from_present_ones(tags: tuple[int, int, int], expected: Colour) -> None:
    assert colour_from_tags(*tags) == expected


def test_conversion_matrix_matches_the_standard() -> None:
    # ITU-R BT.2087-0, from BT.709 to BT.2020.
    printed = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    np.testing.assert_allclose(primaries_matrix(BT709, REC2020), printed, atol=6e-5)


@pytest.mark.parametrize("primaries", [4, 5, 6, 7, 9, 11, 12, 22])
def test_white_is_kept_and_conversion_is_invertible(primaries: int) -> None:
    colour = Colour(primaries=primaries)
    np.testing.assert_allclose(to_rec709(np.full((1, 1, 3), 0.18, np.float32), colour), 0.18, atol=1e-5)
    linear = np.random.default_rng(1).random((4, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(from_rec709(to_rec709(linear, colour), colour), linear, atol=1e-5)


def test_luma_of_white_is_one() -> None:
    # Weights of BT.709 and BT.2020 are the shares of the primaries in Y: the middle row to XYZ.
    for matrix, primaries in ((1, 1), (9, 9)):
        red, blue = LUMA[matrix]
        xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        row = (xyz @ primaries_matrix(Colour(primaries=primaries), BT709))[1]
        np.testing.assert_allclose(row, [red, 1 - red - blue, blue], atol=2e-4)


@pytest.mark.parametrize(
    ("name", "layout"), [("a.mp4", "yuv420p"), ("a.mov", "yuv444p"), ("a.mkv", "yuv444p")]
)  # fmt: skip
@pytest.mark.parametrize(("matrix", "primaries", "transfer"), [(5, 5, 6), (6, 6, 6), (9, 9, 14), (1, 12, 1)])
@pytest.mark.parametrize("full", [False, True])
def test_movie_tags_determine_the_conversion(
    tmp_path: Path, name: str, layout: str, matrix: int, primaries: int, transfer: int, full: bool
) -> None:
    def prepare(stream: object) -> None:
        context = stream.codec_context  # type: ignore[attr-defined]
        context.color_primaries, context.color_trc = primaries, transfer

    same = 5 if matrix == 6 else matrix
    path = write_movie(tmp_path / name, [picture(3)], layout=layout, matrix=same, full_range=full, prepare=prepare)
    shot = open_shot(path)
    assert shot.colour == Colour(same, primaries, transfer)


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused_with_a_remedy(tmp_path: Path, transfer: int, name: str) -> None:
    def prepare(stream: object) -> None:
        context = stream.codec_context  # type: ignore[attr-defined]
        context.color_primaries, context.color_trc = 9, transfer

    path = write_movie(tmp_path / "a.mp4", [picture(3)], matrix=9, prepare=prepare)
    with pytest.raises(
        ShotError, match=rf"found high dynamic range \({name}\); give --tonemap bt2390 to convert it to Rec\. 709"
    ) as error:
        open_shot(path)
    assert "\n" not in str(error.value)
    write_image(tmp_path / "p.0001.png", picture(1), colour=Colour(9, 9, transfer))
    with pytest.raises(ShotError, match=r"p\.0001\.png: .*high dynamic range"):
        open_shot(tmp_path / "p.####.png")


def test_png_primaries_are_written_and_read(tmp_path: Path) -> None:
    write_image(tmp_path / "a.0001.png", picture(1), colour=REC2020)
    write_image(tmp_path / "a.0002.png", picture(2))
    assert image_info(tmp_path / "a.0001.png").colour == REC2020
    assert image_info(tmp_path / "a.0002.png").colour == BT709
    np.testing.assert_array_equal(read_image(tmp_path / "a.0001.png"), picture(1))
    assert open_shot(tmp_path / "a.0001.png").colour == REC2020
    with pytest.raises(SequenceError, match=r"a\.0002\.png: its colour tags differ"):
        open_shot(tmp_path / "a.####.png")


def test_png_in_wide_primaries_is_not_declared_as_srgb(tmp_path: Path) -> None:
    """Readers that do not know `cICP` find an ICC profile of the same primaries, and no chunk that contradicts it."""
    write_image(tmp_path / "wide.png", picture(1), colour=REC2020)
    chunks = colour_chunks(tmp_path / "wide.png")
    assert chunks.keys() == {b"cICP", b"iCCP"}
    assert embedded_profile(chunks[b"iCCP"]) == icc_profile(REC2020)
    with Image.open(tmp_path / "wide.png") as found:
        assert found.info["icc_profile"] == icc_profile(REC2020)
        np.testing.assert_array_equal(np.asarray(found), picture(1))


def test_exr_is_converted_from_the_primaries_of_the_source(tmp_path: Path) -> None:
    pixels = np.full((2, 2, 3), (200, 90, 40), np.uint8)
    write_image(tmp_path / "a.exr", pixels, colour=REC2020)
    linear = np.where(pixels <= 10, pixels / 255 / 12.92, ((pixels / 255 + 0.055) / 1.055) ** 2.4)[0, 0]
    expected = primaries_matrix(REC2020, BT709) @ linear
    import OpenImageIO

    source = OpenImageIO.ImageInput.open(str(tmp_path / "a.exr"))
    found = source.read_image("float")
    source.close()
    np.testing.assert_allclose(found[0, 0], expected, rtol=2e-3)
    assert expected[0] > linear[0] * 1.2  # more saturated in the narrower primaries


def test_reference_is_converted_to_the_primaries_of_the_plate() -> None:
    pixels = np.array([[[255, 0, 0], [128, 128, 128], [0, 0, 255]]], np.uint8)
    found = convert_primaries(pixels, BT709, REC2020)
    np.testing.assert_array_equal(found[0, 1], 128)
    red = 1.055 * np.array([0.6274, 0.0691, 0.0164]) ** (1 / 2.4) - 0.055  # BT.2087's red, with the curve of sRGB
    np.testing.assert_allclose(found[0, 0] / 255, red, atol=0.003)
    assert convert_primaries(pixels, BT709, BT709) is pixels
