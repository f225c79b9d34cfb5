"""Suggest the frames where an additional painted matte would help most."""

from collections.abc import Collection, Mapping, Sequence

# Confidence below which a frame should be reviewed. On footage with painted masks, each clip left out of the fit of the
# confidence in turn, all 647 frames of an overlap below 0.93 were below it, and 19 of 666 below it had a better one.
MIN_CONFIDENCE = 0.935
# Maximum number of suggested frames.
MAX_SUGGESTIONS = 3
# Frames over which a painted matte tracks reliably, as measured by the tests on composites.
TRACKING_RANGE = 40


def suggested_keyframes(
    confidence: Mapping[int, float], shots: Sequence[Sequence[int]], painted: Collection[int] = ()
) -> list[int]:
    """Frames to paint, the weakest first; empty if every frame is reliable.

    confidence: confidence of every frame, 0..1. shots: their frames, ascending; mattes never propagate across a cut.
    painted: frames with a painted matte.

    Each run of frames below MIN_CONFIDENCE gives one frame. Between two painted mattes that is the frame whose expected
    error, times the square root of its distance from the nearer one, is largest. Where mattes propagate from one side
    only, it is the far end of the run: an occluder has left by then, while a matte painted of a hidden subject would be
    empty and stay empty.
    """
    runs = [(run, frames) for frames in shots for run in _weak_runs(frames, confidence)]
    runs.sort(key=lambda run: min(confidence[frame] for frame in run[0]))
    return [_choose_frame(run, confidence, set(frames) & set(painted)) for run, frames in runs[:MAX_SUGGESTIONS]]


def weak_frames(confidence: Mapping[int, float]) -> list[int]:
    """Return the frames to review, ascending: those below MIN_CONFIDENCE."""
    return sorted(frame for frame, value in confidence.items() if value < MIN_CONFIDENCE)


def _weak_runs(frames: Sequence[int], confidence: Mapping[int, float]) -> list[list[int]]:
    """Runs of consecutive frames below MIN_CONFIDENCE."""
    runs: list[list[int]] = [[]]
    for frame in frames:
        if confidence[frame] < MIN_CONFIDENCE:
            runs[-1].append(frame)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _choose_frame(run: Sequence[int], confidence: Mapping[int, float], painted: Collection[int]) -> int:
    """Choose the frame of a run to paint. painted: frames of the same shot with a painted matte."""
    painted_before = any(frame < run[0] for frame in painted)
    painted_after = any(frame > run[-1] for frame in painted)
    if painted_before and not painted_after:
        return run[: TRACKING_RANGE + 1][-1]
    if painted_after and not painted_before:
        return run[-TRACKING_RANGE - 1 :][0]
    if not painted:
        return min(run, key=lambda frame: confidence[frame])
    # A painted matte helps up to the next one on each side: next to another one, it would hardly help any frame.
    return max(run, key=lambda frame: (1 - confidence[frame]) * min(abs(frame - other) for other in painted) ** 0.5)
