"""Frame and time notations read back as written: timecodes, rates, ranges and name patterns."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stylize.media.clock import (
    find_rate,
    frames_to_timecode,
    is_drop_frame,
    offset_timecode,
    pack_timecode,
    timecode_to_frames,
    unpack_timecode,
    valid_timecode,
)
from stylize.media.sequences import (
    Pattern,
    base_name,
    find_sequence,
    format_frames,
    frame_number,
    parse_pattern,
    parse_range,
    pattern_of,
)
from stylize.settings import readers

RATES = st.sampled_from(
    [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(48), Fraction(50),
     Fraction(60000, 1001), Fraction(60), Fraction(120000, 1001), Fraction(15), Fraction(8)]
)  # fmt: skip
FRAMES = st.sets(st.integers(-(10**4), 10**6), min_size=1, max_size=30)
# Not a placeholder of a number; digits are allowed.
TEXTS = st.text("ab_-. v123é", max_size=8)
SUFFIXES = st.sampled_from([".png", ".exr", ".tif", "_left.png", "-b.jpg"])


def frames_per_day(rate: Fraction, drop: bool) -> int:
    """Number of frames in a day that have distinct timecodes."""
    nominal = round(rate)
    dropped = nominal // 15 if drop and nominal % 30 == 0 else 0
    return 24 * 6 * (600 * nominal - 9 * dropped)


@given(st.data(), RATES, st.booleans())
def test_time_code_reads_back_as_its_frame(data: st.DataObject, rate: Fraction, drop: bool) -> None:
    count = data.draw(st.integers(0, frames_per_day(rate, drop) - 1))
    timecode = frames_to_timecode(count, rate, drop)
    assert timecode_to_frames(timecode, rate) == count
    assert is_drop_frame(timecode, rate) == (drop and round(rate) % 30 == 0)


@given(st.data(), RATES, st.booleans(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_time_code_offsets_add_up(data: st.DataObject, rate: Fraction, drop: bool, first: int, then: int) -> None:
    timecode = frames_to_timecode(data.draw(st.integers(0, frames_per_day(rate, drop) - 1)), rate, drop)
    assert offset_timecode(offset_timecode(timecode, first, rate), then, rate) == offset_timecode(
        timecode, first + then, rate
    )
    assert offset_timecode(timecode, frames_per_day(rate, drop), rate) == timecode


def unpacked(packed: int, rate: Fraction) -> str:
    """Read SMPTE ST 12-1 independently: two decimal digits per byte, with flags in the highest bits."""
    hours, minutes, seconds, frames = (packed >> bit & 0xFF for bit in (24, 16, 8, 0))
    drop = frames & 0x40
    mark = packed >> (31 if round(rate) % 25 == 0 else 15) & 1
    digits = [(field >> 4 & mask) * 10 + (field & 15) for field, mask in
              ((hours, 3), (minutes, 7), (seconds, 7), (frames, 3))]  # fmt: skip
    if round(rate) > 30:
        digits[3] = 2 * digits[3] + mark
    return "{:02d}:{:02d}:{:02d}{}{:02d}".format(*digits[:3], ";" if drop else ":", digits[3])


@given(st.data(), RATES.filter(lambda rate: rate <= 60), st.booleans())
def test_packed_time_code_unpacks_to_itself(data: st.DataObject, rate: Fraction, drop: bool) -> None:
    timecode = frames_to_timecode(data.draw(st.integers(0, frames_per_day(rate, drop) - 1)), rate, drop)
    packed = pack_timecode(timecode, rate)
    assert packed is not None
    assert valid_timecode(timecode, rate) == timecode
    # Drop-frame exists only at multiples of 30.
    assert unpack_timecode(packed, rate) == (timecode if round(rate) % 30 == 0 else timecode.replace(";", ":"))
    assert 0 <= packed < 2**32
    assert unpacked(packed, rate) == timecode


def test_time_code_out_of_range_is_not_packed() -> None:
    assert pack_timecode("00:00:00:99", Fraction(120)) is None


@given(RATES, st.integers(2, 400), st.sampled_from([1000, 90000, 15360, 600]), st.integers(0, 10**6))
def test_rate_is_recovered_from_rounded_timestamps(rate: Fraction, count: int, unit: int, start: int) -> None:
    assume(unit > 4 * rate)
    stamps = [start + round(index / rate * unit) for index in range(count)]
    found, varies = find_rate(stamps, Fraction(1, unit), [rate])
    assert (found, varies) == (rate, False)


@given(FRAMES)
def test_frames_read_back_from_settings(frames: set[int]) -> None:
    ascending = tuple(sorted(frames))
    assert readers.frames(readers.format_frames(ascending)) == ascending


@given(st.lists(st.tuples(st.integers(-(10**4), 10**6), st.integers(1, 40)), min_size=1, max_size=6))
def test_frames_in_a_message_are_valid_input(runs: list[tuple[int, int]]) -> None:
    frames = {frame for start, length in runs for frame in range(start, start + length)}
    named = parse_range(format_frames(frames))
    assert set(named.select(sorted(frames))) == frames


@pytest.mark.slow
@given(st.integers(0, 10**6), st.integers(0, 500), st.integers(1, 60))
def test_range_contains_exactly_its_frames(first: int, length: int, step: int) -> None:
    expected = list(range(first, first + length + 1, step))
    assert [n for part in parse_range(f"{first}-{first + length}x{step}").parts for n in part] == expected
    assert list(parse_range(f"{first}-{first + length}x{step}").select(range(first, first + length + 1))) == expected


@given(TEXTS, st.integers(1, 8), SUFFIXES, st.integers(-(10**4), 10**7))
def test_pattern_reads_the_frame_from_its_own_names(prefix: str, padding: int, suffix: str, frame: int) -> None:
    assume(frame >= 0 or re.search(r"(?:^|[._])$", prefix))
    pattern = Pattern(Path("/shots"), prefix, padding, suffix)
    assert pattern.match(pattern.path(frame).name) == frame
    # Digits next to the number would be read as part of it, and a minus after a separator as its sign.
    assume(not prefix[-1:].isdigit() and not re.search(r"(?:^|[._])-$", prefix))
    assume(not re.search("[0-9]", prefix + suffix) or re.search(r"(?:^|[._ -])$", prefix))
    assert frame_number(pattern.path(frame)) == frame
    assert pattern_of([pattern.path(frame)], [frame]).path(frame) == pattern.path(frame)
    assert base_name(pattern.path(frame)) == prefix.rstrip("._- ")


@given(TEXTS, st.integers(1, 8), SUFFIXES)
def test_displayed_pattern_reads_back(prefix: str, padding: int, suffix: str) -> None:
    pattern = Pattern(Path("/shots"), prefix, padding, suffix)
    assert parse_pattern(str(pattern)) == pattern


@pytest.mark.slow
@given(FRAMES, st.integers(1, 6), st.sampled_from(["plate.", "v2_", "a 1."]))
def test_files_are_found_by_pattern_and_by_folder(
    tmp_path_factory: pytest.TempPathFactory, frames: set[int], padding: int, prefix: str
) -> None:
    pattern = Pattern(tmp_path_factory.mktemp("found"), prefix, padding, ".png")
    expected = {frame: pattern.path(frame) for frame in sorted(frames)}
    for path in expected.values():
        path.touch()
    assert find_sequence(str(pattern)) == find_sequence(pattern.folder) == expected


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_rate_reads_back_exactly(numerator: int, denominator: int) -> None:
    rate = Fraction(numerator, denominator)
    assert readers.rate(str(rate)) == rate
