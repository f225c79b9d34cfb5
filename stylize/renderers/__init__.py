"""Renderers of keyframes: the protocol, and the registered renderers."""

from stylize.renderers.protocol import DownloadPermission, RenderedKey, Renderer, RendererSetup, RenderRequest
from stylize.renderers.registered import make_renderer, plates_destination

__all__ = [
    "DownloadPermission", "RenderRequest", "RenderedKey", "Renderer", "RendererSetup", "make_renderer",
    "plates_destination",
]  # fmt: skip
