"""References as files: formats, transparency, cache keys, and what is reported about them."""

import cv2
import numpy as np
import pytest

import stylize
from stylize.errors import SettingsError, StyleError
from stylize.keys.rendering import read_references
from stylize.media.colour import BT709
from stylize.media.images import write_image

PICTURE = np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8)


class Digests:
    """Digests by name, in place of a project's."""

    def digest(self, path):
        return f"digest of {path.name}"


def read(*paths):
    return read_references(paths, Digests(), BT709)


def write(path, pixels):
    assert cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels)
    return path


def write_gif(path, frames, transparency=None):
    from PIL import Image

    first, *others = [Image.fromarray(frame).quantize(64) for frame in frames]
    more = {} if transparency is None else {"transparency": transparency}
    first.save(path, save_all=True, append_images=others, **more)
    return path


def test_cache_key_of_one_reference_is_its_digest(tmp_path):
    paths = [write(tmp_path / f"{name}.png", PICTURE) for name in "ab"]
    assert read(paths[0]).digest == "digest of a.png"
    assert read(*paths).digest == "digest of a.png digest of b.png"
    assert read() is None


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_pictures_and_all_depths_are_read(tmp_path, depth):
    grey = (PICTURE[..., 0].astype(depth)) * (257 if depth is np.uint16 else 1)
    (picture,) = read(write(tmp_path / "grey.png", grey)).pictures
    np.testing.assert_allclose(picture, np.repeat(PICTURE[..., :1], 3, 2) / 255, atol=1e-6)


def test_alpha_is_kept_and_composited_over_white_for_renderers_of_one_picture(tmp_path):
    write_image(tmp_path / "a.png", np.dstack([PICTURE, np.full((30, 40), 51, np.uint8)]))
    references = read(tmp_path / "a.png")
    assert references.pictures[0].shape == (30, 40, 4)
    np.testing.assert_allclose(references.picture, 0.2 * PICTURE / 255 + 0.8, atol=1e-6)


def test_transparent_reference_is_refused_in_one_line(tmp_path):
    write_image(tmp_path / "a.png", np.dstack([PICTURE, np.zeros((30, 40), np.uint8)]))
    with pytest.raises(StyleError, match=r"a\.png is transparent everywhere, expected opaque pixels; give another$"):
        read(tmp_path / "a.png")


def test_palette_pictures_and_gifs_are_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.fromarray(PICTURE).quantize(256).save(tmp_path / "palette.png")
    write_gif(tmp_path / "one.gif", [PICTURE])
    for path in (tmp_path / "palette.png", tmp_path / "one.gif"):
        picture = read(path).picture
        assert picture.shape == (30, 40, 3)
        assert np.abs(picture - PICTURE / 255).mean() < 0.15


@pytest.mark.slow
def test_animation_gives_its_first_frame_with_a_warning(plates, tmp_path):
    pytest.importorskip("PIL.Image")
    path = write_gif(tmp_path / "two.gif", [PICTURE, 255 - PICTURE])
    assert np.abs(read(path).picture - PICTURE / 255).mean() < 0.15
    messages = []
    stylize.run(plates, style=path, keyframes="1", to_stage="render", on_message=messages.append)
    warnings = [line for line in messages if "several pictures" in line]
    assert warnings == [f"warning: the reference {path} contains several pictures; only the first is used"]


@pytest.mark.slow
def test_keys_are_rendered_again_when_a_reference_is_added_and_kept_otherwise(plates, style, tmp_path):
    other = write(tmp_path / "other.png", PICTURE)

    def rendered(references):
        return stylize.run(plates, style=references, keyframes="1", to_stage="render").rendered

    assert rendered(style) == (1,)
    assert rendered([style]) == ()
    assert rendered([style, other]) == (1,)
    assert rendered([style, other]) == ()
    assert rendered([other, style]) == (1,)
    write(other, 255 - PICTURE)
    assert rendered([other, style]) == (1,)


def test_every_reference_is_checked_before_work(plates, style, tmp_path):
    with pytest.raises(StyleError, match=r"the reference cannot be used: .*gone\.png"):
        stylize.run(plates, style=[style, tmp_path / "gone.png"], keyframes="1")


def test_several_references_are_refused_where_one_is_taken():
    diffusion = {"renderer": "diffusion", "model": "a/b", "ip_adapter": "hf://a/b/c.safetensors"}
    with pytest.raises(SettingsError, match=r"^--style takes one picture with --renderer diffusion, found 2; leave"):
        stylize.Settings(style=["a.png", "b.png"], **diffusion)
    assert len(stylize.Settings(style=["a.png"], **diffusion).references) == 1


def test_layers_and_project_files_take_several(plates, style, tmp_path):
    other = write(tmp_path / "other.png", PICTURE)
    layer = f"style={style},style={other}"
    asked = stylize.Settings(layers=[layer])
    (stored,) = asked.stored()["layers"]
    assert stored["style"] == [str(style), str(other)]
    assert stylize.Settings(layers=[stored]) == asked
