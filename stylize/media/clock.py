"""Frame rates of timestamps, and SMPTE timecodes, in exact integer and fraction arithmetic."""

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
# Matroska and FLV round to whole milliseconds, as may files converted from them. Two rounding errors add up to 1 ms.
_ROUNDING = Fraction(1, 1000)
# Max seconds of lost footage that are replaced by a still picture.
_MAX_GAP = 10
# 23.98 differs from 24000/1001 by less than this share, and from 24 by more.
_ROUNDED_RATE = 5000
# Above 100 frames per second, the frame field has three digits.
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d\d?)")
# Max frames per second for which the bits of SMPTE ST 12-1 suffice.
MAX_PACKED_RATE = 60


def find_rate(stamps: Sequence[int], time_base: Fraction, hints: Sequence[Fraction]) -> tuple[Fraction, bool]:
    """Return the frame rate of timestamps, and whether it is variable.

    A rate is constant if all stamps lie on its grid, within the container's rounding. The rate of variable stamps is
    that of the median interval. stamps: ascending, in units of `time_base` seconds. hints: rates that the container
    declares, which are used if they fit the stamps.
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
    """Return the standard rate nearest to a hint, or the hint itself.

    Matroska rounds to nanoseconds: it returns 60000/1001 as 19001/317.
    """
    return next((rate for rate in _STANDARD_RATES if abs(rate - hint) * 1_000_000 < rate), hint)


def rate_of(value: float) -> Fraction:
    """Return the rate that a rounded number stands for: 24000/1001 for 23.976 and 23.98, else the nearest fraction."""
    near = min(_STANDARD_RATES, key=lambda rate: abs(rate - Fraction(value)))
    if abs(near - Fraction(value)) * _ROUNDED_RATE <= near:
        return near
    return Fraction(value).limit_denominator(1001)


def _fits(stamps: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    allowed = _tolerance(time_base, rate)
    first = stamps[0]
    return all(abs((stamp - first) * time_base - index / rate) <= allowed for index, stamp in enumerate(stamps))


def _tolerance(time_base: Fraction, rate: Fraction) -> Fraction:
    """Return the max distance of a timestamp from the grid of a rate, in seconds."""
    return min(max(time_base, _ROUNDING), 1 / rate / 4)


def find_gaps(
    stamps: Sequence[int], time_base: Fraction, hints: Sequence[Fraction], *, damaged: bool
) -> list[tuple[int, list[int]]]:
    """Return where timestamps of a constant rate leave out frames: (index of the next stamp, stamps left out).

    stamps, hints: as in `find_rate`. damaged: the source is known to have lost frames. Otherwise a tenth of the frames
    may be left out; with more gaps, the rate is variable. Empty if the stamps do not lie on the grid of a rate, or if a
    gap is longer than 10 seconds.
    """
    gaps = [after - before for before, after in pairwise(stamps)]
    if not gaps or 2 * max(gaps) < 3 * (median := median_low(gaps)):
        return []
    # Only rates at which most stamps are neighbours: any stamps lie on the grid of a sufficiently high rate.
    rates = [rate for rate in (*map(_standard_rate, hints), *_STANDARD_RATES) if round(median * time_base * rate) == 1]
    for rate in (*rates, 1 / (median * time_base)):
        places = _grid_places(stamps, time_base, rate)
        if places is None:
            continue
        steps = [after - before for before, after in pairwise(places)]
        left_out = places[-1] + 1 - len(places)
        if max(steps) > _MAX_GAP * rate or (not damaged and left_out * 10 > max(len(places), 10)):
            return []
        return [
            (index + 1, [stamps[index] + round(n / rate / time_base) for n in range(1, step)])
            for index, step in enumerate(steps)
            if step > 1
        ]
    return []


def _grid_places(stamps: Sequence[int], time_base: Fraction, rate: Fraction) -> list[int] | None:
    """Return the number of frame intervals from the first stamp to each, or None if one lies between two frames."""
    allowed = _tolerance(time_base, rate)
    places: list[int] = []
    for stamp in stamps:
        time = (stamp - stamps[0]) * time_base
        place = round(time * rate)
        if abs(time - place / rate) > allowed or (places and place <= places[-1]):
            return None
        places.append(place)
    return places


def regular_stamps(count: int, rate: Fraction) -> tuple[tuple[int, ...], Fraction]:
    """Return the timestamps of `count` frames at `rate` frames per second, and their time base in seconds."""
    return tuple(range(count)), 1 / rate


def offset_timecode(timecode: str, frames: int, rate: Fraction) -> str:
    """Return `timecode` advanced by a number of frames. A semicolon, as in `01:00:59;29`, marks drop-frame.

    An invalid timecode is returned unchanged.
    """
    count = timecode_to_frames(timecode, rate)
    match = _TIMECODE.fullmatch(timecode)
    if count is None or match is None:
        return timecode
    return _format(count + frames, round(rate), match[4])


def conform_timecode(timecode: str, rate: Fraction, conformed: Fraction) -> str:
    """Return `timecode` counted at another rate, as after deinterlacing. It keeps its time of day, in counted frames.

    An invalid timecode is returned unchanged.
    """
    count = timecode_to_frames(timecode, rate)
    match = _TIMECODE.fullmatch(timecode)
    if count is None or match is None:
        return timecode
    return _format(int(count * conformed / rate), round(conformed), match[4])


def timecode_to_frames(timecode: str, rate: Fraction) -> int | None:
    """Return the number of frames from midnight to `timecode`, or None if it is invalid."""
    match = _TIMECODE.fullmatch(timecode)
    nominal = round(rate)
    if match is None or nominal < 1:
        return None
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    all_minutes = hours * 60 + minutes
    dropped = _dropped_numbers(match[4], nominal)
    return (all_minutes * 60 + seconds) * nominal + frames - dropped * (all_minutes - all_minutes // 10)


def frames_to_timecode(count: int, rate: Fraction, drop: bool) -> str:
    """Return the timecode of a number of frames since midnight. drop: use drop-frame if the rate supports it."""
    return _format(count, round(rate), ";" if drop else ":")


def is_drop_frame(timecode: str, rate: Fraction) -> bool:
    """Return whether a timecode is drop-frame. The separator decides, at rates that support drop-frame."""
    match = _TIMECODE.fullmatch(timecode)
    return match is not None and _dropped_numbers(match[4], round(rate)) > 0


def pack_timecode(timecode: str, rate: Fraction) -> int | None:
    """Pack `timecode` into the 32 bits of SMPTE ST 12-1 that EXR and DPX store.

    Returns None if the timecode is invalid, and above 60 frames per second, which the format cannot represent. Above
    30 frames per second, two frames share a number, and the second one has the field mark (ST 12-2).
    """
    match = _TIMECODE.fullmatch(timecode)
    if match is None or round(rate) > MAX_PACKED_RATE:
        return None
    hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
    fast = round(rate) > 30
    frame, second = divmod(frame, 2) if fast else (frame, 0)
    fields = ((hours, 24), (minutes, 16), (seconds, 8), (frame, 0))
    packed = sum((value // 10 << 4 | value % 10) << bit for value, bit in fields)
    # The position of the field mark differs between 25 and 30 fps systems.
    field_mark = second << (31 if round(rate) % 25 == 0 else 15)
    return packed | (match[4] in ";.") << 6 | field_mark


def unpack_timecode(packed: int, rate: Fraction) -> str | None:
    """Return the timecode that 32 bits of SMPTE ST 12-1 hold; the inverse of `pack_timecode`.

    Returns None if a digit or a field is out of range, and above 60 frames per second.
    """
    nominal = round(rate)
    if nominal > MAX_PACKED_RATE:
        return None
    # The tens of hours, minutes, seconds and frames have 2, 3, 3 and 2 bits.
    fields = [(packed >> bit & 15, packed >> bit + 4 & mask) for bit, mask in ((24, 3), (16, 7), (8, 7), (0, 3))]
    if any(ones > 9 for ones, _ in fields):
        return None
    hours, minutes, seconds, frame = (ones + 10 * tens for ones, tens in fields)
    if nominal > 30:
        frame = 2 * frame + (packed >> (31 if nominal % 25 == 0 else 15) & 1)
    separator = ";" if packed >> 6 & 1 and _dropped_numbers(";", nominal) else ":"
    return valid_timecode(f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{frame:02d}", rate)


def pad_timecode(timecode: str) -> str:
    """Return a timecode whose last field has two digits or more. FFmpeg writes one below 10 frames per second."""
    return re.sub(r"([:;.])([0-9])$", r"\g<1>0\2", timecode)


def valid_timecode(timecode: str, rate: Fraction) -> str | None:
    """Return a timecode whose fields are in range at `rate` and whose number drop-frame does not skip, else None."""
    match = _TIMECODE.fullmatch(timecode)
    nominal = round(rate)
    if match is None or nominal < 1:
        return None
    hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
    skipped = seconds == 0 and minutes % 10 and frame < _dropped_numbers(match[4], nominal)
    in_range = hours < 24 and minutes < 60 and seconds < 60 and frame < nominal
    return timecode if in_range and not skipped else None


def _dropped_numbers(separator: str, nominal: int) -> int:
    """Return the frame numbers that drop-frame skips per minute, in nine of ten minutes. nominal: rounded rate."""
    return nominal // 15 if separator in ";." and nominal % 30 == 0 else 0


def _format(count: int, nominal: int, separator: str) -> str:
    dropped = _dropped_numbers(separator, nominal)
    tens, within = divmod(count, 600 * nominal - 9 * dropped)
    # The first of ten minutes has all frame numbers; the other nine skip their first ones.
    skipped = 0 if within < 60 * nominal else dropped * (1 + (within - 60 * nominal) // (60 * nominal - dropped))
    seconds, frame = divmod(tens * 600 * nominal + within + skipped, nominal)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{second:02d}{separator}{frame:02d}"
