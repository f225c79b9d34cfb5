"""What a pass sees of a shot: its plates, the motion between neighbours, and guides that the user brings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from propagate.arrays import Bools, Bytes, Floats
from propagate.box import Box
from propagate.flow import FlowEstimator, Step, take_step


@dataclass(frozen=True)
class Scene:
    """Everything is asked for by frame number, when it is needed and not before.

    plate: uint8 (H, W, 3), RGB. step: of (before, after), the motion from a frame to its neighbour, on the grid
    of ``after``. refine: takes back the drift of composed flow by looking at the key itself; None where the
    motion is exact. guides: the user's own, float32 (H, W) or (H, W, C) in [0, 1], as many as ``weights``;
    weights: of each guide, see ``SynthesisSettings``. shown: bool (H, W), where anybody will see the frame: elsewhere
    no patches are sought, and there is only what comes along by flow; None for everywhere. box: the part of a frame
    that is made, None for all. All else, ``shown`` apart, which lies on the box, lies on the whole plate: motion is
    followed there too, so that what enters a box, from wherever, is known to come from the key.
    """

    plate: Callable[[int], Bytes]
    step: Callable[[int, int], Step]
    refine: FlowEstimator | None = None
    guides: Callable[[int], Sequence[Floats]] = lambda frame: ()
    weights: tuple[float, ...] = ()
    shown: Callable[[int], Bools | None] = lambda frame: None
    box: Callable[[int], Box | None] = lambda frame: None


def estimated(plate: Callable[[int], Bytes], estimate: FlowEstimator, refine: FlowEstimator | None = None) -> Scene:
    """A scene whose motion is estimated from its plates, anew each time; ``refine`` is ``estimate`` unless given."""
    return Scene(plate, lambda before, after: take_step(plate(before), plate(after), estimate), refine or estimate)
