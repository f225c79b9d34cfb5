"""The grammar of numbered frames."""

from pathlib import Path

import pytest

from stylize.errors import FrameRangeError, SequenceError, SettingsError
from stylize.media.sequences import (
    base_name,
    check_no_gaps,
    find_numbered,
    find_sequence,
    format_frames,
    frame_number,
    parse_pattern,
    parse_range,
)


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("7", (7,)),
        ("3-5", (3, 4, 5)),
        ("2-8x3", (2, 5, 8)),
        ("2-9x3", (2, 5, 8)),
        ("1-3, 9", (1, 2, 3, 9)),
        ("9,2-4,3", (2, 3, 4, 9)),
    ],
)
def test_ranges(text: str, chosen: tuple[int, ...]) -> None:
    assert parse_range(text).select(range(1, 11)) == chosen


@pytest.mark.parametrize("text", ["", "a", "1-", "-3", "5-2", "1-4x0", "1;2", "1-2-3", "²", "1,,2", "7x2"])
def test_ranges_that_cannot_be_read(text: str) -> None:
    with pytest.raises(SettingsError, match="frames"):
        parse_range(text)


@pytest.mark.parametrize("text", ["1000", "1001-1101", "2000-3000", "5", "1001-9999999999999"])
def test_a_range_outside_the_shot_names_what_exists(text: str) -> None:
    with pytest.raises(FrameRangeError, match="1001-1100"):
        parse_range(text).select(range(1001, 1101))


def test_a_range_over_a_gap_names_what_is_absent() -> None:
    with pytest.raises(FrameRangeError, match=r"frames 3-4 were .* are 1-2, 5-6"):
        parse_range("1-6").select([1, 2, 5, 6])


def test_frames_are_spelt_in_short() -> None:
    assert format_frames([5, 1, 2, 3]) == "1-3, 5"
    assert format_frames(range(0, 100, 2)).endswith("and 44 more")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("in/plate.####.png", "plate.0007.png"),
        ("in/plate.%04d.png", "plate.0007.png"),
        ("in/plate.%d.exr", "plate.7.exr"),
        ("in/plate_@_left.TIF", "plate_7_left.TIF"),
        ("in/a#b.######.jpg", "a#b.000007.jpg"),
        ("in/@@@.png", "007.png"),
    ],
)
def test_patterns(text: str, name: str) -> None:
    pattern = parse_pattern(text)
    assert pattern is not None
    assert pattern.path(7) == Path("in") / name
    assert pattern.match(name) == 7


@pytest.mark.parametrize("text", ["me@home.mp4", "take #3.mov", "in/plate.png", "####", "in.####/a.png", ""])
def test_what_is_no_pattern(text: str) -> None:
    assert parse_pattern(text) is None


def test_a_pattern_matches_its_own_digits_only() -> None:
    pattern = parse_pattern("a.####.png")
    assert pattern is not None
    assert pattern.path(123456).name == "a.123456.png"
    matches = [pattern.match(f"a.{digits}.png") for digits in ("0001", "12345", "00012", "12", "", "x001", "١٢٣٤")]
    assert matches == [1, 12345, None, None, None, None, None]


def test_numbers_and_clean_names() -> None:
    assert [frame_number(Path(name)) for name in ("v2_0010.png", "1001.exr", "hill.png")] == [10, 1001, None]
    names = ("shot.mp4", "plate.1001.png", "v2_0010_left.png", "a.b.mov", "1001.png")
    assert [base_name(Path(name)) for name in names] == ["shot", "plate", "v2", "a.b", ""]


def test_a_folder_with_one_sequence(tmp_path: Path) -> None:
    touch(tmp_path, "plate.1010.png", "plate.1001.png", "plate.1002.png", "notes.txt", "._plate.1001.png")
    (tmp_path / "old").mkdir()
    assert {number: file.name for number, file in find_sequence(tmp_path).items()} == {
        1001: "plate.1001.png",
        1002: "plate.1002.png",
        1010: "plate.1010.png",
    }
    assert list(find_sequence(tmp_path)) == [1001, 1002, 1010]


def test_a_pattern_chooses_among_sequences(tmp_path: Path) -> None:
    touch(tmp_path, "left.0001.png", "left.0002.png", "right.0001.png", "thumbnail.png")
    assert list(find_sequence(tmp_path / "left.####.png")) == [1, 2]
    assert list(find_sequence(str(tmp_path / "right.%04d.png"))) == [1]
    with pytest.raises(SequenceError, match=r"middle\.####\.png: no file of this pattern"):
        find_sequence(tmp_path / "middle.####.png")


def test_two_sequences_in_one_folder_are_listed(tmp_path: Path) -> None:
    touch(tmp_path, "left.0001.png", "right.0001.png")
    with pytest.raises(SequenceError, match=r"found 2 \(left\.#\.png, right\.#\.png\)"):
        find_sequence(tmp_path)


def test_two_files_for_one_number_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.1.png", "a.01.png")
    for find in (find_sequence, find_numbered):
        with pytest.raises(SequenceError, match=r"a\.01\.png and a\.1\.png are both frame 1"):
            find(tmp_path)
    with pytest.raises(SequenceError, match="both frame 1"):
        find_sequence(tmp_path / "a.@.png")


def test_keys_may_have_any_text_before_the_number(tmp_path: Path) -> None:
    touch(tmp_path, "key_0040.png", "final look 12.tif", "0077.exr")
    assert [file.name for file in find_numbered(tmp_path).values()] == ["final look 12.tif", "key_0040.png", "0077.exr"]


def test_a_picture_without_a_number_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.1.png", "thumbnail.png")
    with pytest.raises(SequenceError, match=r"thumbnail\.png: expected a frame number"):
        find_sequence(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    assert find_numbered(tmp_path) == {}
    with pytest.raises(SequenceError, match="no pictures"):
        find_sequence(tmp_path)
    with pytest.raises(SequenceError, match="no such folder"):
        find_sequence(tmp_path / "none")


def test_a_single_picture_is_a_sequence_of_one(tmp_path: Path) -> None:
    touch(tmp_path, "plate.0012.png", "hill.png")
    assert find_sequence(tmp_path / "plate.0012.png") == {12: tmp_path / "plate.0012.png"}
    assert list(find_sequence(tmp_path / "hill.png")) == [1]


def test_a_gap_of_millions_is_named_at_once() -> None:
    with pytest.raises(SequenceError, match="2-20261121093000 missing"):
        check_no_gaps([1, 20261121093001])


def test_gaps_are_named() -> None:
    check_no_gaps([1001, 1002, 1003])
    check_no_gaps([1, 3, 5], step=2)
    check_no_gaps([])
    with pytest.raises(SequenceError, match=r"plates: the sequence has gaps, 1003-1005, 1007 missing"):
        check_no_gaps([1001, 1002, 1006, 1008], name="plates")
    with pytest.raises(SequenceError, match="gaps, 5 missing"):
        check_no_gaps([1, 3, 7], step=2)
