"""Errors of finished frames: measured inside the matte, and again only after a change."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from propagate.arrays import F32
from stylize.spans import frame_errors
from stylize.spans.frame_errors import error_map, frame_error, known_errors
from stylize.spans.pass_maps import write_error


class Records:
    """The parts of a project that errors are remembered in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.facts: dict[tuple[str, str], Any] = {}

    def digest(self, path: Path) -> str:
        return str(hash(path.read_bytes()))

    def recall(self, name: str, key: str) -> Any:
        return self.facts.get((name, key))

    def remember(self, name: str, key: str, value: Any) -> None:
        self.facts[name, key] = value


@pytest.fixture
def context(tmp_path: Path) -> Any:
    found = SimpleNamespace(
        project=Records(tmp_path), shot=SimpleNamespace(name="a"), mattes=None, matte_inputs=lambda frames: []
    )
    (tmp_path / "passes/error").mkdir(parents=True)
    for frame, error in ((1, 0.0), (2, 0.25), (3, 0.5)):
        squares = np.zeros((4, 6), F32)
        squares[:, 3:] = error**2
        write_error(error_map(found, frame), squares)  # type: ignore[arg-type]
    return found


def test_error_is_the_root_mean_square_of_the_map(context: Any) -> None:
    assert known_errors(context, [1, 2, 3]) == pytest.approx({1: 0, 2: 0.25 / 2**0.5, 3: 0.5 / 2**0.5}, abs=1e-4)


def test_only_the_inside_of_the_matte_counts(context: Any) -> None:
    matte = np.zeros((4, 6), F32)
    matte[:, 3:] = 1
    context.mattes = SimpleNamespace(read=lambda frame: matte)
    assert frame_error(context, 3) == pytest.approx(0.5, abs=1e-4)
    matte[:] = 0
    assert frame_error(context, 3) == 0


def test_frames_without_a_map_are_left_out(context: Any) -> None:
    assert list(known_errors(context, [2, 3, 4])) == [2, 3]


def test_errors_are_measured_again_only_after_a_change(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def counted(of: Any, frame: int) -> float:
        measured.append(frame)
        return frame_error(of, frame)

    monkeypatch.setattr(frame_errors, "frame_error", counted)
    first = known_errors(context, [1, 2, 3])
    assert known_errors(context, [1, 2, 3]) == first
    assert measured == [1, 2, 3]
    write_error(error_map(context, 2), np.ones((4, 6), F32))
    assert known_errors(context, [1, 2, 3])[2] == pytest.approx(1)
    context.matte_inputs = lambda frames: ["another matte"]
    known_errors(context, [1, 2, 3])
    assert measured == [1, 2, 3] * 3
