"""What a renderer is: something that paints one keyframe."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from propagate.arrays import Floats


@dataclass(frozen=True)
class RenderRequest:
    """One keyframe to paint. Pictures are float32 (H, W, 3), RGB, display-encoded, in [0, 1].

    frame: its number. plate: the photographed frame. style: the reference picture, of any size, or None.
    carried: the shot's earlier key, carried onto this frame by flow, or None for the first key.
    trusted: float32 (H, W) in [0, 1], where ``carried`` shows the same thing as the plate; None without it.
    seed: the same request and seed give the same picture.
    """

    frame: int
    plate: Floats
    style: Floats | None
    carried: Floats | None
    trusted: Floats | None
    seed: int


class Renderer(Protocol):
    """Paints keyframes."""

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> Floats:
        """The painted key, of the plate's size; ``on_step(done, total)`` is called as the work goes on."""
        ...

    def fingerprint(self) -> str:
        """A text that changes whenever the same request would be painted otherwise."""
        ...
