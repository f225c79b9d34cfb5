"""Renderer for hand-painted keys: it paints nothing, but reports missing keys."""

from collections.abc import Callable
from typing import Any

from stylize.errors import RendererError
from stylize.renderers.protocol import RenderedKey, RendererSetup, RenderRequest


class PaintedRenderer:
    """Renderer for shots whose keys are all painted by hand."""

    def __init__(self, setup: RendererSetup[Any] | None = None) -> None:
        """Accept any setup; it has no effect."""

    def cache_key(self) -> str:
        """Return a constant, as painted keys differ only in their contents; see Renderer."""
        return "painted"

    def key_inputs(self, frame: int, *, follows: bool) -> dict[str, object]:
        """Return nothing, as painted keys differ only in their contents; see DescribesKeys."""
        return {}

    def environment(self) -> dict[str, str]:
        """Return nothing; see DescribesKeys."""
        return {}

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Raise RendererError: a hand-painted key is missing."""
        raise RendererError(
            f"keyframe {request.frame} must be painted by hand, but it is missing; put the painted picture for "
            f"frame {request.frame} into the keys folder, or choose --renderer example with --style PICTURE"
        )
