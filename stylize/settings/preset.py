"""Presets: a look in one file, ``look.toml``, to keep, share and load with ``--preset``.

    schema = 1
    name = "Oil on canvas"
    version = "2"

    [settings]
    style = "oil.png"
    structure = 0.6

The settings may be any of a look, by their names in ``project.toml``; relative paths are relative to the file. Settings
of a single shot, such as keyframes and mattes, are accepted in a preset, but not saved to one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.settings.former_names import former_names
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.option import DIFFUSION, LOOK, MATTE
from stylize.settings.options import OPTIONS
from stylize.settings.settings_file import SCHEMA, read_content, read_table
from stylize.settings.suggestions import hint

# Options of a look that are not saved to presets: they name frames or pictures of one shot, or depend on one machine.
NOT_SAVED = (
    "keys", "keyframes", "add_key", "drop_key", "guide", "device",
    *(name for name, option in LOOK_OPTIONS.items() if option.group == MATTE),
)  # fmt: skip
# Options that renderers read: a preset that names another renderer replaces them.
_OF_A_RENDERER = tuple(
    name
    for name, option in LOOK_OPTIONS.items()
    if option.group == DIFFUSION or (option.group == LOOK and name != "seed")
)


@dataclass(frozen=True)
class Preset:
    """Look from a preset file. values: options in the form that a project file keeps, with absolute paths."""

    path: Path
    name: str
    version: str
    values: Mapping[str, Any]


def read_preset(path: Path) -> Preset:
    """Read a preset. Raises SettingsError that names the preset and the invalid option."""
    content = read_content(path, ("name", "version"))
    texts = {entry: content.get(entry, default) for entry, default in (("name", path.stem), ("version", "1"))}
    for entry, text in texts.items():
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise SettingsError(f"{path}: {entry} must be a line of text, not {text!r}")
    table = content.get("settings", {})
    former = former_names(LOOK_OPTIONS)
    for name in table:
        if name not in LOOK_OPTIONS and name not in former:
            raise SettingsError(f"{path}: {_no_look_option(name)}")
    return Preset(path, texts["name"], texts["version"], read_table(path, table, LOOK_OPTIONS))


def replaced_by(preset: Preset, stored: Mapping[str, Any]) -> frozenset[str]:
    """Return the stored options that a preset removes: those of a renderer, if it names another one."""
    renderer = stored.get("renderer", LOOK_OPTIONS["renderer"].default)
    other = preset.values.get("renderer", renderer) != renderer
    return frozenset(_OF_A_RENDERER) if other else frozenset()


def preset_content(name: str, version: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a preset, ready to be written as TOML."""
    return {"schema": SCHEMA, "name": name, "version": version, "settings": dict(values)}


def _no_look_option(name: str) -> str:
    if name in OPTIONS:
        return (
            f"{name} is not an option of a look; leave it out of the preset, and give it as {OPTIONS[name].flags[-1]}"
        )
    near = hint(name, LOOK_OPTIONS)
    return f"unknown setting {name!r}, {f'{near} ' if near else ''}expected one of {', '.join(LOOK_OPTIONS)}"
