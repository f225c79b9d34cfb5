"""Exact time: the frame rate behind time stamps, and SMPTE time codes. Arithmetic of integers and fractions only."""

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
# Matroska, FLV and files made from them count whole milliseconds; two roundings add up to one.
_ROUNDING = Fraction(1, 1000)
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def find_rate(stamps: Sequence[int], time_base: Fraction, hints: Sequence[Fraction]) -> tuple[Fraction, bool]:
    """Return the frame rate of rising `stamps` (counts of `time_base` seconds), and whether it varies.

    A rate is constant if every stamp is on its grid, except for the container's rounding. `hints`: rates that the
    container declares, used only if they fit. A varying rate is that of the median gap between two frames.
    """
    gaps = [after - before for before, after in pairwise(stamps)]
    if not gaps:
        return (hints or (DEFAULT_RATE,))[0], False
    median = 1 / (median_low(gaps) * time_base)
    for rate in (*map(_standard_rate, hints), *_STANDARD_RATES, median):
        if _fits(stamps, time_base, rate):
            return rate, False
    nearest = min(_STANDARD_RATES, key=lambda rate: abs(rate - median))
    close = abs(nearest - median) <= median / 50
    return (nearest if close else median.limit_denominator(1001)), True


def _standard_rate(hint: Fraction) -> Fraction:
    """Return the standard rate of a hint: Matroska keeps whole nanoseconds, so 60000/1001 comes back as 19001/317."""
    return next((rate for rate in _STANDARD_RATES if abs(rate - hint) * 1_000_000 < rate), hint)


def _fits(stamps: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    allowed = min(max(time_base, _ROUNDING), 1 / rate / 4)
    first = stamps[0]
    return all(abs((stamp - first) * time_base - index / rate) <= allowed for index, stamp in enumerate(stamps))


def regular_stamps(count: int, rate: Fraction) -> tuple[tuple[int, ...], Fraction]:
    """Return time stamps of `count` frames at `rate`, and their time base."""
    return tuple(range(count)), 1 / rate


def offset_timecode(timecode: str, frames: int, rate: Fraction) -> str:
    """Return `timecode` advanced by a number of frames; the semicolon of `01:00:59;29` means drop-frame.

    A time code that cannot be read is returned unchanged.
    """
    count = timecode_to_frames(timecode, rate)
    match = _TIMECODE.fullmatch(timecode)
    if count is None or match is None:
        return timecode
    return _format(count + frames, round(rate), match[4])


def timecode_to_frames(timecode: str, rate: Fraction) -> int | None:
    """Return the number of frames from midnight to `timecode`; None for one that cannot be read."""
    match = _TIMECODE.fullmatch(timecode)
    nominal = round(rate)
    if match is None or nominal < 1:
        return None
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    all_minutes = hours * 60 + minutes
    dropped = _dropped_numbers(match[4], nominal)
    return (all_minutes * 60 + seconds) * nominal + frames - dropped * (all_minutes - all_minutes // 10)


def frames_to_timecode(count: int, rate: Fraction, drop: bool) -> str:
    """Return the time code of a number of frames since midnight. drop: use drop-frame, where the rate has it."""
    return _format(count, round(rate), ";" if drop else ":")


def is_drop_frame(timecode: str, rate: Fraction) -> bool:
    """Return whether a time code is drop-frame: by its separator, at rates that have it."""
    match = _TIMECODE.fullmatch(timecode)
    return match is not None and _dropped_numbers(match[4], round(rate)) > 0


def pack_timecode(timecode: str, rate: Fraction) -> int | None:
    """Pack `timecode` into the 32 bits of SMPTE ST 12-1 that EXR and DPX keep; None for one that cannot be read.

    Above 30 frames per second two frames share a number, and the field mark is set for the second of them (ST 12-2).
    """
    match = _TIMECODE.fullmatch(timecode)
    if match is None:
        return None
    hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
    fast = round(rate) > 30
    frame, second = divmod(frame, 2) if fast else (frame, 0)
    fields = ((hours, 24), (minutes, 16), (seconds, 8), (frame, 0))
    packed = sum((value // 10 << 4 | value % 10) << bit for value, bit in fields)
    # The bit of the field mark depends on the system of 25 or of 30 frames.
    field_mark = second << (31 if round(rate) % 25 == 0 else 15)
    return packed | (match[4] in ";.") << 6 | field_mark


def _dropped_numbers(separator: str, nominal: int) -> int:
    """Return how many numbers drop-frame leaves out in nine minutes of ten. nominal: rounded frames per second."""
    return nominal // 15 if separator in ";." and nominal % 30 == 0 else 0


def _format(count: int, nominal: int, separator: str) -> str:
    dropped = _dropped_numbers(separator, nominal)
    tens, within = divmod(count, 600 * nominal - 9 * dropped)
    # The first minute of ten has all numbers, the others lack their first ones.
    skipped = 0 if within < 60 * nominal else dropped * (1 + (within - 60 * nominal) // (60 * nominal - dropped))
    seconds, frame = divmod(tens * 600 * nominal + within + skipped, nominal)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{second:02d}{separator}{frame:02d}"
