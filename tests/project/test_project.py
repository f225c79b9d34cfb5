import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stylize.errors import OutputError, ProjectError, SettingsError
from stylize.project import Project, digest_of, read_project
from stylize.project.digests import status_of
from stylize.project.protect import check_overwrite
from stylize.settings import Settings
from tests import forbidden


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "shot.stylize")


def written(path, text="ours"):
    path.write_text(text)


def test_file_is_fresh_only_with_its_cache_key_and_contents(project):
    path = project.folder("out") / "a.png"
    project.place(path, "one", written)
    assert project.fresh(path, "one")
    assert not project.fresh(path, "two")
    written(path, "changed by someone")
    assert not project.fresh(path, "one")
    path.unlink()
    assert not project.fresh(path, "one")


def test_next_run_knows_the_finished_work(project):
    path = project.folder("out") / "a.png"
    project.place(path, "one", written)
    project.remember("cuts", "mark", [4, 9])
    project.save()
    later = Project(project.root)
    assert later.fresh(path, "one")
    assert later.recall("cuts", "mark") == [4, 9]
    assert later.recall("cuts", "another") is None


def test_key_is_recorded_before_its_rename(project, monkeypatch):
    path = project.folder("keys") / "a.png"
    project.place(path, "one", lambda part: written(part, "first"))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            project.place(path, "two", lambda part: written(part, "second"))
    # Killed before the new file was renamed: the old one is still ours, but not fresh.
    assert project.ours(path)
    assert not project.fresh(path, "two")
    written(path, "painted by a person")
    assert not project.ours(path)


def test_claims_of_earlier_versions_are_ignored(project, tmp_path):
    target = tmp_path / "out" / "a.png"
    target.parent.mkdir()
    written(target, "a person's")
    project.remember("fact", "key", 1)
    with (project.root / "state/session.jsonl").open("a") as record:
        record.write(json.dumps({"claims": [str(target)]}) + "\n")
    assert not Project(project.root).ours(target)


def test_file_outside_is_ours_only_by_the_users_record(project, tmp_path):
    target = tmp_path / "out" / "a.png"
    target.parent.mkdir()
    project.place(target, "one", written)
    later = Project(project.root)
    assert later.fresh(target, "one")
    assert later.ours(tmp_path / "out" / ".." / "out" / "a.png")
    assert str(target) not in "".join(file.read_text() for file in (project.root / "state").glob("*.jsonl"))
    # The same project folder for another user, who has no such record.
    assert not Project(project.root, outside=tmp_path / "theirs").ours(target)
    written(target, "changed by a person")
    assert not Project(project.root).ours(target)
    assert Project(project.root).has_written(target)


def test_record_of_a_file_outside_in_the_project_folder_is_ignored(project, tmp_path):
    target = tmp_path / "letter.txt"
    written(target, "precious")
    entry = {"file": str(target), "key": "one", "digests": [digest_of(target)], "status": status_of(target.stat())}
    (project.root / "state").mkdir()
    (project.root / "state/session.jsonl").write_text(json.dumps(entry) + "\n")
    later = Project(project.root)
    assert not later.ours(target)
    assert not later.has_written(target)
    with pytest.raises(OutputError, match="only the project folder itself claims that a run wrote it"):
        check_overwrite([target], later)


def test_results_outside_need_permission_without_a_user_data_folder(project, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "file"))
    messages = []
    run = Project(project.root, message=messages.append)
    for name in ("a.png", "b.png"):
        run.place(tmp_path / name, "one", written)
    assert run.fresh(tmp_path / "a.png", "one")
    assert len(messages) == 1
    assert "set STYLIZE_DATA=FOLDER" in messages[0]
    assert "the next run needs --overwrite to replace results outside the project" in messages[0]
    assert not Project(project.root).ours(tmp_path / "a.png")


def test_changed_and_damaged_results_are_not_reported_as_foreign(project, tmp_path):
    target, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    project.place(target, "one", written)
    written(target, "our")
    written(other)
    with pytest.raises(OutputError, match=r"a\.mp4 is no longer what an earlier run wrote there, but changed"):
        check_overwrite([target, other], project)
    with pytest.raises(OutputError, match=r"b\.mp4 already exists; choose another -o"):
        check_overwrite([other], project)


def test_recorded_names_do_not_depend_on_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path / "shot.stylize")
    target = project.folder("export") / "a.mp4"
    with project.locked():
        project.place(target, "one", written)
    assert Project(Path("shot.stylize")).ours(target)
    assert Project(tmp_path / "shot.stylize").ours(Path("shot.stylize/export/a.mp4"))


