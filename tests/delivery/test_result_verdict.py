"""The verdict on a result."""

import pytest

from stylize.delivery.frame_choice import ShotKeys
from stylize.delivery.result_verdict import judge, percentage
from stylize.sheets import Level

FRAMES = tuple(range(1, 42))
GOOD = dict.fromkeys(FRAMES, 0.01)
TENT = {frame: 0.004 * min(abs(frame - 1), abs(frame - 41)) for frame in FRAMES}


def test_a_result_that_no_key_improves_is_good() -> None:
    verdict = judge([ShotKeys(FRAMES, (1, 41))], GOOD)
    assert verdict is not None
    assert (verdict.level, verdict.advice) == (Level.GOOD, ())


def test_a_result_that_a_key_improves_a_little_is_fair_and_much_is_poor() -> None:
    little = {frame: 0.02 + error / 2 for frame, error in TENT.items()}
    for errors, level, word in ((little, Level.FAIR, "Fair"), (TENT, Level.POOR, "Poor")):
        verdict = judge([ShotKeys(FRAMES, (1, 41))], errors)
        assert verdict is not None
        assert verdict.level is level
        assert verdict.text == f"{word}: one more key would pay off"
        assert len(verdict.advice) == 1


def test_the_poorest_shot_decides_and_its_advice_comes_first() -> None:
    other = range(101, 142)
    errors = GOOD | {frame + 100: error for frame, error in TENT.items()}
    verdict = judge([ShotKeys(FRAMES, (1, 41)), ShotKeys(other, (101, 141))], errors)
    assert verdict is not None
    assert verdict.level is Level.POOR
    assert verdict.advice[0].startswith("Add a key near 120 ")


def test_unknown_errors_give_no_verdict() -> None:
    assert judge([ShotKeys(FRAMES, (1,))], {}) is None
    assert judge([ShotKeys(FRAMES, (1,))], {1: 0.5}) is None
    assert judge([ShotKeys(FRAMES, ())], GOOD) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (0.0213, "2.1 %"),
        (0.1234, "12 %"),
        (0.0997, "10 %"),
        (0.00042, "0.04 %"),
        (1, "100 %"),
        (-0.00001, "0 %"),
        (-0.025, "-2.5 %"),
    ],
)
def test_percentages_are_rounded(share: float, text: str) -> None:
    assert percentage(share) == text
