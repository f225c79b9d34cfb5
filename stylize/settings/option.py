"""Declaration of one option: default, range and help. Flags, help texts and project files derive from it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.errors import SettingsError, StylizeError
from stylize.settings.option_types import WORDS, OptionType
from stylize.settings.path_resolution import Base
from stylize.visible_text import is_utf8, visible

MAIN, KEYFRAMES, LOOK, DIFFUSION, MATTE, LAYERS, PROPAGATION, MOTION, EXPORT, READING, RUN = GROUPS = (
    "Main", "Keyframes", "Look", "Diffusion", "Matte", "Layers", "Propagation", "Motion", "Export",
    "Reading", "Run",
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """One option. flags: on the command line. stored: whether the project file keeps it; otherwise it is for one run.

    stages: those whose results depend on it, and PLAN and MATTE of ``option_types``; empty if it only selects the
    stages to run. formerly: its former names, each with the version that removes it. essential: listed first in the
    help.
    """

    name: str
    type: OptionType
    default: Any
    help: str
    group: str
    stages: tuple[str, ...]
    flags: tuple[str, ...]
    stored: bool
    formerly: Mapping[str, str]
    essential: bool = False

    @property
    def annotation(self) -> str:
        """Annotation of the values that it accepts, as Python source."""
        return f"{self.type.accepts} | None" if self.default is None else self.type.accepts

    def read(self, value: Any) -> Any:
        """Read the value given for the option. Raises SettingsError that names the flag."""
        if value is None and self.default is None:
            return None
        if unsupported := _unsupported_text(value, lambda text: not is_utf8(text)):
            raise SettingsError(
                f"{self.flags[-1]}: expected UTF-8, found {visible(unsupported)}; rename it, or write it again"
            )
        if self.type is not WORDS and (unsupported := _unsupported_text(value, lambda text: "\0" in text)):
            raise SettingsError(f"{self.flags[-1]}: {visible(unsupported)} contains a NUL character; remove it")
        try:
            return self.type.read(value)
        except StylizeError as error:
            raise SettingsError(f"{self.flags[-1]}: {error}") from error
        except (ValueError, TypeError, ArithmeticError):
            raise SettingsError(
                f"{self.flags[-1]} must be {self.type.expected()}, not {_as_written(value)!r}"
            ) from None

    def store(self, value: Any) -> Any:
        """Return a value in a form that can be written as TOML."""
        return self.type.store(value)

    def resolve(self, stored: Any, base: Base = Path()) -> Any:
        """Return a stored value with absolute paths; relative ones are resolved against a folder, or by ``base``."""
        return self.type.resolve(stored, base)


def option_field(
    option_type: OptionType,
    default: Any,
    group: str,
    help: str,
    *,
    stages: tuple[str, ...],
    flags: tuple[str, ...] | None = None,
    stored: bool = True,
    formerly: Mapping[str, str] = MappingProxyType({}),
    essential: bool = False,
) -> Any:
    """Declare an option as a field of a dataclass, which ``options_of`` reads. For the arguments, see ``Option``."""
    declared = (option_type, group, help, stages, flags, stored, formerly, essential)
    return field(default=default, metadata={"option": declared})


# Of each dataclass, as every check of an option asks for it. functools.cache has no type for classes that mypy accepts.
_OPTIONS_OF: dict[type, Mapping[str, Option]] = {}


def options_of(owner: type) -> Mapping[str, Option]:
    """Return the options that a dataclass declares, by name."""
    if owner not in _OPTIONS_OF:
        _OPTIONS_OF[owner] = MappingProxyType({member.name: _option_of(member) for member in fields(owner)})
    return _OPTIONS_OF[owner]


def _option_of(member: Field[Any]) -> Option:
    option_type, group, help_text, stages, flags, stored, formerly, essential = member.metadata["option"]
    return Option(
        member.name, option_type, member.default, help_text, group, stages, flags or (flag_of(member.name),), stored,
        formerly, essential,
    )  # fmt: skip


def read_by(options: Mapping[str, Option], stages: Collection[str]) -> Mapping[str, Option]:
    """Return the options that at least one of the stages reads."""
    return MappingProxyType({name: option for name, option in options.items() if {*stages} & {*option.stages}})


def flag_of(name: str) -> str:
    """Return the default flag of an option."""
    return "--" + name.replace("_", "-")


def _unsupported_text(value: Any, is_unsupported: Callable[[str], bool]) -> str | None:
    """Return the first text or path, also in lists and tables, that project files or paths cannot represent."""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return next(filter(None, (_unsupported_text(one, is_unsupported) for one in value)), None)
    return str(value) if isinstance(value, str | Path) and is_unsupported(str(value)) else None


def _as_written(value: Any) -> str:
    """Return a value as the user wrote it; a repeated flag gives a tuple."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def is_given(settings: object, name: str) -> bool:
    """Return whether an option differs from its default."""
    return bool(getattr(settings, name) != options_of(type(settings))[name].default)


def flag(settings: object, name: str) -> str:
    """Return an option as it is written on the command line."""
    return options_of(type(settings))[name].flags[-1]
