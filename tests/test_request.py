"""Settings of a call: stored by the project, given by the caller, and their precedence."""

from pathlib import Path

import pytest

import stylize
from stylize.errors import SettingsError
from stylize.request import read_request
from stylize.settings import Settings


@pytest.fixture
def project(plates, style):
    return stylize.run(plates, style=style, keyframes=(1, 8), seed=3, to_stage="conform").project


def test_project_continues_with_its_settings(project, plates, style):
    asked = read_request(project)
    assert (asked.shot, asked.project) == (plates, project)
    assert (asked.settings.style, asked.settings.keyframes, asked.settings.seed) == (style, (1, 8), 3)
    assert asked.settings.to_stage is None  # of a single run
    again = read_request(str(project), overrides={"seed": 4, "project": "elsewhere.stylize"})
    assert (again.settings.seed, again.settings.style, again.project) == (4, style, project)


def test_given_picking_options_replace_stored_keyframes(project):
    picking = read_request(project, overrides={"max_keyframes": 2}).settings
    assert (picking.keyframes, picking.max_keyframes) == (None, 2)


def test_given_settings_replace_stored_ones(project, style):
    asked = read_request(project, Settings(style=style, max_keyframes=2), {"seed": 9})
    assert asked.settings == Settings(style=style, max_keyframes=2, seed=9)
    assert asked.project == project
    named = read_request(project, Settings(style=style, max_keyframes=2), {"keyframes": "1"}).settings
    assert (named.keyframes, named.max_keyframes) == ((1,), None)


def test_shot_has_the_given_settings(plates):
    asked = read_request(plates, Settings(seed=2), {"start_number": 5})
    assert asked.settings == Settings(seed=2, start_number=5)
    assert (asked.shot, asked.project) == (plates, None)
    assert read_request(plates, overrides={"project": "p.stylize"}).project == Path("p.stylize")


def test_given_settings_override_those_of_a_key(tmp_path, monkeypatch, style):
    keys = {"seed": 7, "steps": 30, "renderer": "diffusion", "model": "m"}
    monkeypatch.setattr("stylize.keys.reproduce.settings_from_key", lambda path, given: dict(keys))
    key = tmp_path / "key.png"
    assert read_request("shot.mp4", overrides={"like": key}).settings.seed == 7
    assert read_request("shot.mp4", overrides={"like": key, "seed": 8}).settings.seed == 8
    given = Settings(like=key, steps=25, renderer="diffusion", model="n")
    found = read_request("shot.mp4", given).settings
    assert (found.seed, found.steps, found.model, found.like) == (7, 25, "n", key)


def test_damaged_project_is_named(project):
    file = project / "project.toml"
    file.write_text(file.read_text().replace("seed = 3", "seed = -3"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"project\.toml: --seed must be"):
        read_request(project)


@pytest.mark.slow
def test_run_of_a_project_is_a_run_of_its_shot(plates, style):
    first = stylize.run(plates, style=style, keyframes=(1, 8))
    again = stylize.run(str(first.project))
    assert (again.redone, len(again.reused), again.rendered) == ((), 8, ())
    assert again.settings.style == style
    assert again.project == first.project


def test_mattes_take_settings_and_overrides(plates, tmp_path):
    asked = stylize.MatteSettings(luma="0.2:0.5", output=tmp_path / "m")
    made = stylize.make_mattes(plates, asked, frames="1-3", output=tmp_path / "n")
    assert sorted(made.frames) == [1, 2, 3]
    assert made.folders == (tmp_path / "n",)
