"""The view of a shot in linear light: by rule, from all of its files, and kept in the project."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stylize.errors import SettingsError
from stylize.ingest.conforming import conform_plates
from stylize.ingest.scene_view import LightRange, choose_view, measure, with_view
from stylize.media.images import read_scene_frame, write_image
from stylize.media.opening import open_shot
from stylize.media.shot import Shot
from stylize.media.views import ShaperView, view_pixels
from stylize.project import Project
from stylize.settings import Settings
from tests.exr_files import Part, write_exr, write_tiff


def silent(stage: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def view_of(tmp_path: Path, messages: list[str]) -> Callable[..., Shot]:
    project = Project(tmp_path / "p.stylize", message=messages.append)

    def view_of(shot: Shot, **options: object) -> Shot:
        return with_view(shot, Settings(**options), project, silent)  # type: ignore[arg-type]

    return view_of


def plates(folder: Path, *levels: float) -> Path:
    """Frames from 1 on, each with light from 0.1 to a level."""
    for number, level in enumerate(levels, 1):
        pixels = np.linspace(0.1, level, 8 * 8 * 3, dtype=np.float32).reshape(8, 8, 3)
        write_exr(folder / f"p.{number:04d}.exr", Part(pixels))
    return folder


@pytest.mark.parametrize(
    ("light", "view"),
    [
        (LightRange(-0.2, 3.8, 0.6), ShaperView(0, 4)),
        (LightRange(0, 4, 0.2), ShaperView(0, 4)),
        (LightRange(0, 1.01, 0.2), ShaperView(0, 2)),
        (LightRange(0, 60000, 1.3), ShaperView(0, 65536)),
        (LightRange(0, 60000, 5000), ShaperView(-15, 2)),
        (LightRange(0, 3, 0.001), ShaperView(7, 512)),
        (LightRange(0, 0, None), ShaperView(0, 2)),
    ],
)
def test_rule(light: LightRange, view: ShaperView) -> None:
    assert choose_view(light) == view


def test_given_exposure_is_used() -> None:
    assert choose_view(LightRange(0, 4, 0.2), 1.5) == ShaperView(1.5, 16)


def test_measure_leaves_out_infinity_and_black() -> None:
    pixels = np.full((4, 4, 3), 0.25, np.float32)
    pixels[0, 0], pixels[0, 1], pixels[1, 1] = 0, np.inf, -np.inf
    low, high, total, count = measure(pixels, "rec709")
    assert (low, high, total, count) == (0, 0.25, 0, 0)
    low, high, total, count = measure(pixels[1:], "rec709")
    assert (count, total / count) == (1, pytest.approx(-2))


def test_view_is_that_of_all_files_and_is_measured_once(
    tmp_path: Path, view_of: Callable[..., Shot], messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plates(tmp_path / "p", 0.5, 3.8)
    assert view_of(open_shot(folder, frames="1")).view == ShaperView(0, 4)
    assert "scene-linear, 0.1 to 3.8" in messages[0]
    monkeypatch.setattr("stylize.ingest.scene_view.read_scene_frame", None)
    assert view_of(open_shot(folder)).view == ShaperView(0, 4)


def test_changed_plates_change_the_view_with_a_warning(
    tmp_path: Path, view_of: Callable[..., Shot], messages: list[str]
) -> None:
    view_of(open_shot(plates(tmp_path / "p", 3.8)))
    view_of(open_shot(plates(tmp_path / "p", 9)))
    assert messages[-1].startswith("warning: the view changed from exposure +0 stops, light up to 4;")
    assert "--exposure 0" in messages[-1]


def test_light_within_the_display_has_no_view(tmp_path: Path, view_of: Callable[..., Shot]) -> None:
    shot = open_shot(plates(tmp_path / "p", 1.0))
    assert shot.linear
    assert view_of(shot).view is None
    assert view_of(shot).in_place


def test_clip_and_exposure(tmp_path: Path, view_of: Callable[..., Shot]) -> None:
    shot = open_shot(plates(tmp_path / "p", 9.0))
    clipped = view_of(shot, clip=True)
    assert (clipped.linear, clipped.view) == (False, None)
    assert view_of(shot, exposure=-2).view == ShaperView(-2, 4)
    with pytest.raises(SettingsError, match="--clip and --exposure are two views"):
        Settings(clip=True, exposure=1)


@pytest.mark.parametrize("option", ["clip", "exposure"])
def test_options_are_refused_for_integers(tmp_path: Path, view_of: Callable[..., Shot], option: str) -> None:
    write_image(tmp_path / "p.0001.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(SettingsError, match=f"--{option} applies to EXR and float TIFF"):
        view_of(open_shot(tmp_path / "p.0001.png"), **{option: True if option == "clip" else 1.0})


def test_float_tiff_is_linear_light(tmp_path: Path, view_of: Callable[..., Shot]) -> None:
    pixels = np.full((4, 4, 4), 0.5, np.float32)
    pixels[..., 0] = 3
    write_tiff(tmp_path / "a" / "p.0001.tif", pixels, "float", associated=False)
    write_tiff(tmp_path / "b" / "p.0001.tif", pixels, "float", associated=True)
    assert view_of(open_shot(tmp_path / "a")).view == ShaperView(0, 2)
    assert view_of(open_shot(tmp_path / "b")).view == ShaperView(0, 4)
    assert read_scene_frame(tmp_path / "a" / "p.0001.tif").pixels[0, 0].tolist() == [1.5, 0.25, 0.25, 0.5]
    assert read_scene_frame(tmp_path / "b" / "p.0001.tif").pixels[0, 0].tolist() == [3, 0.5, 0.5, 0.5]


def test_plates_are_unpacked_in_the_view(tmp_path: Path, view_of: Callable[..., Shot]) -> None:
    folder = plates(tmp_path / "p", 3.8, 2.0)
    shot = view_of(open_shot(folder))
    project = Project(tmp_path / "q.stylize")
    unpacked = conform_plates(shot, project, silent)
    assert [path.parent.name for path in unpacked.paths.values()] == ["video", "video"]
    expected = view_pixels(read_scene_frame(folder / "p.0002.exr"), ShaperView(0, 4))
    np.testing.assert_array_equal(unpacked.read(2), expected)
    before = unpacked.paths[1].read_bytes()
    conform_plates(replace(shot, view=ShaperView(1, 8)), project, silent)
    assert unpacked.paths[1].read_bytes() != before
