"""The table of a plan reads back as written or edited; mistakes are reported by line."""

from dataclasses import replace
from pathlib import Path

import pytest

from stylize.errors import PlanError
from stylize.keys.key_choice import KeyChoice
from stylize.planning.keys_csv import Row, parse_choices, parse_keys, read_choices, read_keys, table, with_cells

FRAMES = range(1, 7)
ROWS = [
    Row(1 if frame < 4 else 2, frame, f"00:00:00:{frame:02d}", 0.9, "new, at last" if frame in (1, 4) else None)
    for frame in FRAMES
]


def test_written_table_is_read_back() -> None:
    text = table(ROWS)
    assert text.splitlines()[0] == "shot,frame,timecode,coverage,key,reason,seed,prompt,pick,lock"
    assert text.splitlines()[1] == '1,1,00:00:00:01,0.900,1,"new, at last",,,,'
    assert text.splitlines()[2] == "1,2,00:00:00:02,0.900,,,,,,"
    assert parse_keys(text, FRAMES) == (1, 4)


@pytest.mark.parametrize("word", ["x", "X", "1", "yes", "TRUE"])
def test_various_marks_select_a_frame(word: str) -> None:
    assert parse_keys(table(ROWS).replace("00:00:00:02,0.900,,", f"00:00:00:02,0.900,{word},"), FRAMES) == (1, 2, 4)


def test_spreadsheet_changes_of_separators_columns_and_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    path.write_bytes("\ufeffKey;Note;Frame\r\nx;why, oh;2\r\n;;3\r\n;;\r\n0;a;5\r\n".encode())
    assert read_keys(path, FRAMES, is_partial=False) == (2,)
    path.write_text("frame\tkey\n6\t1\n")
    assert read_keys(path, FRAMES, is_partial=False) == (6,)


def test_rows_of_frames_outside_the_run_are_ignored() -> None:
    assert parse_keys("frame,key\n3,x\n99,x\n", FRAMES, is_partial=True) == (3,)
    with pytest.raises(
        PlanError, match=r"^line 3, column frame: 99 is not one of the frames to process, the shot has 1 to 6"
    ):
        parse_keys("frame,key\n3,x\n99,\n", FRAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the header shot,frame"),
        ("frame,note\n1,x\n", "line 1: expected a column 'key'"),
        ("frame,key\n1,x\ntwo,x\n", "line 3, column frame: .*'two'"),
        ("frame,key\n1,x\n-2,x\n", "line 3, column frame: -2 is not one of the frames"),
        ("frame,key\n1,x\n2,perhaps\n", "line 3, column key: .*'perhaps'"),
        ("frame,key\n1,x\n1,\n", "line 3, column frame: 1 is already in line 2"),
        ("frame,key\n1,x\n2\n", "line 3: expected 2 columns or more, found 1"),
        ("frame,key\n1,\n2,0\n", "column key: no frame of the shot is marked"),
        ('frame,key,reason\n1,x,"two\nlines"\n7,x,\n', "line 4, column frame: 7"),
    ],
)
def test_mistake_is_reported_by_line_and_column(text: str, message: str) -> None:
    with pytest.raises(PlanError, match=f"^{message}") as error:
        parse_keys(text, FRAMES)
    assert "\n" not in str(error.value)


def test_file_that_is_not_a_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"none\.csv: expected the table of a plan"):
        read_keys(tmp_path / "none.csv", FRAMES, is_partial=False)
    (tmp_path / "keys.csv").write_bytes(b"frame,key\n1,\xff\n")
    with pytest.raises(PlanError, match=r"keys\.csv: expected CSV in UTF-8"):
        read_keys(tmp_path / "keys.csv", FRAMES, is_partial=False)
    (tmp_path / "keys.csv").write_bytes(b"frame,key\n9,x\n")
    with pytest.raises(PlanError, match=r"keys\.csv, line 2, column frame"):
        read_keys(tmp_path / "keys.csv", FRAMES, is_partial=False)


def test_choices_are_written_and_read_back() -> None:
    choice = KeyChoice(7, "a fox, at night", 3, lock=True)
    text = table([*ROWS[:3], replace(ROWS[3], choice=choice), *ROWS[4:]])
    assert parse_choices(text, FRAMES) == {4: replace(choice, origin="line 5")}
    assert parse_keys(text, FRAMES) == (1, 4)
    assert parse_choices("shot,frame,timecode,coverage,key,reason\n1,4,x,1,1,new\n", FRAMES) == {}
    assert parse_choices("Frame;LOCK\n4;no\n5;X\n", FRAMES) == {5: KeyChoice(lock=True, origin="line 3")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame,seed\n4,-1\n", "line 2, column seed: expected a whole number from 0 to 2147483647.*'-1'"),
        ("frame,pick\n4,0\n", "line 2, column pick: expected a whole number from 1 to 16.*'0'"),
        ("frame,pick\n4,17\n", "line 2, column pick"),
        ("frame,pick\n4,two\n", "line 2, column pick.*'two'"),
        ("frame,lock\n4,maybe\n", "line 2, column lock.*'maybe'"),
        ("frame,pick\n4,1\n4,2\n", "line 3, column frame: 4 is already in line 2"),
        ("frame,pick\n9,1\n", "line 2, column frame: 9 is not one of the frames"),
        ("pick\n1\n", "line 1: expected a column 'frame'"),
    ],
)
def test_invalid_choice_is_reported_by_line_and_column(text: str, message: str) -> None:
    with pytest.raises(PlanError, match=rf"^{message}"):
        parse_choices(text, FRAMES)


def test_rows_without_choices_and_of_other_frames_are_ignored() -> None:
    assert parse_choices("frame,pick,lock\n99,,\n4,2,\n", FRAMES) == {4: KeyChoice(pick=2, origin="line 3")}
    assert parse_choices("frame,pick\n99,1\n", FRAMES, is_partial=True) == {}


def test_changed_cells_leave_everything_else_as_it_was() -> None:
    text = 'frame\tnote\n4\t"two\nlines"\n\n6\n'
    changed = with_cells(text, {4: {"pick": "2"}, 5: {"pick": "3", "lock": "1"}})
    assert changed == 'frame\tnote\tpick\tlock\n4\t"two\nlines"\t2\t\n\n6\t\t\t\n5\t\t3\t1\n'
    found = parse_choices(changed, FRAMES)
    assert (found[4].pick, found[5].pick, found[5].lock) == (2, 3, True)
    assert with_cells("", {4: {"pick": "2"}}) == "frame,key,seed,prompt,pick,lock\n4,1,,,2,\n"


def test_table_of_unreasonable_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    with path.open("wb") as file:
        file.truncate((1 << 28) + 1)
    with pytest.raises(PlanError, match="expected a table of at most 256 MiB"):
        read_choices(path)
