"""Frame numbers in the names of painted keys."""

from pathlib import Path

import pytest

from stylize.errors import PaintedKeyError, SequenceError
from stylize.media.key_numbers import by_number, number_keys, refuse_other_kinds
from stylize.media.sequences import Pattern

FRAMES = range(1, 21)
OWN = Pattern(Path("keys"), "shot.", 4, ".png")


def numbers(*names: str, plates: tuple[Pattern, ...] = (OWN,)) -> list[int]:
    return list(number_keys([Path("keys", name) for name in names], plates, FRAMES).values())


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("sh010_0007_v002.png", 7),
        ("key_0007 (1).png", 7),
        ("key_0007[1].png", 7),
        ("plate_0007@2x.png", 7),
        ("frame_0016_v2.png", 16),
        ("frame0016v2.png", 16),
        ("shot_0007_final_ver3.tif", 7),
        ("key 7 copy 2.png", 7),
        ("key_0007_20240105.png", 7),
        ("key_0007_2024-01-05_12-00-03.png", 7),
        ("20240105_120003_key_0007.png", 7),
        ("0007 05.01.2024.png", 7),
        ("key_0007_1920x1080.png", 7),
        ("key_0007_4k_16bit.png", 7),
        ("final look 12.tif", 12),
        ("v2_0010.png", 10),
        ("v0007.png", 7),
        ("Copy 9.png", 9),
        ("0007.psd", 7),
        ("sh010_0007.png", 7),
        ("frame0007_left.png", 7),
        # no frame of the shot: an error follows that names 40
        ("key_0040.png", 40),
        ("shot.-0004.png", -4),
    ],
)
def test_number_of_a_single_key(name: str, frame: int) -> None:
    assert numbers(name) == [frame]


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("key_0007_2.png", "2 and 7"),
        ("take_3_0007.png", "3 and 7"),
        ("sh010_v002.png", "2 and 10"),
        ("take_3_0040.png", "3 and 40"),
        ("frame0007_12.png", "7 and 12"),
        ("1 2 3.png", "1 and 2 and 3"),
    ],
)
def test_name_with_two_frames_is_refused_with_both(name: str, named: str) -> None:
    with pytest.raises(PaintedKeyError, match=rf"{name}: expected one frame number in the name, found {named}; rename"):
        numbers(name)


@pytest.mark.parametrize(
    ("names", "frames"),
    [
        (["take_3_0007.png", "take_3_0009.png"], [7, 9]),
        (["sh010_0007_v002.png", "sh010_0012_v003.png"], [7, 12]),
        (["sh010_v002_7.png", "sh010_v002_12.png"], [7, 12]),
        (["1_of_3.png", "2_of_3.png", "3_of_3.png"], [1, 2, 3]),
        (["key_0007 (1).png", "key_0012 (2).png"], [7, 12]),
        (["7_5.png", "12_5.png"], [7, 12]),
    ],
)
def test_number_is_the_run_that_differs(names: list[str], frames: list[int]) -> None:
    assert numbers(*names) == frames


@pytest.mark.parametrize("names", [["key_0007_v1.png", "key_0007_v2.png"], ["key_7 (1).png", "key_7.png"]])
def test_versions_of_one_key_are_refused(names: list[str]) -> None:
    with pytest.raises(SequenceError, match="are both frame 7; keep one"):
        by_number(number_keys([Path(name) for name in names], (OWN,), FRAMES))


def test_names_of_the_plates_are_tried_first() -> None:
    plates = Pattern(Path("in"), "sh010_", 4, "_v2_left.exr")
    assert numbers("sh010_0007_v2_left.png", plates=(OWN, plates)) == [7]
    assert numbers("sh010_0007_12.png", plates=(OWN, plates)) == [7]
    assert numbers("shot.0007_12.png", "shot.0009.webp") == [7, 9]
    # a movie named 3_5 has keys named 3_5.####.png
    assert numbers("3_5.0007_12.png", plates=(Pattern(Path(), "3_5.", 4, ".png"),)) == [7]
    # plates without a name do not decide about other text
    with pytest.raises(PaintedKeyError, match="found 1 and 7"):
        numbers("01_0007.png", plates=(Pattern(Path(), "", 4, ".png"),))


def test_key_without_a_number_is_refused() -> None:
    with pytest.raises(PaintedKeyError, match=r"final\.png has no frame number"):
        numbers("final.png")


def test_other_kinds_of_pictures_are_named(tmp_path: Path) -> None:
    for name in ("key_0007.kra", "key_0007.png", "work 9.xcf", "shot.0009.png", "notes.txt", ".0003.heic"):
        (tmp_path / name).touch()
    keys = [tmp_path / "key_0007.png", tmp_path / "shot.0009.png"]
    refuse_other_kinds(tmp_path, keys)
    (tmp_path / "key_0012.HEIC").touch()
    with pytest.raises(PaintedKeyError, match=r"key_0012\.HEIC: expected a key as .* found \.HEIC, .* export it as"):
        refuse_other_kinds(tmp_path, keys)
