"""Speeds of this machine: kept by size, merged, interpolated, and never in the way of a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from stylize.errors import OutputError
from stylize.project.speeds import FILE, Speed, keep_speeds, machine_key, read_speeds, speed_at


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_speeds_are_kept_by_key_and_size(data: Path) -> None:
    assert read_speeds() == {}
    keep_speeds([])
    assert not data.exists()
    keep_speeds([("a", 100, Speed(1.0, 2.0, 4)), ("b", 100, Speed(3.0, 0.0, 1))])
    keep_speeds([("a", 400, Speed(4.0, 2.0, 4))])
    assert read_speeds() == {"a": {100: Speed(1, 2, 4), 400: Speed(4, 2, 4)}, "b": {100: Speed(3, 0, 1)}}
    assert [path.name for path in data.iterdir()] == [FILE]


def test_runs_of_one_size_are_averaged_and_the_latest_count_more(data: Path) -> None:
    keep_speeds([("a", 100, Speed(1.0, 2.0, 1000))])
    keep_speeds([("a", 100, Speed(3.0, 9.0, 100))])
    # A thousand earlier steps count as a hundred; compiling of kernels, in the longer fixed part, does not.
    assert read_speeds()["a"][100] == Speed(pytest.approx(2.0), 2.0, 200)


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", '{"version": 2, "speeds": {}}', '{"version": 1}', '{"version": 1, "speeds": {"a": {"x": {}}}}',
        '{"version": 1, "speeds": {"a": {"9": {"step": -1, "fixed": 0, "steps": 1}}}}',
        '{"version": 1, "speeds": {"a": {"9": {"step": NaN, "fixed": 0, "steps": 1}}}}',
    ],
)  # fmt: skip
def test_unreadable_speeds_are_unknown_and_replaced(data: Path, content: str) -> None:
    data.mkdir()
    (data / FILE).write_text(content)
    assert read_speeds() == {}
    keep_speeds([("a", 100, Speed(1.0, 0.0, 1))])
    assert read_speeds() == {"a": {100: Speed(1, 0, 1)}}


def test_number_of_speeds_is_bounded(data: Path) -> None:
    keep_speeds([(f"key {n}", 100, Speed(1.0, 0.0, 1)) for n in range(300)])
    keep_speeds([("key 299", size, Speed(1.0, 0.0, 1)) for size in range(1, 50)])
    known = read_speeds()
    assert len(known) == 200
    assert list(known)[-1] == "key 299"
    assert list(known["key 299"]) == list(range(38, 50))


@pytest.mark.slow
def test_concurrent_runs_leave_a_complete_file(data: Path) -> None:
    work = (
        "import sys; from stylize.project.speeds import Speed, keep_speeds, read_speeds\n"
        "for size in range(1, 40):\n"
        "    keep_speeds([(sys.argv[1], size, Speed(1.0, 0.0, 1))])\n"
        "    assert read_speeds()"
    )
    running = [subprocess.Popen([sys.executable, "-c", work, f"key {number}"]) for number in range(3)]
    assert [one.wait() for one in running] == [0, 0, 0]
    assert read_speeds()
    assert [path.name for path in data.iterdir()] == [FILE]


def test_unwritable_folder_is_an_error_of_one_line(data: Path) -> None:
    data.write_text("a file in the place of the folder")
    with pytest.raises(OutputError, match="cannot be written"):
        keep_speeds([("a", 100, Speed(1.0, 0.0, 1))])


SIZES = {100: Speed(1.0, 2.0, 5), 300: Speed(5.0, 4.0, 9)}


@pytest.mark.parametrize(
    ("pixels", "step"),
    # Between two sizes by interpolation; beyond them in proportion to the pixels and 100 more.
    [(100, 1.0), (200, 3.0), (300, 5.0), (700, 10.0), (50, 0.75)],
)
def test_speed_at_another_size(pixels: int, step: float) -> None:
    found = speed_at(SIZES, pixels, 100)
    assert found is not None
    assert found.step == pytest.approx(step)
    assert speed_at({}, pixels, 100) is None


def test_time_of_a_stage_without_steps_is_zero() -> None:
    assert Speed(2.0, 3.0, 1).seconds(0) == 0
    assert Speed(2.0, 3.0, 1).seconds(4) == 11


def test_key_depends_on_the_machine_and_all_values(monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine_key("span", 2)
    assert machine_key("span", 2) == here != machine_key("span", 4)
    monkeypatch.setattr("platform.node", lambda: "another")
    assert machine_key("span", 2) != here
