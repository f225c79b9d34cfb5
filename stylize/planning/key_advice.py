"""Advice from the errors of a result: its worst frames, and the keys that would pay off."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stylize.planning.uncovered import MIN_DISTANCE, best_frame, error_floor, pays_off, shot_error

# Max number of keys to suggest for a shot, and the share of its error that they remove in a poor result.
MAX_ADVICE = 3
POOR_SHARE = 1 / 3


@dataclass(frozen=True)
class KeyAdvice:
    """A key that would pay off.

    frame: where to add it. share: share of its shot's error that it would remove, 0..1. worst: the frame with the
    highest error between the keys around it. error: the error there, 0..1.
    """

    frame: int
    share: float
    worst: int
    error: float


def advise_keys(
    frames: Sequence[int], errors: Mapping[int, float], keys: Collection[int], min_gap: int = 0,
    excluded: Collection[int] = (),
) -> list[KeyAdvice]:  # fmt: skip
    """Return up to MAX_ADVICE keys that would pay off, at most one between two keys, the most useful first.

    The errors are modelled as refinement does, see ``uncovered``; a key is advised if refinement would try it.

    frames: frames of one shot, ascending. errors: error of each, 0..1. min_gap: min distance in frames to other keys.
    excluded: frames that must not be keys.
    """
    held = set(keys)
    floor = error_floor(frames, errors, held)
    mean = shot_error(frames, errors, floor)
    found = []
    places = [place for place, frame in enumerate(frames) if frame in held]
    for left, right in pairwise([-1, *places, len(frames)]) if places else ():
        # The keys at both ends belong to the part, so that distances to them are known.
        part = frames[max(0, left) : right + 1]
        best = best_frame(part, errors, held, floor, max(MIN_DISTANCE, min_gap), excluded)
        if best is not None and mean > 0 and pays_off(best[1], mean, len(frames)):
            worst = max((frame for frame in part if frame not in held), key=lambda frame: errors[frame])
            found.append(KeyAdvice(best[0], best[1] / (mean * len(frames)), worst, errors[worst]))
    return sorted(found, key=lambda one: (-one.share, one.frame))[:MAX_ADVICE]


def worst_frames(
    frames: Sequence[int], errors: Mapping[int, float], keys: Collection[int], count: int
) -> list[int]:  # fmt: skip
    """Return up to ``count`` frames with the highest errors, the worst first, which are not next to each other.

    Keys, and frames with an error below the mean, are excluded. So are frames closer than a sixteenth of all to a worse
    one, because they show the same. frames: ascending. errors: of some or all.
    """
    known = [frame for frame in frames if frame in errors]
    if not known:
        return []
    mean = sum(errors[frame] for frame in known) / len(known)
    places = {frame: place for place, frame in enumerate(frames)}
    reach = max(1, len(frames) // 16)
    found: list[int] = []
    for frame in sorted(known, key=lambda one: (-errors[one], one)):
        if len(found) == count or errors[frame] <= mean:
            break
        if frame not in keys and all(abs(places[frame] - places[other]) > reach for other in found):
            found.append(frame)
    return found
