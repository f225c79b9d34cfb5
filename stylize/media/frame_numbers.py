"""Frame numbers in file names: the run of digits that is the number.

A name may have several runs of digits, as in `sh010_0007_v002.png`. A run that is part of a version, a copy, a scale, a
size, a date or a time is the number only if the name has no other. Of the others, one that stands alone between
separators or follows a word such as `frame` takes precedence over one next to other letters, and the last takes
precedence. A `-` before a number that follows `.`, `_` or nothing is its sign, as in Nuke: -4 in `plate.-0004.png`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Ranks of runs of digits: the number of a frame, part of a word, and part of something else, such as a date.
NUMBER, IN_WORD, OTHER = range(3)

_RUN = re.compile(r"(?:(?<=[._])-|^-)?([0-9]+)")
# Words that mark the number after them as that of a frame, as in frame0007.
_LABEL = re.compile(r"(?:^|[^a-z])(?:f|fr|frm|frames?|key|keyframe|img|image|plate)$", re.IGNORECASE)
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_TIME = "(?:(?:T|[ _-]+(?:at )?)(?:[01][0-9]|2[0-3])(?P<colon>[-.:]?)[0-5][0-9](?P=colon)[0-5][0-9](?:[.,][0-9]+)?)?"
_OTHER = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        # v002, ver 2, rev3
        r"(?<![a-z])(?:v|(?:ver|version|rev)[._ -]?)[0-9]+(?![0-9])",
        # (1), [2], copy 3
        r"\([0-9]+\)|\[[0-9]+\]|(?<![a-z])copy[._ -]?[0-9]+(?![0-9])",
        # @2x, 1920x1080
        r"@[0-9]+x(?![a-z0-9])|(?<![0-9])[0-9]{3,5}x[0-9]{3,5}(?![0-9])",
        # 20240131, 2024-01-31, 20240131_120003, 2024-01-31 at 12.00.03
        rf"(?<![0-9]){_YEAR}(?P<dash>[-_.]?){_MONTH}(?P=dash){_DAY}(?![0-9]){_TIME}(?![0-9])",
        # 31.01.2024
        rf"(?<![0-9]){_DAY}(?P<dash>[-_.]){_MONTH}(?P=dash){_YEAR}(?![0-9])",
    )
)


@dataclass(frozen=True)
class Reading:
    """One run of digits of a stem, read as the frame number.

    before, after: text around the number and its sign. digits: without sign. rank: NUMBER, IN_WORD or OTHER.
    """

    before: str
    negative: bool
    digits: str
    after: str
    rank: int

    @property
    def number(self) -> int:
        """Frame number."""
        return -int(self.digits) if self.negative else int(self.digits)


def number_text(frame: int, padding: int) -> str:
    """Return a frame number for a file name: the sign, and at least `padding` digits, as in -0004."""
    return f"{'-' if frame < 0 else ''}{abs(frame):0{padding}d}"


def readings(stem: str) -> tuple[Reading, ...]:
    """Return the runs of digits of a stem, from left to right."""
    others = [match.span() for pattern in _OTHER for match in pattern.finditer(stem)]
    return tuple(_reading(stem, match, others) for match in _RUN.finditer(stem))


def _reading(stem: str, match: re.Match[str], others: Collection[tuple[int, int]]) -> Reading:
    before, after = stem[: match.start()], stem[match.end() :]
    if any(start <= match.start(1) and match.end() <= end for start, end in others):
        rank = OTHER
    elif _LABEL.search(before) or not (before[-1:].isalpha() or after[:1].isalpha()):
        rank = NUMBER
    else:
        rank = IN_WORD
    return Reading(before, match.end(1) - match.start(1) < len(match[0]), match[1], after, rank)


def likeliest(found: Sequence[Reading]) -> Reading | None:
    """Return the reading of a single name: the last one of the best rank. None without digits."""
    rank = min((one.rank for one in found), default=0)
    return next((one for one in reversed(found) if one.rank == rank), None)


def skeleton(stem: str) -> str:
    """Return a stem with each number and its sign replaced by a NUL, equal for the names of one sequence."""
    return _RUN.sub("\0", stem)


def varying_runs(stems: Sequence[str]) -> list[int]:
    """Return the indices of the runs of digits that differ between stems with equal skeletons."""
    rows = [readings(stem) for stem in stems]
    return [run for run in range(len(rows[0])) if len({(row[run].negative, row[run].digits) for row in rows}) > 1]


def varying_run(stems: Sequence[str]) -> int | None:
    """Return the index of the run of digits that numbers stems with equal skeletons; None if they do not differ.

    This is the only run that differs, or the likeliest one of several.
    """
    varying = varying_runs(stems)
    if not varying:
        return None
    first = readings(stems[0])
    best = likeliest([first[run] for run in varying])
    return next(run for run in varying if first[run] is best)
