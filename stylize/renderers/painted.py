"""Renderer for hand-painted keys: it paints nothing, and reports which key is missing."""

from collections.abc import Callable

from stylize.errors import RendererError
from stylize.renderers.protocol import RenderedKey, RenderRequest


class PaintedRenderer:
    """Renderer for shots whose keys are all painted by hand."""

    def cache_key(self) -> str:
        """Return a constant; see Renderer. Painted keys differ only in their contents."""
        return "painted"

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Raise RendererError: a hand-painted key is missing."""
        raise RendererError(
            f"keyframe {request.frame} is to be painted by hand and is not there; put the painted picture for "
            f"frame {request.frame} into the keys folder, or choose --renderer example with --style PICTURE"
        )
