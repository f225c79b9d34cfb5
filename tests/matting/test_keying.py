"""Colour keys in ``stylize matte``, and the foregrounds that they cut out."""

import numpy as np
import pytest

from stylize.errors import MatteError, OutputError, SettingsError
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import read_image, read_values, write_image
from stylize.settings import Levels, MatteSettings
from tests.composites import Motion, compose, hairy, iou

SIZE = (200, 112)
COUNT = 3


@pytest.fixture(scope="module")
def case():
    ground = np.full((SIZE[1], SIZE[0], 3), (20, 180, 60), np.uint8)
    return compose(hairy(), Motion(lambda t: (90 + 2.5 * t, 56)), COUNT, seed=3, size=SIZE, ground=[ground] * COUNT)


@pytest.fixture
def plates(tmp_path, case):
    (tmp_path / "plates").mkdir()
    for number, pixels in enumerate(case.frames, 1):
        write_image(tmp_path / "plates" / f"p.{number:04d}.png", pixels)
    return tmp_path / "plates"


@pytest.mark.slow
@pytest.mark.parametrize("screen", ["green", "#14b43c"])
def test_screen_is_keyed_out(tmp_path, plates, case, screen):
    asked = MatteSettings(chroma=screen, output=f"{tmp_path}/m/", foreground=f"{tmp_path}/f/")
    made = make_mattes(plates, asked)
    for frame, path in made.frames.items():
        assert iou(read_values(path)[..., 0], case.alphas[frame - 1]) > 0.95
        front = read_image(tmp_path / "f" / f"p.{frame:04d}.png")
        assert (front.shape, front.dtype) == ((*SIZE[::-1], 4), np.uint8)
        np.testing.assert_allclose(front[..., 3] / 255, read_values(path)[..., 0], atol=1 / 255)
        assert (front[..., 1] <= front[..., [0, 2]].max(axis=-1)).all()
    assert made.folders == (tmp_path / "m", tmp_path / "f")
    again = make_mattes(plates, asked)
    assert again.redone == ()
    assert (again.confidence, again.suggested_keyframes) == ({}, ())


def test_clean_plate_may_be_a_still(tmp_path, plates, case):
    write_image(tmp_path / "clean.png", case.clean[0])
    made = make_mattes(plates, MatteSettings(clean=tmp_path / "clean.png", output=f"{tmp_path}/m/"))
    assert min(iou(read_values(path)[..., 0], case.alphas[n - 1]) for n, path in made.frames.items()) > 0.85
    other = MatteSettings(clean=tmp_path / "clean.png", difference="0.2:0.3", output=f"{tmp_path}/m/")
    assert make_mattes(plates, other).redone == (1, 2, 3)
    write_image(tmp_path / "small.png", case.clean[0][:50])
    with pytest.raises(MatteError, match=r"clean plate .*small\.png: expected 200x112"):
        make_mattes(plates, MatteSettings(clean=tmp_path / "small.png", output=f"{tmp_path}/m/"))


def test_luma_key_keeps_opaque_pixels_bit_identical(tmp_path, plates, case):
    asked = MatteSettings(luma="0.3:0.31", output=f"{tmp_path}/m/", foreground=f"{tmp_path}/f/")
    made = make_mattes(plates, asked)
    for frame, path in made.frames.items():
        solid = read_values(path)[..., 0] == 1
        assert 0.1 < solid.mean() < 0.95
        front = read_image(tmp_path / "f" / f"p.{frame:04d}.png")
        np.testing.assert_array_equal(front[solid][:, :3], case.frames[frame - 1][solid])


def test_invalid_key_options_are_refused(tmp_path, plates):
    for wrong, message in (
        ({"chroma": "red"}, "green, blue or a colour such as #14b43c"),
        ({"luma": "0.3"}, "two levels from 0 to 1"),
        ({"luma": "0.3:0.3"}, "two levels from 0 to 1"),
        ({"luma": "0.3:0.5", "chroma": "green"}, "--chroma and --luma are two methods"),
        ({"luma": "0.3:0.5", "difference": "0.1:0.2"}, "--difference needs"),
        ({"clean": "c.png", "difference": "0.2:0.1"}, "is descending"),
    ):
        with pytest.raises(SettingsError, match=message):
            MatteSettings(output="m/", **wrong)
    assert MatteSettings(luma=Levels(0.1, 0.2), output="m/").luma == Levels(0.1, 0.2)
    (tmp_path / "grey").mkdir()
    write_image(tmp_path / "grey" / "p.1.png", np.full((*SIZE[::-1], 3), 128, np.uint8))
    with pytest.raises(MatteError, match="found no blue screen"):
        make_mattes(tmp_path / "grey", MatteSettings(chroma="blue", output=f"{tmp_path}/m/"))
    with pytest.raises(MatteError, match="green or blue"):
        make_mattes(plates, MatteSettings(chroma="#808080", output=f"{tmp_path}/m/"))
    with pytest.raises(SettingsError, match="are the same files"):
        make_mattes(plates, MatteSettings(luma="0.1:0.2", output=f"{tmp_path}/m/", foreground=f"{tmp_path}/m/"))
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "p.0002.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match="already exists"):
        make_mattes(plates, MatteSettings(luma="0.1:0.2", output=f"{tmp_path}/m/", foreground=f"{tmp_path}/f/"))
