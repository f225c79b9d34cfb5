"""Temporary files of killed runs: the next run removes them, and nothing else."""

from pathlib import Path

import pytest

from stylize.project import Project


@pytest.mark.parametrize("folder", ["", "out", "mask/layers", "layers/front/passes/error", "state"])
def test_next_run_removes_stale_temporary_files(tmp_path: Path, folder: str) -> None:
    project = Project(tmp_path / "shot.stylize")
    place = project.root / folder
    place.mkdir(parents=True, exist_ok=True)
    left = [place / ".shot.0003.png.stylize-partial", place / ".shot.0003.stylize-partial.png"]
    mine = [place / "shot.0003.stylize-partial.png", place / ".shot.0003.png", place / ".notes.partial"]
    for path in (*left, *mine):
        path.write_bytes(b"x")
    elsewhere = tmp_path / "mine.png"
    elsewhere.write_bytes(b"x")
    with project.locked():
        assert not any(path.exists() for path in left)
    assert all(path.exists() for path in (*mine, elsewhere))
