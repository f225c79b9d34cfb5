"""Interlaced and telecined movies: reported, made progressive, counted and listed."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from propagate.arrays import Pixels
from propagate.combing import FieldVerdict
from stylize.errors import SettingsError, ShotError
from stylize.media.deinterlacing import Deinterlacing, conform_stamps
from stylize.media.images import write_image
from stylize.media.interlacing import Interlacing
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import write_movie
from tests.fields import interlaced, moving, telecined, weave

VIDEO = Fraction(30000, 1001)
LOSSLESS = {"codec": "ffv1", "options": {}}


def write(path: Path, frames: list[Pixels], layout: str = "yuv444p", rate: Fraction = VIDEO, **others: object) -> Path:
    """A lossless movie."""
    return write_movie(path, frames, layout=layout, rate=rate, **{**LOSSLESS, **others})  # type: ignore[arg-type]


def pixels(path: Path, **options: str) -> list[Pixels]:
    """All frames of a movie, opened with some options."""
    return [picture for _, picture in read_frames(open_shot(path, **options))]  # type: ignore[arg-type]


def error(one: Pixels, other: Pixels) -> float:
    """The mean difference of two pictures in levels of 8 bits."""
    scale = 257 if one.dtype == np.uint16 else 1
    return float(np.abs(one[..., :3] / scale - other[..., :3]).mean())


@pytest.mark.parametrize(("order", "words"), [("top", "top field first"), ("bottom", "bottom field first")])
def test_woven_frames_that_are_flagged_progressive_are_reported(tmp_path: Path, order: str, words: str) -> None:
    shot = open_shot(write(tmp_path / "a.mkv", interlaced(moving(24), order)))  # type: ignore[arg-type]
    (warning,) = shot.warnings
    assert warning.startswith(f"a.mkv: interlaced, {words}: ")
    assert "--deinterlace frames" in warning
    assert shot.deinterlacing is None


def test_progressive_movie_is_not_reported_and_auto_leaves_it_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", moving(12))
    assert open_shot(path).warnings == open_shot(path, deinterlace="auto").warnings == ()
    np.testing.assert_array_equal(pixels(path), pixels(path, deinterlace="auto"))


@pytest.mark.parametrize("method", ["auto", "frames"])
def test_one_progressive_frame_for_each_woven_one(tmp_path: Path, method: str) -> None:
    pictures = moving(24)
    path = write(tmp_path / "a.mkv", interlaced(pictures))
    shot = open_shot(path, deinterlace=method)
    found = [picture for _, picture in read_frames(shot)]
    woven = pixels(path, deinterlace="off")
    assert (len(shot.frames), shot.rate, shot.warnings) == (12, VIDEO, ())
    for at in range(1, 11):
        assert error(found[at], pictures[2 * at]) < 0.4 * error(woven[at], pictures[2 * at])


def test_one_frame_for_each_field(tmp_path: Path) -> None:
    pictures = moving(24)
    shot = open_shot(write(tmp_path / "a.mkv", interlaced(pictures, "bottom")), deinterlace="fields")
    found = [picture for _, picture in read_frames(shot)]
    assert (len(found), shot.rate, shot.variable) == (24, 2 * VIDEO, False)
    for at in range(2, 22):
        assert error(found[at], pictures[at]) < error(found[at], pictures[at + 1])


@pytest.mark.parametrize(
    ("layout", "codec", "depth"), [("yuv444p", "ffv1", 8), ("yuv422p10le", "ffv1", 16), ("rgb24", "png", 8)]
)
def test_film_is_restored_in_its_own_depth(tmp_path: Path, layout: str, codec: str, depth: int) -> None:
    pictures = moving(16)
    path = write(tmp_path / "a.avi", telecined(pictures), layout, codec=codec)
    assert "--deinterlace film" in open_shot(path).warnings[0]
    shot = open_shot(path, deinterlace="auto")
    film = pixels(write(tmp_path / "film.avi", pictures, layout, codec=codec))
    found = [picture for _, picture in read_frames(shot)]
    assert (len(shot.frames), shot.rate, shot.depth) == (16, VIDEO * Fraction(4, 5), depth)
    for one, other in zip(found, film, strict=True):
        assert error(one, other / (257 if depth == 16 else 1)) < 0.5


def test_frames_of_conformed_movies_are_chosen_by_their_own_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", telecined(moving(16)))
    whole = pixels(path, deinterlace="film")
    shot = open_shot(path, deinterlace="film", frames="7-9", start_number=5)
    np.testing.assert_array_equal([picture for _, picture in read_frames(shot)], whole[2:5])
    assert (shot.source_frames, shot.start) == (16, 2 / shot.rate)


def test_what_does_not_fit_in_film_is_deinterlaced(tmp_path: Path) -> None:
    """Video inside of film: its frames are not woven from fields of one picture."""
    pictures = moving(16, speed=4)
    video = interlaced(moving(20, speed=9))
    shot = open_shot(write(tmp_path / "a.mkv", [*telecined(pictures), *video]), deinterlace="film")
    assert shot.deinterlacing is not None
    assert any(one.combed for one in shot.deinterlacing.film)
    found = [picture for _, picture in read_frames(shot)]
    assert len(found) == len(shot.frames) == 24
    for one in (place for place, film in enumerate(shot.deinterlacing.film) if film.combed):
        lines = found[one].astype(int)
        comb = np.abs(2 * lines[1:-1] - lines[:-2] - lines[2:]).mean()
        raw = video[0].astype(int)
        assert comb < 0.6 * np.abs(2 * raw[1:-1] - raw[:-2] - raw[2:]).mean()


def test_flags_count_where_nothing_moves_and_not_where_no_frame_is_combed(tmp_path: Path) -> None:
    def flag(stream: object) -> None:
        stream.codec_context.flags |= 1 << 29 | 1 << 18  # type: ignore[attr-defined]

    still = write(tmp_path / "still.mp4", [moving(1)[0]] * 6, "yuv420p", codec="libx264",
                  options={"x264-params": "bff=1"}, prepare=flag)  # fmt: skip
    assert open_shot(still).warnings[0].startswith("still.mp4: flagged as interlaced, bottom field first, and too")
    how = open_shot(still, deinterlace="auto").deinterlacing
    assert (how and (how.method, how.order)) == ("frames", "bottom")
    moves = write(tmp_path / "moves.mp4", moving(12), "yuv420p", codec="libx264",
                  options={"x264-params": "bff=1"}, prepare=flag)  # fmt: skip
    assert "but no frame is combed" in open_shot(moves).warnings[0]
    assert open_shot(moves, deinterlace="auto").deinterlacing is None


def test_measured_order_takes_precedence_over_a_wrong_flag(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", interlaced(moving(24)), "yuv420p", codec="libx264",
                 options={"x264-params": "bff=1", "qp": "4"})  # fmt: skip
    assert ", top field first" in open_shot(path).warnings[0]
    how = open_shot(path, deinterlace="auto").deinterlacing
    assert (how and how.order) == "top"


@pytest.mark.parametrize(("method", "count"), [("frames", 1), ("fields", 2), ("film", 1)])
def test_movie_of_one_frame_of_an_odd_height(tmp_path: Path, method: str, count: int) -> None:
    shot = open_shot(write(tmp_path / "a.mkv", moving(1, (50, 37))), deinterlace=method)
    found = [picture for _, picture in read_frames(shot)]
    assert len(found) == len(shot.frames) == count
    assert found[0].shape == (37, 50, 3)


def test_off_reports_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", interlaced(moving(24)))
    assert open_shot(path, deinterlace="off").warnings == ()


def test_unsuitable_requests_are_reported(tmp_path: Path) -> None:
    video = write(tmp_path / "video.mkv", interlaced(moving(24)))
    assert "no film cadence" in open_shot(video, deinterlace="film").warnings[0]
    film = write(tmp_path / "film.mkv", telecined(moving(16)))
    assert "--deinterlace film restores" in open_shot(film, deinterlace="frames").warnings[0]
    progressive = write(tmp_path / "progressive.mkv", moving(12))
    assert "leave it out" in open_shot(progressive, deinterlace="fields").warnings[0]


def test_film_at_a_variable_rate_and_tiny_frames_are_refused(tmp_path: Path) -> None:
    frames = telecined(moving(8))
    stamps = [0, 40, 90, 111, 180, 200, 240, 260, 333, 400]
    variable = write(tmp_path / "v.mkv", frames, stamps=stamps, time_base=Fraction(1, 1000))
    with pytest.raises(SettingsError, match="film requires a constant rate"):
        open_shot(variable, deinterlace="film")
    tiny = write(tmp_path / "t.mkv", moving(4, (8, 8)))
    with pytest.raises(ShotError, match="16x16 pixels or more, found 8x8"):
        list(read_frames(open_shot(tiny, deinterlace="frames")))


@pytest.mark.parametrize("suffix", ["png", "dpx"])
def test_woven_pictures_are_reported(tmp_path: Path, suffix: str) -> None:
    for kind, pictures in (("video", interlaced(moving(24))), ("film", telecined(moving(16))), ("still", moving(12))):
        (tmp_path / kind).mkdir()
        for number, picture in enumerate(pictures, 1001):
            write_image(tmp_path / kind / f"a.{number}.{suffix}", picture)
    assert "--deinterlace frames" in open_shot(tmp_path / "video").warnings[0]
    assert "--deinterlace film" in open_shot(tmp_path / "film").warnings[0]
    assert open_shot(tmp_path / "still").warnings == ()


def test_an_unreadable_picture_is_left_to_the_stage_that_needs_it(tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / f"a.{number}.png", moving(1)[0])
    content = bytearray((tmp_path / "a.2.png").read_bytes())
    content[200:400] = bytes(200)
    (tmp_path / "a.2.png").write_bytes(content)
    assert open_shot(tmp_path).warnings == ()


def test_time_of_fields_and_film() -> None:
    fields, film = Deinterlacing("fields", "top"), Deinterlacing("film", "top", (SimpleNamespace(),) * 4)  # type: ignore[arg-type]
    assert conform_stamps(fields, (0, 40, 90), Fraction(1, 1000), Fraction(25)) == (
        (0, 40, 80, 130, 180, 230), Fraction(1, 2000),
    )  # fmt: skip
    stamps, unit = conform_stamps(film, (3003, 6006), Fraction(1, 90000), VIDEO)
    assert [stamp * unit for stamp in stamps] == [Fraction(3003, 90000) + at * 5 / (4 * VIDEO) for at in range(4)]


def test_time_code_keeps_its_time_of_day(tmp_path: Path) -> None:
    def code(stream: object) -> None:
        stream.metadata["timecode"] = "01:00:00:00"  # type: ignore[attr-defined]

    path = write(tmp_path / "a.mkv", telecined(moving(16)), rate=Fraction(30), prepare=code)
    assert open_shot(path, deinterlace="film", frames="3-5").timecode == "01:00:00:02"
    assert open_shot(path, deinterlace="fields", frames="3-5").timecode == "01:00:00:02"


def test_flags_alone_choose_the_order_where_nothing_was_measured() -> None:
    assert Interlacing("bottom").order == "bottom"
    assert Interlacing("bottom", FieldVerdict("top")).order == "top"
    assert Interlacing().method is None


def test_fields_of_film_come_from_their_frames(tmp_path: Path) -> None:
    pictures = moving(16)
    path = write(tmp_path / "a.mkv", telecined(pictures))
    how = open_shot(path, deinterlace="film").deinterlacing
    assert how is not None
    sources = [how.source(at) for at in range(16)]
    assert [one.frame for one in sources[:4]] in ([0, 1, 3, 4], [0, 2, 3, 4])
    woven = next(one for one in sources if one.frame == 3)
    # The third picture has its top field in the fourth frame of video and its bottom field in the third.
    assert (woven.top, woven.bottom) == (3, 2)
    np.testing.assert_array_equal(weave(pixels(path)[3], pixels(path)[2]), pixels(path, deinterlace="film")[2])
