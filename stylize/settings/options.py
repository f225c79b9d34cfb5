"""Settings of a run: the options of the shot and of its looks together, and the looks that they define."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from stylize.errors import SettingsError
from stylize.settings.former_names import accept_former_names, current_names, reading
from stylize.settings.layers import LAYER_TYPE, LayerSpec
from stylize.settings.look_options import LOOK_OPTIONS, LookSettings
from stylize.settings.option import LAYERS, Option, is_given, option_field, options_of
from stylize.settings.run_options import RunSettings
from stylize.settings.validation import check_run_options, refuse_unused_options


@accept_former_names
@dataclass(frozen=True)
class Settings(RunSettings, LookSettings):
    """Settings of a run. Texts are read as on the command line.

    Raises SettingsError for a value that an option does not accept, and for combinations that would have no effect.
    """

    layers: tuple[LayerSpec, ...] = option_field(
        LAYER_TYPE, (), LAYERS,
        "A look with a matte, and options of its own, as matte=person/:invert,style=b.png. May be repeated: later ones "
        "lie over earlier ones.",
        flags=("--layer",),
    )  # fmt: skip

    def __post_init__(self) -> None:
        for option in OPTIONS.values():
            object.__setattr__(self, option.name, option.read(getattr(self, option.name)))
        check_run_options(self)
        if self.layers:
            _check_layers(self)
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


@dataclass(frozen=True)
class Look:
    """One painted look: a layer, or all of a shot without layers, whose name is empty. settings: of it alone."""

    name: str
    settings: Settings


def looks_of(settings: Settings) -> tuple[Look, ...]:
    """Return the layers that settings define, lowest first; without any, the settings themselves.

    Raises SettingsError naming the layer and its fault.
    """
    if not settings.layers:
        return (Look("", settings),)
    looks = []
    for place, spec in enumerate(settings.layers, 1):
        name = spec.name or str(place)
        try:
            looks.append(Look(name, replace(settings, layers=(), **dict(spec.values))))
        except SettingsError as error:
            raise SettingsError(f"--layer {name}: {error}") from error
    return tuple(looks)


def read_settings(stored: Mapping[str, Any], where: str) -> Settings:
    """Read settings from a project file named ``where``. Raises SettingsError naming the file and the fault."""
    known = [option.name for option in OPTIONS.values() if option.stored]
    with reading(where):
        stored = current_names(stored, OPTIONS)
        for name in stored:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise SettingsError(f"there is no setting {name!r}, {hint}there are {', '.join(known)}")
        return Settings(**stored)


def _check_layers(settings: Settings) -> None:
    """Raise SettingsError for invalid layers, and for options that every layer overrides."""
    looks = looks_of(settings)
    names = [look.name for look in looks]
    # They name folders, and not every file system is case-sensitive.
    folded = [name.casefold() for name in names]
    duplicates = [name for name in names if folded.count(name.casefold()) > 1]
    if duplicates:
        case_note = "" if duplicates[0] == duplicates[1] else f" but for capitals, as {duplicates[1]} has"
        raise SettingsError(f"--layer: two layers have the name {duplicates[0]}{case_note}; give each one of its own")
    for look in looks[1:]:
        if look.settings.matte is None:
            raise SettingsError(
                f"--layer {look.name} has no matte, so that it would hide all layers before it: give it one with "
                "matte=PATH, or put it first"
            )
    given_values = [dict(spec.values) for spec in settings.layers]
    for option in LOOK_OPTIONS.values():
        own = all(option.name in values for values in given_values)
        if own and settings.like is None and is_given(settings, option.name):
            raise SettingsError(
                f"{option.flags[-1]} counts for layers that do not say it themselves, and each of them does; leave it "
                "out"
            )
