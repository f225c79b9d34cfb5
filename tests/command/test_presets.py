"""Presets and studio defaults in runs: precedence, the settings that a project stores, and messages."""

import shutil
import tomllib
from pathlib import Path

import pytest

import cli
import stylize
from stylize.errors import SettingsError
from stylize.request import read_request
from stylize.settings import Settings


def run_command(capfd, *words):
    """Run the command in this process; return (exit code, stdout, stderr)."""
    try:
        cli.main([str(word) for word in words])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    out = capfd.readouterr()
    return code, out.out, out.err


@pytest.fixture
def shot(plates):
    return plates


@pytest.fixture
def style(tmp_path, style):
    """Reference picture next to the shot."""
    return Path(shutil.copy(style, tmp_path / "ref.png"))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def settings_of(shot, **given):
    return read_request(shot, overrides=given).settings


def test_precedence_is_defaults_studio_preset_command_line(shot, tmp_path, style):
    write(tmp_path / "stylize.toml", "[settings]\nseed = 1\nstructure = 0.1\ncoverage = 0.6\n")
    look = write(tmp_path / "look.toml", f'[settings]\nstyle = "{style.name}"\nseed = 2\nstructure = 0.2\n')
    asked = settings_of(shot, preset=look, structure=0.3)
    assert (asked.style, asked.coverage, asked.seed, asked.structure, asked.boil) == (style, 0.6, 2, 0.3, 0.0)
    assert settings_of(shot, style=style).structure == 0.1


@pytest.mark.slow
def test_project_keeps_its_settings_when_studio_defaults_change(shot, tmp_path, style, capfd):
    write(tmp_path / "stylize.toml", "[settings]\nseed = 1\n")
    project = stylize.run(shot, style=style, keyframes=(1, 8), to_stage="conform").project
    assert tomllib.loads((project / "project.toml").read_text())["settings"]["seed"] == 1
    write(tmp_path / "stylize.toml", "[settings]\nseed = 5\nboil = 0.5\n")
    assert (settings_of(project).seed, settings_of(project).boil) == (1, 0.0)
    assert (settings_of(shot, style=style).seed, settings_of(shot, style=style).boil) == (5, 0.5)


@pytest.mark.slow
def test_preset_overrides_stored_settings(shot, tmp_path, style):
    project = stylize.run(shot, style=style, keyframes=(1, 8), seed=3, structure=0.9, to_stage="conform").project
    look = write(tmp_path / "look.toml", "[settings]\nstructure = 0.2\n")
    asked = settings_of(project, preset=look, seed=7)
    assert (asked.structure, asked.seed, asked.keyframes, asked.style) == (0.2, 7, (1, 8), style)


def test_settings_from_python_take_no_studio_defaults(shot, tmp_path, style):
    write(tmp_path / "stylize.toml", "[settings]\nseed = 1\n")
    look = write(tmp_path / "look.toml", "[settings]\nstructure = 0.2\n")
    assert read_request(shot, Settings(style=style)).settings == Settings(style=style)
    asked = read_request(shot, Settings(style=style, preset=look, coverage=0.6)).settings
    assert (asked.structure, asked.coverage, asked.seed) == (0.2, 0.6, 0)


@pytest.mark.slow
def test_defaults_are_reported_with_verbose_only(shot, tmp_path, style, capfd):
    path = write(tmp_path / "stylize.toml", '[settings]\ncoverage = 0.7\nflow = "dis"\n')
    words = ("plan", shot, "--style", style)
    assert f"defaults from {path}: coverage, flow\n" in run_command(capfd, *words, "-v")[2]
    assert "defaults from" not in run_command(capfd, *words)[2]
    messages, events = [], []
    stylize.plan(shot, style=style, rate=24, on_message=messages.append, on_event=events.append)
    assert messages == []
    assert any(isinstance(one, stylize.Message) and one.is_detail for one in events)


@pytest.mark.slow
def test_ineffective_default_is_reported_as_a_note(shot, tmp_path, style, capfd):
    path = write(tmp_path / "stylize.toml", "[settings]\nmatte_feather = 4\n")
    code, _, err = run_command(capfd, "plan", shot, "--style", style, "--rate", 24)
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith(
        f"note: defaults from {path}: matte_feather is ignored, because --matte-feather needs a matte"
    )


