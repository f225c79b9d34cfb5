"""Reproduction of a key from its metadata: ``--like KEY``.

Our keys store all settings as JSON; pictures of A1111 and its forks store their prompt and numbers as text.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import InputError, SettingsError
from stylize.renderers.diffusion.provenance import PARAMETERS, read_parameters, read_provenance
from stylize.settings import EXPORT, OPTIONS, former_names

# Options that do not affect keys, so that another run may set them differently.
_RUN_OPTIONS = ("output",)
# Their names in A1111, and how they are read; other parameters have no option here.
_NUMBERS: Mapping[str, tuple[str, Callable[[str], float]]] = MappingProxyType(
    {
        "Steps": ("steps", int), "CFG scale": ("cfg", float), "Seed": ("seed", int), "Clip skip": ("clip_skip", int),
        "Denoising strength": ("denoise", float),
    }
)  # fmt: skip


def settings_from_key(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, as a project file keeps them, that reproduce this key. overrides: options given by the user.

    Raises InputError where the key has no metadata, SettingsError where its metadata are incomplete.
    """
    metadata = read_provenance(path)
    if PARAMETERS not in metadata:
        known = {name for name, option in OPTIONS.items() if option.stored and option.group != EXPORT}
        former = former_names(OPTIONS)  # no warning: users do not edit a key's settings
        settings = {
            former[name].name if name in former else name: value for name, value in metadata["settings"].items()
        }
        return {name: value for name, value in settings.items() if name in known - set(_RUN_OPTIONS)}
    prompt, negative, values = read_parameters(metadata[PARAMETERS])
    found = _from_values(values, path) | {"prompt": prompt, "renderer": overrides.get("renderer", "diffusion")}
    if negative:
        found["negative"] = negative
    if found["renderer"] == "diffusion" and "model" not in overrides:
        raise SettingsError(
            f"{path} was painted with the model {values.get('Model', 'of no name')} (hash "
            f"{values.get('Model hash', 'unknown')}), and does not say where that lies; give it with --model MODEL"
        )
    return found


def _from_values(values: Mapping[str, str], path: Path) -> dict[str, Any]:
    if not values:
        raise InputError(f"{path}: its parameters have no line of steps and numbers, as A1111 writes it")
    found: dict[str, Any] = {}
    try:
        for theirs, (ours, read) in _NUMBERS.items():
            if theirs in values:
                found[ours] = read(values[theirs])
        if "Size" in values:
            width, height = map(int, values["Size"].split("x"))
            found["render_size"] = round((width * height) ** 0.5)
    except ValueError as error:
        raise InputError(f"{path}: its parameters hold what is no number: {error}") from error
    if "Sampler" in values:
        karras = values.get("Schedule type") == "Karras"
        found["sampler"] = f"{values['Sampler']} Karras" if karras else values["Sampler"]
    return found
