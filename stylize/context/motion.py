"""Interface to the motion of a shot, whether it is estimated or read from files."""

from collections.abc import Sequence
from typing import Protocol

from propagate.box import Box
from propagate.flow import FlowEstimator, Step


class Motion(Protocol):
    """Motion between the neighbouring frames of a shot."""

    @property
    def refine(self) -> FlowEstimator | None:
        """Estimator that corrects the drift of composed flow; None where the motion is exact."""
        ...

    def step(self, before: int, after: int) -> Step:
        """Return the motion to a neighbour, earlier or later, on the grid of ``after``; bit-identical at every call."""
        ...

    def within(self, box: Box | None) -> "Motion":
        """Return the motion in a box of the frames, estimated from this box alone; None for the whole frames."""
        ...

    def of_layer(self, name: str, *, shared: bool) -> "Motion":
        """Return the motion for one layer. shared: crop parts out of the whole-frame motion, as layers cover much."""
        ...

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that the motion comes from, for cache keys."""
        ...

    def cache_key(self, frames: Sequence[int]) -> str:
        """Return what the steps among consecutive ``frames`` depend on besides the plates."""
        ...
