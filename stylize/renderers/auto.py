"""Resolution of ``--renderer auto``: diffusion if available, else the embedded renderer; reported in one line."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

from stylize.errors import RendererError, SettingsError
from stylize.extensions.discovery import renderer
from stylize.extensions.importing import import_target
from stylize.settings import Settings

LIBRARIES = ("torch", "diffusers", "transformers", "peft")


def resolve_renderer(settings: Settings, message: Callable[[str], None]) -> Settings:
    """Return the settings with ``auto`` replaced by the renderer available here, and report the choice.

    Raises SettingsError when the chosen renderer does not support the other settings.
    """
    asked = renderer(settings.renderer)
    if not asked.resolved_by:
        return settings
    name, model, why = import_target(asked.resolved_by)(settings)
    try:
        chosen = replace(settings, renderer=name, model=model)
    except SettingsError as error:
        raise SettingsError(f"--renderer {asked.name} is {name} here, because {why}: {error}") from error
    message(f"--renderer {asked.name} is {name} here: {why}")
    return chosen


def missing_libraries() -> list[str]:
    """List the missing libraries of the diffusion renderer."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def choose(settings: Settings) -> tuple[str, str | None, str]:
    """Return the name of the renderer for ``--renderer auto``, its model and the reason for the choice."""
    missing = missing_libraries()
    if missing:
        return "example", settings.model, f"{', '.join(missing)} is not installed"
    if settings.model is not None:
        return "diffusion", settings.model, f"the model {settings.model} was given"
    if settings.style is not None and settings.ip_adapter is None:
        return "example", None, "a reference picture is given, but neither --model nor --ip-adapter"
    from stylize.renderers.diffusion.models import CONFIGS, find_model

    for repo in CONFIGS.values():
        try:
            find_model(repo)
        except RendererError:
            continue
        return "diffusion", repo, f"the model {repo} is in the cache"
    return "example", None, "no --model was given, and no known one is in the Hugging Face cache"
