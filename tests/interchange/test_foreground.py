"""Mattes and the stylised foreground as separate sequences, of a run and of each layer."""

from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

import stylize
from masks.composite import over
from stylize.errors import SettingsError
from stylize.media.images import read_image, read_values, write_image
from tests.sliding import SIZE, folder_of, scene

FRAMES = 4
GREY = np.round(np.clip((40 - np.arange(SIZE[0])) / 20, 0, 1) * 255)[None].repeat(SIZE[1], axis=0).astype(np.uint8)
MATTE = GREY.astype(np.uint16) * np.uint16(257)
RAMP = GREY / np.float32(255)


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "plates", scene(FRAMES))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "painted").mkdir()
    for number in (1, FRAMES):
        write_image(tmp_path / "painted" / f"{number}.png", 255 - scene(FRAMES)[number - 1])
    return tmp_path / "painted"


@pytest.fixture
def matte(tmp_path: Path) -> Path:
    write_image(tmp_path / "matte.png", MATTE)
    return tmp_path / "matte.png"


def stored_pixels(path: Path) -> tuple[np.ndarray, "OpenImageIO.ImageSpec"]:
    """Pixels as stored in the file, without any conversion of alpha."""
    wishes = OpenImageIO.ImageSpec()
    wishes.attribute("oiio:UnassociatedAlpha", 1)
    source = OpenImageIO.ImageInput.open(str(path), wishes)
    spec = source.spec()
    pixels = source.read_image(0, 0, 0, spec.nchannels, spec.format)
    source.close()
    return pixels, spec


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_straight_foreground_over_the_plate_equals_the_result(plates, keys, matte, tmp_path, suffix):
    result = stylize.run(
        plates, keys=keys, matte=matte, output=f"{tmp_path}/o/x.####{suffix}", export="matte,foreground"
    )
    folder = tmp_path / "o"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"plate_matte", "plate_foreground"}
    for number, path in result.frames.items():
        front, spec = stored_pixels(folder / "plate_foreground" / f"plate_foreground.{number:04d}{suffix}")
        assert front.dtype == np.uint8
        np.testing.assert_array_equal(front[..., 3], GREY)
        assert not front[RAMP == 0].any()
        np.testing.assert_array_equal(front[RAMP == 1, :3], read_image(path)[RAMP == 1])
        laid = over(np.ascontiguousarray(front[..., :3]), scene(FRAMES)[number - 1], RAMP)
        np.testing.assert_array_equal(laid, read_image(path))
        # A TIFF declares it; a PNG is always straight.
        assert spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 1
        grey = read_values(folder / "plate_matte" / f"plate_matte.{number:04d}.png")[..., 0]
        np.testing.assert_allclose(grey, RAMP, atol=1e-5)


@pytest.mark.slow
def test_foreground_of_an_exr_result_is_premultiplied_linear(plates, keys, matte, tmp_path):
    result = stylize.run(plates, keys=keys, matte=matte, output=f"{tmp_path}/o/x.####.exr", export="matte,foreground")
    folder = tmp_path / "o"
    for number in result.frames:
        found, spec = stored_pixels(folder / "plate_foreground" / f"plate_foreground.{number:04d}.exr")
        assert list(spec.channelnames) == ["R", "G", "B", "A"]
        assert spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 0
        np.testing.assert_allclose(found[..., 3], RAMP, atol=5e-4)
        look = read_image(result.project / "passes" / "look" / result.frames[number].name) / 255
        linear = np.where(look <= 0.04045, look / 12.92, ((look + 0.055) / 1.055) ** 2.4)
        np.testing.assert_allclose(found[..., :3], linear * RAMP[..., None], atol=1e-3)


def test_foreground_is_png_if_the_result_format_has_no_alpha(plates, keys, matte, tmp_path):
    stylize.run(plates, keys=keys, matte=matte, output=f"{tmp_path}/o/x.mp4", export="foreground", frames="1-2")
    assert len(list(tmp_path.glob("o/*_foreground/*.png"))) == 2


@pytest.mark.slow
def test_foreground_has_16_bits_on_request(plates, keys, matte, tmp_path):
    stylize.run(plates, keys=keys, matte=matte, output=f"{tmp_path}/o/", export="foreground", bits=16)
    found, _ = stored_pixels(sorted(tmp_path.glob("o/*_foreground/*.png"))[0])
    np.testing.assert_array_equal(found[..., 3], MATTE)


