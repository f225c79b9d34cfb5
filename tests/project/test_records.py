"""Records of tasks: lines that are appended, read again by whoever goes on, and never in the way when damaged."""

import os
from pathlib import Path

import pytest

from stylize.errors import OutputError
from stylize.project import Project
from stylize.project.records import Recorder, Records
from tests import forbidden


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shot.stylize")


def made(project: Project, name: str = "a.png", text: str = "ours") -> Path:
    path = project.folder("out") / name
    path.write_text(text)
    return path


def test_what_another_process_records_is_known_after_a_reload(project: Project) -> None:
    path = made(project)
    Recorder(project.root, "span:0002").record(path, "key")
    assert not project.ours(path)
    project.reload("span:0002")
    assert project.fresh(path, "key")
    assert Project(project.root).fresh(path, "key")


def test_tasks_write_files_of_their_own(project: Project) -> None:
    first, second = made(project, "a.png"), made(project, "b.png")
    project.during("keys:0001").record(first, "one")
    project.during("span:0002").record(second, "two")
    names = {path.name for path in (project.root / "state").glob("*.jsonl")}
    assert names == {"keys.0001.jsonl", "span.0002.jsonl"}
    assert project.fresh(first, "one")
    assert project.fresh(second, "two")


def test_lines_that_are_cut_off_or_misshapen_count_for_nothing(project: Project) -> None:
    path = made(project)
    project.during("span:0002").record(path, "key")
    record = project.root / "state/span.0002.jsonl"
    whole = record.read_text()
    deep = "[" * 100_000
    record.write_text(f'5\n["x"]\n{{"file": 3}}\n{{"fact": "x"}}\n{deep}\nnull\n\ufffd\n{{"fi\n{whole}{{"file": "b.p')
    later = Project(project.root)
    assert later.fresh(path, "key")
    other = made(later, "b.png")
    later.during("span:0002").record(other, "key")
    assert Project(project.root).fresh(other, "key")


def test_the_latest_contents_are_the_fresh_ones_and_earlier_ones_still_ours(project: Project) -> None:
    path = made(project, text="first")
    project.record(path, "one")
    path.write_text("second")
    project.record(path, "two")
    assert project.fresh(path, "two")
    assert not project.fresh(path, "one")
    path.write_text("first")
    assert project.ours(path)
    assert not project.fresh(path, "two")


def test_records_of_tasks_that_are_no_more_are_merged(project: Project) -> None:
    paths = [made(project, f"{number}.png") for number in range(3)]
    for number, path in enumerate(paths):
        project.during(f"span:000{number}").record(path, "key")
    project.during("keys:0001").record(paths[0], "other")
    project.retire("span", ["span:0001"])
    names = {path.name for path in (project.root / "state").glob("*.jsonl")}
    assert names == {"keys.0001.jsonl", "retired.jsonl", "span.0001.jsonl"}
    later = Project(project.root)
    assert all(later.fresh(path, "key") for path in paths)


def test_a_record_that_says_everything_many_times_is_rewritten(project: Project) -> None:
    path = made(project)
    with project.locked():
        for number in range(300):
            project.remember("fact", f"key {number}", number)
        project.record(path, "key")
    lines = (project.root / "state/session.jsonl").read_text().splitlines()
    assert len(lines) == 2
    later = Project(project.root)
    assert later.fresh(path, "key")
    assert later.recall("fact", "key 299") == 299


def test_a_file_is_not_read_again_while_its_size_and_time_are_those_that_were_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(project)
    Recorder(project.root, "span:0002").record(path, "key")
    monkeypatch.setattr("stylize.project.digests.digest_of", lambda path: pytest.fail(f"{path} was read"))
    assert Project(project.root).fresh(path, "key")
    monkeypatch.undo()
    path.write_text("else")
    os.utime(path, ns=(1, 1))
    assert not Project(project.root).fresh(path, "key")


def test_a_damaged_cache_of_digests_costs_time_alone(project: Project) -> None:
    path = made(project)
    with project.locked():
        project.record(path, "key")
    for text in ("{", "[]", '{"a": 3}', "\x00"):
        (project.root / "state/digests.json").write_text(text)
        assert Project(project.root).fresh(path, "key")


def test_claims_hold_until_the_next_claim_of_the_task(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    delivery = project.during("delivery")
    delivery.claim([target])
    assert Project(project.root).may_replace(target)
    project.during("span:0002").claim([])
    assert Project(project.root).may_replace(target)
    delivery.claim([])
    assert not Project(project.root).may_replace(target)


@forbidden.needs_permissions
def test_a_record_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from stylize.project.records import Records\n"
        "Records(pathlib.Path(sys.argv[1])).append('span:1', {'claims': []})"
    )
    folder = tmp_path / "state"
    folder.mkdir(0o500)
    told = forbidden.python("-c", code, folder).stderr
    assert "OutputError" in told
    assert "state does not allow it" in told
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        Records(tmp_path / "file").append("span:1", {"claims": []})


@pytest.mark.parametrize("status", ['["x", "y"]', "[1, null]", "7"])
def test_damaged_digests_only_cost_time(tmp_path, status):
    root = tmp_path / "p.stylize"
    with Project(root).locked():
        pass
    line = '{"file": "keys/a.png", "key": "k", "digests": ["a"], "status": %s}'
    (root / "state").mkdir(exist_ok=True)
    (root / "state/keys.jsonl").write_text(f"{line % status}\n{line % '[1, 2]'}\n")
    for damage in ('{"/a": [1, "x", "y"]}', "[" * 100_000, "{"):
        (root / "state/digests.json").write_text(damage)
        Project(root)
