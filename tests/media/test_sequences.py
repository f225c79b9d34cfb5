"""Numbered frames: ranges, patterns and file names."""

from pathlib import Path

import pytest

from stylize.errors import FrameRangeError, SequenceError, SettingsError
from stylize.media.sequences import (
    READ_SUFFIXES,
    base_name,
    check_no_gaps,
    find_sequence,
    format_frames,
    frame_number,
    parse_pattern,
    parse_range,
    pattern_of,
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
        ("-4--2,0", (-4, -3, -2, 0)),
        ("-3-1x2", (-3, -1, 1)),
        ("-1", (-1,)),
    ],
)
def test_frame_ranges_are_parsed(text: str, chosen: tuple[int, ...]) -> None:
    assert parse_range(text).select(range(-5, 11)) == chosen


@pytest.mark.parametrize("text", ["", "a", "1-", "--3", "1--3", "5-2", "1-4x0", "1;2", "1-2-3", "²", "1,,2", "7x2"])
def test_invalid_ranges_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="frames"):
        parse_range(text)


@pytest.mark.parametrize("text", ["1000", "1001-1101", "2000-3000", "5", "1001-9999999999999"])
def test_range_outside_the_shot_lists_the_existing_frames(text: str) -> None:
    with pytest.raises(FrameRangeError, match="1001-1100"):
        parse_range(text).select(range(1001, 1101))


def test_range_over_a_gap_lists_the_missing_frames() -> None:
    with pytest.raises(FrameRangeError, match=r"frames 3-4 were .* are 1-2, 5-6"):
        parse_range("1-6").select([1, 2, 5, 6])


def test_frame_lists_are_abbreviated() -> None:
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
        ("in/plate_####@2x.png", "plate_0007@2x.png"),
        ("in/####.webp", "0007.webp"),
    ],
)
def test_patterns_are_parsed(text: str, name: str) -> None:
    pattern = parse_pattern(text, READ_SUFFIXES)
    assert pattern is not None
    assert pattern.path(7) == Path("in") / name
    assert pattern.match(name) == 7


@pytest.mark.parametrize("text", ["me@home.mp4", "take #3.mov", "in/plate.png", "####", "in.####/a.png", ""])
def test_invalid_patterns_are_not_parsed(text: str) -> None:
    assert parse_pattern(text) is None


def test_pattern_matches_only_its_number_of_digits() -> None:
    pattern = parse_pattern("a.####.png")
    assert pattern is not None
    assert pattern.path(123456).name == "a.123456.png"
    matches = [pattern.match(f"a.{digits}.png") for digits in ("0001", "12345", "00012", "12", "", "x001", "١٢٣٤")]
    assert matches == [1, 12345, None, None, None, None, None]


def test_frame_numbers_and_names_are_split() -> None:
    assert [frame_number(Path(name)) for name in ("v2_0010.png", "1001.exr", "hill.png")] == [10, 1001, None]
    names = ("shot.mp4", "plate.1001.png", "v2_0010_left.png", "a.b.mov", "1001.png")
    assert [base_name(Path(name)) for name in names] == ["shot", "plate", "v2", "a.b", ""]


def test_folder_with_one_sequence_is_listed(tmp_path: Path) -> None:
    touch(tmp_path, "plate.1010.png", "plate.1001.png", "plate.1002.png", "notes.txt", "._plate.1001.png")
    (tmp_path / "old").mkdir()
    assert {number: file.name for number, file in find_sequence(tmp_path).items()} == {
        1001: "plate.1001.png",
        1002: "plate.1002.png",
        1010: "plate.1010.png",
    }
    assert list(find_sequence(tmp_path)) == [1001, 1002, 1010]


def test_pattern_selects_one_of_several_sequences(tmp_path: Path) -> None:
    touch(tmp_path, "left.0001.png", "left.0002.png", "right.0001.png", "thumbnail.png")
    assert list(find_sequence(tmp_path / "left.####.png")) == [1, 2]
    assert list(find_sequence(str(tmp_path / "right.%04d.png"))) == [1]
    with pytest.raises(SequenceError, match=r"middle\.####\.png: no file in .* matches"):
        find_sequence(tmp_path / "middle.####.png")


def test_ambiguous_folder_lists_its_sequences(tmp_path: Path) -> None:
    touch(tmp_path, "left.0001.png", "right.0001.png")
    with pytest.raises(SequenceError, match=r"found 2 \(left\.0001\.png, right\.0001\.png\); .*move the others"):
        find_sequence(tmp_path)
    touch(tmp_path, "right.0002.png")
    with pytest.raises(SequenceError, match=r"right\.####\.png\); give the pattern of one, such as '.*/right\.####"):
        find_sequence(tmp_path)


def test_two_files_for_one_number_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.1.png", "a.01.png")
    with pytest.raises(SequenceError, match=r"a\.01\.png and a\.1\.png are both frame 1"):
        find_sequence(tmp_path)
    with pytest.raises(SequenceError, match="both frame 1"):
        find_sequence(tmp_path / "a.@.png")


def test_picture_without_a_number_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "thumbnail.png")
    with pytest.raises(SequenceError, match=r"thumbnail\.png: expected a frame number"):
        find_sequence(tmp_path)


