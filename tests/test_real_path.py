"""Symbolic links that form a loop are reported like any path that cannot be opened."""

import re
from pathlib import Path

import pytest

import stylize
from stylize.errors import StylizeError
from stylize.media.images import write_image
from stylize.real_path import real_path
from tests.clips import picture

ROOT = Path(__file__).parents[1]


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    return tmp_path / "loop"


def test_path_equals_that_of_resolve_except_for_loops(tmp_path: Path, loop: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    for path in (tmp_path / "link" / "a", tmp_path / "link" / ".." / "b", Path(), Path("/")):
        assert real_path(path) == path.resolve()
    assert real_path(loop / "a") == loop / "a"


@pytest.mark.slow
@pytest.mark.parametrize(
    "option", ["shot", "style", "keys", "matte", "guide", "output", "project", "preset", "like", "vectors", "depth"]
)
def test_loop_is_an_error_of_one_line(tmp_path: Path, loop: Path, option: str) -> None:
    for number in (1, 2):
        write_image(tmp_path / f"plate.{number}.png", picture(number))
    write_image(tmp_path / "style.png", picture(3))
    settings: dict[str, object] = {"style": tmp_path / "style.png", "project": tmp_path / "a.stylize", "rate": 24}
    value = f"{loop}/a.####.png" if option in ("output", "matte", "guide", "vectors", "depth") else loop
    shot = loop if option == "shot" else tmp_path / "plate.#.png"
    named = {"keys": {"keys": loop, "style": None}, "depth": {"depth": value, "export": "passes"}}
    settings |= {} if option == "shot" else named.get(option, {option: value})
    with pytest.raises((StylizeError, OSError)) as caught:
        stylize.run(shot, **settings)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_package_resolves_paths_in_one_way() -> None:
    for path in (ROOT / "stylize").rglob("*.py"):
        assert not re.search(r"\.resolve\(\)", path.read_text(encoding="utf-8")), path
