"""A key painted again after what it tells of itself: ``--like KEY``.

A key of ours tells everything as JSON; pictures of A1111 and its kin tell their prompt and numbers as text.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import InputError, SettingsError
from stylize.renderers.diffusion.provenance import PARAMETERS, read_parameters, read_provenance
from stylize.settings import EXPORT, OPTIONS, former_names

# What another run may do otherwise with the same keys.
_RUN_OPTIONS = ("output",)
# What A1111 calls them, and how they are read; the rest says nothing that can be asked for here.
_NUMBERS: Mapping[str, tuple[str, Callable[[str], float]]] = MappingProxyType(
    {
        "Steps": ("steps", int), "CFG scale": ("cfg", float), "Seed": ("seed", int), "Clip skip": ("clip_skip", int),
        "Denoising strength": ("denoise", float),
    }
)  # fmt: skip


def settings_from_key(path: Path, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, as a project file keeps them, that paint keys as this one was; asked: what is laid over them.

    Raises InputError where the key tells nothing, SettingsError where it does not tell enough.
    """
    metadata = read_provenance(path)
    if PARAMETERS not in metadata:
        known = {name for name, option in OPTIONS.items() if option.stored and option.group != EXPORT}
        former = former_names(OPTIONS)  # nobody edits a key's settings, so that nobody is warned
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
