"""The contact sheet."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.delivery.contact_sheet import Column, choose_columns, contact_sheet
from stylize.errors import InputError, OutputError
from stylize.media.images import read_image, write_image

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
AMBER = (255, 184, 77)


def flat(path: Path, colour: tuple[int, ...], size: tuple[int, int] = (160, 90), dtype: type = np.uint8) -> Path:
    pixels: Pixels = np.full((size[1], size[0], len(colour)), colour, dtype)
    write_image(path, pixels)
    return path


def column(folder: Path, frame: int, key: bool) -> Column:
    plate, result = flat(folder / f"p{frame}.png", RED), flat(folder / f"r{frame}.png", BLUE)
    return frame, [plate, flat(folder / f"k{frame}.png", GREEN) if key else None, result]


def count(sheet: Pixels, colour: tuple[int, ...]) -> int:
    return int((sheet == np.array(colour)).all(axis=2).sum())


def test_pictures_are_complete_and_keys_are_marked(tmp_path: Path) -> None:
    columns = [column(tmp_path, frame, key) for frame, key in ((1001, True), (1005, False), (1009, True))]
    contact_sheet(columns, tmp_path / "new/sheet.png")
    sheet = read_image(tmp_path / "new/sheet.png")
    tile = 160 * 90
    assert (count(sheet, RED), count(sheet, GREEN), count(sheet, BLUE)) == (3 * tile, 2 * tile, 3 * tile)
    assert count(sheet, AMBER) > 2 * 4 * (160 + 90) * 2
    contact_sheet(columns[1:2], tmp_path / "plain.png")
    assert count(read_image(tmp_path / "plain.png"), AMBER) == 0


@pytest.mark.parametrize(("aspect", "tile"), [(Fraction(2), (320, 90)), (Fraction(1, 2), (160, 180))])
def test_pictures_have_their_true_shape(tmp_path: Path, aspect: Fraction, tile: tuple[int, int]) -> None:
    contact_sheet([column(tmp_path, 1, True)], tmp_path / "sheet.png", pixel_aspect=aspect)
    assert count(read_image(tmp_path / "sheet.png"), RED) == tile[0] * tile[1]


def test_contact_sheet_is_deterministic(tmp_path: Path) -> None:
    columns = [column(tmp_path, 1, True)]
    for name in ("a.png", "b.png"):
        contact_sheet(columns, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_16_bit_transparent_and_tall_pictures_fit(tmp_path: Path) -> None:
    tall = flat(tmp_path / "t.png", (65535, 0, 0, 65535), (270, 480), np.uint16)
    clear = flat(tmp_path / "c.png", (65535, 0, 0, 0), (270, 480), np.uint16)
    contact_sheet([(1, [tall, clear, tall])], tmp_path / "sheet.png")
    sheet = read_image(tmp_path / "sheet.png")
    assert sheet.dtype == np.uint8
    assert count(sheet, (255, 0, 0)) == 2 * 225 * 400
    assert count(sheet, (64, 64, 64)) == 225 * 400  # transparent: the grey background is visible


@pytest.mark.slow
def test_many_large_pictures_fit_on_a_screen(tmp_path: Path) -> None:
    large = flat(tmp_path / "l.png", RED, (1920, 1080))
    contact_sheet([(frame, [large, None, large]) for frame in range(8)], tmp_path / "sheet.png")
    assert read_image(tmp_path / "sheet.png").shape[1] <= 2560


def test_each_layer_has_its_own_row(tmp_path: Path) -> None:
    plate, key = flat(tmp_path / "p.png", RED), flat(tmp_path / "k.png", GREEN)
    columns = [(1, [plate, key, None, plate]), (2, [plate, None, None, plate]), (3, [plate, key, key, plate])]
    contact_sheet(columns, tmp_path / "sheet.png", ["plate", "key 1", "key of a long name", "result"])
    sheet = read_image(tmp_path / "sheet.png")
    assert (count(sheet, RED), count(sheet, GREEN)) == (6 * 160 * 90, 3 * 160 * 90)
    assert not (sheet[:, :36] != sheet[0, 0]).any()


def test_missing_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no frames to show"):
        contact_sheet([], tmp_path / "sheet.png")
    with pytest.raises(InputError, match=r"gone\.png"):
        contact_sheet([(1, [tmp_path / "gone.png", None, tmp_path / "gone.png"])], tmp_path / "sheet.png")


@pytest.mark.parametrize(
    ("frames", "keys", "expected"),
    [
        (range(1, 4), (1,), (1, 2, 3)),
        (range(1, 49), (1,), (1, 8, 14, 21, 28, 35, 41, 48)),
        (range(1001, 1101), (1040,), (1001, 1014, 1027, 1040, 1055, 1070, 1085, 1100)),
        ((10,), (10,), (10,)),
    ],
)
def test_columns_cover_the_shot(frames: range, keys: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert choose_columns(tuple(frames), keys) == expected


def test_columns_of_a_shot_with_many_keys_include_frames_between_keys() -> None:
    frames, keys = tuple(range(1, 101)), tuple(range(1, 101, 5))
    chosen = choose_columns(frames, keys)
    assert len(chosen) == 8
    assert len(set(chosen) & set(keys)) == 4
    assert {1, 100} <= set(chosen)
