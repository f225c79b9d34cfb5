"""Suggestions of the frames where a new painted matte would help most."""

from collections.abc import Collection, Mapping, Sequence

# Confidence below which a frame should be reviewed.
ENOUGH = 0.9
# Frames that are suggested at most.
MOST = 3
# Frames over which a painted matte tracks reliably, as measured by the tests on composites.
CARRIED = 40


def weakest(
    confidence: Mapping[int, float], shots: Sequence[Sequence[int]], painted: Collection[int] = ()
) -> list[int]:
    """Frames to paint, the weakest first; empty if every frame is reliable.

    confidence: of every frame, 0..1. shots: their frames, ascending; mattes never propagate across a cut. painted:
    frames with a painted matte.

    Each run of frames below ENOUGH gives one frame. Between two painted mattes that is the frame of the lowest
    confidence. Where mattes propagate from one side only, it is the far end of the run: an occluder has left by then,
    and a matte painted of a hidden subject would be empty from there on.
    """
    runs = [(run, frames) for frames in shots for run in _runs(frames, confidence)]
    runs.sort(key=lambda run: min(confidence[frame] for frame in run[0]))
    return [_of(run, confidence, set(frames) & set(painted)) for run, frames in runs[:MOST]]


def _runs(frames: Sequence[int], confidence: Mapping[int, float]) -> list[list[int]]:
    """Runs of consecutive frames below ENOUGH."""
    runs: list[list[int]] = [[]]
    for frame in frames:
        if confidence[frame] < ENOUGH:
            runs[-1].append(frame)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _of(run: Sequence[int], confidence: Mapping[int, float], painted: Collection[int]) -> int:
    """Choose the frame of a run to paint. painted: frames of the same shot with a painted matte."""
    before = any(frame < run[0] for frame in painted)
    behind = any(frame > run[-1] for frame in painted)
    if before and not behind:
        return run[: CARRIED + 1][-1]
    if behind and not before:
        return run[-CARRIED - 1 :][0]
    return min(run, key=lambda frame: confidence[frame])
