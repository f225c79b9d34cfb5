"""Reading presets: only options of a look, paths relative to the file, and errors that name preset and option."""

import pytest

from stylize.errors import RenamedOptionWarning, SettingsError
from stylize.settings import Settings
from stylize.settings.preset import read_preset, replaced_by


def write(tmp_path, text):
    (tmp_path / "look.toml").write_text(text)
    return tmp_path / "look.toml"


def test_preset_has_a_name_a_version_and_settings(tmp_path):
    text = 'schema = 1\nname = "Oil"\nversion = "2"\n[settings]\nstyle = "ref/oil.png"\nstructure = 0.6\n'
    preset = read_preset(write(tmp_path, text))
    assert (preset.name, preset.version) == ("Oil", "2")
    assert preset.values == {"style": str(tmp_path / "ref/oil.png"), "structure": 0.6}
    Settings(**preset.values)


def test_name_and_version_are_optional(tmp_path):
    preset = read_preset(write(tmp_path, ""))
    assert (preset.name, preset.version, dict(preset.values)) == ("look", "1", {})


def test_model_next_to_the_preset_is_found_and_repo_id_is_kept(tmp_path):
    (tmp_path / "sd.safetensors").touch()
    preset = read_preset(
        write(tmp_path, '[settings]\nmodel = "sd.safetensors"\nvae = "some/repo"\nlora = ["a.safetensors:0.5"]')
    )
    assert preset.values["model"] == str(tmp_path / "sd.safetensors")
    assert preset.values["vae"] == "some/repo"
    assert preset.values["lora"] == [f"{tmp_path}/a.safetensors:0.5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[settings]\nfps = 25", "fps is not an option of a look; leave it out of the preset, and give it as --fps"),
        ("[settings]\noutput = 'x'", "output is not an option of a look"),
        (
            "[settings]\nlayers = []",
            "layers is not an option of a look; leave it out of the preset, and give it as --layer",
        ),
        ("[settings]\noverwrite = true", "overwrite is not an option of a look"),
        ("[settings]\nreference = 'x'", "unknown setting 'reference', did you mean 'style'?"),
        ("[settings]\nstructure = 2", "--structure must be a number from 0 to 1, not '2'"),
        ("[settings]\nseed = []", "--seed must be"),
        ("name = 3", "name must be a line of text, not 3"),
        ('name = "a\\nb"', "name must be a line of text"),
        ('version = "\\u001b[31m"', "version must be a line of text"),
        ("style = 'a.png'", "'style' is outside [settings]"),
        ("schema = 2", "has schema 2, but this version supports only up to 1"),
    ],
)
def test_error_names_preset_and_option(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        read_preset(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_preset_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.toml cannot be read: there is no such file"):
        read_preset(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read_preset(tmp_path)


def test_former_name_is_read_with_a_warning(tmp_path):
    path = write(tmp_path, '[settings]\nkeys_for = "worst"\n')
    with pytest.warns(RenamedOptionWarning, match=f"^{path}: keys_for is now optimise_for"):
        assert dict(read_preset(path).values) == {"optimise_for": "worst"}


def test_preset_with_another_renderer_drops_options_of_the_first(tmp_path):
    preset = read_preset(write(tmp_path, '[settings]\nrenderer = "example"\nstyle = "a.png"'))
    replaced = replaced_by(preset, {"renderer": "diffusion", "model": "m"})
    assert {"model", "prompt", "control", "structure"} <= replaced
    assert not {"seed", "style", "coverage", "matte", "renderer"} & replaced - {"renderer"}
    assert not replaced_by(preset, {"structure": 0.7})
    assert not replaced_by(read_preset(write(tmp_path, "[settings]\nstructure = 0.5")), {"renderer": "diffusion"})
