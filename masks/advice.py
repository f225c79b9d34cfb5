"""Which frames a new painted matte would help most."""

from collections.abc import Collection, Mapping, Sequence

# Confidence below which a frame should be looked at.
ENOUGH = 0.9
# Frames that are named at most.
MOST = 3
# Frames that a painted matte is carried well: see the tests of composites.
CARRIED = 40


def weakest(
    confidence: Mapping[int, float], shots: Sequence[Sequence[int]], painted: Collection[int] = ()
) -> list[int]:
    """The frames to paint, the weakest first; none if all may be trusted.

    confidence: of every frame, 0..1. shots: their frames, ascending; nothing is carried from one to another. painted:
    frames with a painted matte.
    Neighbours fall together: of each run of frames below ENOUGH one is named. Where mattes come from one side alone,
    that is its far end: what stood before the subject at the lowest has gone by then, and a matte painted of what is
    hidden would say that nothing is there from then on. Between two painted mattes it is the lowest.
    """
    runs = [(run, frames) for frames in shots for run in _runs(frames, confidence)]
    runs.sort(key=lambda run: min(confidence[frame] for frame in run[0]))
    return [_of(run, confidence, set(frames) & set(painted)) for run, frames in runs[:MOST]]


def _runs(frames: Sequence[int], confidence: Mapping[int, float]) -> list[list[int]]:
    """The frames below ENOUGH, those together that follow each other."""
    runs: list[list[int]] = [[]]
    for frame in frames:
        if confidence[frame] < ENOUGH:
            runs[-1].append(frame)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _of(run: Sequence[int], confidence: Mapping[int, float], painted: Collection[int]) -> int:
    before = any(frame < run[0] for frame in painted)
    behind = any(frame > run[-1] for frame in painted)
    if before and not behind:
        return run[: CARRIED + 1][-1]
    if behind and not before:
        return run[-CARRIED - 1 :][0]
    return min(run, key=lambda frame: confidence[frame])
