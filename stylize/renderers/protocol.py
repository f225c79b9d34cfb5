"""What a renderer is: something that paints one keyframe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from propagate.arrays import Floats


@dataclass(frozen=True)
class RenderRequest:
    """One keyframe to paint. Pictures are float32 (H, W, 3), RGB, display-encoded, in [0, 1].

    frame: its number. plate: the photographed frame. style: the reference picture, of any size, or None.
    warped: the shot's earlier key, carried onto this frame by flow, or None for the first key.
    confidence: float32 (H, W) in [0, 1], where ``warped`` shows the same thing as the plate; None without it.
    seed: the same request and seed give the same picture. earlier: finished keys of the shot as they are, the first and
    the one before. matte: float32 (H, W) in [0, 1], 1 where the style goes, or None for everywhere.
    controls: pictures that are ready for controls, by what was asked for.
    """

    frame: int
    plate: Floats
    style: Floats | None
    warped: Floats | None
    confidence: Floats | None
    seed: int
    earlier: tuple[Floats, ...] = ()
    matte: Floats | None = None
    controls: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class RenderedKey:
    """A painted key. picture: float32 (H, W, 3) in [0, 1], of the plate's size. text: goes into its file, by name.

    control_pictures: what the ControlNets were given, float32 (H, W, 3) in [0, 1], by name. notes: lines to be told.
    """

    picture: Floats
    text: Mapping[str, str] = field(default_factory=dict)
    control_pictures: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DownloadPermission:
    """Leave to download, and who is told. message: a line for each repo. progress: stage, megabytes done, in all."""

    message: Callable[[str], None]
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None


class Renderer(Protocol):
    """Paints keyframes."""

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """The painted key, of the plate's size; ``on_step(done, total)`` is called as the work goes on."""
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter of the painting; versions of code are not among them."""
        ...
