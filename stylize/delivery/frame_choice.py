"""Choice of the frames that represent a result on a sheet or a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stylize.planning.key_advice import worst_frames

MAX_COLUMNS = 6


@dataclass(frozen=True)
class ShotKeys:
    """Frames and keys of one shot, ascending."""

    frames: Sequence[int]
    keys: Sequence[int]


def choose_by_error(
    shots: Sequence[ShotKeys], errors: Mapping[int, float], limit: int = MAX_COLUMNS
) -> tuple[int, ...]:
    """Choose up to ``limit`` frames to show: the first and the last, the worst ones, and keys; others fill the gaps.

    shots: frames and keys of each, ascending. errors: of the measured frames. limit: 4 or more.
    """
    frames = [frame for shot in shots for frame in shot.frames]
    keys = [key for shot in shots for key in shot.keys]
    if len(frames) <= limit:
        return tuple(frames)
    chosen = {frames[0], frames[-1]}
    chosen |= set(worst_frames(frames, errors, {*keys, *chosen}, limit // 2))
    between = [key for key in keys if key not in chosen]
    chosen |= set(_spread(between, min(limit - len(chosen), max(1, limit // 2 - len(chosen & set(keys))))))
    return _filled(frames, chosen, keys, limit)


def choose_evenly(frames: Sequence[int], keys: Sequence[int], limit: int) -> tuple[int, ...]:
    """Choose up to ``limit`` frames that represent a shot: the first, the last, up to limit / 2 keys, others evenly.

    frames, keys: ascending. limit: 4 or more.
    """
    if len(frames) <= limit:
        return tuple(frames)
    return _filled(frames, {frames[0], frames[-1], *_spread(keys, limit // 2)}, keys, limit)


def _filled(frames: Sequence[int], anchors: set[int], keys: Sequence[int], limit: int) -> tuple[int, ...]:
    """Return the anchors and, in the gaps between them, further frames that are not keys, as evenly as possible."""
    places = {frame: place for place, frame in enumerate(frames)}
    at_keys, ends = {places[key] for key in keys}, sorted(places[frame] for frame in anchors)
    gaps = list(pairwise(ends))
    parts = [1] * len(gaps)
    for _ in range(limit - len(ends)):
        widest = max(range(len(gaps)), key=lambda gap: (gaps[gap][1] - gaps[gap][0]) / parts[gap])
        parts[widest] += 1
    chosen = set(ends)
    for (left, right), count in zip(gaps, parts, strict=True):
        for part in range(1, count):
            ideal = left + round((right - left) * part / count)
            free = [place for place in range(left + 1, right) if place not in at_keys | chosen]
            chosen.update(sorted(free, key=lambda place: abs(place - ideal))[:1])
    return tuple(frames[place] for place in sorted(chosen))


def _spread(items: Sequence[int], limit: int) -> list[int]:
    """Return up to ``limit`` of the items, evenly spaced, including the first and the last of several."""
    if len(items) <= limit:
        return list(items)
    if limit < 2:
        return [items[len(items) // 2]][:limit]
    return [items[round(step * (len(items) - 1) / (limit - 1))] for step in range(limit)]
