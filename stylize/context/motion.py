"""Motion of a shot as every stage asks for it, whether it is estimated or read from files."""

from collections.abc import Sequence
from typing import Protocol

from propagate.box import Box
from propagate.flow import FlowEstimator, Step


class Motion(Protocol):
    """Motion between the neighbouring frames of a shot."""

    @property
    def refine(self) -> FlowEstimator | None:
        """What takes back the drift of composed flow; None where the motion is exact."""
        ...

    def step(self, before: int, after: int) -> Step:
        """From a frame to its neighbour, earlier or later, on the grid of ``after``. The same bits at every call."""
        ...

    def within(self, box: Box | None) -> "Motion":
        """The motion in a part of the frames, found from this part alone; None for all."""
        ...

    def of_layer(self, name: str, *, shared: bool) -> "Motion":
        """The motion as one layer asks for it. shared: layers ask for so much of it that parts are cut out of that of
        the whole frames."""
        ...

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that the motion comes from, for cache keys."""
        ...

    def cache_key(self, frames: Sequence[int]) -> str:
        """Return what the steps among ``frames``, which follow each other, depend on beside the plates."""
        ...
