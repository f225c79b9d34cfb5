"""Summaries name frames instead of counting them."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stylize.planning.keyframes import Keyframe
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings
from stylize.summary import plan_lines, run_lines


@dataclass
class Planned:
    """Fields of a result that the summary reads."""

    shots: tuple[ShotPlan, ...]
    redone: tuple[int, ...] = ()
    reused: tuple[int, ...] = ()
    outputs: tuple[Path, ...] = ()
    settings: Settings = field(default_factory=Settings)
    layers: tuple[()] = ()
    rendered: tuple[int, ...] = ()
    painted: tuple[int, ...] = ()
    refinements: tuple[()] = ()
    pixels: int = 100
    scale: None = None
    project: Path = Path("p")
    run_seconds: float | None = None
    full_seconds: float | None = None

    @property
    def timecodes(self) -> dict[int, str]:
        return {frame: "00:00:00:00" for shot in self.shots for frame in shot.frames}


def shot_of(first: int, last: int, poor: range = range(0)) -> ShotPlan:
    frames = tuple(range(first, last + 1))
    return ShotPlan(frames, (Keyframe(first, "first", 0.0),), {n: 0.5 if n in poor else 1.0 for n in frames})


@pytest.mark.parametrize(
    ("poor", "line"),
    [
        (range(12, 17), "  frames 12-16: covered by less than 78%"),
        (range(12, 13), "  frame 12: covered by less than 78%"),
    ],
)
def test_plan_names_the_frames_of_poor_coverage(poor: range, line: str) -> None:
    lines = list(plan_lines(Planned((shot_of(1, 20, poor),))))
    assert line in lines
    assert not [one for one in plan_lines(Planned((shot_of(1, 20),))) if "covered by" in one]


@pytest.mark.parametrize(
    ("least", "target", "text"),
    [
        (0.5, 0.78, "50%"),
        (0.7796, 0.78, "77.96%"),
        (0.78, 0.78, "78%"),
        (0.7749, 0.775, "77%"),
        (0.7751, 0.775, "78%"),
        (0.07, 0.07, "7%"),
        (0.78 - 1e-9, 0.78, "78.000000%"),
    ],
)
def test_least_coverage_agrees_with_the_frames_below_the_target(least: float, target: float, text: str) -> None:
    shot = ShotPlan((1, 2), (), {1: 1.0, 2: least})
    lines = list(plan_lines(Planned((shot,), settings=Settings(coverage=target))))
    assert f" {text} at minimum (frame 2)" in lines[0]
    assert any("covered by less" in line for line in lines) == (least < target)


def test_shot_of_one_frame_is_no_range() -> None:
    planned = Planned((shot_of(1, 2), shot_of(3, 3)))
    for lines in (list(plan_lines(planned)), list(run_lines(planned, 1.0))):
        assert any(line.startswith("shot 1: frames 1-2") for line in lines)
        assert any(line.startswith("shot 2: frame 3") and "3-3" not in line for line in lines)


def test_run_names_the_frames_it_made_if_not_all() -> None:
    shots = (shot_of(1, 9),)
    some = list(run_lines(Planned(shots, redone=(2, 3, 4), reused=(1, 5, 6, 7, 8, 9)), 3.0))
    every = list(run_lines(Planned(shots, redone=tuple(range(1, 10))), 3.0))
    assert "frames: 3 made (2-4), 6 reused, in 3 s" in some
    assert "frames: 9 made, 0 reused, in 3 s" in every