@pytest.mark.slow
def test_alpha_of_the_shot_limits_that_of_the_foreground(keys, matte, tmp_path):
    veil = np.zeros((*SIZE[::-1], 1), np.uint8)
    veil[10:30] = 200
    shot = folder_of(tmp_path / "cut", [np.dstack([one, veil]) for one in scene(FRAMES)])
    stylize.run(shot, keys=keys, matte=matte, output=f"{tmp_path}/o/", export="foreground")
    found, _ = stored_pixels(sorted(tmp_path.glob("o/*_foreground/*.png"))[0])
    np.testing.assert_array_equal(found[..., 3], np.minimum(GREY, veil[..., 0]))


@pytest.mark.slow
def test_each_layer_has_a_foreground_that_the_script_reads(plates, keys, matte, tmp_path):
    layers = [{"keys": keys}, {"name": "top", "matte": matte, "keys": keys}]
    wanted = "matte,foreground,passes,nuke,ebsynth,otio"
    result = stylize.run(plates, layers=layers, output=f"{tmp_path}/o/", export=wanted)
    folders = {path.name.split("_", 1)[1] for path in (tmp_path / "o").iterdir() if path.is_dir()}
    assert folders == {"matte", "foreground"} | {
        f"layer_{layer}_{kind}" for layer in ("1", "top") for kind in ("matte", "foreground", "passes", "ebsynth")
    }
    script = (tmp_path / "o" / "plate.nk").read_text()
    assert "layer_top_foreground" in script
    assert "layer_1_passes" in script
    assert "layer_top_foreground_premult" in script
    # The lowest layer covers everything: opaque, and the whole frame.
    found, _ = stored_pixels(sorted(tmp_path.glob("o/*_layer_1_foreground/*.png"))[1])
    assert (found[..., 3] == 255).all()
    np.testing.assert_array_equal(found[..., :3], read_image(result.layers[0].frames[2]))
    # Composited over each other they equal the result.
    top, _ = stored_pixels(sorted(tmp_path.glob("o/*_layer_top_foreground/*.png"))[1])
    laid = over(np.ascontiguousarray(top[..., :3]), np.ascontiguousarray(found[..., :3]), RAMP)
    np.testing.assert_array_equal(laid, read_image(result.frames[2]))
    # A second run is not blocked by them, and rewrites no picture.
    pictures = [*tmp_path.glob("o/*_layer_*/*.*"), *tmp_path.glob("o/plate_foreground/*.*")]
    times = {path: path.stat().st_mtime_ns for path in pictures if "ebsynth" not in str(path)}
    stylize.run(plates, layers=layers, output=f"{tmp_path}/o/", export=wanted)
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_empty_matte_gives_an_empty_foreground(plates, keys, tmp_path):
    write_image(tmp_path / "black.png", MATTE * 0)
    stylize.run(plates, keys=keys, matte=tmp_path / "black.png", output=f"{tmp_path}/o/", export="matte,foreground")
    for path in tmp_path.glob("o/*_foreground/*.png"):
        assert not stored_pixels(path)[0].any()
    assert len(list(tmp_path.glob("o/*_foreground/*.png"))) == FRAMES


def test_no_foreground_without_a_matte(plates, keys, tmp_path):
    for kind in ("matte", "foreground"):
        with pytest.raises(SettingsError, match=f"--export {kind} requires a matte; give one with --matte PATH"):
            stylize.run(plates, keys=keys, export=kind)
    assert not list((tmp_path / "plates.stylize" / "out").iterdir())


@pytest.mark.slow
def test_combined_matte_is_written_even_if_it_is_the_whole_frame(plates, keys, matte, tmp_path):
    """Also over that of an earlier run, in which the layers covered less."""
    layers = [{"matte": matte, "keys": keys}, {"matte": f"{matte}:invert", "keys": keys}]
    for some in (layers[:1], layers):
        outputs = stylize.run(plates, layers=some, output=f"{tmp_path}/o/x.####.png", export="matte,nuke").outputs
        assert tmp_path / "o" / "plate_matte" in outputs
        assert "plate_matte.%04d.png" in (tmp_path / "o" / "plate.nk").read_text()
    for number in range(1, FRAMES + 1):
        assert (read_values(tmp_path / "o" / "plate_matte" / f"plate_matte.{number:04d}.png") == 1).all()
