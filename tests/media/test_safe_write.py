"""Atomic writes: files appear complete or not at all, and never through a link."""

from pathlib import Path

import pytest

from stylize.errors import OutputError
from stylize.media import safe_write
from stylize.media.safe_write import atomic_write

TEMPORARY = {True: ".shot.0001.stylize-partial.png", False: ".shot.0001.png.stylize-partial"}
BOTH = pytest.mark.parametrize("keep_suffix", [True, False])


def write(target: Path, *, keep_suffix: bool = False) -> None:
    with atomic_write(target, keep_suffix=keep_suffix) as partial:
        assert partial.name == TEMPORARY[keep_suffix]
        partial.write_bytes(b"new")


@BOTH
def test_stale_temporary_file_is_replaced(tmp_path: Path, keep_suffix: bool) -> None:
    (tmp_path / TEMPORARY[keep_suffix]).write_bytes(b"half")
    write(tmp_path / "shot.0001.png", keep_suffix=keep_suffix)
    assert [path.name for path in tmp_path.iterdir()] == ["shot.0001.png"]


@BOTH
def test_hard_link_with_the_temporary_name_is_not_written_through(tmp_path: Path, keep_suffix: bool) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / TEMPORARY[keep_suffix]).hardlink_to(tmp_path / "mine.png")
    write(tmp_path / "shot.0001.png", keep_suffix=keep_suffix)
    assert (tmp_path / "mine.png").read_bytes() == b"mine"


@BOTH
@pytest.mark.parametrize("exists", [True, False])
def test_link_with_the_temporary_name_is_refused_and_kept(tmp_path: Path, keep_suffix: bool, exists: bool) -> None:
    folder, mine = tmp_path / "out", tmp_path / "mine.png"
    folder.mkdir()
    if exists:
        mine.write_bytes(b"mine")
    (folder / TEMPORARY[keep_suffix]).symlink_to(mine)
    with pytest.raises(OutputError, match=r"stylize-partial\S* is a symbolic link, expected .*; remove it$"):
        write(folder / "shot.0001.png", keep_suffix=keep_suffix)
    assert [path.name for path in folder.iterdir()] == [TEMPORARY[keep_suffix]]
    assert mine.exists() == exists
    assert not exists or mine.read_bytes() == b"mine"


def test_folder_with_the_temporary_name_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / TEMPORARY[False]).mkdir()
    with pytest.raises(OutputError, match="stylize-partial is a folder, expected"):
        write(tmp_path / "shot.0001.png")
    assert [path.name for path in tmp_path.iterdir()] == [TEMPORARY[False]]


def test_link_with_the_final_name_is_replaced_and_its_target_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / "shot.0001.png").symlink_to("mine.png")
    write(tmp_path / "shot.0001.png")
    assert not (tmp_path / "shot.0001.png").is_symlink()
    assert (tmp_path / "shot.0001.png").read_bytes() == b"new"
    assert (tmp_path / "mine.png").read_bytes() == b"mine"


def test_file_that_is_open_elsewhere_is_replaced_once_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, a file that another program has open cannot be replaced."""
    waited: list[float] = []
    replace = Path.replace

    def refuse_twice(self: Path, target: Path) -> Path:
        if len(waited) < 2:
            raise PermissionError(13, "in use")
        return replace(self, target)

    monkeypatch.setattr(safe_write, "_WAITS", (0.1, 0.2, 0.4))
    monkeypatch.setattr(safe_write.time, "sleep", waited.append)
    monkeypatch.setattr(Path, "replace", refuse_twice)
    write(tmp_path / "shot.0001.png")
    assert (tmp_path / "shot.0001.png").read_bytes() == b"new"
    assert waited == [0.1, 0.2]


def test_file_that_stays_open_elsewhere_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "in use")

    (tmp_path / "shot.0001.png").write_bytes(b"old")
    monkeypatch.setattr(safe_write, "_WAITS", (0.0,))
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "shot.0001.png")
    assert [path.name for path in tmp_path.iterdir()] == ["shot.0001.png"]
    assert (tmp_path / "shot.0001.png").read_bytes() == b"old"
