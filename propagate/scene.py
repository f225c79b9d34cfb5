"""Input of a pass: plates, motion between neighbours, and the user's guides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from propagate.arrays import Bools, Bytes, Floats
from propagate.box import Box
from propagate.flow import FlowEstimator, Step, estimate_step


@dataclass(frozen=True)
class Scene:
    """Access to a shot by frame number; nothing is read or estimated before it is needed.

    plate: uint8 (H, W, 3), RGB.
    step: called with (before, after); returns the motion from a frame to its neighbour, on the grid of ``after``.
    refine: estimator that corrects the drift of composed flow against the key; None where the motion is exact.
    guides: the user's own, float32 (H, W) or (H, W, C) in [0, 1], as many as ``weights``.
    weights: weight of each guide; see ``SynthesisSettings``.
    visible: bool (H, W) on the box, the pixels that the result shows; None for all. Elsewhere no patches are searched,
    and the picture is only warped.
    box: the part of a frame that is synthesised, None for all.

    Everything except ``visible`` covers the entire plate: motion is tracked outside the box too, so that what enters
    the box can be traced back to the key.
    """

    plate: Callable[[int], Bytes]
    step: Callable[[int, int], Step]
    refine: FlowEstimator | None = None
    guides: Callable[[int], Sequence[Floats]] = lambda frame: ()
    weights: tuple[float, ...] = ()
    visible: Callable[[int], Bools | None] = lambda frame: None
    box: Callable[[int], Box | None] = lambda frame: None


def estimated_scene(
    plate: Callable[[int], Bytes], estimate: FlowEstimator, refine: FlowEstimator | None = None
) -> Scene:
    """Build a scene whose motion is estimated from its plates on every request.

    ``refine`` is ``estimate`` unless given.
    """
    return Scene(plate, lambda before, after: estimate_step(plate(before), plate(after), estimate), refine or estimate)
