"""Linear light as programs write it: outside the matte each input comes back in EXR, or is refused with a reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from OpenImageIO import ImageBuf, ImageBufAlgo, ImageOutput, ImageSpec

from propagate.arrays import Floats
from stylize.delivery.scene_linear import linear_plates
from stylize.errors import StylizeError
from stylize.ingest.scene_view import with_view
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.safe_write import no_seal
from stylize.media.shot import read_plate
from stylize.media.targets import Encoding
from stylize.media.working_spaces import CHROMATICITIES
from stylize.project import Project
from stylize.settings import Settings
from tests.exr_files import Part, Stored, stored, write_exr, write_tiff

WIDTH, HEIGHT = 7, 5
P3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)


def light(channels: int = 3, width: int = WIDTH, height: int = HEIGHT) -> Floats:
    """Half floats from -0.2 to 3.8; alpha is 0, partial, 1 and above."""
    pixels = np.random.default_rng(1).uniform(-0.2, 3.8, (height, width, channels)).astype(np.float16)
    if channels == 4:
        pixels[..., 3] = np.linspace(-0.25, 1.5, width * height).reshape(height, width)
        pixels[0, :, 3] = 0
    return pixels.astype(np.float32)


def delivered(folder: Path, tmp_path: Path, layer: str | None = None, **encoding: str) -> Stored:
    """Result of a frame that no matte covers."""
    shot = open_shot(folder, layer=layer)
    project = Project(tmp_path / "project")
    shot = with_view(shot, Settings(), project, lambda stage, done, total: None)
    write_image(tmp_path / "out.png", read_plate(shot.files[0], shot))
    plates = linear_plates(shot, lambda frame: np.zeros(shot.size[::-1], np.float32), None, draft=False)
    assert plates is not None
    plates.write(shot.frames[0], tmp_path / "out.png", tmp_path / "r.exr", Encoding(**encoding), None, no_seal)
    return stored(tmp_path / "r.exr")


def bits(pixels: Floats) -> np.ndarray:
    return pixels.astype(np.float16).view(np.uint16)


def unchanged(result: Stored, pixels: Floats, origin: tuple[int, int] = (0, 0)) -> None:
    assert result.origin == origin
    assert result.channels == ("R", "G", "B", "A")[: pixels.shape[2]]
    np.testing.assert_array_equal(result.bits, bits(pixels))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["half", "float"])
def test_half_and_float(tmp_path: Path, channels: int, kind: str) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(light(channels), tuple("RGBA"[:channels]), kind=kind))
    unchanged(delivered(tmp_path / "p", tmp_path), light(channels))


def test_light_beyond_half_is_clipped_to_it_and_infinity_stays(tmp_path: Path) -> None:
    pixels = light()
    pixels[0, 0], pixels[1, 1] = (1e6, np.inf, -np.inf), (-1e9, 65504, 1e-9)
    write_exr(tmp_path / "p" / "p.0001.exr", Part(pixels, kind="float"))
    expected = pixels.copy()
    expected[0, 0, 0], expected[1, 1, 0] = 65504, -65504
    unchanged(delivered(tmp_path / "p", tmp_path), expected)


@pytest.mark.parametrize(
    ("origin", "display"),
    [
        ((-2, -1), (0, 0, 4, 3)),
        ((1, 1), (0, 0, 12, 9)),
        ((-5, 3), (-4, -4, 9, 9)),
        ((100, 50), (101, 51, 4, 3)),
        ((20, 20), (0, 0, 6, 4)),
    ],
)
def test_windows(tmp_path: Path, origin: tuple[int, int], display: tuple[int, int, int, int]) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(light(4), tuple("RGBA"), origin=origin, display=display))
    result = delivered(tmp_path / "p", tmp_path)
    unchanged(result, light(4), origin)
    assert result.display == display


def test_layer_beauty_beside_depth(tmp_path: Path) -> None:
    pixels = np.concatenate([light(4), np.full((HEIGHT, WIDTH, 1), 40, np.float32)], axis=2)
    names = (*(f"beauty.{one}" for one in "RGBA"), "Z")
    write_exr(tmp_path / "p" / "p.0001.exr", Part(pixels, names, kind="float"))
    unchanged(delivered(tmp_path / "p", tmp_path), light(4))


def test_part_and_layer_that_were_asked_for(tmp_path: Path) -> None:
    depth = Part(np.full((HEIGHT, WIDTH, 1), 40, np.float32), ("Z",), "depth", "float")
    parts = [depth, Part(light()[::-1], name="rgb"), Part(light(), name="spec")]
    write_exr(tmp_path / "p" / "p.0001.exr", parts)
    unchanged(delivered(tmp_path / "p", tmp_path), light()[::-1])
    unchanged(delivered(tmp_path / "p", tmp_path, layer="spec"), light())


@pytest.mark.parametrize("names", [("r", "g", "b", "a"), ("red", "green", "blue", "alpha")])
def test_names_of_channels(tmp_path: Path, names: tuple[str, ...]) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(light(4), names))
    unchanged(delivered(tmp_path / "p", tmp_path), light(4))


@pytest.mark.parametrize("names", [("Y",), ("Y", "A")])
def test_luminance(tmp_path: Path, names: tuple[str, ...]) -> None:
    pixels = light(4)[..., [0, 3][: len(names)]]
    write_exr(tmp_path / "p" / "p.0001.exr", Part(pixels, names))
    unchanged(delivered(tmp_path / "p", tmp_path), np.concatenate([pixels[..., [0, 0, 0]], pixels[..., 1:]], axis=2))


@pytest.mark.parametrize("mipmapped", [False, True])
def test_tiles(tmp_path: Path, mipmapped: bool) -> None:
    path, pixels = tmp_path / "p" / "p.0001.exr", light(3, 64, 32)
    path.parent.mkdir()
    if mipmapped:
        ImageBufAlgo.make_texture(OpenImageIO.MakeTxTexture, ImageBuf(pixels), str(path), ImageSpec())
    else:
        spec = ImageSpec(64, 32, 3, "half")
        spec.tile_width = spec.tile_height = 16
        target = ImageOutput.create("exr")
        assert target.open(str(path), spec)
        assert target.write_image(pixels)
        target.close()
    unchanged(delivered(path.parent, tmp_path), pixels)


@pytest.mark.parametrize("chromaticities", [CHROMATICITIES["acescg"], CHROMATICITIES["aces2065-1"], P3])
def test_working_space_of_the_plate_is_kept(tmp_path: Path, chromaticities: tuple[float, ...]) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(light(), attributes=(("chromaticities", chromaticities),)))
    result = delivered(tmp_path / "p", tmp_path)
    unchanged(result, light())
    np.testing.assert_allclose(result.spec.getattribute("chromaticities"), chromaticities, atol=1e-6)


def test_working_space_that_was_asked_for(tmp_path: Path) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(np.ones((2, 2, 3), np.float32) * 2))
    result = delivered(tmp_path / "p", tmp_path, space="acescg")
    np.testing.assert_allclose(result.values, 2, atol=2e-3)
    assert result.spec.getattribute("chromaticities")[0] == pytest.approx(0.713)


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("associated", [True, False])
def test_float_tiff(tmp_path: Path, kind: str, associated: bool) -> None:
    write_tiff(tmp_path / "p" / "p.0001.tif", light(4), kind, associated=associated)
    expected = light(4)
    if not associated:
        expected[..., :3] *= expected[..., 3:]
    unchanged(delivered(tmp_path / "p", tmp_path), expected)


def test_plates_without_alpha_among_others_are_opaque(tmp_path: Path) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(light()))
    write_exr(tmp_path / "p" / "p.0002.exr", Part(light(4), tuple("RGBA")))
    opaque = np.concatenate([light(), np.ones((HEIGHT, WIDTH, 1), np.float32)], axis=2)
    unchanged(delivered(tmp_path / "p", tmp_path), opaque)


def test_light_within_the_display_comes_back_too(tmp_path: Path) -> None:
    pixels = (light() + 0.2) / 4.1
    write_exr(tmp_path / "p" / "p.0001.exr", Part(pixels, origin=(-1, 0), display=(0, 0, 5, 5)))
    unchanged(delivered(tmp_path / "p", tmp_path), pixels, (-1, 0))


def with_nan(path: Path) -> None:
    pixels = light()
    pixels[2, 2, 1] = np.nan
    write_exr(path, Part(pixels))


def deep(path: Path) -> None:
    path.parent.mkdir()
    spec = ImageSpec(2, 2, 5, "float")
    spec.channelnames, spec.deep = ("R", "G", "B", "A", "Z"), True
    data = OpenImageIO.DeepData()
    data.init(spec)
    for pixel in range(4):
        data.set_samples(pixel, 1)
    target = ImageOutput.create("exr")
    assert target.open(str(path), spec)
    assert target.write_deep_image(data)
    target.close()


def depth(path: Path) -> None:
    write_exr(path, Part(light()[..., :1], ("Z",), kind="float"))


def normals(path: Path) -> None:
    write_exr(path, Part(light(), ("N.R", "N.G", "N.B")))


def luminance_and_chroma(path: Path) -> None:
    write_exr(path, Part(light(), ("Y", "RY", "BY")))


def motion(path: Path) -> None:
    write_exr(path, Part(light()[..., :2], ("forward.u", "forward.v"), kind="float"))


def cut_off(path: Path) -> None:
    write_exr(path, Part(light(3, 300, 200)))
    path.write_bytes(path.read_bytes()[:-2000])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (with_nan, "contains NaN, expected finite values; render it again or repair these pixels"),
        (deep, r"expected a flat picture, found deep pixels; flatten it"),
        (depth, "expected a picture with the channels R, G and B, found Z; render the picture too"),
        (normals, "found N.R, N.G, N.B; choose one of these layers with --exr-layer NAME"),
        (luminance_and_chroma, "found Y, BY, RY; render the picture too"),
        (motion, "found forward.u, forward.v"),
        (cut_off, "truncated or damaged"),
    ],
)
def test_refusals(tmp_path: Path, write: Callable[[Path], None], message: str) -> None:
    write(tmp_path / "p" / "p.0001.exr")
    with pytest.raises(StylizeError, match=message):
        delivered(tmp_path / "p", tmp_path)
