import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylize.errors import OutputError, ProjectError, SettingsError
from stylize.project import Project, read_project
from stylize.settings import Settings
from tests import forbidden


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "shot.stylize")


def written(path, text="ours"):
    path.write_text(text)


def test_a_file_is_fresh_under_its_own_cache_key_and_contents_alone(project):
    path = project.folder("out") / "a.png"
    written(path)
    project.record(path, "one")
    assert project.fresh(path, "one")
    assert not project.fresh(path, "two")
    written(path, "changed by someone")
    assert not project.fresh(path, "one")
    path.unlink()
    assert not project.fresh(path, "one")


def test_what_was_done_is_known_to_the_next_run(project):
    path = project.folder("out") / "a.png"
    written(path)
    project.record(path, "one")
    project.remember("cuts", "mark", [4, 9])
    project.save()
    later = Project(project.root)
    assert later.fresh(path, "one")
    assert later.recall("cuts", "mark") == [4, 9]
    assert later.recall("cuts", "another") is None


def test_a_key_is_known_as_ours_before_it_has_its_name(project, monkeypatch):
    path = project.folder("keys") / "a.png"
    project.place(path, "one", lambda part: written(part, "first"))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            project.place(path, "two", lambda part: written(part, "second"))
    # Killed before the new one was put in place: the old one is still ours, and not what is wanted.
    assert project.ours(path)
    assert not project.fresh(path, "two")
    written(path, "painted by a person")
    assert not project.ours(path)


def test_a_claim_covers_what_is_about_to_be_written(project, tmp_path):
    target = tmp_path / "out" / "a.png"
    target.parent.mkdir()
    project.claim([target])
    written(target)
    assert Project(project.root).may_replace(target)
    project.record(target, "one")
    project.claim([])
    assert project.may_replace(target)
    written(target, "changed by a person")
    assert not project.may_replace(target)


def test_the_name_of_a_file_does_not_depend_on_where_we_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path / "shot.stylize")
    target = project.folder("export") / "a.mp4"
    written(target)
    with project.locked():
        project.record(target, "one")
    assert Project(Path("shot.stylize")).ours(target)
    assert Project(tmp_path / "shot.stylize").ours(Path("shot.stylize/export/a.mp4"))


def test_settings_come_back_with_whole_paths(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = Settings(style="ref.png", output="comp/", structure=0.25, keyframes="3,1")
    project.write_settings(tmp_path / "shot.mp4", asked, "1")
    shot, settings = read_project(project.root)
    assert shot == tmp_path / "shot.mp4"
    assert settings.style == tmp_path / "ref.png"
    assert settings.output == f"{tmp_path}/comp/"
    assert (settings.structure, settings.keyframes) == (0.25, (1, 3))


@pytest.mark.parametrize("text", ["settings = 3", "shot = 1\n[settings]", "not toml at all", "\xff"])
def test_a_spoilt_project_file_is_named(project, text):
    (project.root / "project.toml").write_bytes(text.encode("latin1"))
    with pytest.raises(ProjectError, match=r"project\.toml") as error:
        read_project(project.root)
    assert "\n" not in str(error.value)


def test_what_is_no_project_is_told_as_such(tmp_path):
    for name in ("shot.mp4", "plate.0001.png"):
        (tmp_path / name).write_bytes(b"")
    for name, found in (
        ("shot.mp4", "found a file, such as a movie;"),
        ("plate.0001.png", "found a picture;"),
        ("gone.stylize", "found no such folder;"),
        (".", r"found a folder without project\.toml;"),
    ):
        with pytest.raises(ProjectError, match=f"expected a project folder, as shot.stylize, {found}"):
            read_project(tmp_path / name)


def test_a_misspelt_setting_is_an_error(project):
    (project.root / "project.toml").write_text('shot = "a.mp4"\n[settings]\nkeep_colors = true\n')
    with pytest.raises(SettingsError, match=r"project\.toml: .*did you mean 'keep_colours'"):
        read_project(project.root)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"version": 0})])
def test_a_spoilt_state_is_refused_with_a_way_out(project, text):
    (project.root / "state.json").write_text(text)
    with pytest.raises(ProjectError, match=r"state\.json.*delete it"):
        Project(project.root)


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").touch()
    with pytest.raises(ProjectError, match="--project FOLDER"):
        Project(tmp_path / "holiday")
    assert [path.name for path in (tmp_path / "holiday").iterdir()] == ["photo.jpg"]
    with pytest.raises(ProjectError, match="is a file"):
        Project(tmp_path / "holiday" / "photo.jpg")


@forbidden.needs_permissions
def test_a_place_where_nothing_can_be_made_is_told(tmp_path):
    place = tmp_path / "locked"
    place.mkdir(0o500)
    code = "import pathlib, sys; from stylize.project import Project; Project(pathlib.Path(sys.argv[1]))"
    said = forbidden.python("-c", code, place / "shot.stylize").stderr
    told = r"OutputError: the project folder .*locked/shot\.stylize cannot be made \(Permission denied\); choose"
    assert re.search(told, said), said


@forbidden.needs_permissions
def test_a_project_that_may_not_be_written_to_is_told_with_a_way_out(project):
    project.root.chmod(0o500)
    code = "import pathlib, sys; from stylize.project import Project; Project(pathlib.Path(sys.argv[1])).locked()"
    try:
        said = forbidden.python("-c", f"{code}.__enter__()", project.root).stderr
    finally:
        project.root.chmod(0o700)
    assert re.search(
        r"ProjectError: .*project\.lock cannot be written \(Permission denied\); fix its permissions", said
    ), said


def test_a_second_run_is_kept_out_and_a_killed_one_leaves_no_lock(project):
    code = (
        "import sys, time, pathlib\nfrom stylize.project import Project\n"
        "with Project(pathlib.Path(sys.argv[1])).locked():\n print('in', flush=True)\n time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(project.root)], stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline().strip() == b"in"
        with pytest.raises(ProjectError, match="another run is at work"), project.locked():
            pass
    finally:
        other.kill()
        other.communicate()
    started = time.monotonic()
    with project.locked():
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", ["video", "flow", "passes"])
def test_a_file_in_the_place_of_a_folder_of_the_project_is_named(tmp_path, name):
    root = tmp_path / "p.stylize"
    root.mkdir()
    (root / name).write_text("mine")
    with pytest.raises(ProjectError, match=rf"p\.stylize/{name} is to be a folder of the project but is a file; move"):
        Project(root)
    assert (root / name).read_text() == "mine"


def test_a_project_below_a_file_names_the_project(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=r"the project folder .*file/p\.stylize cannot be made \(Not a directory\)"):
        Project(tmp_path / "file" / "p.stylize")


@pytest.mark.parametrize(("takes", "most"), [(0.001, 100), (0.5, 10)])
def test_digests_are_kept_every_second_and_seldomer_where_that_takes_long(project, monkeypatch, takes, most):
    """A hundred seconds of records: of long shots no more than a twentieth of them goes into keeping digests."""
    now, kept = [0.0], []

    def save():
        kept.append(now[0])
        now[0] += takes

    monkeypatch.setattr("stylize.project.project.time.monotonic", lambda: now[0])
    monkeypatch.setattr(project._digests, "save", save)
    project.save()
    (project.root / "out" / "a.png").write_bytes(b"a")
    while now[0] < 100:
        now[0] += 0.1
        project.record(project.root / "out" / "a.png", "key")
    assert 0.85 * most <= len(kept) <= most
