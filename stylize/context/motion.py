"""Interface to the motion of a shot, estimated or read from files."""

from collections.abc import Sequence
from typing import Protocol

from propagate.box import Box
from propagate.flow import FlowEstimator, Step


class Motion(Protocol):
    """Motion between neighbouring frames of a shot."""

    @property
    def refine(self) -> FlowEstimator | None:
        """Estimator that corrects the drift of composed flow. None if the motion is exact."""
        ...

    def step(self, before: int, after: int) -> Step:
        """Return the motion from ``after`` to the neighbour ``before``, on the pixel grid of ``after``.

        ``before`` may be the later frame. Every call returns bit-identical values.
        """
        ...

    def within(self, box: Box | None) -> "Motion":
        """Return the motion inside a box, estimated from its pixels only. None: the motion of whole frames."""
        ...

    def of_layer(self, name: str, *, shared: bool) -> "Motion":
        """Return the motion of one layer.

        shared: crop the motion of whole frames instead of estimating it per layer; faster if layers cover much of them.
        """
        ...

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages that produce the motion, for cache keys."""
        ...

    def cache_key(self, frames: Sequence[int]) -> str:
        """Return the cache key of the steps between consecutive ``frames``. It does not cover the plates."""
        ...
