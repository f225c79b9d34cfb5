"""Estimate of the time that a planned run takes."""

from propagate.holds import drawings
from stylize.planning.picking import ShotPlan
from stylize.result import Result
from stylize.settings import FRAMES_PER_DRAWING

# Seconds per pixel on one processor: of a rendered keyframe, and of a drawing propagated from one keyframe.
KEY_COST, FRAME_COST = 9e-6, 1.5e-6


def expected_seconds(planned: Result, on: str = "ones") -> float:
    """Estimate how long a run of a plan takes, from its pixels, keyframes and drawings.

    on: the option of that name, for a run without layers.
    """
    looks = [(one.shots, one.on) for one in planned.layers] or [(planned.shots, on)]
    keys = sum(len(shot.keyframes) for shots, _ in looks for shot in shots)
    pass_frames = sum(_pass_frames(shot, hold) for shots, hold in looks for shot in shots)
    return planned.pixels * (keys * KEY_COST + pass_frames * FRAME_COST)


def _pass_frames(shot: ShotPlan, on: str) -> int:
    """Count the drawings that passes make; a drawing between two keys counts twice."""
    drawn = set(drawings(shot.frames, shot.keys, FRAMES_PER_DRAWING[on]).values())
    return sum(
        len(drawn & set(span.frames)) * (1 if span.left is None or span.right is None else 2) for span in shot.spans()
    )
