import pytest

from stylize.errors import OutputError, ProjectError, SettingsError
from stylize.project import Project, fingerprint, is_project, read_asked
from stylize.settings import Settings


def text(value):
    return lambda path: path.write_text(value)


def test_a_file_is_fresh_only_under_its_fingerprint_and_with_its_contents(tmp_path):
    project = Project(tmp_path / "a.stylize")
    path = project.folder("keys") / "a.0001.png"
    project.place(path, "one", text("ours"))
    assert project.fresh(path, "one")
    assert not project.fresh(path, "two")
    path.write_text("a person's")
    assert not project.fresh(path, "one")
    assert not project.ours(path)


def test_what_was_done_is_known_to_the_next_run(tmp_path):
    project = Project(tmp_path / "a.stylize")
    path = project.folder("out") / "a.0001.png"
    path.write_text("frame")
    project.record(path, "mark")
    project.remember("cuts", "mark", [4])
    again = Project(tmp_path / "a.stylize")
    assert again.fresh(path, "mark")
    assert again.recall("cuts", "mark") == [4]
    assert again.recall("cuts", "other") is None


def test_a_key_left_by_a_kill_between_its_note_and_its_name_is_still_ours(tmp_path, monkeypatch):
    project = Project(tmp_path / "a.stylize")
    path = project.folder("keys") / "a.0001.png"
    project.place(path, "one", text("first"))

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        project.place(path, "two", text("second"))
    monkeypatch.undo()
    again = Project(tmp_path / "a.stylize")
    assert again.ours(path)


def test_somebody_elses_folder_is_not_taken(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ProjectError, match="--project"):
        Project(tmp_path)
    with pytest.raises(ProjectError, match="is a file"):
        Project(tmp_path / "note.txt")
    with pytest.raises(OutputError, match="--project"):
        Project(tmp_path / "note.txt" / "a.stylize")


def test_two_runs_do_not_write_at_once(tmp_path):
    first, second = Project(tmp_path / "a.stylize"), Project(tmp_path / "a.stylize")
    with first.locked(), pytest.raises(ProjectError, match="another run"), second.locked():
        pass
    with second.locked():
        pass


@pytest.mark.parametrize("broken", ["{", "[]", '{"version": 99}'])
def test_a_damaged_state_says_what_to_do(tmp_path, broken):
    Project(tmp_path / "a.stylize").save()
    (tmp_path / "a.stylize" / "state.json").write_text(broken)
    with pytest.raises(ProjectError, match="delete it"):
        Project(tmp_path / "a.stylize")


def test_settings_are_kept_and_read_again(tmp_path):
    project = Project(tmp_path / "a.stylize")
    assert not is_project(project.root)
    asked = Settings(style=tmp_path / "ref.png", keyframes=(1, 5), overwrite=True)
    project.write_settings(tmp_path / "shot.mp4", asked, "1")
    assert is_project(project.root)
    shot, kept = read_asked(project.root)
    assert shot == tmp_path / "shot.mp4"
    assert kept == Settings(style=tmp_path / "ref.png", keyframes=(1, 5))


@pytest.mark.parametrize(
    ("written", "error"),
    [("shot = [", ProjectError), ("x = 1", ProjectError), ('shot = "a"\n[settings]\nstile = "b"', SettingsError)],
)
def test_a_damaged_project_file_is_an_error(tmp_path, written, error):
    (tmp_path / "project.toml").write_text(written)
    with pytest.raises(error, match=r"project.toml"):
        read_asked(tmp_path)


def test_fingerprints_tell_every_part_apart():
    marks = {fingerprint(*parts) for parts in [(1, 2), (12,), (2, 1), ("1", 2), ([1, 2],), (1, 2, None)]}
    assert len(marks) == 6
