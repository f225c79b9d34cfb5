"""Rules of Windows for names, checked as functions of text on any system."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stylize
from stylize.errors import SettingsError
from stylize.media.windows_names import MAX_PATH, is_device_name, name_problem, path_problem

DEVICES = ["con", "PRN", "Aux", "nul", "com1", "LPT9", "COM0", "com\u00b9", "conin$"]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("suffix", ["", ".png", ".tar.gz", "  .png"])
def test_devices_are_reserved_with_any_suffix(device: str, suffix: str) -> None:
    assert is_device_name(device + suffix)
    assert name_problem(device + suffix) == "it is the name of a device"


@pytest.mark.parametrize("name", ["console", "com", "com10", "auxiliary.png", "xcon", "lpt.1", ".con", "null", "con_1"])
def test_names_that_begin_like_devices_are_free(name: str) -> None:
    assert not is_device_name(name)
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a:b", "it contains ':'"), ("a?.png", "it contains '?'"), ("tab\t", r"it contains '\t'"),
        ("a\\b", "it contains"),
        ("end.", "it ends with a dot"), ("end ", "it ends with a space"), ("", "it is empty"),
    ],
)  # fmt: skip
def test_each_problem_is_named(name: str, problem: str) -> None:
    assert name_problem(name).startswith(problem)


@given(st.text(string.ascii_letters + string.digits + "-_ éß漢", min_size=1).map(lambda text: f"x{text}x"))
def test_other_names_are_allowed(name: str) -> None:
    assert name_problem(name) == ""
    assert name_problem(f"{name}.0001.png") == ""


def test_long_paths_are_refused_unless_the_system_allows_them() -> None:
    folder = "C:\\" + "a" * (MAX_PATH - 23)
    assert path_problem(folder, 20, has_long_paths=False) == ""
    assert (
        path_problem(folder, 21, has_long_paths=False) == "paths in it have up to 260 characters, expected at most 259"
    )
    assert path_problem(folder, 500, has_long_paths=True) == ""


def test_layer_is_not_called_like_a_device() -> None:
    with pytest.raises(SettingsError, match="layer 'Nul' has a name that Windows reserves for a device; rename it"):
        stylize.Settings(layers="name=Nul,matte=a.png")
