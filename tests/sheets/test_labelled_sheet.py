"""Labelled sheets: nothing overlaps or is cut off, pictures keep their shape, and states are visible."""

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate.arrays import Bytes, Pixels
from stylize.errors import InputError, OutputError
from stylize.media.images import read_image, write_image
from stylize.sheets import (
    Cell,
    Column,
    Fact,
    LegendItem,
    Level,
    Reference,
    Row,
    Scale,
    Sheet,
    State,
    Verdict,
    draw_sheet,
    write_sheet,
)
from stylize.sheets.arrangement import MAX_HEIGHT, MAX_WIDTH, PlacedPicture, PlacedText, arrange
from stylize.sheets.design import DARK, DIMMED, MARGIN
from stylize.sheets.heat_map import heat_colours
from stylize.sheets.lettering import text_width
from tests.names import TEXTS

RED, GREEN = (200, 30, 30), (30, 200, 30)
LONG = "a name that is far too long for the place that it has " * 4
STATES = list(State)


def flat(size: tuple[int, int] = (160, 90), colour: tuple[int, ...] = RED, dtype: type = np.uint8) -> Pixels:
    pixels: Pixels = np.full((size[1], size[0], len(colour)), colour, dtype)
    return pixels


def count(sheet: Bytes, colour: tuple[int, ...]) -> int:
    return int((sheet == np.array(colour)).all(axis=2).sum())


def full_sheet(name: str, rows: int, cells: int, size: tuple[int, int], references: int, headed: bool) -> Sheet:
    """Return a sheet with every kind of content."""
    picture = flat(size)
    row = Row([Cell(picture, name, STATES[place % 4], name) for place in range(cells)], name, name, picture)
    return Sheet(
        name, [row] * rows, name, [Fact(name, name), Fact("error", "0.02")] * 4,
        [Reference(picture, name)] * references, Verdict(Level.FAIR, name, [name, "Add a key near 31."]),
        [Column(name, name)] * cells if headed else (),
        [LegendItem(State.CHOSEN, name), LegendItem((9, 9, 9), "cut"), LegendItem(Scale("0", "0.1"), name)],
        [name, "stylize report shot.stylize"],
    )  # fmt: skip


SHEETS = st.builds(
    full_sheet, TEXTS | st.just(LONG), st.integers(1, 3), st.integers(1, 11),
    st.sampled_from([(160, 90), (90, 160), (16, 9), (1920, 400), (30, 700)]), st.integers(0, 7), st.booleans(),
)  # fmt: skip


@pytest.mark.slow
@given(SHEETS)
@settings(deadline=None, max_examples=25)
def test_nothing_overlaps_or_is_cut_off(sheet: Sheet) -> None:
    arrangement = arrange(sheet)
    assert arrangement.width <= MAX_WIDTH
    assert arrangement.height <= MAX_HEIGHT
    for item in arrangement.items:
        box = item.box
        assert min(box.left, box.top) >= MARGIN
        assert box.right <= arrangement.width - MARGIN
        assert box.bottom <= arrangement.height - MARGIN
        if isinstance(item, PlacedText):
            assert text_width(item.text, item.style) <= box.width
    for one, other in combinations([item.box for item in arrangement.items], 2):
        apart = one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top
        assert apart, (one, other)


def test_labels_are_placed_with_what_they_name() -> None:
    sheet = Sheet(
        "title", [Row([Cell(flat(), "one"), Cell(flat(), "two")], "row")], columns=[Column("first"), Column("second")]
    )
    texts = {item.text: item.box for item in arrange(sheet).items if isinstance(item, PlacedText)}
    first, second = (item.box for item in arrange(sheet).items if isinstance(item, PlacedPicture))
    assert texts["one"].left == texts["first"].left == first.left
    assert texts["two"].left == texts["second"].left == second.left
    assert texts["first"].bottom <= first.top < first.bottom <= texts["one"].top
    assert texts["row"].right < first.left


def test_commands_are_complete() -> None:
    command = "stylize run " + " ".join(f"--style folder/picture_{number}.png" for number in range(40))
    lines = [
        item.text for item in arrange(Sheet("t", [Row([Cell(flat())])], footer=[command])).items
        if isinstance(item, PlacedText)
    ]  # fmt: skip
    assert " ".join(lines[1:]) == command