@pytest.mark.parametrize(
    "stray",
    ["contact_sheet.png", "grid-0001.png", "IMG_20240101_120003.jpg", "plate.0001.tif", "plate.0003 (1).png",
     "plate.0002_v2.png", "poster@2x.png", "Screenshot 2024-01-01 at 12.00.03.png"],
)  # fmt: skip
def test_stray_picture_leads_to_an_offer_of_the_pattern(tmp_path: Path, stray: str) -> None:
    touch(tmp_path, *(f"plate.{frame:04d}.png" for frame in range(1, 5)), stray)
    with pytest.raises(SequenceError, match=r"found 2 .*'(.*/plate\.####\.png)' for frames 1-4") as error:
        find_sequence(tmp_path)
    assert stray in str(error.value)
    assert list(find_sequence(tmp_path / "plate.####.png")) == [1, 2, 3, 4]


def test_two_days_of_a_burst_are_two_sequences(tmp_path: Path) -> None:
    touch(tmp_path, "IMG_20240101_235958.jpg", "IMG_20240101_235959.jpg", "IMG_20240102_000000.jpg")
    with pytest.raises(SequenceError, match=r"'.*/IMG_20240101_######\.jpg' for frames 235958-235959"):
        find_sequence(tmp_path)


@pytest.mark.parametrize(
    ("names", "frames"),
    [
        # Nuke's negative numbers, padded with and without the sign
        (["plate.-0002.png", "plate.-0001.png", "plate.0000.png", "plate.0001.png"], [-2, -1, 0, 1]),
        (["-0002.png", "-0001.png", "0000.png"], [-2, -1, 0]),
        (["p_-002.png", "p_-001.png", "p_0000.png"], [-2, -1, 0]),
        # a minus that is not a sign
        (["plate-0001.png", "plate-0002.png"], [1, 2]),
        # a run that differs
        (["sh010_0007_v002.png", "sh010_0008_v002.png"], [7, 8]),
        (["sh010_v001.png", "sh010_v002.png"], [1, 2]),
        (["0001_of_0003.png", "0002_of_0003.png", "0003_of_0003.png"], [1, 2, 3]),
        (["f 1 (1).png", "f 1 (2).png"], [1, 2]),
        (["plate_0007@2x.png", "plate_0008@2x.png"], [7, 8]),
        (["20240101_120003.png", "20240101_120004.png"], [120003, 120004]),
        (["2024-01-01_1920x1080_0001.png", "2024-01-01_1920x1080_0002.png"], [1, 2]),
        (["9.webp", "10.webp", "11.webp"], [9, 10, 11]),
        # kinds that are only read are ignored beside others
        (["a.0001.png", "a.0002.png", "preview.gif", "a.0001.psd"], [1, 2]),
    ],
)
def test_number_in_a_folder_is_the_run_that_differs(tmp_path: Path, names: list[str], frames: list[int]) -> None:
    found = find_sequence(touch(tmp_path, *names))
    assert list(found) == frames
    assert [found[frame].name for frame in frames] == names[: len(frames)]
    pattern = pattern_of(list(found.values()), frames)
    assert [pattern.match(file.name) for file in found.values()] == frames


def test_two_numbers_that_differ_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "f_0001_t0.04.png", "f_0002_t0.08.png")
    with pytest.raises(SequenceError, match="rename them so that only the frame number differs"):
        find_sequence(tmp_path)


def test_negative_numbers_are_written_as_nuke_writes_them() -> None:
    pattern = parse_pattern("plate.%04d.png")
    assert pattern is not None
    assert [pattern.path(frame).name for frame in (-4, -12345, 7)] == [
        "plate.-0004.png", "plate.-12345.png", "plate.0007.png"
    ]  # fmt: skip
    assert [pattern.match(f"plate.{text}.png") for text in ("-0004", "-004", "-04", "-", "--0004", "-00012")] == [
        -4, -4, None, None, None, None
    ]  # fmt: skip
    word = parse_pattern("plate####.png")
    assert word is not None
    assert word.match("plate-0004.png") is None


def test_gap_offers_the_frames_that_exist() -> None:
    with pytest.raises(SequenceError, match=r"--frames 120003,120005-120006$"):
        check_no_gaps([120003, 120005, 120006])


def test_missing_sequence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SequenceError, match="found none in the folder"):
        find_sequence(tmp_path)
    with pytest.raises(SequenceError, match="no such folder"):
        find_sequence(tmp_path / "none")


def test_single_picture_is_a_sequence_of_one(tmp_path: Path) -> None:
    touch(tmp_path, "plate.0012.png", "hill.png")
    assert find_sequence(tmp_path / "plate.0012.png") == {12: tmp_path / "plate.0012.png"}
    assert list(find_sequence(tmp_path / "hill.png")) == [1]


def test_gap_of_millions_is_listed_quickly() -> None:
    with pytest.raises(SequenceError, match="frames 2-20261121093000 are missing"):
        check_no_gaps([1, 20261121093001])


def test_gaps_are_listed() -> None:
    check_no_gaps([1001, 1002, 1003])
    check_no_gaps([1, 3, 5], step=2)
    check_no_gaps([])
    with pytest.raises(SequenceError, match=r"plates: frames 1003-1005, 1007 are missing"):
        check_no_gaps([1001, 1002, 1006, 1008], name="plates")
    with pytest.raises(SequenceError, match="frame 5 is missing"):
        check_no_gaps([1, 3, 7], step=2)
