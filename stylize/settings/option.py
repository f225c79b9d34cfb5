"""Declaration of one option: default, range and help; flags, help texts and project files derive from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import SettingsError, StylizeError
from stylize.settings.option_types import OptionType

MAIN, KEYFRAMES, LOOK, DIFFUSION, MATTE, LAYERS, PROPAGATION, MOTION, EXPORT, READING, RUN = GROUPS = (
    "The five that matter", "Keyframes", "Look", "Diffusion", "Matte", "Layers", "Propagation", "Motion", "Export",
    "Reading", "Run",
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """One option. flags: on the command line. stored: whether it is kept in the project file, not only for one run.

    formerly: its former names, each with the version that removes it.
    """

    name: str
    type: OptionType
    default: Any
    help: str
    group: str
    flags: tuple[str, ...]
    stored: bool
    formerly: Mapping[str, str]

    def read(self, value: Any) -> Any:
        """Read the value given for the option. Raises SettingsError naming the flag."""
        if value is None and self.default is None:
            return None
        try:
            return self.type.read(value)
        except StylizeError as error:
            raise SettingsError(f"{self.flags[-1]}: {error}") from error
        except (ValueError, TypeError, ArithmeticError):
            raise SettingsError(
                f"{self.flags[-1]} must be {self.type.description}, not {_as_written(value)!r}"
            ) from None

    def store(self, value: Any) -> Any:
        """Return a value in a form that TOML can write."""
        return self.type.store(value)

    def resolve(self, stored: Any, folder: Path = Path()) -> Any:
        """Return a stored value with absolute paths; relative ones are resolved against ``folder``."""
        return self.type.resolve(stored, folder)


def option_field(
    option_type: OptionType,
    default: Any,
    group: str,
    help: str,
    *,
    flags: tuple[str, ...] | None = None,
    stored: bool = True,
    formerly: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """Declare an option as a field of a dataclass, from which ``options_of`` reads it."""
    return field(default=default, metadata={"option": (option_type, group, help, flags, stored, formerly)})


def options_of(owner: type) -> Mapping[str, Option]:
    """Return the options that a dataclass declares, by name."""
    found = {}
    for member in fields(owner):
        option_type, group, help_text, flags, stored, formerly = member.metadata["option"]
        flags = flags or (flag_of(member.name),)
        found[member.name] = Option(member.name, option_type, member.default, help_text, group, flags, stored, formerly)
    return MappingProxyType(found)


def flag_of(name: str) -> str:
    """Return the default flag of an option."""
    return "--" + name.replace("_", "-")


def _as_written(value: Any) -> str:
    """Return a value as the user wrote it; a repeated flag gives a tuple."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def is_given(settings: object, name: str) -> bool:
    """Return whether an option differs from its default."""
    return bool(getattr(settings, name) != options_of(type(settings))[name].default)


def flag(settings: object, name: str) -> str:
    """Return an option as it is written on the command line."""
    return options_of(type(settings))[name].flags[-1]
