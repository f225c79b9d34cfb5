"""Exact rates, timestamps and timecodes."""

from fractions import Fraction
from itertools import pairwise

import pytest

from stylize.media.clock import find_rate, offset_timecode, pack_timecode

FILM = Fraction(24000, 1001)
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("rate", [FILM, Fraction(24), Fraction(25), NTSC, Fraction(60000, 1001), Fraction(60)])
@pytest.mark.parametrize("unit", [1000, 15360, 90000])
def test_rate_is_recovered_from_rounded_timestamps(rate: Fraction, unit: int) -> None:
    stamps = [round(index / rate * unit) for index in range(2000)]
    assert find_rate(stamps, Fraction(1, unit), []) == (rate, False)


def test_wrong_rate_of_a_container_is_ignored() -> None:
    assert find_rate(range(0, 5000, 40), Fraction(1, 1000), [Fraction(90000), Fraction(30)]) == (Fraction(25), False)


def test_odd_rate_stays_exact() -> None:
    assert find_rate(range(0, 900, 7), Fraction(1, 1000), []) == (Fraction(1000, 7), False)


def test_variable_timestamps_give_the_typical_rate() -> None:
    stamps = [0, 33, 67, 100, 200, 233, 267, 300, 400]
    assert find_rate(stamps, Fraction(1, 1000), [Fraction(22)]) == (NTSC, True) or find_rate(
        stamps, Fraction(1, 1000), [Fraction(22)]
    ) == (Fraction(30), True)


def test_single_frame_has_the_rate_of_the_container() -> None:
    assert find_rate([512], Fraction(1, 12800), [Fraction(25)]) == (Fraction(25), False)
    assert find_rate([0], Fraction(1, 12800), []) == (Fraction(24), False)


@pytest.mark.parametrize(
    ("before", "frames", "rate", "after"),
    [
        ("01:00:00:00", 25, Fraction(25), "01:00:01:00"),
        ("00:59:59:23", 1, FILM, "01:00:00:00"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("01:00:59;29", 1, NTSC, "01:01:00;02"),
        ("01:09:59;29", 1, NTSC, "01:10:00;00"),
        ("00:00:00;00", 17982, NTSC, "00:10:00;00"),
        ("00:00:00;00", 1800, NTSC, "00:01:00;02"),
        ("00:00:59;59", 1, Fraction(60000, 1001), "00:01:00;04"),
        ("01:00:00;00", 0, NTSC, "01:00:00;00"),
        ("nonsense", 5, NTSC, "nonsense"),
    ],
)
def test_time_codes_advance(before: str, frames: int, rate: Fraction, after: str) -> None:
    assert offset_timecode(before, frames, rate) == after


@pytest.mark.slow
def test_drop_frame_numbers_every_frame_once() -> None:
    counted = [offset_timecode("00:00:00;00", frames, NTSC) for frames in range(0, 40000)]
    assert len(set(counted)) == len(counted)
    assert all(offset_timecode(before, 1, NTSC) == after for before, after in pairwise(counted))


@pytest.mark.parametrize(
    ("timecode", "rate", "packed"),
    [
        ("01:02:03:04", Fraction(25), 0x01020304),
        ("23:59:59:23", FILM, 0x23595923),
        ("00:59:59;29", NTSC, 0x00595969),  # bit 6 marks drop-frame
        ("00:00:00:59", Fraction(60000, 1001), 0x00008029),  # two frames share a number, bit 15 marks the second
        ("00:00:00:49", Fraction(50), 0x80000024),
        ("later", NTSC, None),
    ],
)
def test_time_code_is_packed_as_smpte_st_12(timecode: str, rate: Fraction, packed: int | None) -> None:
    assert pack_timecode(timecode, rate) == packed


def test_rate_rounded_by_matroska_becomes_the_standard_rate() -> None:
    stamps = [round(index / Fraction(60000, 1001) * 1000) for index in range(5)]
    assert find_rate(stamps, Fraction(1, 1000), [Fraction(19001, 317)]) == (Fraction(60000, 1001), False)
