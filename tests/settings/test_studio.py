"""Studio defaults: locating the file, its allowed contents, and error messages."""

from pathlib import Path

import pytest

from stylize.errors import RenamedOptionWarning, SettingsError
from stylize.settings.studio import STUDIO_VARIABLE, find_studio_defaults


@pytest.fixture(autouse=True)
def _no_studio(monkeypatch):
    monkeypatch.delenv(STUDIO_VARIABLE, raising=False)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_nearest_file_above_the_shot_is_used(tmp_path):
    far = write(tmp_path / "stylize.toml", "[settings]\ncoverage = 0.6\n")
    shot = tmp_path / "show" / "shots" / "a.mp4"
    shot.parent.mkdir(parents=True)
    assert find_studio_defaults(shot).path == far
    near = write(tmp_path / "show" / "stylize.toml", "[settings]\nseed = 3\n")
    found = find_studio_defaults(shot)
    assert (found.path, dict(found.values), found.chosen) == (near, {"seed": 3}, False)


def test_folder_of_frames_may_contain_the_file(tmp_path):
    own = write(tmp_path / "plates" / "stylize.toml", "")
    assert find_studio_defaults(tmp_path / "plates").path == own
    assert find_studio_defaults(tmp_path / "plates" / "name.####.png").path == own


def test_relative_shot_path_is_searched_upward(tmp_path, monkeypatch):
    write(tmp_path / "stylize.toml", "")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert find_studio_defaults(Path("a.mp4")).path == tmp_path / "stylize.toml"


def test_environment_variable_names_the_file(tmp_path, monkeypatch):
    write(tmp_path / "stylize.toml", "[settings]\nseed = 1\n")
    monkeypatch.setenv(STUDIO_VARIABLE, str(write(tmp_path / "conf" / "ours.toml", "[settings]\nseed = 2\n")))
    found = find_studio_defaults(tmp_path / "a.mp4")
    assert (dict(found.values), found.chosen) == ({"seed": 2}, True)
    monkeypatch.setenv(STUDIO_VARIABLE, "/dev/null")
    assert dict(find_studio_defaults(tmp_path / "a.mp4").values) == {}
    monkeypatch.setenv(STUDIO_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"^STYLIZE_CONFIG: .*none\.toml cannot be read: there is no such file"):
        find_studio_defaults(tmp_path / "a.mp4")


def test_relative_paths_count_from_the_file(tmp_path):
    write(tmp_path / "stylize.toml", '[settings]\nstyle = "looks/oil.png"\nguide = ["depth/:3"]\nmatte = "alpha"\n')
    values = find_studio_defaults(tmp_path / "shots" / "a.mp4").values
    assert values == {"style": str(tmp_path / "looks/oil.png"), "guide": [f"{tmp_path}/depth:3.0"], "matte": "alpha"}


def test_no_defaults_without_a_file(tmp_path):
    assert find_studio_defaults(tmp_path / "a.mp4") is None
    assert find_studio_defaults(tmp_path / ("a" * 300)) is None  # a missing shot is refused when it is opened
    assert find_studio_defaults(Path("a\0b")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[settings]\ncoverige = 1", "unknown setting 'coverige', did you mean 'coverage'?"),
        ("[settings]\nstrength = 1", "did you mean 'denoise'?"),
        ("[settings]\ncoverage = 2", "--coverage must be a number from 0 to 1, not '2'"),
        ("[settings]\noverwrite = true", "overwrite applies to a single run and cannot be stored"),
        ("[settings]\npreset = 'a.toml'", "preset applies to a single run"),
        ("coverage = 0.5", "'coverage' is outside [settings]"),
        ("settings = 3", "settings must be a table"),
        ("schema = 99", "has schema 99, but this version supports only up to 1"),
        ("schema = 'x'", "has the schema 'x'"),
        ("[settings", "cannot be read as TOML"),
        ("\xff\xfe", "cannot be read as TOML"),
        ("#" * (1 << 21), "is larger than 1 MiB"),
    ],
)
def test_error_is_one_line_that_names_the_file(tmp_path, text, message):
    path = tmp_path / "stylize.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError) as error:
        find_studio_defaults(tmp_path / "a.mp4")
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_former_name_gives_a_warning_that_names_the_file(tmp_path):
    path = write(tmp_path / "stylize.toml", '[settings]\nkeys_for = "worst"\n')
    with pytest.warns(RenamedOptionWarning, match=f"^{path}: keys_for is now optimise_for"):
        assert dict(find_studio_defaults(tmp_path / "a.mp4").values) == {"optimise_for": "worst"}
