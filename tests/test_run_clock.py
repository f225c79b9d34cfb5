"""Place of a stage in the run, and the time left."""

import pytest

from stylize.run_clock import ExpectedStage, RunClock
from stylize.run_order import stages_of
from stylize.settings import Settings

STAGES = (
    ExpectedStage("render", "", 12.0, 2.0),
    ExpectedStage("propagate", "", 20.0),
    ExpectedStage("export", "", 3.0),
)


def clock_at(*seconds: float) -> RunClock:
    # The clock is read once when it is made.
    now = iter([0.0, *seconds])
    return RunClock(lambda: next(now))


def test_time_left_is_estimated_from_steps_of_this_run() -> None:
    clock = clock_at(0, 2, 4, 5, 6, 7)
    assert clock.read("span", "", 10, 40).seconds_left is None  # completed earlier
    assert clock.read("span", "", 20, 40).seconds_left == pytest.approx(4.0)
    assert clock.read("span", "", 40, 40).seconds_left == 0.0
    assert clock.read("span", "", 0, 40).seconds_left is None  # repeated
    assert clock.read("span", "", 1, 4).seconds_left == pytest.approx(3.0)
    assert clock.read("other", "", 1, 4).seconds_left is None


def test_stages_of_the_run_are_counted() -> None:
    clock = clock_at(0, 1, 2)
    clock.expect(STAGES)
    read = clock.read("propagate", "", 0, 40)
    assert (read.place, read.places) == (2, 3)
    read = clock.read("download", "", 1, 2)
    assert (read.place, read.places, read.run_seconds_left) == (0, 0, None)


def test_time_left_in_the_run_adds_the_later_stages() -> None:
    clock = clock_at(0, 4.5, 7, 12)
    clock.expect(STAGES)
    # Nothing is measured: two keys of 5 s after a fixed part of 2 s.
    assert clock.read("render", "", 0, 2).run_seconds_left == pytest.approx(12 + 20 + 3)
    # Half a key in 2.5 s, as expected.
    assert clock.read("render", "", 0.5, 2).run_seconds_left == pytest.approx(7.5 + 23)
    assert clock.read("render", "", 1, 2).run_seconds_left == pytest.approx(5 + 23)
    assert clock.read("render", "", 2, 2).run_seconds_left == pytest.approx(23)


def test_measured_steps_outweigh_expected_ones() -> None:
    clock = clock_at(0, 90)
    clock.expect([ExpectedStage("propagate", "", 20.0)])
    clock.read("propagate", "", 0, 20)
    # 10 s a step instead of 1 s: (9 * 10 + 1) / 10 a step, for 11 more.
    assert clock.read("propagate", "", 9, 20).seconds_left == pytest.approx(9.1 * 11)


def test_run_with_an_unmeasured_stage_has_no_time_left() -> None:
    clock = clock_at(0, 1)
    clock.expect([*STAGES[:2], ExpectedStage("export")])
    assert clock.read("render", "", 0, 2).run_seconds_left is None
    assert clock.read("export", "", 0, 2).seconds_left is None


@pytest.mark.parametrize(
    ("given", "unpacks", "stages"),
    [
        ({"style": "a.png"}, True, ["conform", "split", "pick", "render", "propagate", "export"]),
        ({"style": "a.png", "keyframes": "1,8"}, False, ["split", "render", "propagate", "export"]),
        ({"keys": "keys", "split": False}, False, ["render", "propagate", "export"]),
        ({"style": "a.png", "from_stage": "propagate", "to_stage": "propagate"}, False, ["propagate"]),
    ],
)
def test_stages_of_settings(given: dict[str, object], unpacks: bool, stages: list[str]) -> None:
    assert stages_of(Settings(**given), unpacks=unpacks) == [(stage, "") for stage in stages]


def test_stages_of_layers_follow_each_other() -> None:
    looks = [{"name": "a", "style": "a.png"}, {"name": "b", "keys": "k", "matte": "m"}]
    settings = Settings(layers=looks)  # type: ignore[arg-type]
    assert stages_of(settings, unpacks=False) == [
        ("split", ""), ("pick", "a"), ("render", "a"), ("propagate", "a"), ("render", "b"), ("propagate", "b"),
        ("layers", ""), ("export", ""),
    ]  # fmt: skip
