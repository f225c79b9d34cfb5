"""Unforeseen errors: one line for the user, and a report that names no file of theirs."""

import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import cli
import stylize
from stylize.crash_report import FOLDER, KEPT, crash_report, write_crash_report

WORDS = ["secret/film.mov", "--style=/home/ann/look v2.png", "--prompt", "a castle", "-o", "out.####.png"]


def failure(*_: object, **__: object) -> None:
    raise ValueError("cannot read '/home/ann/look v2.png' or /srv/secret/other.exr at 1/2")


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / FOLDER


def test_unforeseen_error_is_one_line_with_a_report(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stylize, "run", failure)
    with pytest.raises(SystemExit) as ended:
        cli.main(WORDS)
    assert ended.value.code == cli.FAILED
    (report,) = reports.iterdir()
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "ValueError: cannot read" in printed
    assert f"attach {report} to a bug report" in printed
    assert "failure" in report.read_text(encoding="utf-8")


def test_report_holds_versions_words_and_traceback_but_no_path_of_the_user() -> None:
    try:
        failure()
    except ValueError as error:
        text = crash_report(error, WORDS)
    assert text.startswith(f"stylize, version {version('stylize')}")
    assert "a castle" in text
    assert re.search(r"ValueError: cannot read '<path \d>.png' or <path \d>.exr at 1/2", text)
    assert not re.search(r"film|\bann\b|look|secret|other|out\.", text)
    # The same path has the same number.
    (style,) = re.findall(r"--style=(<path \d>.png)", text)
    assert f"cannot read '{style}'" in text
    assert str(Path(sys.prefix)) not in text
    assert str(Path(__file__).parents[1]) not in text


def test_report_holds_the_settings_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "film.stylize"
    project.mkdir()
    (project / "project.toml").write_text(f'shot = "{tmp_path}/film.mov"\nseed = 7\n', encoding="utf-8")
    text = crash_report(ValueError("x"), [str(tmp_path / "film.mov")])
    assert "seed = 7" in text
    assert str(tmp_path) not in text


def test_old_reports_are_removed(reports: Path) -> None:
    reports.mkdir(parents=True)
    for number in range(KEPT + 5):
        (reports / f"crash-20200101T{number:06}-1.txt").write_text("old")
    assert write_crash_report(ValueError("x"), []) in set(reports.iterdir())
    assert len(list(reports.iterdir())) == KEPT


def test_without_a_writable_folder_the_line_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_text("")
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(stylize, "run", failure)
    with pytest.raises(SystemExit):
        cli.main(["a.mov"])
    assert "report it with this line" in capsys.readouterr().err
