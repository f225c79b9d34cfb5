"""Any name in the files of a project and in a log reads back unchanged, or is refused in one line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import stylize
from stylize.errors import ProjectError, SettingsError, ShotError, StylizeError
from stylize.event_log import EventLog
from stylize.events import Message
from stylize.project.project import Project
from stylize.project.settings_file import read_project, write_settings
from stylize.settings import Settings
from stylize.visible_text import is_utf8
from tests.names import FILE_NAMES, TEXTS, UTF8_NAMES

ANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@ANY
@given(UTF8_NAMES, TEXTS.filter(is_utf8))
def test_project_file_keeps_names_and_prompts(tmp_path: Path, name: str, prompt: str) -> None:
    shot = tmp_path / f"{name}.mp4"
    asked = Settings(renderer="a1111", prompt=f"a {prompt}".replace(":", ""), output=str(tmp_path / f"{name}.mov"))
    write_settings(tmp_path, shot, asked, "1")
    found, stored = read_project(tmp_path)
    assert (found, stored.prompt, stored.output) == (shot, asked.prompt, str(tmp_path / f"{name}.mov"))


@pytest.mark.slow
@ANY
@given(FILE_NAMES.filter(lambda name: not is_utf8(name)))
def test_project_file_refuses_other_bytes(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match="expected UTF-8") as error:
        write_settings(tmp_path / "none", tmp_path / name, Settings(style="a.png"), "1")
    assert is_utf8(str(error.value))


@pytest.mark.slow
@ANY
@given(FILE_NAMES.filter(lambda name: not is_utf8(name)))
def test_options_that_are_not_utf8_are_refused(name: str) -> None:
    for asked in ({"style": name}, {"style": Path(name)}, {"keys": [name]}, {"style": "a", "output": name}):
        with pytest.raises(StylizeError, match=r"^--|^-o") as error:
            Settings(**asked)
        assert is_utf8(str(error.value))


@pytest.mark.slow
@ANY
@given(TEXTS)
def test_log_has_one_line_per_event(text: str) -> None:
    file = io.StringIO()
    EventLog(file, Path("log")).receive(Message(f"x{text}"))
    (line,) = file.getvalue().splitlines()
    assert json.loads(line)["text"] == f"x{text}"
    assert line.isascii()


def test_non_utf8_names_are_refused_before_any_work(tmp_path: Path, plates: Path, style: Path) -> None:
    odd = tmp_path / "a\udcff"
    shot = plates.rename(odd)
    before = sorted(tmp_path.iterdir())
    for call in (
        lambda: stylize.run(shot, style=style),
        lambda: stylize.plan(shot, style=style),
        lambda: Project(tmp_path / "b\udcff"),
    ):
        with pytest.raises(StylizeError, match=r"\\xff.*UTF-8") as error:
            call()
        assert str(error.value).isprintable()
    link = tmp_path / "link"
    link.symlink_to(odd)
    with pytest.raises(StylizeError, match=r"\\xff.*UTF-8"):
        stylize.run(link, style=style)
    link.unlink()
    assert sorted(tmp_path.iterdir()) == before
    plates = odd.rename(tmp_path / "plates")
    first = min(plates.iterdir())
    for path in plates.iterdir():
        path.rename(path.with_name(f"\udcff{path.name}"))
    assert not first.exists()
    with pytest.raises(StylizeError, match=r"\\xff.*UTF-8"):
        stylize.run(plates, style=style)


@pytest.mark.parametrize("asked", [{"style": "a\0b"}, {"keys": ["a\0b"]}, {"export_options": {"own": {"a": "/b\0"}}}])
def test_nul_in_an_option_is_refused(asked: dict[str, Any]) -> None:
    """Settings files can hold it, but paths cannot: Python raises ValueError for any access to such a path."""
    with pytest.raises(SettingsError, match=r"^--[a-z-]+: \S+\\x00\S* contains a NUL"):
        Settings(**asked)


def test_nul_in_the_shot_is_refused(tmp_path: Path, style: Path) -> None:
    with pytest.raises(ShotError, match=r"^a\\x00b: expected a path"):
        stylize.run("a\0b", style=style)
    project, golden = tmp_path / "a.stylize", tmp_path / "one"
    for path, name in ((project, "project.toml"), (golden, "golden.toml")):
        path.mkdir()
        (path / name).write_text('shot = "a\\u0000b"\n')
    with pytest.raises(ProjectError, match="must have a shot"):
        stylize.run(project, trust=True)
    with pytest.raises(ProjectError, match="must have a shot"):
        stylize.check(tmp_path, trust=True)
