"""Resolution of ``--renderer auto``: diffusion where available, else the embedded one; reported in one line."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

from stylize.errors import RendererError, SettingsError
from stylize.settings import Settings

LIBRARIES = ("torch", "diffusers", "transformers", "peft")


def resolve_renderer(settings: Settings, message: Callable[[str], None]) -> Settings:
    """Return the settings with ``auto`` replaced by the renderer available here, and report the choice.

    Raises SettingsError when that renderer does not support the other settings.
    """
    if settings.renderer != "auto":
        return settings
    name, model, why = _choose(settings)
    try:
        chosen = replace(settings, renderer=name, model=model)
    except SettingsError as error:
        raise SettingsError(f"--renderer auto is {name} here, for {why}: {error}") from error
    message(f"--renderer auto is {name} here: {why}")
    return chosen


def missing_libraries() -> list[str]:
    """List the libraries that the diffusion renderer needs and that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def _choose(settings: Settings) -> tuple[str, str | None, str]:
    """Return the renderer's name, its model and the reason for the choice."""
    missing = missing_libraries()
    if missing:
        return "example", settings.model, f"{', '.join(missing)} is not installed"
    if settings.model is not None:
        return "diffusion", settings.model, f"the model {settings.model} was given"
    if settings.style is not None and settings.ip_adapter is None:
        return "example", None, "there is a reference picture and neither --model nor --ip-adapter"
    from stylize.renderers.diffusion.models import CONFIGS, find_model

    for repo in CONFIGS.values():
        try:
            find_model(repo)
        except RendererError:
            continue
        return "diffusion", repo, f"the model {repo} is in the cache"
    return "example", None, "no --model was given, and no known one is in the Hugging Face cache"
