"""Open renderers by name with the settings of a look; those without their own stage are wrapped in checks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from propagate.arrays import F32
from stylize.context.model_store import ModelStore
from stylize.errors import RendererError
from stylize.extensions.discovery import renderer
from stylize.extensions.opening import guard, open_extension, options_key, versions_of
from stylize.extensions.options import ExtensionOptions
from stylize.extensions.registrations import RendererRegistration
from stylize.renderers.protocol import (
    DownloadPermission,
    RenderedKey,
    Renderer,
    RendererSetup,
    RenderRequest,
    environment,
    key_inputs,
)
from stylize.settings import Settings
from stylize.settings.extension_options import own_options
from stylize.settings.server_address import parse_address


def make_renderer(
    name: str, settings: Settings, permission: DownloadPermission | None = None, models: ModelStore | None = None
) -> Renderer:
    """Return the renderer with this name, configured by the settings.

    permission: permission to download a missing model, with its callbacks; without it nothing is downloaded.
    models: models that the renderers of a run share; without it, the renderer loads its own.
    Raises SettingsError for an unknown name, RendererError when it is not installed or lacks its model, ExtensionError
    for a broken one from another distribution.
    """
    registration = renderer(name)
    options = own_options(registration, settings.renderer_options if name == settings.renderer else None)
    opened: Renderer = open_extension(
        registration, RendererSetup(settings, options, permission, models or ModelStore())
    )
    return opened if registration.stage else _GuardedRenderer(registration, options, opened)


def plates_destination(settings: Settings) -> str | None:
    """Return the server that plates are sent to, as scheme, host and port; None if they are not sent anywhere."""
    if not renderer(settings.renderer).sends_plates:
        return None
    address = parse_address(settings.url)
    return None if address.is_loopback else address.origin


@dataclass(frozen=True)
class _GuardedRenderer:
    """Renderer without its own stage: errors name it, its keys are checked, and its versions are part of cache keys."""

    registration: RendererRegistration
    options: ExtensionOptions
    renderer: Renderer

    def cache_key(self) -> str:
        """Return its own cache key, with its options and the versions of its distribution; see Renderer."""
        with guard(self.registration, RendererError):
            own = self.renderer.cache_key()
            if not isinstance(own, str):
                raise TypeError(f"cache_key() returned {own!r}, expected a string")
        return f"{self.registration.name}-{versions_of(self.registration)}-{options_key(self.options)}-{own}"

    def key_inputs(self, frame: int, *, follows: bool) -> Mapping[str, object]:
        """Return what a key is made of, with the renderer's options but without versions; see DescribesKeys."""
        with guard(self.registration, RendererError):
            own = dict(key_inputs(self.renderer, frame, follows=follows))
            json.dumps(own, sort_keys=True)  # raises an error for what cannot be part of a cache key
        return {"renderer": self.registration.name, "renderer_options": options_key(self.options), **own}

    def environment(self) -> Mapping[str, str]:
        """Return its own environment, and the version of its distribution; see DescribesKeys."""
        with guard(self.registration, RendererError):
            own = {str(name): str(value) for name, value in environment(self.renderer).items()}
        return {f"renderer {self.registration.name}": versions_of(self.registration), **own}

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Paint a key and check it; see Renderer. Raises RendererError."""
        with guard(self.registration, RendererError):
            made = self.renderer.render(request, on_step)
            _check(made, request)
        return made


def _check(made: object, request: RenderRequest) -> None:
    """Raise TypeError or ValueError unless ``made`` is a key of the plate's size."""
    if not isinstance(made, RenderedKey):
        raise TypeError(f"render() returned a {type(made).__name__}, expected a RenderedKey")
    found, expected = getattr(made.picture, "shape", ()), request.plate.shape
    if found != expected or made.picture.dtype != F32:
        kind = getattr(made.picture, "dtype", type(made.picture).__name__)
        raise ValueError(f"its picture is {kind} {found}, expected float32 {expected}")
    if not (made.picture.min() >= 0 and made.picture.max() <= 1):
        raise ValueError("its picture has values outside 0 to 1")
    entries = [
        *made.text.items(),
        *((name, "") for name in made.control_pictures),
        *((note, "") for note in made.notes),
    ]
    for found in (found for entry in entries for found in entry):
        if not isinstance(found, str):
            raise TypeError(f"its key has {found!r} among its text, names or notes, expected a string")
