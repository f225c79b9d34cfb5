"""Settings of a run: the options of the shot and of its looks, and the looks that they define."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Unpack

from stylize.errors import SettingsError
from stylize.settings.extension_options import TABLE_NAMES, build_tables, merge_layer
from stylize.settings.former_names import accept_former_names, current_names, reading
from stylize.settings.layers import LAYER_TYPE, LayerSpec
from stylize.settings.look_options import LOOK_OPTIONS, LookSettings
from stylize.settings.option import LAYERS, Option, is_given, option_field, options_of, read_by
from stylize.settings.option_types import PLAN
from stylize.settings.read_options import read_options
from stylize.settings.run_options import RunSettings
from stylize.settings.signatures import SettingsDict
from stylize.settings.suggestions import hint
from stylize.settings.validation import check_run_options, refuse_unused_options


@accept_former_names
@dataclass(frozen=True, init=False)
class Settings(RunSettings, LookSettings):
    """Settings of a run. Texts are read as on the command line.

    Raises SettingsError for a value that an option does not accept, and for combinations that would have no effect.
    """

    layers: tuple[LayerSpec, ...] = option_field(
        LAYER_TYPE,
        (),
        LAYERS,
        "Look with a matte and options of its own, such as matte=person/:invert,style=b.png. May be repeated: later "
        "layers cover earlier ones.",
        stages=("pick", "render", "propagate", "export"),
        flags=("--layer",),
    )

    def __init__(self, **options: Unpack[SettingsDict]) -> None:
        read_options(self, OPTIONS, options)
        build_tables(self)
        check_run_options(self)
        if self.layers:
            _check_layers(self)
            object.__setattr__(self, "layers", _with_built_tables(self))
        else:
            refuse_unused_options(self)

    def stored(self) -> dict[str, Any]:
        """Return the options that a project file keeps: those not at their default, in a form that TOML can write."""
        return {
            option.name: option.store(getattr(self, option.name))
            for option in OPTIONS.values()
            if option.stored and getattr(self, option.name) != option.default
        }


OPTIONS: Mapping[str, Option] = options_of(Settings)
# Options that a project file keeps.
STORED_OPTIONS: Mapping[str, Option] = MappingProxyType({o.name: o for o in OPTIONS.values() if o.stored})
# Options that ``stylize plan`` reads, which runs the stages up to picking.
PLAN_OPTIONS: Mapping[str, Option] = read_by(OPTIONS, ("conform", "split", "pick", PLAN))


@dataclass(frozen=True)
class Look:
    """One painted look: a layer, or all of a shot without layers, whose name is empty. settings: its own."""

    name: str
    settings: Settings


def looks_of(settings: Settings) -> tuple[Look, ...]:
    """Return the layers that settings define, lowest first; without any, the settings themselves.

    Raises SettingsError that names the layer and its error.
    """
    if not settings.layers:
        return (Look("", settings),)
    looks = []
    for place, spec in enumerate(settings.layers, 1):
        name = spec.name or str(place)
        try:
            values = merge_layer(settings, dict(spec.values))
            looks.append(Look(name, replace(settings, layers=(), **values)))
        except SettingsError as error:
            raise SettingsError(f"--layer {name}: {error}") from error
    return tuple(looks)


def _with_built_tables(settings: Settings) -> tuple[LayerSpec, ...]:
    """Return the layers with the complete options of their extensions, as read, with absolute paths."""
    found = []
    for spec, look in zip(settings.layers, looks_of(settings), strict=True):
        built = {name: getattr(look.settings, name) for name, _ in spec.values if name in TABLE_NAMES}
        found.append(replace(spec, values=tuple((dict(spec.values) | built).items())))
    return tuple(found)


def read_settings(stored: Mapping[str, Any], where: str) -> Settings:
    """Read settings from a project file named ``where``. Raises SettingsError that names the file and the error."""
    with reading(where):
        stored = current_names(stored, OPTIONS)
        for name in stored:
            if name not in STORED_OPTIONS:
                raise SettingsError(unknown_setting(name))
        return Settings(**stored)


def unknown_setting(name: str) -> str:
    """Return the error message for a setting that a file must not contain."""
    if name in OPTIONS:
        return f"{name} applies to a single run and cannot be stored; give it as {OPTIONS[name].flags[-1]}"
    near = hint(name, STORED_OPTIONS)
    return f"unknown setting {name!r}, {f'{near} ' if near else ''}expected one of {', '.join(STORED_OPTIONS)}"


def _check_layers(settings: Settings) -> None:
    """Raise SettingsError for invalid layers, and for options that every layer overrides."""
    looks = looks_of(settings)
    names = [look.name for look in looks]
    # Names become folders, and not every file system is case-sensitive.
    folded = [name.casefold() for name in names]
    duplicates = [name for name in names if folded.count(name.casefold()) > 1]
    if duplicates:
        case_note = "" if duplicates[0] == duplicates[1] else f" (apart from case: {duplicates[1]})"
        raise SettingsError(f"--layer: two layers have the name {duplicates[0]}{case_note}; give each its own name")
    for look in looks[1:]:
        if look.settings.matte is None:
            raise SettingsError(
                f"--layer {look.name} has no matte and would hide all layers before it; give it one with "
                "matte=PATH, or put it first"
            )
    given_values = [dict(spec.values) for spec in settings.layers]
    for option in LOOK_OPTIONS.values():
        # The extension options of a layer are merged with those of the shot.
        own = option.name not in TABLE_NAMES and all(option.name in values for values in given_values)
        if own and settings.like is None and is_given(settings, option.name):
            raise SettingsError(f"{option.flags[-1]} has no effect, because every layer overrides it; leave it out")
