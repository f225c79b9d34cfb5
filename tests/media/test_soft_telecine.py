"""Film that flags of MPEG-2 repeat fields of: its frames come out as they were filmed, evenly timed."""

from fractions import Fraction
from pathlib import Path

import pytest

from stylize.interchange.timelines.timeline import check_timeline
from stylize.media.deinterlacing import film_stamps
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from stylize.media.soft_telecine import soft_telecine_rate
from tests.fields import moving
from tests.media.test_deinterlacing import error
from tests.soft_telecine import VIDEO, write_soft_telecine

FILM = Fraction(24000, 1001)
NOTE = "film in video, by flags that repeat fields (soft telecine): its frames are timed evenly, at 23.976 per second"


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.mpg"])
@pytest.mark.parametrize(("method", "first"), [(None, 0), ("auto", 1), ("film", 2)])
def test_frames_of_the_film_are_timed_evenly(tmp_path: Path, name: str, method: str | None, first: int) -> None:
    pictures = moving(12)
    path = write_soft_telecine(tmp_path / name, pictures, first=first)
    shot = open_shot(path, deinterlace=method)
    assert (len(shot.frames), shot.rate, shot.variable, shot.deinterlacing) == (12, FILM, False, None)
    assert [time * shot.time_base for time in shot.times] == [index / FILM for index in range(12)]
    assert [note for note in shot.warnings if NOTE in note] == list(shot.warnings)
    assert len(shot.warnings) == 1
    for (_, found), picture in zip(read_frames(shot), pictures, strict=True):
        assert error(found, picture) < 6
    check_timeline(shot, None, 0)  # refuses variable rates


def test_off_keeps_the_times_of_the_fields(tmp_path: Path) -> None:
    shot = open_shot(write_soft_telecine(tmp_path / "a.ts", moving(9)), deinterlace="off")
    assert shot.variable
    assert shot.warnings == ()
    assert [round(time * shot.time_base * 2 * VIDEO) for time in shot.times] == [0, 3, 5, 8, 10, 13, 15, 18, 20]


def test_times_differ_by_a_field_at_most() -> None:
    fields = [0, 3, 5, 8, 10, 13, 15, 18]
    stamps = [round(field * 90000 / (2 * VIDEO)) + 12345 for field in fields]
    assert soft_telecine_rate(stamps, Fraction(1, 90000)) == VIDEO
    even, unit = film_stamps(stamps[0] * Fraction(1, 90000), VIDEO, len(fields))
    for stamp, other in zip(stamps, even, strict=True):
        assert abs(stamp * Fraction(1, 90000) - other * unit) <= 1 / (2 * VIDEO)


@pytest.mark.parametrize(
    "fields",
    [
        [0, 2, 4, 6, 8, 10],
        [0, 3, 6, 9, 12, 15],
        [0, 3, 5],
        [0, 3, 5, 8, 10, 12, 14, 16],
        [0, 3, 5, 9, 11, 14],
        [0, 2.6, 5.2, 7.4, 10],
        [0, 2, 4, 8, 10, 13],
    ],
    ids=["video", "three fields each", "too few", "film and video", "a hole", "no fields", "four fields"],
)
def test_other_times_are_not_those_of_film(fields: list[float]) -> None:
    stamps = [round(field * 90000 / (2 * VIDEO)) for field in fields]
    assert soft_telecine_rate(stamps, Fraction(1, 90000)) is None


@pytest.mark.parametrize("video", [VIDEO, Fraction(30)])
@pytest.mark.parametrize("count", [5, 1000])
def test_rates_of_video_are_told_apart(video: Fraction, count: int) -> None:
    fields = [field for index in range(0, 5 * count, 5) for field in (index, index + 3)]
    stamps = [round(field * 90000 / (2 * video)) for field in fields]
    assert soft_telecine_rate(stamps, Fraction(1, 90000)) == video


def test_film_in_units_of_its_frames_is_not_that_of_fields() -> None:
    assert soft_telecine_rate(range(12), 1 / FILM) is None


def test_video_after_the_film_keeps_its_times(tmp_path: Path) -> None:
    shot = open_shot(write_soft_telecine(tmp_path / "a.ts", moving(8), video=moving(8)))
    assert shot.variable
    assert not any("soft telecine" in warning for warning in shot.warnings)
