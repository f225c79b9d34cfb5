"""Pixels of movies: colour, depth and alpha."""

from pathlib import Path

import av
import numpy as np
import pytest

from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import FILM_RATE, write_movie
from tests.media.shots import off_by, read, with_alpha

# Colour: flat patches with known YUV, to measure the conversion alone


KR_KB = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}


def truth(codes: tuple[int, int, int], matrix: int, full_range: bool, bits: int) -> list[float]:
    """RGB in [0, 1] of YUV `codes`, by the definition."""
    kr, kb = KR_KB[matrix]
    scale = 1 << (bits - 8)
    luma = codes[0] / ((1 << bits) - 1) if full_range else (codes[0] / scale - 16) / 219
    u, v = ((code - 128 * scale) / (((1 << bits) - 1) if full_range else 224 * scale) for code in codes[1:])
    red, blue = luma + 2 * (1 - kr) * v, luma + 2 * (1 - kb) * u
    return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue]


def write_codes(path: Path, codes: tuple[int, int, int], layout: str, colour: tuple[int, int], height: int) -> Path:
    """Write a movie of one flat frame of these YUV codes, 64 wide, with (matrix, range) tags as given; 2, 0: none."""
    frame = av.VideoFrame(64, height, layout)
    for plane, code in zip(frame.planes, codes, strict=False):
        deep = frame.format.components[0].bits > 8
        plane.update(np.full(plane.buffer_size // (2 if deep else 1), code, np.uint16 if deep else np.uint8).tobytes())
    frame.colorspace, frame.color_range, frame.pts = *colour, 0
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, height, layout
        stream.codec_context.colorspace, stream.codec_context.color_range = colour
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


@pytest.mark.slow
@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize(("layout", "bits"), [("yuv420p", 8), ("yuv444p", 8), ("yuv422p10le", 10), ("yuv444p12le", 12)])
@pytest.mark.parametrize("codes", [(120, 100, 150), (60, 140, 110), (235, 128, 128), (16, 128, 128)])
def test_colour_is_exact(
    tmp_path: Path, matrix: int, full_range: bool, layout: str, bits: int, codes: tuple[int, int, int]
) -> None:
    y, u, v = (code << (bits - 8) for code in codes)
    path = write_codes(tmp_path / "a.mkv", (y, u, v), layout, (matrix, 2 if full_range else 1), 16)
    (found,) = read(open_shot(path))
    top = 255 if bits == 8 else 65535
    expected = np.clip(truth((y, u, v), matrix, full_range, bits), 0, 1) * top
    # 8 bits: the nearest value. 16 bits: within a tenth of an 8-bit step.
    np.testing.assert_allclose(found[8, 32], expected, atol=0.52 if bits == 8 else 26)


@pytest.mark.parametrize(("height", "matrix"), [(576, 5), (720, 1)])
def test_matrix_of_untagged_movies_follows_from_the_height(tmp_path: Path, height: int, matrix: int) -> None:
    path = write_codes(tmp_path / "a.mkv", (120, 100, 150), "yuv444p", (2, 0), height)
    (found,) = read(open_shot(path))
    np.testing.assert_allclose(found[8, 32], np.array(truth((120, 100, 150), matrix, False, 8)) * 255, atol=0.52)


@pytest.mark.parametrize(("layout", "white"), [("gray", 255), ("gray10le", 1023), ("gray16le", 65535)])
def test_grey_movies_are_read(tmp_path: Path, layout: str, white: int) -> None:
    path = write_codes(tmp_path / "a.mkv", (white, 0, 0), layout, (2, 0), 16)
    (found,) = read(open_shot(path))
    assert np.all(found == np.iinfo(found.dtype).max)


def test_ten_bits_are_kept(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 1024).astype(np.uint16)
    pixels = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (16, 1024, 3)))
    shot = open_shot(write_movie(tmp_path / "a.mkv", [pixels], codec="ffv1", layout="gbrp10le", options={}))
    (found,) = read(shot)
    assert (shot.depth, found.dtype) == (16, np.uint16)
    assert len(np.unique(found[..., 0])) >= 1000
    assert off_by(found, pixels) <= 1


@pytest.mark.parametrize(("layout", "deep"), [("yuv422p", 1), ("yuv422p10le", 4), ("yuva422p10le", 4)])
def test_subsampled_chroma_is_sited_on_the_left_column(tmp_path: Path, layout: str, deep: int) -> None:
    """4:2:2 in editing formats does not declare its siting: it is that of ITU-R BT.601 and BT.709."""
    with av.open(str(tmp_path / "a.mkv"), "w") as movie:
        stream = movie.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 65, 16, layout
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        frame = av.VideoFrame(65, 16, layout)
        for number, plane in enumerate(frame.planes):
            lines = np.frombuffer(memoryview(plane), np.uint8 if deep == 1 else np.uint16).reshape(plane.height, -1)
            lines[:] = (126 if number == 0 else 128) * deep if number < 3 else 1023
            if number == 2:
                lines[:, :33] = deep * (64 + 2 * np.arange(33) * 2)
        frame.pts = 0
        movie.mux([*stream.encode(frame), *stream.encode(None)])
    ((_, found),) = read_frames(open_shot(tmp_path / "a.mkv"))
    red = 110 / 219 + 1.5748 * (64 + 2 * np.arange(65) - 128) / 224
    inner = slice(2, 62)
    top = np.iinfo(found.dtype).max
    np.testing.assert_allclose(
        found[5, inner, 0] / top, red[inner].clip(0, 1), atol=0.6 / 255
    )  # 0.007 if it is shifted


# Alpha


@pytest.mark.parametrize(
    ("name", "codec", "layout", "depth", "allowed"),
    [
        ("a.mov", "prores_ks", "yuva444p10le", 16, 4),
        ("a.mov", "qtrle", "argb", 8, 0),
        ("a.mov", "png", "rgba", 8, 0),
        ("a.mov", "png", "rgba64be", 16, 0),
        ("a.mkv", "ffv1", "yuva444p", 8, 2),
        ("a.mkv", "ffv1", "gbrap12le", 16, 1),
    ],
)
def test_alpha_is_read_straight(tmp_path: Path, name: str, codec: str, layout: str, depth: int, allowed: int) -> None:
    pictures = [with_alpha(index, np.uint8 if depth == 8 else np.uint16) for index in range(3)]
    shot = open_shot(write_movie(tmp_path / name, pictures, codec=codec, layout=layout, options={}))
    assert (shot.alpha, shot.depth) == (True, depth)
    for found, expected in zip(read(shot), pictures, strict=True):
        assert off_by(found, expected) <= allowed
        assert found[0, -1, 3] == np.iinfo(found.dtype).max  # opaque stays exactly opaque


def test_alpha_of_webm_is_read(tmp_path: Path) -> None:
    def announce(stream: av.VideoStream) -> None:
        stream.metadata["alpha_mode"] = "1"

    pictures = [with_alpha(index) for index in range(4)]
    path = write_movie(
        tmp_path / "a.webm", pictures, codec="libvpx-vp9", layout="yuva420p", options={"crf": "1"}, prepare=announce
    )
    shot = open_shot(path)
    assert (shot.alpha, shot.rate) == (True, FILM_RATE)
    for found, expected in zip(read(shot), pictures, strict=True):
        assert off_by(found[..., 3], expected[..., 3]) <= 6
        assert off_by(found[..., :3], expected[..., :3]) <= 12