@pytest.mark.slow
def test_states_are_visible() -> None:
    area = 160 * 90
    plain, dim, outlined, chosen, empty = (
        draw_sheet(Sheet("t", [Row([Cell(None if state is None else flat(), state=state or State.NORMAL)])]))
        for state in (State.NORMAL, State.DIMMED, State.OUTLINED, State.CHOSEN, None)
    )
    shade = tuple(int(g + (c - g) * DIMMED + 0.5) for g, c in zip(DARK.ground, RED, strict=True))
    assert count(plain, RED) == area
    assert (count(dim, RED), count(dim, shade)) == (0, area)
    assert count(outlined, RED) == area
    assert count(outlined, DARK.key) == 2 * 4 * (160 + 90 + 8)
    assert count(chosen, DARK.chosen) > 2 * 7 * (160 + 90)
    assert count(chosen, RED) > 0.97 * area
    assert 0 <= count(empty, DARK.panel) - area < 20  # smooth edges of letters may have any grey
    assert count(plain, DARK.key) == count(plain, DARK.chosen) == 0


@pytest.mark.parametrize(("aspect", "tile"), [(Fraction(2), (320, 90)), (Fraction(1, 2), (160, 180))])
def test_pixels_have_their_true_shape_but_references_are_square(aspect: Fraction, tile: tuple[int, int]) -> None:
    sheet = Sheet(
        "t", [Row([Cell(flat())], picture=flat((40, 40), (1, 2, 3)))],
        references=[Reference(flat((50, 30), GREEN), "r")], pixel_aspect=aspect,
    )  # fmt: skip
    drawn = draw_sheet(sheet)
    assert count(drawn, RED) == tile[0] * tile[1]
    assert count(drawn, GREEN) == 50 * 30
    assert count(drawn, (1, 2, 3)) == 40 * 40


def test_pictures_of_other_shapes_are_fitted_not_stretched() -> None:
    drawn = draw_sheet(Sheet("t", [Row([Cell(flat()), Cell(flat((40, 180), GREEN))])]))
    assert count(drawn, RED) == 160 * 90
    assert count(drawn, GREEN) == 20 * 90


def test_16_bit_and_transparent_pictures() -> None:
    drawn = draw_sheet(
        Sheet("t", [Row([Cell(flat(colour=(65535, 0, 0), dtype=np.uint16)), Cell(flat(colour=(9, 9, 9, 0)))])])
    )
    assert (count(drawn, (255, 0, 0)), count(drawn, (64, 64, 64))) == (160 * 90, 160 * 90)


@pytest.mark.slow
def test_hundreds_of_pictures_are_read_one_at_a_time_and_fit() -> None:
    reads: list[int] = []

    def picture() -> Pixels:
        reads.append(1)
        return flat()

    sheet = Sheet("t", [Row([Cell(picture, str(number)) for number in range(400)])])
    arrangement = arrange(sheet)
    assert arrangement.height <= MAX_HEIGHT
    assert len(reads) == 1
    with pytest.raises(OutputError, match="1200 pictures do not fit"):
        arrange(Sheet("t", [Row([Cell(picture, str(number)) for number in range(1200)])]))


def test_same_content_gives_the_same_file(tmp_path: Path) -> None:
    write_image(tmp_path / "p.png", flat())
    sheet = full_sheet("name", 1, 2, (160, 90), 2, True)
    sheet = Sheet(sheet.title, [Row([Cell(tmp_path / "p.png", "file")])], facts=sheet.facts, legend=sheet.legend)
    for name in ("a.png", "new/b.png"):
        write_sheet(sheet, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "new/b.png").read_bytes()
    assert count(read_image(tmp_path / "a.png"), RED) == 160 * 90


def test_bad_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no pictures to show"):
        draw_sheet(Sheet("t", []))
    with pytest.raises(InputError, match=r"gone\.png"):
        draw_sheet(Sheet("t", [Row([Cell(tmp_path / "gone.png")])]))
    with pytest.raises(ValueError, match="one for each picture"):
        draw_sheet(Sheet("t", [Row([Cell(flat())] * 2)], columns=[Column("1")]))


@pytest.mark.parametrize("level", list(Level))
def test_verdicts_differ_in_colour_and_shape(level: Level) -> None:
    drawn = draw_sheet(Sheet("t", [Row([Cell(flat())])], verdict=Verdict(level, ".")))
    ink = (drawn == np.array(getattr(DARK, level.value))).all(axis=2)
    rows, cols = np.nonzero(ink)
    shape = ink[rows.min() : rows.max() + 1, cols.min() : cols.min() + 34]
    corners = shape[1:5, 1:5].mean() if shape.size else 0
    assert ink.sum() > 300
    assert (corners > 0.5) == (level is Level.POOR)  # only the square has corners


def test_legend_shows_the_heat_map() -> None:
    drawn = draw_sheet(Sheet("t", [Row([Cell(flat())])], legend=[LegendItem(Scale("0", "1"), "error")]))
    ends = [tuple(int(value) for value in heat_colours()[place]) for place in (0, -2)]
    assert all(count(drawn, end) > 0 for end in ends)
