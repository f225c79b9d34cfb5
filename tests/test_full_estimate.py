"""Estimate of the full run from the times of a draft."""

import pytest

from stylize.events import Message, StageProgress
from stylize.full_estimate import FullEstimate
from stylize.step_times import StepTimes, stage_time


def times_of(*events):
    """Times measured from events (second, stage, done)."""
    now = [0.0]
    times = StepTimes(lambda: now[0])
    for second, stage, done in events:
        now[0] = second
        times.receive(StageProgress(stage, done, 99))
        times.receive(Message("between"))
    return times


def test_only_single_steps_are_timed():
    times = times_of(
        (0, "propagate", 1), (5, "propagate", 2), (6, "propagate", 3), (7, "propagate", 4), (7.1, "propagate", 40),
        (8.1, "propagate", 41), (20, "export", 1), (22, "export", 2), (30, "propagate", 42),
    )  # fmt: skip
    assert times.seconds == {"propagate": pytest.approx([5, 1, 1, 1]), "export": [2]}
    assert times.stage("propagate").step == pytest.approx(1)
    assert times.stage("propagate").startup == pytest.approx(4)
    assert (times.stage("export").step, times.stage("export").startup) == (2, 0)
    assert times.stage("conform") is None


def test_excess_of_the_longest_step_is_startup():
    assert stage_time(()) is None
    assert stage_time([3.0]) == stage_time([3.0, 3.0])
    assert (stage_time([3.0, 1.0, 2.0]).step, stage_time([3.0, 1.0, 2.0]).startup) == (1.5, 1.5)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (FullEstimate(0.2, 1, 1), "full size: about 1 s, 1 key and 1 frame"),
        (FullEstimate(61.4, 4, 48), "full size: about 1 min 1 s, 4 keys and 48 frames"),
        (FullEstimate(203, 4, 48), "full size: about 3 min 20 s, 4 keys and 48 frames"),
        (FullEstimate(7290, 0, 9), "full size: about 2 h 2 min, 0 keys and 9 frames"),
    ],
)
def test_text_of_the_estimate(estimate, text):
    assert str(estimate) == text
