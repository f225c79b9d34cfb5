"""Film whose frames video shows for three and for two fields in turn, by flags that repeat a field (soft telecine).

A decoder returns the frames of the film; only their times are those of the fields.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from stylize.media.deinterlacing import FILM_RATIO

# Rates of video that carries film of 24 frames per second.
_VIDEO_RATES = (Fraction(30000, 1001), Fraction(30))
# Fields of a frame, and the min number of intervals that show the pattern.
_FIELDS, _MIN_INTERVALS = (2, 3), 3
# Containers round to milliseconds. Two errors add up.
_ROUNDING = Fraction(1, 1000)


def soft_telecine_rate(stamps: Sequence[int], time_base: Fraction) -> Fraction | None:
    """Return the rate of the video whose fields time the frames of a film; None for other footage.

    Every frame lasts for two or three fields, and none is further than a field from its place in evenly timed film.
    stamps: ascending, in units of `time_base` seconds.
    """
    gaps = [after - before for before, after in pairwise(stamps)]
    if len(gaps) < _MIN_INTERVALS:
        return None
    found = [video for video in _VIDEO_RATES if _is_film(stamps, gaps, time_base, 1 / video / 2)]
    # Both rates fit a few frames. The first is right unless all fields together do not last as long as it demands.
    return min(found, key=lambda video: _excess(stamps, gaps, time_base, 1 / video / 2) > 2 * time_base, default=None)


def _excess(stamps: Sequence[int], gaps: Sequence[int], time_base: Fraction, field: Fraction) -> Fraction:
    fields = sum(round(gap * time_base / field) for gap in gaps)
    return abs((stamps[-1] - stamps[0]) * time_base - fields * field)


def _is_film(stamps: Sequence[int], gaps: Sequence[int], time_base: Fraction, field: Fraction) -> bool:
    """Return whether stamps are those of film. gaps: their differences. field: its duration in seconds."""
    allowed = min(max(time_base, _ROUNDING), field / 4)
    counts = [round(gap * time_base / field) for gap in gaps]
    if not set(counts) <= set(_FIELDS):
        return False
    exact = all(abs(gap * time_base - count * field) <= allowed for gap, count in zip(gaps, counts, strict=True))
    period = 2 * field / FILM_RATIO
    even = (abs((stamp - stamps[0]) * time_base - index * period) for index, stamp in enumerate(stamps))
    return exact and all(distance <= field + allowed for distance in even)
