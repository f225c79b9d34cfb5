"""The folder of the user's own data about projects."""

import os
import stat

import platformdirs
import pytest

from stylize.errors import ProjectError
from stylize.project.user_data import PATH_FILE, data_folder, make_project_data, project_data


def test_environment_variable_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    assert data_folder() == tmp_path / "data"
    assert project_data(tmp_path / "a").parent == tmp_path / "data" / "projects"


def test_default_folder_depends_on_the_platform(monkeypatch):
    monkeypatch.delenv("STYLIZE_DATA")
    assert data_folder() == platformdirs.user_data_path("stylize", appauthor=False)


def test_project_has_one_folder_for_all_its_paths(tmp_path):
    (tmp_path / "shot.stylize").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "shot.stylize")
    assert project_data(tmp_path / "link") == project_data(tmp_path / "x" / ".." / "shot.stylize")
    assert project_data(tmp_path / "link") != project_data(tmp_path)


def test_folder_is_private_and_names_its_project(tmp_path):
    folder = make_project_data(tmp_path / "shot.stylize")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / PATH_FILE).read_text() == f"{tmp_path / 'shot.stylize'}\n"
    assert make_project_data(tmp_path / "shot.stylize") == folder


def test_missing_home_folder_is_reported(tmp_path, monkeypatch):
    monkeypatch.delenv("STYLIZE_DATA")
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: type(tmp_path)("~/.local/share/stylize"))
    with pytest.raises(ProjectError, match="no home folder for data; set STYLIZE_DATA=FOLDER"):
        make_project_data(tmp_path)


def test_folder_that_cannot_be_created_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "file"))
    with pytest.raises(ProjectError, match=r"cannot be written .*set STYLIZE_DATA=FOLDER"):
        make_project_data(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    make_project_data(tmp_path).chmod(0o500)
    with pytest.raises(ProjectError, match="cannot be written; set STYLIZE_DATA=FOLDER"):
        make_project_data(tmp_path)
