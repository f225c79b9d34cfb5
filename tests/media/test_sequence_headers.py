"""Properties that the headers of a sequence declare, and messages about frames that disagree."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from stylize.media.clock import frames_to_timecode, offset_timecode, pack_timecode
from stylize.media.images import Header, Stamp, write_image
from stylize.media.opening import open_shot
from stylize.media.sequence_headers import SequenceHeader, sequence_header
from stylize.media.shot import assumption
from tests.media.profiles import ADOBE_RGB, DISPLAY_P3, SRGB_CURVE, gamma_curve, rgb_profile

NTSC = Fraction(30000, 1001)
PATH = Path("plates")


def headers(
    first: str | None, rate: Fraction = Fraction(25), count: int = 6, declared: Fraction | None = Fraction(25)
) -> list[Header]:
    """Headers whose timecodes advance from `first`."""
    codes: list[int | None] = [None] * count
    if first is not None:
        codes = [pack_timecode(offset_timecode(first, index, rate), rate) for index in range(count)]
    return [Header(declared, None, code, None) for code in codes]


def combined(given: list[Header], rate: Fraction | None = None, first: int = 1001) -> SequenceHeader:
    return sequence_header(PATH, range(first, first + len(given)), given, rate)


def test_agreeing_headers_are_used_without_a_message() -> None:
    assert combined(headers("01:23:45:10")) == SequenceHeader(Fraction(25), False, "01:23:45:10", Fraction(1), ())


def test_without_headers_the_rate_is_assumed_and_the_frame_number_is_the_time_code() -> None:
    found = combined(headers(None, declared=None))
    assert (found.rate, found.assumed, found.timecode) == (24, True, "00:00:41:17")
    requested = combined(headers(None, declared=None), Fraction(25))
    assert (requested.assumed, requested.timecode) == (False, "00:00:40:01")


def test_assumed_rate_is_reported(tmp_path: Path) -> None:
    for number in (1, 2):
        write_image(tmp_path / f"p.{number}.png", np.zeros((8, 12, 3), np.uint8))
    shot = open_shot(tmp_path)
    assert assumption(shot) == (
        f"{tmp_path}: the headers declare no rate; 24 frames per second are assumed, give --rate to choose another one"
    )
    assert shot.warnings == ()
    assert assumption(open_shot(tmp_path, rate=Fraction(24))) is None
    assert assumption(open_shot(tmp_path, frames="1")) is None  # a still has no rate


def test_requested_rate_takes_precedence_and_is_reported() -> None:
    found = combined(headers("01:23:45:10"), Fraction(30))
    assert (found.rate, found.assumed, found.timecode) == (30, False, "01:23:45:10")
    assert found.notes == ("plates: --rate 30 takes precedence over the rate of 25 in the headers",)
    assert combined(headers("01:23:45:10"), Fraction(25)).notes == ()


def test_time_code_that_the_requested_rate_does_not_have_is_reported() -> None:
    found = combined(headers("01:23:45:22"), Fraction(24))
    assert any("the timecode of frame 1003 is not valid at 24 frames per second" in note for note in found.notes)


@pytest.mark.parametrize("odd", [0, 2, 5])
def test_frame_with_another_rate_or_aspect_is_named(odd: int) -> None:
    given = headers("01:23:45:10")
    given = [Header(one.rate, None, one.timecode, Fraction(2)) for one in given]
    given[odd] = Header(Fraction(24), None, given[odd].timecode, Fraction(1))
    found = combined(given)
    assert (found.rate, found.pixel_aspect, found.timecode) == (25, 2, "01:23:45:10")
    assert [f"frame {1001 + odd} differs" in note for note in found.notes] == [True, True]
    assert "found 24 frames per second in frame" in found.notes[0]


@pytest.mark.parametrize("odd", [0, 2, 5])
def test_frame_whose_time_code_is_out_of_sequence_is_named(odd: int) -> None:
    given = headers("01:23:45:10")
    given[odd] = Header(Fraction(25), None, pack_timecode("09:00:00:00", Fraction(25)))
    found = combined(given)
    assert found.timecode == "01:23:45:10"
    expected = frames_to_timecode(10 + odd + (1 * 3600 + 23 * 60 + 45) * 25, Fraction(25), False)
    assert found.notes == (
        f"plates: the timecode of frame {1001 + odd} is out of sequence, and is ignored: expected {expected} in "
        f"frame {1001 + odd}, found 09:00:00:00",
    )


def test_drop_frame_counts_over_the_minute() -> None:
    found = combined(headers("00:59:59;28", NTSC, declared=NTSC))
    assert (found.timecode, found.notes) == ("00:59:59;28", ())
    found = combined(headers("00:00:59;28", NTSC, declared=NTSC))
    assert (found.timecode, found.notes) == ("00:00:59;28", ())


def test_standing_time_code_is_ignored() -> None:
    found = combined([Header(Fraction(25), None, 0)] * 6)
    assert found.timecode == "00:00:40:01"
    assert "00:00:00:00 is the same in all frames; frame numbers are used instead" in found.notes[0]


def test_invalid_time_code_is_ignored_and_named() -> None:
    given = headers("01:23:45:10")
    given[1] = Header(Fraction(25), None, 0x7F7F7F7F)
    found = combined(given)
    assert found.timecode == "01:23:45:10"
    assert "the timecode of frame 1002 is not valid" in found.notes[0]


def test_first_frame_without_a_time_code_gets_it_from_the_others() -> None:
    given = headers("01:23:45:10")
    given[0] = Header(Fraction(25))
    assert combined(given).timecode == "01:23:45:10"


def test_pairs_of_frames_may_share_a_number_above_30_frames_per_second() -> None:
    """Some programs do not mark the second frame of a pair."""
    rate = Fraction(50)
    codes = [pack_timecode(f"01:00:00:{2 * (index // 2):02d}", rate) for index in range(2, 8)]
    found = combined([Header(rate, None, code) for code in codes])
    assert (found.timecode, found.notes) == ("01:00:00:02", ())
    assert combined(headers("01:00:00:03", rate, declared=rate)).timecode == "01:00:00:03"


def test_rates_without_time_codes_have_none() -> None:
    assert combined(headers(None, declared=Fraction(120))).timecode is None
    assert combined([Header(Fraction(120), None, 0x01234510)] * 2).notes == ()


def test_contradicting_rates_of_one_dpx_are_reported() -> None:
    found = combined([Header(Fraction(24), Fraction(25))] * 2)
    assert found.rate == 24
    assert "the headers declare rates of both 24 and 25 frames per second; 24 is used" in found.notes[0]
    assert combined([Header(Fraction(24), Fraction(25))] * 2, Fraction(25)).rate == 25


def test_doubtful_aspect_is_reported() -> None:
    found = combined([Header(Fraction(24), None, None, Fraction(1, 2), doubtful_aspect=True)] * 2)
    assert "pixel aspect ratio of 1/2; if FFmpeg wrote them, it is 2" in found.notes[0]


@pytest.mark.parametrize("suffix", [".exr", ".dpx", ".png", ".tif", ".jpg"])
def test_sequence_reads_back_with_rate_time_code_aspect_and_padding(tmp_path: Path, suffix: str) -> None:
    for index in range(3):
        stamp = Stamp(99 + index, NTSC, frames_to_timecode(1797 + index, NTSC, True), Fraction(16, 15))
        write_image(tmp_path / f"{99 + index:05d}{suffix}", np.zeros((8, 12, 3), np.uint8), stamp=stamp)
    shot = open_shot(tmp_path, frames="100-101")
    assert (shot.rate, shot.timecode, shot.pixel_aspect) == (NTSC, "00:00:59;28", Fraction(16, 15))
    assert (shot.padding, shot.warnings, shot.assumed_rate) == (5, (), False)


def test_plates_with_a_profile_are_converted_or_kept_and_reported_once(tmp_path: Path) -> None:
    for name, profile in (
        ("adobe", rgb_profile(ADOBE_RGB, gamma_curve(563 / 256), "Adobe RGB (1998)")),
        ("p3", rgb_profile(DISPLAY_P3, SRGB_CURVE)),
        ("broken", b"x" * 300),
    ):
        (tmp_path / name).mkdir()
        for number in (1, 2):
            Image.new("RGB", (12, 8), (200, 90, 40)).save(tmp_path / name / f"{number}.png", icc_profile=profile)
    shots = {name: open_shot(tmp_path / name, rate=Fraction(24)) for name in ("adobe", "p3", "broken")}
    assert {name: shot.colour.primaries for name, shot in shots.items()} == {"adobe": 1, "p3": 12, "broken": 1}
    assert shots["p3"].warnings == ()
    assert [len(shots[name].warnings) for name in ("adobe", "broken")] == [1, 1]
    assert "converted from its colour profile, Adobe RGB (1998)" in shots["adobe"].warnings[0]
    assert "not an ICC profile" in shots["broken"].warnings[0]


def test_padding_is_that_of_the_shortest_number(tmp_path: Path) -> None:
    for name in ("p.8.png", "p.9.png", "p.10.png"):
        write_image(tmp_path / name, np.zeros((8, 12, 3), np.uint8))
    assert open_shot(tmp_path).padding == 1


def test_frames_of_film_and_television_headers_are_read_from_dpx(tmp_path: Path) -> None:
    for index in range(3):
        spec = OpenImageIO.ImageSpec(12, 8, 3, "uint16")
        spec.attribute("dpx:TemporalFrameRate", 25.0)
        spec.attribute("dpx:TimeCode", f"01:23:45:{10 + index}")
        path = str(tmp_path / f"p.{1001 + index}.dpx")
        target = OpenImageIO.ImageOutput.create(path)
        assert target.open(path, spec)
        assert target.write_image(np.zeros((8, 12, 3), np.uint16))
        target.close()
    shot = open_shot(tmp_path)
    assert (shot.rate, shot.timecode, shot.warnings) == (25, "01:23:45:10", ())
