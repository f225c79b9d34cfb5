"""Untrusted presets and studio defaults: paths outside of their folder need the user's permission."""

import pytest

from stylize.errors import SettingsError
from stylize.settings import OPTIONS
from stylize.settings.studio import STUDIO_VARIABLE
from stylize.shared_settings import preset_source, studio_source

# Settings that read, write or send outside of the folder of the file.
OUTWARD = {
    "style": '"/etc/secret.png"',
    "keys": '"../keys"',
    "guide": '["/home/me/depth:3"]',
    "matte": '"../mask"',
    "model": '"someone/model"',
    "url": '"http://evil.example:7860"',
    "renderer": '"a1111"',
    "lora": '["/models/a.safetensors:1"]',
    "control": '["depth=../depth"]',
}
OF_A_STUDIO = OUTWARD | {"output": '"../../elsewhere/x.mp4"', "vectors": '"../v.####.exr"', "flow_weights": '"/w.pth"'}


@pytest.fixture(autouse=True)
def _no_studio(monkeypatch):
    monkeypatch.delenv(STUDIO_VARIABLE, raising=False)


def write(path, name, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[settings]\n{name} = {value}\n")
    return path


@pytest.mark.parametrize("name", OUTWARD)
def test_preset_reaches_outside_its_folder_only_with_permission(tmp_path, name):
    path = write(tmp_path / "looks" / "look.toml", name, OUTWARD[name])
    with pytest.raises(SettingsError) as error:
        preset_source(path, {}, {})
    text = str(error.value)
    assert text.startswith(
        f"{path} may be from an untrusted source, and reaches outside its folder: {OPTIONS[name].flags[-1]}"
    )
    assert "--trust" in text
    assert "\n" not in text
    assert preset_source(path, {}, {"trust": True}).values
    assert preset_source(path, {}, {name: "given again"}).values


@pytest.mark.parametrize("name", OF_A_STUDIO)
def test_defaults_above_a_shot_reach_outside_only_with_permission(tmp_path, monkeypatch, name):
    path = write(tmp_path / "show" / "stylize.toml", name, OF_A_STUDIO[name])
    shot = tmp_path / "show" / "shots" / "a.mp4"
    with pytest.raises(SettingsError) as error:
        studio_source(shot, {})
    assert str(error.value).startswith(f"{path} is not trusted unless STYLIZE_CONFIG names it, and reaches outside")
    assert studio_source(shot, {"trust": True}).values
    assert studio_source(shot, {name: "given again"}).values
    # The file that the user's own environment names may name any path.
    monkeypatch.setenv(STUDIO_VARIABLE, str(path))
    assert studio_source(shot, {}).values.keys() == {name}


def test_paths_below_the_file_need_no_permission(tmp_path):
    path = write(tmp_path / "looks" / "look.toml", "style", '"ref/oil.png"')
    assert preset_source(path, {}, {}).values == {"style": str(tmp_path / "looks/ref/oil.png")}
    write(tmp_path / "stylize.toml", "style", '"looks/ref/oil.png"')
    assert studio_source(tmp_path / "a.mp4", {}).values == {"style": str(tmp_path / "looks/ref/oil.png")}


def test_link_to_another_folder_counts_as_outside(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    path = write(tmp_path / "looks" / "look.toml", "style", '"oil.png"')
    (path.parent / "oil.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(SettingsError, match="reaches outside its folder: --style"):
        preset_source(path, {}, {})


def test_single_path_may_be_allowed(tmp_path):
    path = write(tmp_path / "looks" / "look.toml", "style", '"../ref/oil.png"')
    assert preset_source(path, {}, {"allow": (str(tmp_path / "ref"),)}).values
    with pytest.raises(SettingsError):
        preset_source(path, {}, {"allow": (str(tmp_path / "other"),)})


def test_missing_file_is_not_a_source(tmp_path):
    assert studio_source(tmp_path / "a.mp4", {}) is None
