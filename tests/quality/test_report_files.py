"""Files of a report: replaced if a report wrote them, kept otherwise."""

from pathlib import Path

import pytest

import stylize
from stylize.errors import OutputError
from tests.clips import picture, write_movie


@pytest.fixture
def project(tmp_path: Path, style: Path) -> Path:
    shot = write_movie(tmp_path / "shot.mp4", [picture(index, (64, 36)) for index in range(2)])
    return stylize.run(shot, style=style).project


@pytest.mark.slow
def test_report_replaces_earlier_reports_but_no_foreign_file(project: Path) -> None:
    pages = stylize.report(project)
    first = [path.read_bytes() for path in pages]
    assert stylize.report(project) == pages
    for path, content in zip(pages, first, strict=True):
        for mine in (content + b"<!-- a note -->", b"mine"):
            path.write_bytes(mine)
            with pytest.raises(OutputError, match=f"{path.name} was changed by hand, or is not a report; move"):
                stylize.report(project)
            assert path.read_bytes() == mine
        path.unlink()
    assert [path.read_bytes() for path in stylize.report(project)] == first


@pytest.mark.slow
def test_unrecorded_report_of_an_earlier_version_is_replaced(project: Path) -> None:
    content = [path.read_bytes() for path in stylize.report(project)]
    for record in (project / "state").glob("*.jsonl"):
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(line for line in lines if "report." not in line))
    assert [path.read_bytes() for path in stylize.report(project)] == content
