"""Renderers of keyframes. To add one, write a module and add a line to ``RENDERERS``."""

from collections.abc import Callable

from stylize.errors import RendererError, SettingsError
from stylize.renderers.auto import missing_libraries
from stylize.renderers.example import ExampleRenderer, ExampleSettings
from stylize.renderers.painted import PaintedRenderer
from stylize.renderers.protocol import DownloadPermission, RenderedKey, Renderer, RenderRequest
from stylize.settings import Settings

__all__ = ["RENDERERS", "DownloadPermission", "RenderRequest", "RenderedKey", "Renderer", "make_renderer"]


def _diffusion(settings: Settings, permission: DownloadPermission | None) -> Renderer:
    missing = missing_libraries()
    if missing:
        raise RendererError(
            f"the diffusion renderer needs {', '.join(missing)}, not installed here; "
            "run: pip install '.[diffusion]' where stylize was installed from, or choose --renderer example"
        )
    from stylize.renderers.diffusion import DiffusionRenderer

    return DiffusionRenderer(settings, permission)


def _a1111(settings: Settings, permission: DownloadPermission | None) -> Renderer:
    from stylize.renderers.a1111 import A1111Renderer

    return A1111Renderer(settings)


RENDERERS: dict[str, Callable[[Settings, DownloadPermission | None], Renderer]] = {
    "example": lambda settings, _: ExampleRenderer(ExampleSettings(settings.structure, settings.keep_colours)),
    "painted": lambda settings, _: PaintedRenderer(),
    "diffusion": _diffusion,
    "a1111": _a1111,
}


def make_renderer(name: str, settings: Settings, permission: DownloadPermission | None = None) -> Renderer:
    """Return the renderer of that name, configured by the settings.

    permission: permission to download a missing model, with its callbacks; without it nothing is downloaded.
    Raises SettingsError for an unknown name, RendererError when it is not installed or lacks its model.
    """
    if name not in RENDERERS:
        raise SettingsError(f"renderer must be one of {', '.join(RENDERERS)}, not {name!r}")
    return RENDERERS[name](settings, permission)
