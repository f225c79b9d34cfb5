"""Which frames a new painted matte would help most."""

from collections.abc import Mapping

# Confidence below which a frame should be looked at.
ENOUGH = 0.9
# Frames that are named at most.
MOST = 3


def weakest(confidence: Mapping[int, float]) -> list[int]:
    """The frames to paint, the weakest first; none if all may be trusted.

    confidence: of every frame, 0..1. Neighbours fall together: of each run of frames below ENOUGH one is named.
    """
    runs: list[list[int]] = [[]]
    for frame in sorted(confidence):
        if confidence[frame] < ENOUGH:
            runs[-1].append(frame)
        elif runs[-1]:
            runs.append([])
    lowest = [min(run, key=lambda frame: confidence[frame]) for run in runs if run]
    return sorted(lowest, key=lambda frame: confidence[frame])[:MOST]
