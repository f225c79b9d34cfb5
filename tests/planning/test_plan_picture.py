"""The picture of a plan shows as many keyframes as fit, and stays small."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Bytes
from stylize.media.images import write_image
from stylize.planning.plan_picture import MAX_CARDS, Card, Chart, lowest_per_column, plan_picture, select_cards, ticks

AMBER, RED = (255, 184, 77), (232, 92, 92)


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
    return Chart("shot   40 frames", range(1, count + 1), [least] * count, 0.75, [1], cards)


def amber(picture: Bytes) -> int:
    return int((picture == np.array(AMBER)).all(axis=2).sum())


@pytest.mark.slow
def test_picture_is_deterministic_with_a_fixed_width(card: Card) -> None:
    one, other = plan_picture(chart(card, [1, 20])), plan_picture(chart(card, [1, 20]))
    np.testing.assert_array_equal(one, other)
    assert one.shape[1:] == (2400, 3)


@pytest.mark.slow
def test_each_keyframe_adds_a_line(card: Card) -> None:
    assert amber(plan_picture(chart(card, [1, 10, 20]))) > amber(plan_picture(chart(card, [1, 20]))) + 500


@pytest.mark.slow
def test_frames_below_the_target_are_red(card: Card) -> None:
    def red(picture: Bytes) -> int:
        return int((picture == np.array(RED)).all(axis=2).sum())

    assert red(plan_picture(chart(card, [1]))) == 0
    assert red(plan_picture(chart(card, [1], least=0.5))) > 2000


def test_new_content_is_highlighted_on_the_plate(card: Card) -> None:
    picture = plan_picture(chart(card, [1])).astype(int)
    left, right = picture[1100:1300, 100:300], picture[1100:1300, 550:750]
    assert abs(left[..., 0] - left[..., 2]).mean() < 1  # grey
    assert (right[..., 0] - right[..., 2]).mean() > 40  # amber


def test_picture_of_hundreds_of_keyframes_stays_small(card: Card) -> None:
    picture = plan_picture(chart(card, list(range(1, 20001, 40)), count=20000))
    assert picture.shape[0] < 5000


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
    assert plan_picture(chart(card, [1], count=count)).shape[1] == 2400
    assert plan_picture(chart(card, [], count=count)).shape[1] == 2400


@pytest.mark.slow
def test_pictures_have_their_true_shape(card: Card) -> None:
    """A plate of square pixels takes twice the height of one whose pixels are twice as wide."""
    square = chart(card, [1, 20])
    heights = [plan_picture(replace(square, pixel_aspect=Fraction(aspect))).shape[0] for aspect in (1, 2)]
    assert heights[0] > heights[1]


def test_tall_and_small_pictures_fit(card: Card, tmp_path: Path) -> None:
    write_image(tmp_path / "tall.png", np.zeros((300, 20, 4), np.uint16))
    tall = replace(card, plate=tmp_path / "tall.png", reason="a very long reason " * 20)
    assert plan_picture(Chart("x", range(5), [0.5] * 5, 0.9, [0, 3], [tall, replace(tall, frame=3)])).shape[0] < 3000


@pytest.mark.parametrize("frames", [range(1, 232, 2), range(1, 232), range(1001, 1100, 3), range(0, 20000, 7)])
def test_about_ten_ticks_lie_on_existing_frames(frames: range) -> None:
    marked = ticks(frames)
    assert set(marked) <= set(frames)
    assert marked[0] == frames[0]
    assert 5 <= len(marked) <= 14


def test_ticks_are_round_numbers_if_possible() -> None:
    assert ticks(range(1, 61)) == [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]
    assert ticks([7]) == [7]
