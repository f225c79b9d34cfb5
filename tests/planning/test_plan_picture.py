"""The picture of a plan shows as many keyframes as fit, and stays small."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Bytes
from stylize.media.images import read_image, write_image
from stylize.planning.coverage_timeline import SHORTFALL, CoverageTimeline, lowest_per_column, ticks
from stylize.planning.plan_picture import MAX_CARDS, Card, CardPicture, Chart, plan_sheet, select_cards
from stylize.sheets import Cell, Level, Sheet, draw_sheet
from stylize.sheets.arrangement import MAX_WIDTH, PlacedPicture, arrange
from stylize.sheets.cache_inputs import sheet_inputs
from stylize.sheets.design import DARK


@pytest.fixture
def card(tmp_path: Path) -> Card:
    draw = np.random.default_rng(0)
    write_image(tmp_path / "plate.png", draw.integers(0, 255, (54, 96, 3)).astype(np.uint8))
    heat = np.zeros((27, 48), np.uint8)
    heat[:, 24:] = 255
    write_image(tmp_path / "heat.png", heat)
    return Card(1, "00:00:00:00", "first frame of the shot", 0.5, tmp_path / "plate.png", tmp_path / "heat.png")


def chart(card: Card, keys: list[int], count: int = 40, least: float = 0.9) -> Chart:
    cards = [replace(card, frame=key, gained=0.01 * key) for key in keys]
    return Chart("shot", range(1, count + 1), [least] * count, 0.75, [1], cards)


def timeline(keys: list[int], least: float = 0.9, cuts: tuple[int, ...] = (1,)) -> CoverageTimeline:
    return CoverageTimeline(range(1, 41), [least] * 40, 0.75, cuts, keys)


def count_of(picture: Bytes, colour: tuple[int, ...]) -> int:
    return int((picture == np.array(colour)).all(axis=2).sum())


def cells(sheet: Sheet) -> list[Cell]:
    return [cell for row in sheet.rows for cell in row.cells]


@pytest.mark.slow
def test_picture_is_deterministic_with_a_fixed_width(card: Card) -> None:
    one, other = draw_sheet(plan_sheet(chart(card, [1, 20]))), draw_sheet(plan_sheet(chart(card, [1, 20])))
    np.testing.assert_array_equal(one, other)
    assert one.shape[1] == MAX_WIDTH


def test_each_keyframe_adds_a_line() -> None:
    amber = [count_of(timeline(keys)(800, 300), DARK.key) for keys in ([], [1, 20], [1, 10, 20])]
    assert amber[0] == 0
    assert amber[2] > amber[1] + 200


def test_frames_below_the_target_are_red() -> None:
    assert count_of(timeline([1])(800, 300), SHORTFALL) == 0
    assert count_of(timeline([1], least=0.5)(800, 300), SHORTFALL) > 2000


def test_cuts_are_lines_from_top_to_bottom() -> None:
    drawn = timeline([1], cuts=(1, 21))(900, 300)
    cut = (drawn == np.array(DARK.text)).all(axis=2).sum(axis=0)
    (xs,) = np.nonzero(cut > 150)
    assert len(xs) == 3
    assert abs(int(xs[1]) - (100 + 400)) <= 2


def test_new_content_is_highlighted_on_the_plate(card: Card) -> None:
    drawn = CardPicture(card.plate, card.heat)().astype(int)
    plate, heat = drawn[:54], drawn[60:]
    assert drawn.shape == (54 + 6 + 54, 96, 3)
    assert (plate == read_image(card.plate)).all()
    old, new = heat[:, :40].mean(axis=(0, 1)), heat[:, 56:].mean(axis=(0, 1))
    assert new[0] > old[0] + 60  # yellow instead of blue
    assert old[2] > old[0]
    assert CardPicture(card.plate, card.heat, beside=True)().shape == (54, 96 + 6 + 96, 3)


def test_cards_name_the_key_and_why(card: Card) -> None:
    (one, other) = cells(plan_sheet(chart(card, [1, 20])))
    assert (one.caption, other.caption) == ("key 1  00:00:00:00", "key 20  00:00:00:00")
    assert other.note == "+20.0 % coverage: first frame of the shot"


@pytest.mark.parametrize(
    ("below", "level", "text"),
    [
        ([], Level.GOOD, "Good: the keys cover at least 75 % of every frame"),
        ([7, 8], Level.FAIR, "Fair: 2 of 40 frames are covered by less than 75 % (7-8)"),
        (range(5, 25), Level.POOR, "Poor: 20 of 40 frames are covered by less than 75 % (5-24)"),
    ],
)
def test_verdict_names_the_frames_below_the_target(card: Card, below: list[int], level: Level, text: str) -> None:
    drawn = chart(card, [1])
    coverage = [0.5 + frame / 1000 if frame in below else 0.75 for frame in drawn.frames]
    verdict = plan_sheet(replace(drawn, coverage=coverage)).verdict
    assert verdict is not None
    assert (verdict.level, verdict.text) == (level, text)
    advice = [f"Frame {worst} has the least: --add-key {worst} covers it." for worst in below[:1]]
    assert list(verdict.advice) == advice


def test_everything_drawn_is_an_input_of_the_cache_key(card: Card) -> None:
    base = chart(card, [1, 20])
    changed = [
        base, replace(base, coverage=[0.8] * 40), replace(base, shots=[1, 9]), replace(base, target=0.5),
        replace(base, cards=base.cards[:1]), replace(base, pixel_aspect=Fraction(2)), replace(base, title="b"),
    ]  # fmt: skip
    assert len({str(sheet_inputs(plan_sheet(one), lambda path: path.name)) for one in changed}) == len(changed)


def test_picture_of_hundreds_of_keyframes_stays_small(card: Card) -> None:
    arrangement = arrange(plan_sheet(chart(card, list(range(1, 20001, 40)), count=20000)))
    assert arrangement.height < 5000


def test_first_and_most_useful_of_many_keyframes_are_shown(card: Card) -> None:
    cards = [replace(card, frame=frame, gained=float(frame % 10 == 0)) for frame in range(1, 201)]
    shown = [one.frame for one in select_cards(cards)]
    assert len(shown) == MAX_CARDS
    assert shown == sorted(shown)
    assert shown[0] == 1
    assert set(range(10, 201, 10)) <= set(shown)
    assert select_cards([]) == []


def test_single_poor_frame_among_many_is_visible() -> None:
    coverage = [1.0] * 5000
    coverage[3210] = 0.3
    assert lowest_per_column(coverage, 800).min() == np.float32(0.3)
    assert lowest_per_column([0.5, 0.7], 6).tolist() == pytest.approx([0.5, 0.5, 0.5, 0.7, 0.7, 0.7])


@pytest.mark.parametrize("count", [1, 2, 7])
def test_short_shots_and_shots_without_keyframes_can_be_drawn(card: Card, count: int) -> None:
    assert draw_sheet(plan_sheet(chart(card, [1], count=count))).shape[1] == MAX_WIDTH
    assert draw_sheet(plan_sheet(chart(card, [], count=count))).shape[1] == MAX_WIDTH


def test_pictures_have_their_true_shape(card: Card) -> None:
    square = chart(card, [1, 20])
    boxes = [
        next(item.box for item in arrange(plan_sheet(replace(square, pixel_aspect=Fraction(aspect)))).items
             if isinstance(item, PlacedPicture))
        for aspect in (2, 3)
    ]  # fmt: skip
    assert [(box.width, box.height) for box in boxes] == [(396, 54), (594, 54)]


def test_tall_and_small_pictures_fit(card: Card, tmp_path: Path) -> None:
    write_image(tmp_path / "tall.png", np.zeros((300, 20, 4), np.uint16))
    tall = replace(card, plate=tmp_path / "tall.png", reason="a very long reason " * 20)
    drawn = Chart("x", range(5), [0.5] * 5, 0.9, [0, 3], [tall, replace(tall, frame=3)])
    assert draw_sheet(plan_sheet(drawn)).shape[0] < 3000


@pytest.mark.parametrize("frames", [range(1, 232, 2), range(1, 232), range(1001, 1100, 3), range(0, 20000, 7)])
def test_about_ten_ticks_lie_on_existing_frames(frames: range) -> None:
    marked = ticks(frames)
    assert set(marked) <= set(frames)
    assert marked[0] == frames[0]
    assert 5 <= len(marked) <= 14


def test_ticks_are_round_numbers_if_possible() -> None:
    assert ticks(range(1, 61)) == [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]
    assert ticks([7]) == [7]