def test_faulty_settings_file_is_named_in_one_line(shot, tmp_path, style, capfd):
    path = write(tmp_path / "stylize.toml", "[settings]\ncoverige = 1\n")
    code, out, err = run_command(capfd, "plan", shot, "--style", style)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"stylize: {path}: unknown setting 'coverige', did you mean 'coverage'?" in err
    path.unlink()
    code, _, err = run_command(capfd, shot, "--preset", write(tmp_path / "p" / "look.toml", "[settings]\nfps = 25\n"))
    assert (code, err.count("\n")) == (2, 1)
    assert "look.toml: " in err


def test_untrusted_defaults_above_the_shot_send_nothing(shot, tmp_path, style, capfd):
    write(tmp_path / "stylize.toml", '[settings]\nrenderer = "a1111"\nprompt = "x"\nurl = "http://evil.example"\n')
    code, _, err = run_command(capfd, shot, "--to", "conform")
    assert code != 0
    assert "http://evil.example" in err
    assert not (tmp_path / "plates.stylize").exists()


@pytest.mark.slow
def test_look_is_saved_and_used_on_another_shot(shot, tmp_path, style, capfd):
    words = ("--style", style, "--structure", 0.7, "--keyframes", "1,8", "--to", "render")
    assert run_command(capfd, shot, *words)[0] == 0
    project = tmp_path / "plates.stylize"
    code, out, err = run_command(capfd, "preset", "save", project, tmp_path / "looks" / "oil.toml", "--name", "Oil")
    assert (code, err) == (0, "note: not saved, as specific to this shot: keyframes\n")
    assert out == "".join(f"wrote: {tmp_path / 'looks' / name}\n" for name in ("oil.toml", "oil.png"))
    other = shot.rename(tmp_path / "other")
    preset = ("--preset", tmp_path / "looks" / "oil.toml")
    assert run_command(capfd, other, *preset, "--keyframes", "1,8", "--to", "render")[0] == 0
    keys = [sorted((tmp_path / f"{name}.stylize" / "keys").glob("*.png")) for name in ("plates", "other")]
    assert len(keys[0]) == 2
    assert [one.read_bytes() for one in keys[0]] == [one.read_bytes() for one in keys[1]]
    stored = tomllib.loads((tmp_path / "other.stylize" / "project.toml").read_text())["settings"]
    assert (stored["style"], stored["structure"]) == ("../looks/oil.png", 0.7)
    assert "preset" not in stored


def test_saving_a_preset_needs_permission_to_overwrite(shot, tmp_path, style, capfd):
    project = stylize.run(shot, style=style, keyframes=(1, 8), to_stage="conform").project
    file = write(tmp_path / "look.toml", "mine")
    code, out, err = run_command(capfd, "preset", "save", project, file)
    assert (code, out) == (1, "")
    assert "look.toml already exists" in err
    assert file.read_text() == "mine"
    assert run_command(capfd, "preset", "save", project, file, "--overwrite", "-q") == (0, "", "")


def test_saving_an_untrusted_look_reads_no_files_of_the_user(tmp_path, capfd):
    secret = write(tmp_path / "home" / "secret.png", "secret")
    project = tmp_path / "theirs.stylize"
    write(project / "project.toml", f'schema = 2\nshot = "{project}/shot.mp4"\n[settings]\nstyle = "{secret}"\n')
    code, _, err = run_command(capfd, "preset", "save", project, tmp_path / "looks" / "look.toml")
    assert code != 0
    assert "--trust" in err
    assert not (tmp_path / "looks").exists()


@pytest.mark.slow
def test_saving_a_layered_project_asks_for_a_layer(shot, tmp_path, style, capfd):
    words = ("--layer", f"name=all,style={style}", "--layer", f"name=top,matte={min(shot.iterdir())},style={style}")
    assert run_command(capfd, shot, *words, "--to", "conform")[0] == 0
    project = tmp_path / "plates.stylize"
    code, _, err = run_command(capfd, "preset", "save", project, tmp_path / "look.toml")
    assert (code, "the layers are all, top" in err) == (2, True)
    assert run_command(capfd, "preset", "save", project, tmp_path / "look.toml", "--layer", "top")[0] == 0
    assert tomllib.loads((tmp_path / "look.toml").read_text())["settings"] == {
        "style": "ref.png",
        "renderer": "example",
    }


def test_layer_cannot_use_a_preset(style):
    with pytest.raises(SettingsError, match="preset applies to the whole shot, not to a layer"):
        Settings(layers=[f"name=a,preset={Path('look.toml')}"])
