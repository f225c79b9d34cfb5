"""The contact sheet: what it shows of which frames, and what it says about them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.delivery.contact_sheet import Contents, ErrorPicture, contact_sheet
from stylize.delivery.frame_choice import ShotKeys
from stylize.errors import OutputError
from stylize.media.images import write_image
from stylize.sheets import Cell, Level, Scale, Sheet, State, draw_sheet
from stylize.sheets.cache_inputs import sheet_inputs
from stylize.sheets.heat_map import heat_colours
from stylize.spans.pass_maps import write_error

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
SIZE = (40, 24)


def flat(path: Path, colour: tuple[int, ...]) -> Path:
    pixels: Pixels = np.full((SIZE[1], SIZE[0], len(colour)), colour, np.uint8)
    write_image(path, pixels)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Mapping[str, Path]:
    files = {name: flat(tmp_path / f"{name}.png", colour) for name, colour in
             (("plate", RED), ("key", GREEN), ("result", BLUE))}  # fmt: skip
    write_error(tmp_path / "error.png", np.full((SIZE[1], SIZE[0]), 0.05**2, np.float32))
    return files | {"error": tmp_path / "error.png"}


def contents_of(
    pictures: Mapping[str, Path], frames: Sequence[int], keys: Sequence[int], errors: Mapping[int, float] | None = None,
    shots: Sequence[ShotKeys] | None = None,
) -> Contents:  # fmt: skip
    known = {} if errors is None else errors
    return Contents(
        "shot.mp4", shots or [ShotKeys(frames, keys)], dict.fromkeys(frames, pictures["plate"]),
        dict.fromkeys(frames, pictures["result"]), {"key": dict.fromkeys(keys, pictures["key"])}, known,
        dict.fromkeys(known, pictures["error"]),
    )  # fmt: skip


def row(sheet: Sheet, name: str) -> Sequence[Cell]:
    return next(one.cells for one in sheet.rows if one.heading == name)


def headings(sheet: Sheet) -> list[str]:
    return [column.heading for column in sheet.columns]


def test_frames_have_their_pictures_and_keys_are_outlined(pictures: Mapping[str, Path]) -> None:
    sheet = contact_sheet(contents_of(pictures, range(1001, 1005), (1001, 1003)))
    assert [one.heading for one in sheet.rows] == ["plate", "key", "result"]
    assert headings(sheet) == [f"frame {number}" for number in range(1001, 1005)]
    assert [column.state for column in sheet.columns] == [State.OUTLINED, State.NORMAL] * 2
    assert [cell.state for cell in row(sheet, "key")] == [State.OUTLINED, State.DIMMED] * 2
    drawn = draw_sheet(sheet)
    count = {colour: int((drawn == np.array(colour)).all(axis=2).sum()) for colour in (RED, GREEN, BLUE)}
    area = SIZE[0] * SIZE[1]
    assert count == {RED: 4 * area, GREEN: 2 * area, BLUE: 4 * area}


def test_the_nearest_key_of_the_same_shot_stands_in(pictures: Mapping[str, Path]) -> None:
    shots = [ShotKeys(range(1, 4), (1,)), ShotKeys(range(4, 7), (6,))]
    sheet = contact_sheet(contents_of(pictures, range(1, 7), (1, 6), shots=shots))
    captions = [cell.caption for cell in row(sheet, "key")]
    assert captions == ["key 1", "key 1", "key 1", "key 6", "key 6", "key 6"]
    assert [column.note for column in sheet.columns] == ["shot 1, key", *["shot 1"] * 2, *["shot 2"] * 2, "shot 2, key"]
    shots = [ShotKeys(range(1, 4), (1,)), ShotKeys(range(4, 7), ())]
    without = row(contact_sheet(contents_of(pictures, range(1, 7), (1,), shots=shots)), "key")[4]
    assert (without.picture, without.caption) == (None, "no key in this shot")


def test_few_frames_are_rows(pictures: Mapping[str, Path]) -> None:
    sheet = contact_sheet(contents_of(pictures, [7], [7], {7: 0.0}))
    assert headings(sheet) == ["plate", "key", "result", "error"]
    assert [one.heading for one in sheet.rows] == ["frame 7"]


def test_each_layer_has_its_own_row_and_no_joint_verdict(pictures: Mapping[str, Path]) -> None:
    errors = dict.fromkeys(range(1, 9), 0.05)
    contents = contents_of(pictures, range(1, 9), (1, 8), errors)
    layers = {"key 1": {1: pictures["key"]}, "key top": {8: pictures["key"]}}
    sheet = contact_sheet(replace(contents, keys=layers, judged=False))
    assert [one.heading for one in sheet.rows] == ["plate", "key 1", "key top", "result", "error"]
    assert row(sheet, "key top")[0].caption == "key 8"
    assert sheet.verdict is None
    assert contact_sheet(contents).verdict is not None


def test_errors_have_one_scale_with_its_range_in_the_legend(pictures: Mapping[str, Path]) -> None:
    errors = {frame: 0.001 * frame for frame in range(1, 30)}
    sheet = contact_sheet(contents_of(pictures, range(1, 30), (1,), errors))
    cells = row(sheet, "error")
    assert cells[-1].caption == "2.9 %"
    assert [column.note for column in sheet.columns][-1] == "worst frame"
    assert {cell.picture.top for cell in cells if isinstance(cell.picture, ErrorPicture)} == {0.1}
    (scale,) = (item.mark for item in sheet.legend if isinstance(item.mark, Scale))
    assert (scale.low, scale.high) == ("0 %", "10 %")


def test_heat_map_shows_the_error(pictures: Mapping[str, Path]) -> None:
    # White, so that the plate does not darken the colours.
    white = flat(pictures["plate"].with_name("white.png"), (255, 255, 255))
    drawn = ErrorPicture(pictures["error"], white, 0.1)()
    assert drawn.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(drawn.astype(int) - heat_colours()[128]).max() <= 2


def test_frames_without_an_error_are_not_measured(pictures: Mapping[str, Path]) -> None:
    cells = row(contact_sheet(contents_of(pictures, range(1, 5), (1,), {2: 0.01})), "error")
    assert [cell.caption for cell in cells] == ["not measured", "1.0 %", "not measured", "not measured"]


def test_pixels_have_their_true_shape(pictures: Mapping[str, Path]) -> None:
    contents = contents_of(pictures, range(1, 4), (1,), dict.fromkeys(range(1, 4), 0.01))
    drawn = draw_sheet(contact_sheet(replace(contents, pixel_aspect=Fraction(2))))
    assert (drawn == np.array(RED)).all(axis=2).sum() == 3 * 2 * SIZE[0] * SIZE[1]


def test_poor_results_are_advised(pictures: Mapping[str, Path]) -> None:
    errors = {frame: 0.004 * min(abs(frame - 1), abs(frame - 41)) for frame in range(1, 42)}
    verdict = contact_sheet(contents_of(pictures, range(1, 42), (1, 41), errors)).verdict
    assert verdict is not None
    assert verdict.level is Level.POOR
    assert verdict.advice[0].startswith("Add a key near 20 (--add-key 20)")
    assert "Frame 21 is the worst around it, at 8.0 %." in verdict.advice[0]


def test_sheet_without_frames_is_refused(pictures: Mapping[str, Path]) -> None:
    with pytest.raises(OutputError, match="no frames to show"):
        contact_sheet(contents_of(pictures, [], []))


def test_everything_on_the_sheet_is_an_input_of_its_cache_key(pictures: Mapping[str, Path]) -> None:
    frames = range(1, 4)
    contents = contents_of(pictures, frames, (1,), dict.fromkeys(frames, 0.01))

    def key(changed: Contents, error: str = "e") -> str:
        return str(sheet_inputs(contact_sheet(changed), lambda path: error if path == pictures["error"] else path.name))

    keys = {
        key(contents), key(contents, "other"), key(replace(contents, name="b")), key(replace(contents, subtitle="b")),
        key(replace(contents, errors=dict.fromkeys(frames, 0.02))), key(replace(contents, pixel_aspect=Fraction(2))),
        key(replace(contents, finished=contents.plates)),
    }  # fmt: skip
    assert len(keys) == 7
    assert key(contents) == key(replace(contents))
