"""Rate, timecode and pixel aspect ratio of a sequence, from the headers of its pictures.

The value that most frames declare is used, and the other frames are named in a message. Timecodes must advance with
the frame numbers.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from stylize.media.clock import (
    DEFAULT_RATE,
    MAX_PACKED_RATE,
    frames_to_timecode,
    is_drop_frame,
    offset_timecode,
    timecode_to_frames,
    unpack_timecode,
    valid_timecode,
)
from stylize.media.images import Header
from stylize.media.sequences import format_frames

_Value = TypeVar("_Value", bound=Hashable)
_RATE_ADVICE = "give --rate to choose another one"


@dataclass(frozen=True)
class SequenceHeader:
    """Properties that the headers of a sequence declare.

    rate: frames per second. assumed: neither headers nor the user give the rate. timecode: timecode of the first
    frame; without one in the headers, its number at the rate. None above the rates that timecodes support.
    pixel_aspect: width of a pixel divided by its height. notes: messages.
    """

    rate: Fraction
    assumed: bool
    timecode: str | None
    pixel_aspect: Fraction
    notes: tuple[str, ...]


def sequence_header(
    path: Path, frames: Sequence[int], headers: Sequence[Header], requested: Fraction | None
) -> SequenceHeader:
    """Return what the headers of a sequence declare together.

    path: path of the sequence, for messages. frames: their numbers, ascending. headers: headers of the frames.
    requested: rate that takes precedence over the headers.
    """
    notes: list[str] = []
    rate = _rate(path, frames, headers, requested, notes)
    timecode = _timecode(path, frames, headers, rate, notes)
    aspects = [header.pixel_aspect for header in headers]
    aspect = _agreed(path, frames, aspects, "pixel aspect ratio", notes) or Fraction(1)
    if any(header.doubtful_aspect for header in headers):
        notes.append(
            f"{path}: PNG headers declare a pixel aspect ratio of {aspect}; if FFmpeg wrote them, it is {1 / aspect}: "
            "give the movie itself, or export TIFF"
        )
    assumed = requested is None and all(header.rate is None for header in headers)
    return SequenceHeader(rate, assumed, timecode, aspect, tuple(notes))


def _rate(
    path: Path, frames: Sequence[int], headers: Sequence[Header], requested: Fraction | None, notes: list[str]
) -> Fraction:
    declared = _agreed(path, frames, [header.rate for header in headers], "rate", notes, " frames per second")
    others = [header.other_rate for header in headers if header.other_rate is not None]
    if others and requested is None:
        notes.append(
            f"{path}: the headers declare rates of both {declared} and {others[0]} frames per second; {declared} is "
            f"used, {_RATE_ADVICE}"
        )
    if requested is not None:
        if declared not in (None, requested):
            notes.append(f"{path}: --rate {requested} takes precedence over the rate of {declared} in the headers")
        return requested
    return declared or DEFAULT_RATE


def _timecode(
    path: Path, frames: Sequence[int], headers: Sequence[Header], rate: Fraction, notes: list[str]
) -> str | None:
    texts = [_text(header.timecode, rate) for header in headers]
    invalid = [
        frame for frame, header, text in zip(frames, headers, texts, strict=True) if header.timecode and text is None
    ]
    if invalid and rate <= MAX_PACKED_RATE:
        notes.append(
            f"{path}: the timecode of {_named(invalid)} is not valid at {rate} frames per second; it is ignored"
        )
    known = [(frame, text) for frame, text in zip(frames, texts, strict=True) if text is not None]
    if not known:
        return _from_number(frames[0], rate)
    if len(known) > 1 and len({text for _, text in known}) == 1:
        # Some programs write zeros if they have no timecode.
        notes.append(f"{path}: the timecode {known[0][1]} is the same in all frames; frame numbers are used instead")
        return _from_number(frames[0], rate)
    return _first_timecode(path, frames[0], known, rate, notes)


def _text(timecode: int | str | None, rate: Fraction) -> str | None:
    if timecode is None or isinstance(timecode, str):
        return timecode and valid_timecode(timecode, rate)
    return unpack_timecode(timecode, rate)


def _first_timecode(path: Path, first: int, known: Sequence[tuple[int, str]], rate: Fraction, notes: list[str]) -> str:
    """Return the timecode of frame `first` on which most frames agree, and append a message about the others.

    known: (frame, timecode). Above 30 frames per second, pairs of frames share a number, and some programs omit the
    flag of the second one.
    """
    starts = {frame: (timecode_to_frames(text, rate) or 0) - (frame - first) for frame, text in known}
    begin = Counter(starts.values()).most_common(1)[0][0]
    if rate > 30 and not any(int(text[-2:]) % 2 for _, text in known):
        begin = max(begin, min(begin + 1, max(starts.values())))
        unlike = [frame for frame, start in starts.items() if start not in (begin, begin - 1)]
    else:
        unlike = [frame for frame, start in starts.items() if start != begin]
    codes = dict(known)
    drop = any(is_drop_frame(text, rate) for text in codes.values())
    timecode = frames_to_timecode(begin, rate, drop)
    if unlike:
        expected = offset_timecode(timecode, unlike[0] - first, rate)
        notes.append(
            f"{path}: the timecode of {_named(unlike)} is out of sequence, and is ignored: expected {expected} in "
            f"frame {unlike[0]}, found {codes[unlike[0]]}"
        )
    return timecode


def _from_number(number: int, rate: Fraction) -> str | None:
    """Return the timecode of a frame number: the time from frame 0, without drop-frame."""
    return frames_to_timecode(number, rate, drop=False) if rate <= MAX_PACKED_RATE else None


def _agreed(
    path: Path, frames: Sequence[int], values: Sequence[_Value | None], what: str, notes: list[str], unit: str = ""
) -> _Value | None:
    """Return the value that most frames declare, None if none does, and append a message about the others."""
    known = [(frame, value) for frame, value in zip(frames, values, strict=True) if value is not None]
    if not known:
        return None
    chosen = Counter(value for _, value in known).most_common(1)[0][0]
    unlike = [(frame, value) for frame, value in known if value != chosen]
    if unlike:
        frame, value = unlike[0]
        notes.append(
            f"{path}: the {what} of {_named([one for one, _ in unlike])} differs: found {value}{unit} in frame "
            f"{frame}; the {chosen}{unit} of most frames is used"
        )
    return chosen


def _named(frames: Sequence[int]) -> str:
    return f"frame{'s' if len(frames) > 1 else ''} {format_frames(frames)}"
