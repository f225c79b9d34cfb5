"""Interface of renderers, which paint one keyframe at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from propagate.arrays import Floats


@dataclass(frozen=True)
class RenderRequest:
    """One keyframe to paint. Pictures are float32 (H, W, 3), RGB, display-encoded, in [0, 1].

    frame: its number. plate: the photographed frame. style: the reference picture, of any size, or None.
    warped: the shot's previous key, warped onto this frame by flow, or None for the first key.
    confidence: float32 (H, W) in [0, 1], where ``warped`` shows the same thing as the plate; None without it.
    seed: the same request and seed give the same picture. earlier: finished keys of the shot, not warped: the first and
    the previous one. matte: float32 (H, W) in [0, 1], 1 where the style goes, or None for everywhere.
    controls: ready-made control pictures, by the text of their option.
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
    """A painted key. picture: float32 (H, W, 3) in [0, 1], of the plate's size. text: metadata of its file, by name.

    control_pictures: inputs of the ControlNets, float32 (H, W, 3) in [0, 1], by name. notes: lines to report.
    """

    picture: Floats
    text: Mapping[str, str] = field(default_factory=dict)
    control_pictures: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DownloadPermission:
    """Permission to download. message: receives a line per repo. progress: receives stage, megabytes done and total."""

    message: Callable[[str], None]
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None


class Renderer(Protocol):
    """Painter of keyframes."""

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Return the painted key, of the plate's size; call ``on_step(done, total)`` to report progress."""
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter of the painting, but not with versions of code."""
        ...
