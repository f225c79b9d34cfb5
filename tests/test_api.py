"""What other people's programs may lean on: a change here is a change for them."""

import dataclasses
import inspect
import subprocess
import sys

import pytest

import stylize
from stylize import errors
from stylize.result import Result
from stylize.settings import OPTIONS


def test_the_public_names():
    assert stylize.__all__ == ["Settings", "StylizeError", "errors", "plan", "run"]
    assert all(hasattr(stylize, name) for name in stylize.__all__)


def test_the_fields_of_a_result():
    assert [field.name for field in dataclasses.fields(Result)] == [
        "project", "frames", "shots", "rendered", "painted", "redone", "reused", "outputs", "notes", "pixels",
        "timecodes", "refinements", "layers",
    ]  # fmt: skip


def test_every_error_is_a_stylize_error_with_a_text_of_its_own():
    members = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    found = [kind for kind in members if not issubclass(kind, Warning)]
    assert {kind.__name__ for kind in found} == {
        "FlowError", "FrameRangeError", "GuideError", "InputError", "JobError", "MatteError", "OutputError",
        "PaintedKeyError", "PlanError", "ProjectError", "RendererError", "SequenceError", "SettingsError", "ShotError",
        "StyleError", "StylizeError",
    }  # fmt: skip
    assert all(issubclass(kind, stylize.StylizeError) and kind.__doc__ for kind in found)
    assert set(members) - set(found) == {errors.RenamedOptionWarning}
    assert issubclass(errors.RenamedOptionWarning, FutureWarning)


def test_options_are_the_fields_of_settings():
    assert list(OPTIONS) == [field.name for field in dataclasses.fields(stylize.Settings)]


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="strukture"):
        stylize.run("shot.mp4", strukture=1)


def test_a_former_name_of_an_option_is_warned_of(tmp_path):
    with (
        pytest.warns(errors.RenamedOptionWarning, match="^keys_for is now optimise_for") as caught,
        pytest.raises(errors.ShotError, match="none"),
    ):
        stylize.plan(tmp_path / "none.mp4", keys_for="worst", max_keyframes=2)
    assert [one.filename for one in caught] == [__file__]


def test_importing_loads_nothing_heavy():
    code = "import sys, stylize; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "cv2", "av", "numba", "OpenImageIO", "scenedetect", "torch"} & set(loaded)
