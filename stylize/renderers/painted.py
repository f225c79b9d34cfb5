"""The renderer for keys that a person paints: it paints nothing, and says what it waits for."""

from collections.abc import Callable

from stylize.errors import RendererError
from stylize.renderers.protocol import RenderedKey, RenderRequest


class PaintedRenderer:
    """A Renderer for shots whose every key is painted by hand."""

    def cache_key(self) -> str:
        """See Renderer. Painted keys differ by their contents alone."""
        return "painted"

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Raises RendererError: a key that is to be painted by hand is not there yet."""
        raise RendererError(
            f"keyframe {request.frame} is to be painted by hand and is not there; put the painted picture for "
            f"frame {request.frame} into the keys folder, or choose --renderer example with --style PICTURE"
        )
