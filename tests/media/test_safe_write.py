"""Atomic writes: files appear complete or not at all, and never through a link."""

from pathlib import Path

import pytest

from stylize.errors import OutputError
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
