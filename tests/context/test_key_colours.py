"""Painted keys, references and plates whose files declare another colour than the shot."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.context.keys import Keys, read_key
from stylize.keys.rendering import read_references
from stylize.media.colour import BT709, Colour
from stylize.media.images import read_image, write_image
from stylize.media.images.icc import icc_profile
from stylize.media.opening import open_shot
from stylize.media.sequences import Pattern
from stylize.media.shot import read_frames
from stylize.project import Project
from tests.media.images.test_profile import littlecms
from tests.media.profiles import ADOBE_RGB, cmyk_profile, gamma_curve, rgb_profile

ADOBE = rgb_profile(ADOBE_RGB, gamma_curve(563 / 256), "Adobe RGB (1998)")
P3 = Colour(1, 12, 13)
PIXELS = np.random.default_rng(3).integers(70, 180, (36, 64, 3), np.uint8)


def keys_of(folder: Path, source: Path | None, colour: Colour) -> Keys:
    project = Project(folder / "p.stylize")
    pattern = Pattern(project.folder("keys"), "shot.", 4, ".png")
    return Keys(project, pattern, (1, 2), (64, 36), source, False, colour=colour)


@pytest.mark.parametrize("colour", [BT709, P3])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_key_of_another_colour_is_converted_and_reported(tmp_path: Path, suffix: str, colour: Colour) -> None:
    (tmp_path / "painted").mkdir()
    path = tmp_path / f"painted/key.0001{suffix}"
    Image.fromarray(PIXELS).save(path, icc_profile=ADOBE)
    keys, messages = keys_of(tmp_path, tmp_path / "painted", colour), list[str]()
    keys.import_keys(messages.append)
    found = read_key(keys.files()[1], PIXELS, colour)
    np.testing.assert_allclose(found, littlecms(PIXELS, ADOBE, icc_profile(colour)), atol=2)
    assert f"{path}: converted from its colour profile, Adobe RGB (1998), to {colour.name}" in messages


def test_key_without_a_profile_has_the_values_of_the_plates(tmp_path: Path) -> None:
    keys, messages = keys_of(tmp_path, None, P3), list[str]()
    write_image(keys.pattern.path(1), PIXELS)
    keys.import_keys(messages.append)
    np.testing.assert_array_equal(read_key(keys.files()[1], PIXELS, P3), PIXELS)
    assert messages == []


def test_key_painted_in_the_project_is_reported(tmp_path: Path) -> None:
    keys, messages = keys_of(tmp_path, None, BT709), list[str]()
    Image.fromarray(PIXELS).save(keys.pattern.path(1), icc_profile=b"x" * 300)
    keys.import_keys(messages.append)
    assert len(messages) == 1
    assert "its colour profile is ignored, because it is not an ICC profile" in messages[0]


def test_reference_is_converted_to_the_colour_of_the_shot(tmp_path: Path) -> None:
    inks = np.kron(np.random.default_rng(4).integers(20, 200, (3, 4, 4), np.uint8), np.ones((16, 16, 1), np.uint8))
    Image.fromarray(inks, "CMYK").save(tmp_path / "style.jpg", icc_profile=cmyk_profile())
    with Image.open(tmp_path / "style.jpg") as picture:
        expected = littlecms(np.asarray(picture), cmyk_profile(), icc_profile(P3), "CMYK")
    references = read_references([tmp_path / "style.jpg"], Project(tmp_path / "p.stylize"), P3)
    assert references is not None
    np.testing.assert_allclose(references.picture * 255, expected, atol=0.01)
    write_image(tmp_path / "plain.png", PIXELS)
    plain = read_references([tmp_path / "plain.png"], Project(tmp_path / "p.stylize"), P3)
    assert plain is not None
    np.testing.assert_allclose(plain.picture * 255, littlecms(PIXELS, icc_profile(BT709), icc_profile(P3)), atol=2)


def test_plates_are_read_in_the_colour_of_the_shot(tmp_path: Path) -> None:
    for number in (1, 2):
        Image.fromarray(PIXELS).save(tmp_path / f"{number}.png", icc_profile=ADOBE)
    shot = open_shot(tmp_path)
    for _, pixels in read_frames(shot):
        np.testing.assert_array_equal(pixels, read_image(tmp_path / "1.png"))
        np.testing.assert_allclose(pixels, littlecms(PIXELS, ADOBE, icc_profile(BT709)), atol=2)
    ((_, wide), *_) = read_frames(replace(shot, colour=P3))
    np.testing.assert_allclose(wide, littlecms(PIXELS, ADOBE, icc_profile(P3)), atol=2)
