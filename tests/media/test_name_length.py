"""File names that are too long are refused before any work."""

from pathlib import Path

import pytest

import stylize
from stylize.errors import OutputError, ShotError
from stylize.media.images import write_image
from stylize.media.name_length import check_input_name, check_result_name
from stylize.media.targets import parse_target
from tests.sliding import scene

PICTURES = scene(2)


@pytest.mark.parametrize("kind", ["sequence", "pattern", "single", "accents"])
def test_longest_file_name_is_refused_before_any_work(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    name = "é" * 123 + "a" if kind == "accents" else "a" * 246
    for frame, pixels in enumerate(PICTURES, 1):
        write_image(tmp_path / "short.png", pixels)
        (tmp_path / "short.png").rename(tmp_path / f"in/{name[:-1]}.{frame:04d}.png")
    shot = {"pattern": tmp_path / f"in/{name[:-1]}.####.png", "single": tmp_path / f"in/{name[:-1]}.0001.png"}
    with pytest.raises(ShotError, match=r"its name has 24\d bytes, expected at most 191, .*; rename it") as error:
        stylize.plan(shot.get(kind, tmp_path / "in"), style=tmp_path / "in")
    assert len(str(error.value)) < 250
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_longest_allowed_names_pass(tmp_path: Path) -> None:
    check_input_name(tmp_path / "a.mov", "a" * 191, tmp_path / "new/p.stylize")
    with pytest.raises(ShotError, match="192 bytes"):
        check_input_name(tmp_path / "a.mov", "a" * 192, tmp_path / "new/p.stylize")
    check_result_name(parse_target(f"{tmp_path}/{'a' * 231}.mp4", "x"), 1)
    with pytest.raises(OutputError, match=r"-o aaa.*236 bytes, expected at most 235; choose a shorter one"):
        check_result_name(parse_target(f"{tmp_path}/{'a' * 232}.mp4", "x"), 1)
    with pytest.raises(OutputError, match="-o aaa"):
        check_result_name(parse_target(f"{tmp_path}/{'a' * 230}.####.png", "x"), 1)
