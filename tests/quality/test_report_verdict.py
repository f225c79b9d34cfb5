"""The verdict of a report: keys that would pay off, and faults."""

from typing import Any

import pytest

from stylize.quality.report_verdict import MAX_LEAK, report_verdict
from stylize.sheets import Level, Verdict

GOOD = Verdict(Level.GOOD, "Good: no further key would pay off")
FAIR = Verdict(Level.FAIR, "Fair: one more key would pay off", ["Add a key near 7."])


def shot(outlier: bool = False, leak: float | None = 0.0, review: tuple[int, ...] = ()) -> dict[str, Any]:
    agreement = {"before": 1, "colour": 0.2, "structure": 0.1, "common": 0.9, "outlier": outlier}
    return {
        "keys": [{"frame": 1, "agreement": None}, {"frame": 9, "agreement": agreement}],
        "summary": {"leak outside the matte": leak}, "mattes to review": list(review),
    }  # fmt: skip


def test_results_without_faults_keep_the_verdict_on_keys() -> None:
    assert report_verdict(GOOD, [shot()]) == Verdict(Level.GOOD, GOOD.text, [])
    assert report_verdict(FAIR, [shot(), shot()]) == FAIR
    assert report_verdict(None, [shot(leak=None)]).text == "Good: no fault was found"


@pytest.mark.parametrize(
    ("faulty", "level", "named"),
    [
        (shot(outlier=True), Level.FAIR, "Key 9 does not agree with key 1"),
        (shot(leak=0.03), Level.POOR, "up to 3.0 %"),
        (shot(review=(3, 4, 5)), Level.FAIR, "frames 3-5"),
    ],
)
def test_faults_are_named_with_what_would_help(faulty: dict[str, Any], level: Level, named: str) -> None:
    found = report_verdict(GOOD, [shot(), faulty])
    assert found.level is level
    assert found.text == f"{level.value.capitalize()}: 1 fault found"
    (sentence,) = found.advice
    assert named in sentence


def test_the_worst_level_counts_and_all_advice_is_given() -> None:
    found = report_verdict(FAIR, [shot(outlier=True, leak=0.5)])
    assert found.level is Level.POOR
    assert found.text == "Poor: one more key would pay off and 2 faults found"
    assert len(found.advice) == 3
    assert found.advice[0] == "Add a key near 7."


def test_rounding_outside_the_matte_is_no_leak() -> None:
    assert report_verdict(GOOD, [shot(leak=MAX_LEAK)]).level is Level.GOOD
