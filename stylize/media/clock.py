"""Exact time: the rate behind a movie's time stamps, and time codes. Pure arithmetic, never in float seconds."""

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

DEFAULT_RATE = Fraction(24)

_STANDARD_RATES = tuple(
    rate
    for whole in (24, 25, 30, 48, 50, 60, 120, 100, 15, 12, 10, 8)
    for rate in ((Fraction(whole), Fraction(whole * 1000, 1001)) if whole % 6 == 0 else (Fraction(whole),))
)
# Matroska, FLV and what was made from them count whole milliseconds; two roundings add up to one.
_ROUNDING = Fraction(1, 1000)
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def find_rate(stamps: Sequence[int], time_base: Fraction, hints: Sequence[Fraction]) -> tuple[Fraction, bool]:
    """The frame rate of rising `stamps` (counts of `time_base` seconds), and whether it varies.

    A rate is constant when every stamp lies on its grid, but for the container's rounding. `hints`: rates that the
    container names, believed only if they fit. A varying rate is given by the usual gap between two frames.
    """
    gaps = [after - before for before, after in pairwise(stamps)]
    if not gaps:
        return (hints or (DEFAULT_RATE,))[0], False
    usual = 1 / (median_low(gaps) * time_base)
    for rate in (*map(_snapped, hints), *_STANDARD_RATES, usual):
        if _fits(stamps, time_base, rate):
            return rate, False
    nearest = min(_STANDARD_RATES, key=lambda rate: abs(rate - usual))
    close = abs(nearest - usual) <= usual / 50
    return (nearest if close else usual.limit_denominator(1001)), True


def _snapped(hint: Fraction) -> Fraction:
    """The standard rate that a hint means: Matroska keeps whole nanoseconds, and 60000/1001 comes back as 19001/317."""
    return next((rate for rate in _STANDARD_RATES if abs(rate - hint) * 1_000_000 < rate), hint)


def _fits(stamps: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    allowed = min(max(time_base, _ROUNDING), 1 / rate / 4)
    first = stamps[0]
    return all(abs((stamp - first) * time_base - index / rate) <= allowed for index, stamp in enumerate(stamps))


def regular(count: int, rate: Fraction) -> tuple[tuple[int, ...], Fraction]:
    """Time stamps of `count` frames at `rate`, and their time base."""
    return tuple(range(count)), 1 / rate


def later_timecode(timecode: str, frames: int, rate: Fraction) -> str:
    """`timecode` moved on by a number of frames; `01:00:59;29` with its semicolon drops numbers as 29.97 fps does.

    What cannot be read is given back as it is.
    """
    count = counted_timecode(timecode, rate)
    match = _TIMECODE.fullmatch(timecode)
    if count is None or match is None:
        return timecode
    return _spell_timecode(count + frames, round(rate), _dropped(match[4], round(rate)), match[4])


def counted_timecode(timecode: str, rate: Fraction) -> int | None:
    """Frames from midnight to `timecode`; None for what cannot be read."""
    match = _TIMECODE.fullmatch(timecode)
    whole = round(rate)
    if match is None or whole < 1:
        return None
    hours, minutes, seconds, rest = (int(match[group]) for group in (1, 2, 3, 5))
    all_minutes = hours * 60 + minutes
    dropped = _dropped(match[4], whole)
    return (all_minutes * 60 + seconds) * whole + rest - dropped * (all_minutes - all_minutes // 10)


def spelt_timecode(count: int, rate: Fraction, drop: bool) -> str:
    """The time code of a number of frames since midnight; `drop` leaves out numbers as 29.97 fps does."""
    mark = ";" if drop else ":"
    return _spell_timecode(count, round(rate), _dropped(mark, round(rate)), mark)


def drops_frames(timecode: str, rate: Fraction) -> bool:
    """Whether a time code leaves out numbers: by its semicolon, at rates that can."""
    match = _TIMECODE.fullmatch(timecode)
    return match is not None and _dropped(match[4], round(rate)) > 0


def _dropped(mark: str, whole: int) -> int:
    """Numbers that most minutes lack."""
    return whole // 15 if mark in ";." and whole % 30 == 0 else 0


def packed_timecode(timecode: str, rate: Fraction) -> int | None:
    """`timecode` as the 32 bits of SMPTE ST 12-1 that EXR and DPX keep; None for what cannot be read.

    Above 30 frames per second two frames share a number, and the field mark tells the second of them (ST 12-2).
    """
    match = _TIMECODE.fullmatch(timecode)
    if match is None:
        return None
    hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
    fast = round(rate) > 30
    frame, second = divmod(frame, 2) if fast else (frame, 0)
    fields = ((hours, 24), (minutes, 16), (seconds, 8), (frame, 0))
    packed = sum((value // 10 << 4 | value % 10) << place for value, place in fields)
    # The mark's place depends on the system of 25 or of 30 frames.
    mark = second << (31 if round(rate) % 25 == 0 else 15)
    return packed | (match[4] in ";.") << 6 | mark


def _spell_timecode(count: int, whole: int, dropped: int, separator: str) -> str:
    ten_minutes = 600 * whole - 9 * dropped
    tens, within = divmod(count, ten_minutes)
    # The first minute of ten is whole, the others lack their first numbers.
    skipped = 0 if within < 60 * whole else dropped * (1 + (within - 60 * whole) // (60 * whole - dropped))
    seconds, frame = divmod(tens * 600 * whole + within + skipped, whole)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{second:02d}{separator}{frame:02d}"