def test_settings_read_back_with_absolute_paths(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = Settings(style="ref.png", output="comp/", structure=0.25, keyframes="3,1")
    project.write_settings(tmp_path / "shot.mp4", asked, "1")
    shot, settings = read_project(project.root)
    assert shot == tmp_path / "shot.mp4"
    assert settings.style == tmp_path / "ref.png"
    assert settings.output == f"{tmp_path}/comp/"
    assert (settings.structure, settings.keyframes) == (0.25, (1, 3))


@pytest.mark.parametrize("text", ["settings = 3", "shot = 1\n[settings]", "not toml at all", "\xff"])
def test_damaged_project_file_is_named(project, text):
    (project.root / "project.toml").write_bytes(text.encode("latin1"))
    with pytest.raises(ProjectError, match=r"project\.toml") as error:
        read_project(project.root)
    assert "\n" not in str(error.value)


def test_path_that_is_not_a_project_is_reported(tmp_path):
    for name in ("shot.mp4", "plate.0001.png"):
        (tmp_path / name).write_bytes(b"")
    for name, found in (
        ("shot.mp4", "found a file, such as a movie;"),
        ("plate.0001.png", "found a picture;"),
        ("gone.stylize", "found no such folder;"),
        (".", r"found a folder without project\.toml;"),
    ):
        with pytest.raises(ProjectError, match=f"expected a project folder, such as shot.stylize, {found}"):
            read_project(tmp_path / name)


def test_misspelt_setting_is_an_error(project):
    (project.root / "project.toml").write_text('shot = "a.mp4"\n[settings]\nkeep_colors = true\n')
    with pytest.raises(SettingsError, match=r"project\.toml: .*did you mean 'keep_colours'"):
        read_project(project.root)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"version": 0})])
def test_damaged_state_is_refused_with_a_remedy(project, text):
    (project.root / "state.json").write_text(text)
    with pytest.raises(ProjectError, match=r"state\.json.*delete it"):
        Project(project.root)


def test_foreign_folder_is_refused_and_unchanged(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").touch()
    with pytest.raises(ProjectError, match="--project FOLDER"):
        Project(tmp_path / "holiday")
    assert [path.name for path in (tmp_path / "holiday").iterdir()] == ["photo.jpg"]
    with pytest.raises(ProjectError, match="is a file"):
        Project(tmp_path / "holiday" / "photo.jpg")


@pytest.mark.slow
@forbidden.needs_permissions
def test_project_folder_that_cannot_be_created_is_reported(tmp_path):
    place = tmp_path / "locked"
    place.mkdir(0o500)
    code = "import pathlib, sys; from stylize.project import Project; Project(pathlib.Path(sys.argv[1]))"
    stderr = forbidden.python("-c", code, place / "shot.stylize").stderr
    message = r"OutputError: the project folder .*locked/shot\.stylize cannot be created \(Permission denied\); choose"
    assert re.search(message, stderr), stderr


@pytest.mark.slow
@forbidden.needs_permissions
def test_read_only_project_is_reported_with_a_remedy(project):
    project.root.chmod(0o500)
    code = "import pathlib, sys; from stylize.project import Project; Project(pathlib.Path(sys.argv[1])).locked()"
    try:
        stderr = forbidden.python("-c", f"{code}.__enter__()", project.root).stderr
    finally:
        project.root.chmod(0o700)
    assert re.search(
        r"OutputError: .*project\.lock cannot be written: .* does not allow it; fix its permissions", stderr
    ), stderr


@pytest.mark.slow
def test_lock_excludes_a_second_run_and_ends_with_a_kill(project):
    code = (
        "import sys, time, pathlib\nfrom stylize.project import Project\n"
        "with Project(pathlib.Path(sys.argv[1])).locked():\n print('in', flush=True)\n time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(project.root)], stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline().strip() == b"in"
        with pytest.raises(ProjectError, match="another run is using"), project.locked():
            pass
    finally:
        other.kill()
        other.communicate()
    with project.locked():
        pass


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EWOULDBLOCK, "another run is using"),
        (errno.ENOLCK, r"project\.lock cannot be locked \(No locks available\): the file system .*--project FOLDER"),
        (errno.ENOSYS, r"cannot be locked \(Function not implemented\)"),
        (errno.EOPNOTSUPP, r"cannot be locked \(Operation not supported\)"),
    ],
)
def test_file_system_without_locks_is_not_reported_as_another_run(project, monkeypatch, number, message):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(ProjectError, match=message), project.locked():
        pass


@pytest.mark.parametrize("name", ["video", "flow", "passes"])
def test_file_in_the_place_of_a_project_folder_is_named(tmp_path, name):
    root = tmp_path / "p.stylize"
    root.mkdir()
    (root / name).write_text("mine")
    with pytest.raises(ProjectError, match=rf"p\.stylize/{name} is a file, expected a folder of the project; move"):
        Project(root)
    assert (root / name).read_text() == "mine"


def test_project_below_a_file_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        OutputError, match=r"the project folder .*file/p\.stylize cannot be created \(Not a directory\)"
    ):
        Project(tmp_path / "file" / "p.stylize")


@pytest.mark.slow
@pytest.mark.parametrize(("takes", "most"), [(0.001, 100), (0.5, 10)])
def test_digests_are_saved_every_second_or_less_often_if_slow(project, monkeypatch, takes, most):
    """Over a hundred seconds of records, saving digests takes at most a twentieth of the time."""
    now, kept = [0.0], []

    def save():
        kept.append(now[0])
        now[0] += takes

    monkeypatch.setattr("stylize.project.project.time.monotonic", lambda: now[0])
    monkeypatch.setattr(project._digests, "save", save)
    project.save()
    while now[0] < 100:
        now[0] += 0.1
        project.place(project.root / "out" / "a.png", "key", written)
    assert 0.85 * most <= len(kept) <= most


def test_full_disk_is_reported_by_the_lock(project, monkeypatch):
    def full(path, flags):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("stylize.project.lock.no_follow", full)
    with pytest.raises(OutputError, match=r"project\.lock cannot be written: the disk is full"), project.locked():
        pass
