"""Open the diffusion renderer, whose libraries are an optional extra and imported only here."""

from typing import Any

from stylize.errors import RendererError
from stylize.renderers.auto import missing_libraries
from stylize.renderers.protocol import Renderer, RendererSetup


def open_diffusion(setup: RendererSetup[Any]) -> Renderer:
    """Return the diffusion renderer. Raises RendererError when a library or a model is missing."""
    missing = missing_libraries()
    if missing:
        raise RendererError(
            f"the diffusion renderer needs libraries that are not installed ({', '.join(missing)}); "
            "run pip install '.[diffusion]' in the source folder of stylize, or choose --renderer example"
        )
    from stylize.renderers.diffusion import DiffusionRenderer

    return DiffusionRenderer(setup.settings, setup.permission, setup.models)
