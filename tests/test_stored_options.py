"""Options stored in a project without a run."""

import pytest

import stylize
from stylize.errors import ProjectError, SettingsError
from stylize.project import read_project
from stylize.review.prepare import prepare_project


@pytest.fixture
def project(plates):
    return prepare_project(plates, {}, lambda event: None)


def test_options_are_stored_and_others_are_kept(project):
    stylize.configure(project, add_cut=3, matte="alpha")
    settings = stylize.configure(project, drop_cut=(5,))
    assert settings == read_project(project)[1]
    assert (settings.add_cut, settings.drop_cut, settings.matte) == ((3,), (5,), "alpha")
    assert stylize.configure(project, add_cut=()).add_cut == ()


def test_invalid_options_change_nothing(project, tmp_path):
    before = (project / "project.toml").read_bytes()
    for options in ({"add_cut": (2,), "drop_cut": (2,)}, {"coverage": 3}):
        with pytest.raises(SettingsError):
            stylize.configure(project, **options)
    with pytest.raises(TypeError):
        stylize.configure(project, no_option=1)
    assert (project / "project.toml").read_bytes() == before
    with pytest.raises(ProjectError, match="expected a project folder"):
        stylize.configure(tmp_path / "none", add_cut=2)
