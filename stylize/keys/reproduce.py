"""Reproduction of a key from its metadata: ``--like KEY``.

Keys of stylize store all settings as JSON. Pictures of A1111 and its forks store prompt and parameters as text.
Metadata are untrusted. Servers, models and other references in them are used only if the user gives them, or gave them
earlier to the project that contains the key.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import InputError, SettingsError
from stylize.extensions.discovery import renderer
from stylize.project import LAYERS, is_allowed, trusts_look
from stylize.real_path import real_path
from stylize.renderers.diffusion.hub import is_remote
from stylize.renderers.diffusion.models import SDXL, known_family
from stylize.renderers.diffusion.provenance import PARAMETERS, read_parameters, read_provenance
from stylize.settings import EXPORT, OPTIONS, former_names
from stylize.settings.former_names import reading
from stylize.settings.references import Reference, references_of, shell_word

# Options that do not affect keys, and are therefore not reproduced.
_RUN_OPTIONS = ("output",)
# Parameters of A1111: the name of the option, and the type. Other parameters have no option.
_NUMBERS: Mapping[str, tuple[str, Callable[[str], float]]] = MappingProxyType(
    {
        "Steps": ("steps", int), "CFG scale": ("cfg", float), "Seed": ("seed", int), "Clip skip": ("clip_skip", int),
        "Denoising strength": ("denoise", float),
    }
)  # fmt: skip


def settings_from_key(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that reproduce a key, in the form of a project file. overrides: options given by the user.

    Raises InputError if the key has no metadata, SettingsError if the metadata are incomplete or contain untrusted
    references.
    """
    metadata = read_provenance(path)
    if PARAMETERS not in metadata:
        return _from_settings(metadata["settings"], path, overrides)
    prompt, negative, values = read_parameters(metadata[PARAMETERS])
    found = _from_values(values, path) | {"prompt": prompt, "renderer": overrides.get("renderer", "diffusion")}
    if negative:
        found["negative"] = negative
    if "clip_skip" in found and renderer(found["renderer"]).needs_model and not _skips(path, found, overrides):
        del found["clip_skip"]
    if renderer(found["renderer"]).needs_model and "model" not in overrides:
        raise SettingsError(
            f"{path} was rendered with the model {values.get('Model', 'unknown')} (hash "
            f"{values.get('Model hash', 'unknown')}), and does not contain its path; give it with --model MODEL"
        )
    return found


def _skips(path: Path, found: Mapping[str, Any], overrides: Mapping[str, Any]) -> bool:
    """Return whether A1111 applies its clip skip to the model: not to Stable Diffusion XL.

    Raises SettingsError if the family of the model is unknown before its download.
    """
    model = str(overrides.get("model", ""))
    if "clip_skip" in overrides or not model:
        return True
    family = known_family(model)
    if family is None and is_remote(model):
        raise SettingsError(
            f"{path} has clip skip {found['clip_skip']}, which A1111 applies to Stable Diffusion 1.5, not to XL, and "
            f"{model} is not downloaded; add --clip-skip {found['clip_skip']} for 1.5, or --clip-skip 1 for XL"
        )
    return family != SDXL


def _from_settings(stored: Mapping[str, Any], path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    known = {name for name, option in OPTIONS.items() if option.stored and option.group != EXPORT} - set(_RUN_OPTIONS)
    former = former_names(OPTIONS)  # without a warning, because users do not edit the settings in a key
    current = {former[name].name if name in former else name: value for name, value in stored.items()}
    settings = {name: value for name, value in current.items() if name in known}
    if not overrides.get("trust"):
        _check_references(settings, path, overrides)
    return settings


def _check_references(settings: Mapping[str, Any], path: Path, overrides: Mapping[str, Any]) -> None:
    """Raise SettingsError for references in a key's settings that the user neither gives nor gave earlier."""
    with reading(str(path)):
        values = {name: OPTIONS[name].read(value) for name, value in settings.items() if name not in overrides}
    references = references_of({name: OPTIONS[name].store(value) for name, value in values.items()})
    if references and not _is_own(path, references):
        allow = OPTIONS["allow"].read(overrides.get("allow", ()))
        names = {one.option if not one.layer else "layers" for one in references if not is_allowed(one, allow)}
        flags = " ".join(_as_flags(name, values[name]) for name in values if name in names)
        if names:
            raise SettingsError(
                f"{path} may be from an untrusted source, so its references to files and servers are not used: add "
                f"{flags}, give others, or trust the key with --trust"
            )


def _is_own(path: Path, references: Collection[Reference]) -> bool:
    """Return whether a key is in a project to which the user has given all references in the key."""
    keys = real_path(path).parent
    if keys.name != "keys":
        return False
    look = keys.parent
    if look.parent.name == LAYERS and trusts_look(look.parent.parent, look.name, references):
        return True
    return trusts_look(look, "", references)


def _as_flags(name: str, value: Any) -> str:
    """Format an option and its value for a shell. value: as read from settings."""
    values = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{OPTIONS[name].flags[-1]} {shell_word(str(one))}" for one in values)


def _from_values(values: Mapping[str, str], path: Path) -> dict[str, Any]:
    if not values:
        raise InputError(f"{path}: expected a line of parameters as A1111 writes it (Steps: ...), found none")
    found: dict[str, Any] = {}
    try:
        for parameter, (option, read) in _NUMBERS.items():
            if parameter in values:
                found[option] = read(values[parameter])
        if "Size" in values:
            width, height = map(int, values["Size"].split("x"))
            found["render_size"] = round((width * height) ** 0.5)
    except ValueError as error:
        raise InputError(f"{path}: its parameters contain an invalid number: {error}") from error
    if "Sampler" in values:
        karras = values.get("Schedule type") == "Karras"
        found["sampler"] = f"{values['Sampler']} Karras" if karras else values["Sampler"]
    return found
