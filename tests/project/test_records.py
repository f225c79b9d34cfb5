"""Records of tasks: appended lines that later runs read, and that never block a run when damaged."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stylize.errors import OutputError
from stylize.media.safe_write import atomic_write
from stylize.project import Project
from stylize.project.records import Recorder, Records
from tests import forbidden


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shot.stylize")


def made(project: Project, key: str = "key", name: str = "a.png", text: str = "ours") -> Path:
    path = project.folder("out") / name
    project.place(path, key, lambda partial: partial.write_text(text) and None)
    return path


def made_by(recorder: Recorder, path: Path, key: str = "key", text: str = "ours") -> Path:
    with atomic_write(path, seal=recorder.seal(key)) as partial:
        partial.write_text(text)
    return path


def test_records_of_another_process_are_known_after_a_reload(project: Project) -> None:
    path = made_by(Recorder(project.root, "span:0002"), project.folder("out") / "a.png")
    assert not project.ours(path)
    project.reload("span:0002")
    assert project.fresh(path, "key")
    assert Project(project.root).fresh(path, "key")


def test_each_task_has_its_own_record(project: Project) -> None:
    first = made(project.during("keys:0001"), "one", "a.png")
    second = made(project.during("span:0002"), "two", "b.png")
    names = {path.name for path in (project.root / "state").glob("*.jsonl")}
    assert names == {"keys.0001.jsonl", "span.0002.jsonl"}
    assert project.fresh(first, "one")
    assert project.fresh(second, "two")


def test_truncated_and_malformed_lines_are_ignored(project: Project) -> None:
    path = made(project.during("span:0002"))
    record = project.root / "state/span.0002.jsonl"
    whole = record.read_text()
    deep = "[" * 100_000
    record.write_text(f'5\n["x"]\n{{"file": 3}}\n{{"fact": "x"}}\n{deep}\nnull\n\ufffd\n{{"fi\n{whole}{{"file": "b.p')
    later = Project(project.root)
    assert later.fresh(path, "key")
    other = made(later.during("span:0002"), name="b.png")
    assert Project(project.root).fresh(other, "key")


def test_latest_contents_are_fresh_and_earlier_ones_are_ours(project: Project) -> None:
    path = made(project, "one", text="first")
    made(project, "two", text="second")
    assert project.fresh(path, "two")
    assert not project.fresh(path, "one")
    path.write_text("first")
    assert project.ours(path)
    assert not project.fresh(path, "two")


def test_records_of_retired_tasks_are_merged(project: Project) -> None:
    paths = [made(project.during(f"span:000{number}"), name=f"{number}.png") for number in range(3)]
    project.during("keys:0001").relabel(paths[0], "other")
    project.retire("span", ["span:0001"])
    names = {path.name for path in (project.root / "state").glob("*.jsonl")}
    assert names == {"keys.0001.jsonl", "retired.jsonl", "span.0001.jsonl"}
    later = Project(project.root)
    assert all(later.fresh(path, "key") for path in paths)


def test_redundant_record_is_compacted(project: Project) -> None:
    with project.locked():
        for number in range(300):
            project.remember("fact", f"key {number}", number)
        path = made(project)
    lines = (project.root / "state/session.jsonl").read_text().splitlines()
    assert len(lines) == 2
    later = Project(project.root)
    assert later.fresh(path, "key")
    assert later.recall("fact", "key 299") == 299


def test_file_with_recorded_status_is_not_read_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made_by(Recorder(project.root, "span:0002"), project.folder("out") / "a.png")
    monkeypatch.setattr("stylize.project.digests.digest_of", lambda path: pytest.fail(f"{path} was read"))
    assert Project(project.root).fresh(path, "key")
    monkeypatch.undo()
    path.write_text("else")
    os.utime(path, ns=(1, 1))
    assert not Project(project.root).fresh(path, "key")


def test_damaged_digest_cache_is_ignored(project: Project) -> None:
    with project.locked():
        path = made(project)
    for text in ("{", "[]", '{"a": 3}', "\x00"):
        (project.root / "state/digests.json").write_text(text)
        assert Project(project.root).fresh(path, "key")


def test_file_is_recorded_before_its_rename(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    path = project.folder("out") / "a.png"
    recorder = Recorder(project.root, "span:0002")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            made_by(recorder, path)
    path.write_text("ours")  # the file that the rename would have made
    assert Project(project.root).fresh(path, "key")


def test_threads_of_a_worker_wait_for_loading_records(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path, load = made(project), Records.load

    def slowly(self: Records) -> None:
        time.sleep(0.2)
        load(self)

    monkeypatch.setattr(Records, "load", slowly)
    recorder = Recorder(project.root, "span:0002")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(recorder.is_changed, [path] * 4)) == [False] * 4


def test_worker_recognises_an_edited_file(project: Project) -> None:
    path = made(project)
    assert not Recorder(project.root, "span:0002").is_changed(path)
    path.write_text("theirs")
    assert Recorder(project.root, "span:0002").is_changed(path)
    path.unlink()
    assert not Recorder(project.root, "span:0002").is_changed(path)


@pytest.mark.slow
@forbidden.needs_permissions
def test_unwritable_record_is_reported(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from stylize.project.records import Records\n"
        "Records(pathlib.Path(sys.argv[1])).append('span:1', {'fact': 'a', 'key': 'b', 'value': 1})"
    )
    folder = tmp_path / "state"
    folder.mkdir(0o500)
    stderr = forbidden.python("-c", code, folder).stderr
    assert "OutputError" in stderr
    assert "state does not allow it" in stderr
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        Records(tmp_path / "file").append("span:1", {"fact": "a", "key": "b", "value": 1})


@pytest.mark.parametrize("status", ['["x", "y"]', "[1, null]", "7", "[1, 2]", "[1, 2, 3, 4, null]"])
def test_damaged_digests_are_recomputed(tmp_path, status):
    root = tmp_path / "p.stylize"
    with Project(root).locked():
        pass
    line = '{"file": "keys/a.png", "key": "k", "digests": ["a"], "status": %s}'
    (root / "state").mkdir(exist_ok=True)
    (root / "state/keys.jsonl").write_text(f"{line % status}\n{line % '[1, 2]'}\n")
    for damage in ('{"/a": [1, "x", "y"]}', "[" * 100_000, "{"):
        (root / "state/digests.json").write_text(damage)
        Project(root)
