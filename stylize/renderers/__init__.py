"""Painters of keyframes. A new one is a new file and one line in ``RENDERERS``."""

from collections.abc import Callable
from importlib.util import find_spec

from stylize.errors import RendererError, SettingsError
from stylize.renderers.example import ExampleRenderer, ExampleSettings
from stylize.renderers.painted import PaintedRenderer
from stylize.renderers.protocol import Renderer, RenderRequest

__all__ = ["RENDERERS", "ExampleSettings", "RenderRequest", "Renderer", "make_renderer"]


def _diffusion(settings: ExampleSettings) -> Renderer:
    missing = [name for name in ("torch", "diffusers", "transformers") if find_spec(name) is None]
    if missing:
        raise RendererError(
            f"the diffusion renderer needs {', '.join(missing)}, not installed here; "
            "run: pip install 'stylize[diffusion]', or choose --renderer example"
        )
    from stylize.renderers.diffusion import DiffusionRenderer

    return DiffusionRenderer(settings)


RENDERERS: dict[str, Callable[[ExampleSettings], Renderer]] = {
    "example": ExampleRenderer,
    "painted": lambda settings: PaintedRenderer(),
    "diffusion": _diffusion,
}


def make_renderer(name: str, settings: ExampleSettings) -> Renderer:
    """The renderer of that name. Raises SettingsError for an unknown name, RendererError when not installed."""
    if name not in RENDERERS:
        raise SettingsError(f"renderer must be one of {', '.join(RENDERERS)}, not {name!r}")
    return RENDERERS[name](settings)
